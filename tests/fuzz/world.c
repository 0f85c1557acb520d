/* SPDX-License-Identifier: MIT */
#include "fuzz/world.h"

#include <stdlib.h>

#include "object/decode.h"

enum {
	SIZE = 256, /* of an instance of any type: most fields are within */
	LEAST = 64, /* its head must have room */
};

void world_known(const struct objects *w, uint64_t known[WORLD_KNOWN])
{
	const uint64_t all[WORLD_KNOWN] = {
		w->object, w->type, w->str, w->bytes, w->integer, w->digits, w->boolean, w->floating,
		w->tuple, w->list, w->dict, w->set, w->unicode, w->none, w->none_object, w->type,
	};

	memcpy(known, all, sizeof(all));
}

static size_t count_names(void)
{
	size_t n = 0;

	while (pycore_decoder_names[n].tp_name)
		n++;
	for (size_t t = 0; pycore_decoder_tables[t]; t++) {
		for (const struct named_decoder *d = pycore_decoder_tables[t]; d->tp_name; d++)
			n++;
	}
	return n;
}

static const char *name_at(size_t i)
{
	for (size_t n = 0; pycore_decoder_names[n].tp_name; n++) {
		if (!i--)
			return pycore_decoder_names[n].tp_name;
	}
	for (size_t t = 0; pycore_decoder_tables[t]; t++) {
		for (const struct named_decoder *d = pycore_decoder_tables[t]; d->tp_name; d++) {
			if (!i--)
				return d->tp_name;
		}
	}
	return NULL;
}

/* Known types come first, then exceptions, then every name that has a decoder. */
static uint64_t type_of(struct objects *w, const struct world_head *h)
{
	uint64_t known[WORLD_KNOWN], items = h->flags & WORLD_ITEMS ? 8 : 0, type;
	size_t kind = h->kind % (WORLD_KNOWN + 1 + count_names());

	world_known(w, known);
	if (kind < WORLD_KNOWN)
		type = known[kind] == w->none_object ? w->none : known[kind];
	else if (kind == WORLD_EXCEPTION)
		type = objects_static_type(w, "Exception", 0, TPFLAGS_BASE_EXC | TPFLAGS_HAVE_GC,
					   SIZE, 0);
	else
		type = objects_static_type(w, name_at(kind - WORLD_EXCEPTION - 1), 0,
					   TPFLAGS_HAVE_GC, SIZE, items);
	return h->flags & WORLD_CLASS ?
		       objects_class(w, "Class", type, TPFLAGS_HAVE_GC | TPFLAGS_MANAGED_DICT, SIZE) :
		       type;
}

static const struct layout *layout_of(const struct world_head *h)
{
	unsigned n = 0;

	while (objects_layout(n))
		n++;
	return objects_layout(h->layout % n);
}

static void choose_any(struct world_head *h, const uint8_t *bytes, size_t len, size_t memory)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	h->layout = (uint8_t)(hash >> 40);
	h->kind = (uint16_t)(hash >> 16);
	h->flags ^= hash >> 33 & (WORLD_COPIED | WORLD_CLASS | WORLD_ITEMS);
	/* Memory may end within the object. */
	if (hash % 4 == 0)
		h->at = (uint16_t)((memory - LEAST) & ~(size_t)7);
}

static uint64_t address_of(uint64_t word, const uint64_t known[WORLD_KNOWN])
{
	if (word >> 48 == TO_BODY >> 48)
		return WORLD_BODY + (word & (WORLD_BODY_MOST - 1));
	if (word >> 48 == TO_KNOWN >> 48)
		return known[word % WORLD_KNOWN];
	return word;
}

static void put_body(struct objects *w, const uint8_t *bytes, size_t len)
{
	uint64_t known[WORLD_KNOWN], word;
	uint8_t *body = fake_at(w->f, WORLD_BODY, len);

	world_known(w, known);
	memcpy(body, bytes, len);
	for (size_t at = 0; at + 8 <= len; at += 8) {
		memcpy(&word, bytes + at, 8);
		word = address_of(word, known);
		memcpy(body + at, &word, 8);
	}
}

uint64_t world_make(struct objects *w, const uint8_t *data, size_t size)
{
	struct world_head h;
	size_t len = size - sizeof(h);

	if (size < sizeof(h))
		return 0;
	memcpy(&h, data, sizeof(h));
	if (len > WORLD_BODY_MOST)
		len = WORLD_BODY_MOST;
	if (len >= LEAST && h.flags & WORLD_ANY)
		choose_any(&h, data, size, len);
	h.at &= ~7;
	if (len < LEAST || h.at > len - LEAST)
		return 0;
	objects_init(w, layout_of(&h));
	fake_map(w->f, WORLD_BODY, len);
	put_body(w, data + sizeof(h), len);
	objects_count(w, WORLD_BODY + h.at, 1);
	PUT(w, WORLD_BODY + h.at, PyObject, ob_type, type_of(w, &h));
	fake_in_place(w->f, !(h.flags & WORLD_COPIED));
	reader_forget(w->c.r);
	reader_renew(w->c.r);
	return WORLD_BODY + h.at;
}
