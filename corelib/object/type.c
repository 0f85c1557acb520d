/* SPDX-License-Identifier: MIT */
#include "object/type.h"

#include <stdio.h>

#include "object/dict.h"
#include "object/static_names.h"
#include "object/type_name.h"

#define NOT_A_TYPE UINT64_MAX
#define REJECTED_MOST ((size_t)1 << 20) /* remembered; more only costs time */
#define CHAIN_MOST 128                  /* bases and metatypes that lead to one type */
#define SIZE_MOST 1000000
#define STATIC_TYPES_MOST 1000

int type_table_init(struct type_table *tt, const struct runtime *rt)
{
	*tt = (struct type_table){ .rt = rt };
	return pthread_rwlock_init(&tt->lock, NULL) ? PYCORE_ERR_NOMEM : 0;
}

void type_table_fini(struct type_table *tt)
{
	pthread_rwlock_destroy(&tt->lock);
	vec_free(&tt->types);
	map_free(&tt->by_address);
	map_free(&tt->static_names);
	arena_free(&tt->arena);
}

/* What resolving needs of a type object, before its base and metatype are known. */
struct candidate {
	uint64_t address, metatype, base;
};

static bool read_links(const struct layout *l, struct reader *r, struct candidate *c)
{
	struct body b;

	if (!type_is_address(c->address) ||
	    body_view(&b, r, c->address, L(l, PyTypeObject, sizeof)))
		return false;
	c->metatype = BODY(&b, l, PyObject, ob_type);
	c->base = BODY(&b, l, PyTypeObject, tp_base);
	return !b.cut && type_is_address(c->metatype) && (!c->base || type_is_address(c->base));
}

static uint32_t pre_header(const struct layout *l, uint64_t flags)
{
	uint64_t managed = 0;
	uint32_t bytes = flags & TPFLAGS_HAVE_GC ? L(l, PyGC_Head, sizeof) : 0;

	if (FACT(l, PRE_HEADER) == PRE_HEADER_DICT)
		managed = TPFLAGS_MANAGED_DICT;
	else if (FACT(l, PRE_HEADER) == PRE_HEADER_DICT_WEAKREF)
		managed = TPFLAGS_MANAGED_DICT | TPFLAGS_MANAGED_WEAKREF;
	return bytes + (flags & managed ? 16 : 0);
}

/* Flags that this CPython does not know are something else there: take them away. */
static uint64_t known_flags(const struct layout *l, uint64_t flags)
{
	if (FACT(l, PRE_HEADER) == PRE_HEADER_GC)
		flags &= ~TPFLAGS_MANAGED_DICT;
	if (FACT(l, PRE_HEADER) != PRE_HEADER_DICT_WEAKREF)
		flags &= ~(TPFLAGS_MANAGED_WEAKREF | TPFLAGS_STATIC_BUILTIN);
	if (FACT(l, MANAGED_DICT) != MANAGED_DICT_INLINE)
		flags &= ~TPFLAGS_INLINE_VALUES;
	if (!HAS(l, PyIntObject, ob_ival))
		flags &= ~TPFLAGS_INT;
	return flags;
}

static bool read_tp_name(const struct layout *l, struct reader *r, struct body *b, char *name,
			 size_t size)
{
	uint64_t at = BODY(b, l, PyTypeObject, tp_name);
	long len;

	*name = '\0';
	if (at < 4096)
		return false;
	len = reader_string(r, at, name, size);
	if (len < 0) {
		*name = '\0';
		return true; /* not at hand, or longer than any that a decoder knows */
	}
	for (long i = 0; i < len; i++) {
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return false;
	}
	return len > 0;
}

