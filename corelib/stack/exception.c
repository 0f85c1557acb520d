/* SPDX-License-Identifier: MIT */
#include "stack/exception.h"

#include "object/classic.h"

/* Nested handlers, one inside the other, are as deep as calls are at most. */
#define MOST_HANDLERS 100000
#define LONGEST_MESSAGE 1000

static bool is_exception(const struct ctx *c, uint64_t address, struct object *o)
{
	return address && !object_at(c, address, o) && o->type->flags & TPFLAGS_BASE_EXC;
}

static bool derives_from(const struct type *type, const char *name)
{
	/* A type table has no circles of bases, but a bound costs nothing. */
	for (int i = 0; type && i < 100; i++, type = type->base) {
		if (!strcmp(type->name, name))
			return true;
	}
	return false;
}

/* As Python would write it, but a str as it is. */
static char *text_of(const struct ctx *c, uint64_t address, struct arena *a)
{
	char *text = value_strdup(c, address, a, LONGEST_MESSAGE);
	struct buf b = { 0 };

	if (text)
		return text;
	if (value_repr(c, address, &b, 1, LONGEST_MESSAGE) >= 0 && b.text && !b.failed)
		text = arena_strndup(a, b.text, b.len);
	buf_free(&b);
	return text;
}

static bool tuple_item(const struct ctx *c, uint64_t tuple, uint64_t i, uint64_t *out)
{
	struct object o;
	uint64_t n;

	return tuple && !object_at(c, tuple, &o) && o.type->flags & TPFLAGS_TUPLE &&
	       LOAD(c->l, c->r, tuple, PyVarObject, ob_size, &n) && i < n &&
	       reader_u64(c->r, tuple + L(c->l, PyTupleObject, ob_item) + 8 * i, out);
}

static char *message_of(const struct ctx *c, struct object exception, struct arena *a)
{
	uint64_t args, item;
	int64_t number;
	char *text;

	if (!LOAD(c->l, c->r, exception.address, PyBaseExceptionObject, args, &args) ||
	    !tuple_item(c, args, 0, &item))
		return NULL;
	if ((derives_from(exception.type, "OSError") ||
	     derives_from(exception.type, "exceptions.EnvironmentError")) &&
	    !value_int(c, item, &number) &&
	    tuple_item(c, args, 1, &item)) {
		text = text_of(c, item, a);
		return text ? arena_printf(a, "[Errno %lld] %s", (long long)number, text) : NULL;
	}
	return text_of(c, item, a);
}

/* Python 2 lets an instance of any class without a type of its own be raised. */
static bool tell_classic(const struct ctx *c, uint64_t address, struct arena *a,
			 const char **type, const char **message)
{
	struct buf name = { 0 };
	uint64_t class, item;

	if (!address || !classic_class(c, address, &class))
		return false;
	if (!classic_name(c, class, &name) && name.text && !name.failed)
		*type = arena_strndup(a, name.text, name.len);
	buf_free(&name);
	if (tuple_item(c, value_attr(c, address, "args"), 0, &item))
		*message = text_of(c, item, a);
	return *type;
}

static bool tell(const struct ctx *c, uint64_t address, struct arena *a, const char **type,
		 const char **message)
{
	struct object o;

	if (!is_exception(c, address, &o))
		return tell_classic(c, address, a, type, message);
	*type = o.type->name;
	*message = message_of(c, o, a);
	return true;
}

/* A type, and a value that need not be an exception yet (PyErr_SetObject to 3.11). */
static bool tell_pair(const struct ctx *c, uint64_t type_address, uint64_t value, struct arena *a,
		      const char **type, const char **message)
{
	const struct type *t;
	struct object o;
	uint64_t item;

	if (tell(c, value, a, type, message))
		return true;
	t = type_address ? type_at(c->types, c->r, type_address) : NULL;
	if (!t || !(t->flags & TPFLAGS_BASE_EXC))
		return false;
	*type = t->name;
	if (tuple_item(c, value, 0, &item))
		value = item;
	if (value && !object_at(c, value, &o) && strcmp(o.type->name, "NoneType"))
		*message = text_of(c, value, a);
	return true;
}

static bool propagating(const struct ctx *c, uint64_t tstate, struct arena *a, const char **type,
			const char **message)
{
	const struct layout *l = c->l;
	uint64_t raised, value;

	if (FACT(l, CUREXC) == CUREXC_VALUE)
		return LOAD(l, c->r, tstate, PyThreadState, current_exception, &value) &&
		       tell(c, value, a, type, message);
	return LOAD(l, c->r, tstate, PyThreadState, curexc_type, &raised) && raised &&
	       LOAD(l, c->r, tstate, PyThreadState, curexc_value, &value) &&
	       tell_pair(c, raised, value, a, type, message);
}

/* Handlers that are done leave NULL or None behind, up to the thread state's own item. */
static void handled(const struct ctx *c, uint64_t tstate, struct arena *a, const char **type,
		    const char **message)
{
	const struct layout *l = c->l;
	uint64_t item, value, handled_type = 0;

	if (FACT(l, EXC_STATE) == EXC_OF_THREAD) {
		if (LOAD(l, c->r, tstate, PyThreadState, exc_type, &handled_type) &&
		    LOAD(l, c->r, tstate, PyThreadState, exc_value, &value))
			tell_pair(c, handled_type, value, a, type, message);
		return;
	}
	if (!LOAD(l, c->r, tstate, PyThreadState, exc_info, &item))
		return;
	for (unsigned i = 0; item && i < MOST_HANDLERS; i++) {
		if (!reader_spend(c->r, item, i * UINT64_C(32), 32))
			return;
		if (!LOAD(l, c->r, item, _PyErr_StackItem, exc_value, &value))
			return;
		if (FACT(l, EXC_STATE) == EXC_TRIPLE &&
		    !LOAD(l, c->r, item, _PyErr_StackItem, exc_type, &handled_type))
			return;
		if (tell_pair(c, handled_type, value, a, type, message) ||
		    !LOAD(l, c->r, item, _PyErr_StackItem, previous_item, &item))
			return;
	}
}

void stack_exception(const struct ctx *c, uint64_t tstate, struct arena *a, const char **type,
		     const char **message)
{
	*type = *message = NULL;
	if (!propagating(c, tstate, a, type, message))
		handled(c, tstate, a, type, message);
}
