/* SPDX-License-Identifier: MIT */
#include "runtime/checks.h"

#include <stdarg.h>
#include <stdio.h>

#include "runtime/names.h"
#include "runtime/runtime.h"

enum {
	CHAIN_MOST = 1024,
	STATES_MOST = 4096,
	TYPE_SUBCLASS = 31, /* bit of tp_flags, Include/object.h */
	TYPE_READY = 12,
};

static void __attribute__((format(printf, 3, 4)))
fail(struct checks *c, enum verdict *verdict, const char *format, ...)
{
	va_list args;

	*verdict = VERDICT_FAILED;
	if (c->why[0])
		return;
	va_start(args, format);
	vsnprintf(c->why, sizeof(c->why), format, args);
	va_end(args);
}

/* The interpreter that never goes away, 0: none yet. */
static uint64_t main_interpreter(const struct layout *l, struct reader *r, uint64_t runtime)
{
	uint64_t main_one, next;

	if (!HAS(l, _PyRuntimeState, interpreters_main)) {
		/* It is the oldest: the last of the list. */
		if (!PROBE(l, r, runtime, _PyRuntimeState, interpreters_head, &main_one))
			return 0;
		for (unsigned n = 0; main_one && n < CHAIN_MOST; n++, main_one = next)
			if (!PROBE(l, r, main_one, PyInterpreterState, next, &next) || !next)
				break;
		return main_one;
	}
	if (!PROBE(l, r, runtime, _PyRuntimeState, interpreters_main, &main_one))
		return 0;
	return main_one;
}

/* Whether @p tstate is a thread state of @p interp. */
static bool is_thread_of(const struct layout *l, struct reader *r, uint64_t tstate, uint64_t interp)
{
	uint64_t back;

	return PROBE(l, r, tstate, PyThreadState, interp, &back) && back == interp;
}

static void check_threads(struct checks *c, const struct layout *l, struct reader *r,
			  uint64_t runtime, uint64_t interp)
{
	uint64_t at, tstate = 0;
	unsigned n = 0;

	if (!PROBE(l, r, runtime, _PyRuntimeState, interpreters_head, &at)) {
		fail(c, &c->threads, "_PyRuntime cannot be read");
		return;
	}
	while (at && at != interp && n++ < CHAIN_MOST)
		if (!PROBE(l, r, at, PyInterpreterState, next, &at))
			at = 0;
	if (at != interp) {
		fail(c, &c->threads, "the list of interpreters does not lead to the main one");
		return;
	}
	if (!PROBE(l, r, interp, PyInterpreterState, threads_head, &tstate) ||
	    (tstate && !is_thread_of(l, r, tstate, interp))) {
		fail(c, &c->threads, "a thread state is not of the interpreter that lists it");
		return;
	}
	c->threads = VERDICT_PASSED;
}

static void check_names(struct checks *c, const struct layout *l, struct reader *r, uint64_t interp)
{
	uint64_t modules, sysdict, version, object;

	if (!PROBE(l, r, interp, PyInterpreterState, modules, &modules) || !modules ||
	    !PROBE(l, r, interp, PyInterpreterState, sysdict, &sysdict) || !sysdict)
		return;
	if (names_get(l, r, sysdict, "hexversion", &object) && names_int(l, r, object, &version) &&
	    version <= UINT32_MAX) {
		c->version = (uint32_t)version;
		/* Py_REF_DEBUG; from 2.7 on Py_DEBUG alone defines it. */
		c->debug = names_get(l, r, sysdict, "gettotalrefcount", &object);
	}
	if (!names_get(l, r, modules, "sys", &object) ||
	    !names_get(l, r, modules, "builtins", &object))
		fail(c, &c->names, "sys.modules does not have sys and builtins");
	else if (!c->version)
		fail(c, &c->names, "the sys module has no hexversion");
	else
		c->names = VERDICT_PASSED;
}

/* PyType_Type: by its symbol, else as type of the type of the sys module's dict. */
static uint64_t find_type_type(const struct layout *l, struct reader *r, struct module *m,
			       uint64_t interp)
{
	uint64_t type;

	if (m && module_symbol(r->target, m, "PyType_Type", &type, NULL))
		return type;
	if (!interp || !PROBE(l, r, interp, PyInterpreterState, sysdict, &type))
		return 0;
	for (int i = 0; i < 2; i++)
		if (!PROBE(l, r, type, PyObject, ob_type, &type))
			return 0;
	return type;
}

static void check_type_type(struct checks *c, const struct layout *l, struct reader *r)
{
	uint64_t own, name, flags;
	char text[8];
	const void *p;

	if (!PROBE(l, r, c->type_type, PyObject, ob_type, &own) ||
	    !PROBE(l, r, c->type_type, PyTypeObject, tp_flags, &flags) ||
	    !PROBE(l, r, c->type_type, PyTypeObject, tp_name, &name)) {
		c->type_type = 0;
		return;
	}
	/* In a core whose executable is not here the name cannot be read. */
	p = reader_probe(r, name, sizeof("type"), text);
	if (own != c->type_type)
		fail(c, &c->types, "PyType_Type is not its own type");
	else if (p && memcmp(p, "type", sizeof("type")))
		fail(c, &c->types, "PyType_Type is not called type");
	else if (!(flags >> TYPE_SUBCLASS & 1) || !(flags >> TYPE_READY & 1))
		fail(c, &c->types, "PyType_Type does not have the flags of a type");
	else
		c->types = VERDICT_PASSED;
}

