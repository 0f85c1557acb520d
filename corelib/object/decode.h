/* SPDX-License-Identifier: MIT */
#ifndef OBJECT_DECODE_H
#define OBJECT_DECODE_H

#include "object/object.h"

/* What decoders share. For this room only. */

#define BODY_MAX 1024

/*
 * A struct of the target, viewed once. Fields are loaded with a check against
 * what was viewed: one that lies beyond gives 0 and sets @c cut.
 */
struct body {
	const unsigned char *bytes;
	uint32_t len;
	bool cut;
	unsigned char scratch[BODY_MAX];
};

/* View up to @p len bytes (at most BODY_MAX) from @p address. @return 0 or PYCORE_ERR_FAULT */
static inline int body_view(struct body *b, struct reader *r, uint64_t address, uint64_t len)
{
	b->cut = false;
	b->len = (uint32_t)(len < BODY_MAX ? len : BODY_MAX);
	b->bytes = reader_probe(r, address, b->len, b->scratch);
	if (b->bytes)
		return 0;
	/* The end of what is mapped may come before the end of the struct's type. */
	b->len = (uint32_t)reader_copy(r, address, b->scratch, b->len);
	b->bytes = b->scratch;
	if (b->len)
		return 0;
	r->faults++;
	if (!r->first_fault)
		r->first_fault = address;
	return PYCORE_ERR_FAULT;
}

static inline uint64_t body_u64(struct body *b, uint64_t offset)
{
	uint64_t value;

	if (offset + sizeof(value) > b->len) {
		b->cut = true;
		return 0;
	}
	memcpy(&value, b->bytes + offset, sizeof(value));
	return value;
}

static inline uint64_t body_field(struct body *b, const struct layout *l, unsigned id)
{
	const struct field *f = &l->field[id];
	uint64_t value = 0;

	if (!f->present)
		return 0;
	if (f->width == 8)
		return body_u64(b, f->offset);
	if (f->width > 8 || (uint64_t)f->offset + f->width > b->len) {
		b->cut = true;
		return 0;
	}
	memcpy(&value, b->bytes + f->offset, f->width); /* little endian, like the target */
	return value;
}

/* Field s.f of the struct that is viewed, zero-extended; 0 if the layout lacks it. */
#define BODY(b, l, s, f) body_field(b, l, F_##s##_##f)

static inline int body_status(const struct body *b)
{
	return b->cut ? PYCORE_ERR_DAMAGED : 0;
}

/* Whether @p status means that an edge_fn has asked to stop. */
static inline bool stopped(int status)
{
	return status && status != PYCORE_ERR_FAULT && status != PYCORE_ERR_DAMAGED;
}

static inline int emit(edge_fn *fn, void *arg, uint64_t to, enum edge_kind kind,
		       const struct label *label)
{
	return type_is_address(to) ? fn(arg, to, kind, label) : 0;
}

static inline int emit_field(edge_fn *fn, void *arg, uint64_t to, const char *text)
{
	struct label label = { LABEL_FIELD, text, 0, 0 };

	return emit(fn, arg, to, EDGE_OWNED, &label);
}

/* |ob_size| of a variable-sized object. */
int object_ob_size(const struct ctx *c, struct object o, uint64_t *out);

/* The @p n words at @p address, each labelled @p label with its index from label.index on. */
int emit_items(const struct ctx *c, uint64_t address, uint64_t n, enum edge_kind kind,
	       struct label label, edge_fn *fn, void *arg);

/* The fields of a table, out of the object's body. */
int emit_fields(struct body *b, const struct layout *l, const struct ref_field *fields,
		edge_fn *fn, void *arg);

/* Every word of the object behind its head, as a guess: an inside() of a decoder. */
int emit_body(const struct ctx *c, struct object o, edge_fn *fn, void *arg);

/* Where an instance keeps its attributes. */
struct attrs {
	uint64_t dict;   /* address of the dict object, 0: none */
	uint64_t values; /* of the first value, 0: none */
	uint32_t n;      /* values */
	uint64_t block, block_bytes; /* that holds the values outside the object, or 0 */
};