uint64_t type_state(const struct layout *l, struct reader *r, uint64_t interp, uint64_t type)
{
	uint64_t stride = FACT(l, TYPE_STATE_STRIDE), index, state, owner;

	if (FACT(l, TYPE_STATE) != TYPE_STATE_INTERP || !type_is_address(interp) ||
	    !LOAD(l, r, type, PyTypeObject, tp_subclasses, &index) || !index ||
	    index > STATIC_TYPES_MOST)
		return 0;
	/* Those of extension modules are counted from 1 in an array of their own. */
	for (int extension = 0; extension < 2; extension++) {
		if (extension ? !HAS(l, PyInterpreterState, types_extensions) :
				!HAS(l, PyInterpreterState, types_builtins))
			continue;
		state = interp +
			(extension ? L(l, PyInterpreterState, types_extensions) :
				     L(l, PyInterpreterState, types_builtins)) +
			(index - 1) * stride;
		if (reader_probe_u64(r, state + L(l, managed_static_type_state, type), &owner) &&
		    owner == type)
			return state;
	}
	return 0;
}

static uint64_t static_type_dict(struct type_table *tt, struct reader *r, uint64_t type)
{
	const struct layout *l = &tt->rt->layout;
	uint64_t interp, state, dict;

	if (FACT(l, TYPE_STATE) != TYPE_STATE_INTERP ||
	    !LOAD(l, r, tt->rt->address, _PyRuntimeState, interpreters_main, &interp))
		return 0;
	state = type_state(l, r, interp, type);
	return state && PROBE(l, r, state, managed_static_type_state, tp_dict, &dict) ? dict : 0;
}

uint64_t type_dict(struct type_table *tt, struct reader *r, uint64_t type)
{
	const struct layout *l = &tt->rt->layout;
	uint64_t dict = 0;

	if (!LOAD(l, r, type, PyTypeObject, tp_dict, &dict))
		return 0;
	if (!dict)
		dict = static_type_dict(tt, r, type);
	return type_is_address(dict) ? dict : 0;
}

/* The names of inline values, which the type's shared keys hold. */
static int read_attr_keys(struct type_table *tt, struct reader *r, struct type *t)
{
	const struct layout *l = &tt->rt->layout;
	uint64_t *names, key;
	struct dict_keys k;
	uint32_t n;

	if (!(t->flags & TPFLAGS_MANAGED_DICT) || !t->cached_keys ||
	    dict_keys_at(l, r, t->cached_keys, &k) || !k.unicode)
		return 0;
	n = k.n < 256 ? (uint32_t)k.n : 256;
	names = arena_array(&tt->arena, n ? n : 1, sizeof(*names));
	if (!names)
		return PYCORE_ERR_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		if (reader_u64(r, k.entries + i * k.stride + k.key, &key) && type_is_address(key))
			names[i] = key;
	}
	t->attr_keys = names;
	t->n_attr_keys = n;
	return 0;
}

/* A small int, read without a type table. */
static bool small_int(const struct layout *l, struct reader *r, uint64_t address, uint32_t *out)
{
	uint32_t digit;
	uint64_t value;
	const void *p;

	if (!type_is_address(address))
		return false;
	if (HAS(l, PyIntObject, ob_ival)) {
		if (!PROBE(l, r, address, PyIntObject, ob_ival, &value))
			return false;
		*out = (uint32_t)value;
		return value <= UINT32_MAX;
	}
	p = reader_probe(r, address + L(l, PyLongObject, ob_digit), 4, &digit);
	if (!p)
		return false;
	memcpy(out, p, 4);
	return true;
}

/* Struct sequences have more items than their ob_size says: Objects/structseq.c. */
static void read_hidden_items(struct type_table *tt, struct reader *r, struct type *t)
{
	const struct layout *l = &tt->rt->layout;
	uint64_t dict;
	uint32_t all, visible;

	if (!(t->flags & TPFLAGS_TUPLE) || !t->base)
		return;
	t->hidden_items = t->base->hidden_items;
	if (t->python_class)
		return;
	dict = type_dict(tt, r, t->address);
	if (dict && small_int(l, r, dict_get(l, r, dict, "n_fields"), &all) &&
	    small_int(l, r, dict_get(l, r, dict, "n_sequence_fields"), &visible) &&
	    all > visible && all < 256)
		t->hidden_items = all - visible;
}