/* A builtin type whose tp_basicsize tells how its objects are laid out. */
struct sized {
	const char *name, *symbol;
	uint64_t size;
};

static void check_size(struct checks *c, const struct layout *l, struct reader *r,
		       const struct sized *type, uint64_t address)
{
	uint64_t metatype, size;

	/* A program may put something else under the name. */
	if (!PROBE(l, r, address, PyObject, ob_type, &metatype) || metatype != c->type_type ||
	    !PROBE(l, r, address, PyTypeObject, tp_basicsize, &size))
		return;
	if (size != type->size)
		fail(c, &c->types, "%s objects have %llu bytes, not %llu",
		     type->name ? type->name : type->symbol, (unsigned long long)size,
		     (unsigned long long)type->size);
}

static void check_sizes(struct checks *c, const struct layout *l, struct reader *r,
			struct module *m, uint64_t interp)
{
	bool embedded = FACT(l, FRAME_CHAIN) != FRAME_OBJECTS; /* frames are no objects */
	uint64_t locals = L(l, _PyInterpreterFrame, localsplus);
	const struct sized types[] = {
		{ "type", "PyType_Type", L(l, PyHeapTypeObject, sizeof) },
		{ "dict", "PyDict_Type", L(l, PyDictObject, sizeof) },
		{ "list", "PyList_Type", L(l, PyListObject, sizeof) },
		{ "tuple", "PyTuple_Type", L(l, PyTupleObject, ob_item) },
		{ "set", "PySet_Type", L(l, PySetObject, sizeof) },
		{ "str", "PyUnicode_Type", L(l, PyUnicodeObject, sizeof) },
		{ "bytes", "PyBytes_Type", L(l, PyBytesObject, ob_sval) + 1 },
		{ "bytearray", "PyByteArray_Type", L(l, PyByteArrayObject, sizeof) },
		{ "float", "PyFloat_Type", L(l, PyFloatObject, sizeof) },
		{ "int", "PyLong_Type", L(l, PyLongObject, ob_digit) },
		{ NULL, "PyFunction_Type", L(l, PyFunctionObject, sizeof) },
		{ NULL, "PyModule_Type", L(l, PyModuleObject, sizeof) },
		{ NULL, "PyCode_Type",
		  FACT(l, CODE_IS_SIZED) == YES ? L(l, PyCodeObject, co_code_adaptive)
						: L(l, PyCodeObject, sizeof) },
		{ NULL, "PyFrame_Type",
		  embedded ? L(l, PyFrameObject, _f_frame_data) + locals
			   : L(l, PyFrameObject, sizeof) },
		{ NULL, "PyGen_Type",
		  embedded ? L(l, PyGenObject, gi_iframe) + locals : L(l, PyGenObject, sizeof) },
	};
	uint64_t builtins = 0, at;

	if (interp && !PROBE(l, r, interp, PyInterpreterState, builtins, &builtins))
		builtins = 0;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((m && module_symbol(r->target, m, types[i].symbol, &at, NULL)) ||
		    (builtins && types[i].name && names_get(l, r, builtins, types[i].name, &at)))
			check_size(c, l, r, &types[i], at);
}

/*
 * Static types have their state in the interpreter, far behind what the other
 * checks look at: tp_subclasses of such a type is the number of its state, from 1.
 */
static void check_states(struct checks *c, const struct layout *l, struct reader *r,
			 uint64_t interp)
{
	uint64_t number, type, at = interp + L(l, PyInterpreterState, types_builtins);

	if (FACT(l, TYPE_STATE) != TYPE_STATE_INTERP ||
	    !PROBE(l, r, c->type_type, PyTypeObject, tp_subclasses, &number))
		return;
	if (!number || number > STATES_MOST ||
	    !PROBE(l, r, at + (number - 1) * FACT(l, TYPE_STATE_STRIDE),
		   managed_static_type_state, type, &type) ||
	    type != c->type_type)
		fail(c, &c->states, "the interpreter does not know the state of PyType_Type");
	else
		c->states = VERDICT_PASSED;
}

void checks_run(struct checks *c, const struct layout *l, struct reader *r, struct module *m,
		uint64_t runtime)
{
	uint64_t interp = main_interpreter(l, r, runtime);

	*c = (struct checks){ .running = interp != 0 };
	c->type_type = find_type_type(l, r, m, interp);
	if (c->type_type)
		check_type_type(c, l, r);
	if (c->types == VERDICT_PASSED)
		check_sizes(c, l, r, m, interp);
	if (!interp)
		return;
	if (c->types == VERDICT_PASSED)
		check_states(c, l, r, interp);
	check_threads(c, l, r, runtime, interp);
	check_names(c, l, r, interp);
}