int attrs_of(const struct ctx *c, struct object o, struct attrs *out);

/* basicsize + itemsize * |ob_size| */
int generic_extent(const struct ctx *c, struct object o, uint64_t *bytes);

/* Where the reference of a slot of @p o is. */
int slot_address(const struct ctx *c, struct object o, const struct type_slot *slot,
		 uint64_t *address);

/* Bytes of the NUL-terminated text at @p at with its end; 0: not to be had. */
uint64_t text_bytes(const struct ctx *c, uint64_t at);

/* The object that a word of a frame refers to; 0: none. @p owned tells whether it is counted. */
uint64_t stack_ref(const struct layout *l, uint64_t word, bool *owned);

/* Names of the decoders that have a use for several; NULL past the last. */
struct decoder_name {
	const char *tp_name;
	const struct decoder *decoder;
};

extern const struct decoder_name pycore_decoder_names[];

/* Decoders of types that have no other use for a name; a table ends with a NULL. */
struct named_decoder {
	const char *tp_name;
	struct decoder decoder;
};

/* All of these; NULL past the last. */
extern const struct named_decoder *const pycore_decoder_tables[];

extern const struct named_decoder pycore_async_types[], pycore_buffer_types[];
extern const struct named_decoder pycore_builtin_types[], pycore_codecs_types[];
extern const struct named_decoder pycore_context_types[], pycore_ctypes_types[];
extern const struct named_decoder pycore_iterators_types[], pycore_itertools_types[];
extern const struct named_decoder pycore_numpy_types[], pycore_pickle_types[];
extern const struct named_decoder pycore_profile_types[], pycore_sqlite_types[];
extern const struct named_decoder pycore_stdlib_types[], pycore_typing_types[];
extern const struct named_decoder pycore_xml_types[], pycore_zone_types[];

extern const struct decoder pycore_dec_int, pycore_dec_bool, pycore_dec_float, pycore_dec_complex;
extern const struct decoder pycore_dec_machine_int, pycore_dec_unicode;
extern const struct decoder pycore_dec_classobj, pycore_dec_instance, pycore_dec_instancemethod;
extern const struct decoder pycore_dec_file, pycore_dec_xrange, pycore_dec_buffer;
extern const struct decoder pycore_dec_string_input, pycore_dec_string_output;
extern const struct decoder pycore_dec_bytes, pycore_dec_bytearray, pycore_dec_str;
extern const struct decoder pycore_dec_tuple, pycore_dec_list, pycore_dec_slice;
extern const struct decoder pycore_dec_dict, pycore_dec_defaultdict, pycore_dec_ordereddict;
extern const struct decoder pycore_dec_set, pycore_dec_frozenset;
extern const struct decoder pycore_dec_type, pycore_dec_module;
extern const struct decoder pycore_dec_function, pycore_dec_method, pycore_dec_builtin;
extern const struct decoder pycore_dec_cell, pycore_dec_property, pycore_dec_staticmethod;
extern const struct decoder pycore_dec_classmethod, pycore_dec_descriptor;
extern const struct decoder pycore_dec_code, pycore_dec_frame, pycore_dec_generator;
extern const struct decoder pycore_dec_coroutine;
extern const struct decoder pycore_dec_weakref, pycore_dec_mappingproxy, pycore_dec_memoryview;
extern const struct decoder pycore_dec_managedbuffer;
extern const struct decoder pycore_dec_exception, pycore_dec_traceback;
extern const struct decoder pycore_dec_deque, pycore_dec_array;
extern const struct decoder pycore_dec_partial, pycore_dec_lru_cache, pycore_dec_lru_elem;
extern const struct decoder pycore_dec_buffered, pycore_dec_bytesio, pycore_dec_stringio;
extern const struct decoder pycore_dec_struct, pycore_dec_element, pycore_dec_simple_queue;
extern const struct decoder pycore_dec_datetime, pycore_dec_time;
extern const struct decoder pycore_dec_none, pycore_dec_ellipsis, pycore_dec_not_implemented;

#endif