/* Whether all fields that the decoder names are in instances of the type. */
static bool fields_inside(const struct layout *l, const struct decoder *d, uint64_t basicsize)
{
	for (const struct ref_field *f = d->fields; f && f->text; f++) {
		const struct field *at = &l->field[f->field];

		if (at->present && (uint64_t)at->offset + at->width > basicsize)
			return false;
	}
	return true;
}

/* @return whether the decoder is for this very type, not for one it derives from */
static bool set_decoder(const struct layout *l, struct type *t, const char *tp_name)
{
	const struct type *base = t->base;
	const struct decoder *own = t->python_class ? NULL : decoder_named(tp_name);

	/* Some other library's type may have such a name. */
	if (own && !fields_inside(l, own, t->basicsize))
		own = NULL;
	t->decoder = own ? own : decoder_for(NULL, t->flags, base ? base->decoder : NULL);
	if (base && base->decoder == t->decoder)
		t->first_slot = base->first_slot;
	else
		t->first_slot = t->decoder == &pycore_dec_generic ? 0 : t->n_slots;
	return own != NULL;
}

/*
 * Which words of an instance no decoder, slot or dict accounts for: those that C code
 * has put behind the base's. Nothing, where a decoder knows the whole of it (@p own).
 */
static void set_scan(const struct layout *l, struct type *t, bool own)
{
	const struct type *base = t->base;
	uint64_t from = base ? base->basicsize : L(l, PyObject, sizeof);

	if (own || t->decoder != (base ? base->decoder : &pycore_dec_generic)) {
		if (t->decoder->scan) {
			t->scan_from = L(l, PyObject, sizeof);
			t->scan_to = (uint32_t)t->basicsize & ~7u;
		}
		return;
	}
	if (base) {
		t->scan_from = base->scan_from;
		t->scan_to = base->scan_to;
		t->scan_items = base->scan_items;
	}
	/* What a tuple's type is longer than a tuple is its first items. */
	if (t->python_class || t->flags & TPFLAGS_TUPLE)
		return;
	if (t->basicsize > from) {
		if (t->scan_to <= t->scan_from)
			t->scan_from = (uint32_t)from;
		t->scan_to = (uint32_t)t->basicsize & ~7u;
	}
	if (t->decoder == &pycore_dec_generic && t->itemsize)
		t->scan_items = true;
}

static bool is_opaque(const struct type *t)
{
	return t->decoder->inside || t->scan_from < t->scan_to || t->scan_items;
}

static bool is_leaf(const struct type *t)
{
	return !t->decoder->fields && !t->decoder->edges && !t->dictoffset && !t->opaque &&
	       !(t->flags & (TPFLAGS_MANAGED_DICT | TPFLAGS_HEAPTYPE)) &&
	       t->first_slot == t->n_slots;
}

static bool plausible(const struct layout *l, const struct type *t)
{
	if (t->basicsize < L(l, PyObject, sizeof) || t->basicsize > SIZE_MOST ||
	    t->itemsize > SIZE_MOST)
		return false;
	return !t->base || t->basicsize >= t->base->basicsize;
}

/* For one whose tp_name is not at hand; @p name stays empty if there is none. */
static void find_static_name(struct type_table *tt, struct reader *r, uint64_t type, char *name,
			     size_t size)
{
	const char *known_name = static_name(tt, r, type);

	if (known_name)
		snprintf(name, size, "%s", known_name);
}

