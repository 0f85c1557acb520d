/* SPDX-License-Identifier: MIT */
#include "object/type_name.h"

#include <stdlib.h>

#include "object/dict.h"
#include "object/text.h"

#define NAME_MOST 400

bool type_raw_is_str(const struct layout *l, struct reader *r, uint64_t address)
{
	uint64_t type, flags;

	return type_is_address(address) &&
	       reader_probe_u64(r, address + L(l, PyObject, ob_type), &type) &&
	       type_is_address(type) &&
	       reader_probe_u64(r, type + L(l, PyTypeObject, tp_flags), &flags) &&
	       flags & (FACT(l, TEXT) == TEXT_BYTES ? TPFLAGS_UNICODE | TPFLAGS_BYTES :
						      TPFLAGS_UNICODE);
}

static bool put_str(const struct layout *l, struct reader *r, uint64_t address, struct buf *out)
{
	size_t before = out->len;
	struct text t;

	if (!type_raw_is_str(l, r, address) || text_at(l, r, address, &t) ||
	    text_utf8(&t, r, out, before + NAME_MOST, NULL))
		return false;
	return out->len > before;
}

bool type_is_python_class(const struct layout *l, struct reader *r, const struct type *t,
			  struct body *b)
{
	uint64_t tp_name = BODY(b, l, PyTypeObject, tp_name);
	uint64_t ht_name = BODY(b, l, PyHeapTypeObject, ht_name);
	struct text text;

	if (!(t->flags & TPFLAGS_HEAPTYPE) || !type_raw_is_str(l, r, ht_name) ||
	    text_at(l, r, ht_name, &text))
		return false;
	return tp_name == text.data || (text.utf8 && tp_name == text.utf8);
}

/* Of C code's types some have a __module__ that is no name; tp_name is "module.name" then. */
static bool is_full_name(const char *tp_name, const struct buf *name)
{
	size_t len = strlen(tp_name);

	return !name->failed && len > name->len + 1 && tp_name[len - name->len - 1] == '.' &&
	       !strcmp(tp_name + len - name->len, name->text);
}

/*
 * The name of the type's module with a dot behind it, nothing for builtins.
 * @return false if there is one but it cannot be read
 */
static bool put_module(const struct layout *l, struct reader *r, uint64_t dict, struct buf *name)
{
	uint64_t faults = r->faults, module = dict_get(l, r, dict, "__module__"), word;

	if (put_str(l, r, module, name)) {
		if (!strcmp(name->text, runtime_builtins(l)))
			name->len = 0;
		else
			buf_putc(name, '.');
		return true;
	}
	if (!module)
		return r->faults == faults;
	/* What is no str, as a property is, tells no module. */
	return reader_probe_u64(r, module, &word) && !type_raw_is_str(l, r, module);
}

static const char *heap_name(struct type_table *tt, struct reader *r, struct body *b,
			     const char *tp_name)
{
	const struct layout *l = &tt->rt->layout;
	struct buf name = { 0 };
	const char *kept = NULL;
	bool has_module;

	if (!put_module(l, r, BODY(b, l, PyTypeObject, tp_dict), &name)) {
		if (strchr(tp_name, '.'))
			return arena_strdup(&tt->arena, tp_name);
		/* A bare name would be taken for a builtin's. */
		buf_puts(&name, "?.");
	}
	has_module = name.len;
	if (put_str(l, r, BODY(b, l, PyHeapTypeObject, ht_qualname), &name) ||
	    put_str(l, r, BODY(b, l, PyHeapTypeObject, ht_name), &name)) {
		if (!has_module && is_full_name(tp_name, &name))
			kept = arena_strdup(&tt->arena, tp_name);
		else if (!name.failed)
			kept = arena_strndup(&tt->arena, name.text, name.len);
	}
	buf_free(&name);
	return kept;
}

const char *type_show_name(struct type_table *tt, struct reader *r, struct type *t,
			   struct body *b, const char *tp_name)
{
	struct target *target = r->target;
	struct module *m;
	const char *symbol;