static struct type *build(struct type_table *tt, struct reader *r, const struct candidate *c,
			  const struct type *metatype, const struct type *base, bool *nomem)
{
	const struct layout *l = &tt->rt->layout;
	char tp_name[128];
	struct type *t;
	struct body b;

	if (body_view(&b, r, c->address, L(l, PyHeapTypeObject, sizeof)))
		return NULL;
	t = arena_alloc(&tt->arena, sizeof(*t));
	*nomem = !t;
	if (!t)
		return NULL;
	t->address = c->address;
	t->flags = known_flags(l, BODY(&b, l, PyTypeObject, tp_flags));
	t->basicsize = BODY(&b, l, PyTypeObject, tp_basicsize);
	t->itemsize = BODY(&b, l, PyTypeObject, tp_itemsize);
	t->dictoffset = (int64_t)BODY(&b, l, PyTypeObject, tp_dictoffset);
	t->weaklistoffset = (int64_t)BODY(&b, l, PyTypeObject, tp_weaklistoffset);
	t->base = base;
	t->metatype = metatype ? metatype : t;
	t->is_gc = t->flags & TPFLAGS_HAVE_GC;
	t->pre_header = pre_header(l, t->flags);
	t->sizeof_head = t->pre_header;
	if (FACT(l, SIZEOF_HEAD) == SIZEOF_GC_HEAD)
		t->sizeof_head = t->is_gc ? L(l, PyGC_Head, sizeof) : 0;
	if (!plausible(l, t) || !read_tp_name(l, r, &b, tp_name, sizeof(tp_name)))
		return NULL;
	/* Some static types of C code are used without ever being made ready. */
	if (!(t->flags & TPFLAGS_READY) && (t->flags & TPFLAGS_HEAPTYPE || !*tp_name))
		return NULL;
	t->python_class = type_is_python_class(l, r, t, &b);
	if (t->flags & TPFLAGS_HEAPTYPE)
		t->cached_keys = BODY(&b, l, PyHeapTypeObject, ht_cached_keys);
	if (!*tp_name && !(t->flags & TPFLAGS_HEAPTYPE))
		find_static_name(tt, r, t->address, tp_name, sizeof(tp_name));
	t->name = type_show_name(tt, r, t, &b, tp_name);
	if (!t->name)
		return NULL;
	*nomem = type_read_slots(tt, r, t, &b) != 0 || read_attr_keys(tt, r, t) != 0;
	set_scan(l, t, set_decoder(l, t, *tp_name ? tp_name : t->name));
	read_hidden_items(tt, r, t);
	t->opaque = is_opaque(t);
	t->leaf = is_leaf(t);
	return t;
}

/* Look up under the lock that is held. @return whether the verdict is known */
static bool known(const struct type_table *tt, uint64_t address, const struct type **out)
{
	const uint64_t *p = map_get(&tt->by_address, address);

	*out = p && *p != NOT_A_TYPE ? tt->types.items[*p - 1] : NULL;
	return p != NULL;
}

static void reject(struct type_table *tt, uint64_t address)
{
	uint64_t *p;

	if (tt->n_rejected >= REJECTED_MOST)
		return;
	p = map_put(&tt->by_address, address, NULL);
	if (p) {
		*p = NOT_A_TYPE;
		tt->n_rejected++;
	}
}

static const struct type *add(struct type_table *tt, struct type *t)
{
	uint64_t *p = map_put(&tt->by_address, t->address, NULL);

	if (!p)
		return NULL;
	t->number = (uint32_t)tt->types.n;
	if (!vec_push(&tt->types, t)) {
		*p = NOT_A_TYPE;
		return NULL;
	}
	*p = tt->types.n;
	return t;
}

static bool on_chain(const struct candidate *chain, size_t n, uint64_t address)
{
	for (size_t i = 0; i < n; i++) {
		if (chain[i].address == address)
			return true;
	}
	return false;
}

/*
 * The next type that must be known before the last of the chain can be, put on
 * the chain. @return 1 if there was one, 0 if all is known, -1 if it can't be a type.
 */
static int push_needed(struct type_table *tt, struct reader *r, struct candidate *chain, size_t *n)
{
	const struct candidate *c = &chain[*n - 1];
	const uint64_t needed[] = { c->metatype, c->base };
	const struct type *t;

	for (size_t i = 0; i < 2; i++) {
		if (!needed[i] || (c->address == tt->rt->type_type && i == 0))
			continue;
		if (known(tt, needed[i], &t)) {
			if (!t)
				return -1;
			continue;
		}
		/*
		 * object is a type and type an object: each other's base and metatype.
		 * The type of object, and of nothing else, may be looked at later.
		 */
		if (on_chain(chain, *n, needed[i])) {
			if (i == 0 && needed[i] == tt->rt->type_type && !c->base)
				continue;
			return -1;
		}
		if (*n == CHAIN_MOST)
			return -1;
		chain[*n] = (struct candidate){ .address = needed[i] };
		if (!read_links(&tt->rt->layout, r, &chain[*n])) {
			reject(tt, needed[i]);
			return -1;
		}
		++*n;
		return 1;
	}
	return 0;
}

static const struct type *finish(struct type_table *tt, struct reader *r, const struct candidate *c)
{
	const struct type *metatype = NULL, *base = NULL, *added;
	bool nomem = false;
	struct type *t;

	known(tt, c->metatype, &metatype);
	if (c->base)
		known(tt, c->base, &base);
	if (metatype && !(metatype->flags & TPFLAGS_TYPE))
		t = NULL;
	else
		t = build(tt, r, c, metatype, base, &nomem);
	added = t ? add(tt, t) : NULL;
	if (!t && !nomem)
		reject(tt, c->address);
	return added;
}

/* Resolve with the lock held for writing. */
static const struct type *resolve(struct type_table *tt, struct reader *r, uint64_t address)
{
	struct candidate chain[CHAIN_MOST];
	const struct type *t = NULL;
	size_t n = 1;

	if (known(tt, address, &t))
		return t;
	chain[0] = (struct candidate){ .address = address };
	if (!read_links(&tt->rt->layout, r, &chain[0])) {
		reject(tt, address);
		return NULL;
	}
	while (n) {
		int more = push_needed(tt, r, chain, &n);

		if (more > 0)
			continue;
		if (more < 0) {
			/* What stands on a thing that is no type is none either. */
			while (n)
				reject(tt, chain[--n].address);
			return NULL;
		}
		t = finish(tt, r, &chain[n - 1]);
		n--;
	}
	return t;
}

/* object was resolved before its own type could be. */
static void close_circle(struct type_table *tt)
{
	const struct type *type;

	if (known(tt, tt->rt->type_type, &type) && type)
		tt->types.items[0]->metatype = type;
}

const struct type *type_at(struct type_table *tt, struct reader *r, uint64_t address)
{
	uint64_t faults = r->faults, first_fault = r->first_fault;
	const struct type *t;
	bool found;

	if (!type_is_address(address))
		return NULL;
	pthread_rwlock_rdlock(&tt->lock);
	found = known(tt, address, &t);
	pthread_rwlock_unlock(&tt->lock);
	if (found)
		return t;
	pthread_rwlock_wrlock(&tt->lock);
	if (!tt->types.n) {
		resolve(tt, r, tt->rt->type_type);
		close_circle(tt);
	}
	t = resolve(tt, r, address);
	pthread_rwlock_unlock(&tt->lock);
	/* Any word may be asked for; that one is no type is an answer, and no fault. */
	if (!t) {
		r->faults = faults;
		r->first_fault = first_fault;
	}
	return t;
}

uint64_t type_dict_slot(const struct type *type, struct reader *r, const struct layout *l,
			uint64_t object)
{
	int64_t offset = type->dictoffset;
	uint64_t n, end;

	if (offset > 0)
		return (uint64_t)offset <= type->basicsize - 8 ? object + (uint64_t)offset : 0;
	if (!offset || offset == -1)
		return 0;
	/* Behind the items; an int tells their number in its sign or tag. */
	if (!reader_u64(r, object + L(l, PyVarObject, ob_size), &n))
		return 0;
	if (type->flags & TPFLAGS_LONG && FACT(l, INT_SHAPE) == INT_LV_TAG)
		n >>= 3;
	else if ((int64_t)n < 0)
		n = -n;
	if (__builtin_mul_overflow(n, type->itemsize, &n) ||
	    __builtin_add_overflow(n, type->basicsize, &n) || n > UINT64_C(1) << 46)
		return 0;
	end = (n + 7) & ~UINT64_C(7);
	if (end < -(uint64_t)offset)
		return 0;
	return object + end + (uint64_t)offset;
}