	if (t->flags & TPFLAGS_HEAPTYPE) {
		const char *name = heap_name(tt, r, b, tp_name);

		if (name)
			return name;
	}
	if (*tp_name)
		return arena_strdup(&tt->arena, tp_name);
	if (t->flags & TPFLAGS_HEAPTYPE)
		return NULL;
	/* Its name is in a file that the core leaves out and that is not at hand. */
	m = target->modules ? target_module_at(target, t->address) : NULL;
	symbol = m ? module_symbol_at(target, m, t->address) : NULL;
	if (symbol)
		return arena_strdup(&tt->arena, symbol);
	t->nameless = true;
	return arena_printf(&tt->arena, "<static type at %#llx>", (unsigned long long)t->address);
}

/* type codes of structmember.h that are references */
#define T_OBJECT 6
#define T_OBJECT_EX 16
#define SLOTS_MOST 4096
/* _Py_AFTER_ITEMS, behind which tuples have slots from 3.15 on; free in every release before */
#define AFTER_ITEMS 16

static const char *slot_name(struct type_table *tt, struct reader *r, uint64_t at, uint32_t offset)
{
	char text[128];
	long len = type_is_address(at & ~UINT64_C(7)) ? reader_string(r, at, text, sizeof(text)) :
							-1;
	bool good = len > 0;

	for (long i = 0; i < len; i++)
		good = good && (unsigned char)text[i] >= ' ' && text[i] != 0x7f;
	if (good)
		return arena_strdup(&tt->arena, text);
	return arena_printf(&tt->arena, "<member at offset %u>", offset);
}

static bool has_slot(const struct type_slot *slots, uint32_t n, uint32_t offset)
{
	for (uint32_t i = 0; i < n; i++) {
		if (slots[i].offset == offset)
			return true;
	}
	return false;
}

struct slots {
	VEC(struct type_slot) list;
	bool failed;
};

static void read_members(struct type_table *tt, struct reader *r, const struct type *t,
			 uint64_t members, uint64_t n, struct slots *s)
{
	const struct layout *l = &tt->rt->layout;
	uint32_t size = L(l, PyMemberDef, sizeof);
	struct body b;

	for (uint64_t i = 0; i < n && s->list.n < SLOTS_MOST; i++) {
		uint64_t name, type, offset;

		if (body_view(&b, r, members + i * size, size))
			return;
		name = BODY(&b, l, PyMemberDef, name);
		type = BODY(&b, l, PyMemberDef, type) & 0xffffffff;
		offset = BODY(&b, l, PyMemberDef, offset);
		if (!name || b.cut)
			return;
		if ((type != T_OBJECT && type != T_OBJECT_EX) || offset & 7 ||
		    offset < L(l, PyObject, sizeof) || offset > t->basicsize - 8 ||
		    (int64_t)offset == t->dictoffset ||
		    has_slot(s->list.items, (uint32_t)s->list.n, (uint32_t)offset))
			continue;
		struct type_slot slot = {
			.offset = (uint32_t)offset,
			.after_items = BODY(&b, l, PyMemberDef, flags) & AFTER_ITEMS,
			.name = slot_name(tt, r, name, (uint32_t)offset),
		};
		if (!slot.name || !vec_push(&s->list, slot))
			s->failed = true;
	}
}

int type_read_slots(struct type_table *tt, struct reader *r, struct type *t, struct body *b)
{
	const struct layout *l = &tt->rt->layout;
	uint64_t members = BODY(b, l, PyTypeObject, tp_members);
	uint32_t n_base = t->base ? t->base->n_slots : 0;
	struct slots s = { .failed = false };
	struct type_slot *all;
	uint64_t n = SLOTS_MOST;

	if (t->base) {
		t->slots = t->base->slots;
		t->n_slots = n_base;
	}
	/* Those of a heap type stand behind it and are counted by its ob_size. */
	if (t->flags & TPFLAGS_HEAPTYPE)
		n = BODY(b, l, PyVarObject, ob_size);
	if (n > SLOTS_MOST)
		n = 0;
	for (uint32_t i = 0; i < n_base; i++) {
		if (!vec_push(&s.list, t->base->slots[i]))
			s.failed = true;
	}
	if (type_is_address(members) && !s.failed)
		read_members(tt, r, t, members, n, &s);
	if (s.list.n > n_base && !s.failed) {
		all = arena_array(&tt->arena, s.list.n, sizeof(*all));
		if (all) {
			memcpy(all, s.list.items, s.list.n * sizeof(*all));
			t->slots = all;
			t->n_slots = (uint32_t)s.list.n;
		} else {
			s.failed = true;
		}
	}
	vec_free(&s.list);
	return s.failed ? PYCORE_ERR_NOMEM : 0;
}
