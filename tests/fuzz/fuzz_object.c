/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "fuzz/world.h"
#include "object/value.h"
#include "report/utf8.h"
#include "stack/lines.h"

/* Takes the input for an object and memory around it, and asks everything of that. */

enum {
	MOST_CALLS = 1 << 20, /* of a walk over less than two megabytes */
	MOST_LABELS = 20,
	MOST_TEXT = 300,
	DEEP = 8,
	MOST_DEEP_TEXT = 4000,
	OVER = 200, /* that a repr may be longer: what closes all levels, and a last item */
};

const unsigned fuzz_tries = 12000;

struct seen {
	const struct ctx *c;
	uint64_t calls;
	struct buf text;
};

static void check_length(struct buf *b, size_t most)
{
	if (b->failed || b->len > most)
		abort();
	buf_free(b);
	*b = (struct buf){ 0 };
}

static void check_characters(const struct buf *b)
{
	uint32_t character;
	size_t n;

	for (const char *at = b->text; b->len && at < b->text + b->len; at += n) {
		/* A NUL is a character of a str, too. */
		n = *at ? utf8_next(at, &character) : 1;
		if (!n)
			abort();
	}
}

static void count(struct seen *s)
{
	if (++s->calls > MOST_CALLS)
		abort();
}

static int take_edge(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct seen *s = arg;

	count(s);
	if (s->calls < MOST_LABELS) {
		value_label(s->c, label, &s->text);
		buf_free(&s->text);
		s->text = (struct buf){ 0 };
	}
	return 0;
}

static void take_storage(void *arg, uint64_t address, uint64_t bytes)
{
	count(arg);
}

static int take_item(void *arg, uint64_t key, uint64_t value)
{
	count(arg);
	return 0;
}

static void ask_object(struct seen *s, struct object o)
{
	struct slack slack;
	uint64_t bytes;

	s->calls = 0;
	object_edges(s->c, o, take_edge, s);
	s->calls = 0;
	object_storage(s->c, o, take_storage, s);
	object_sizeof(s->c, o, &bytes);
	object_gc_tracked(s->c, o);
	if (o.type->decoder->slack)
		o.type->decoder->slack(s->c, o, &slack);
}

static void ask_value(struct seen *s, uint64_t at)
{
	int64_t number;

	value_repr(s->c, at, &s->text, 3, MOST_TEXT);
	check_length(&s->text, MOST_TEXT + OVER);
	value_repr(s->c, at, &s->text, DEEP, MOST_DEEP_TEXT);
	check_length(&s->text, MOST_DEEP_TEXT + OVER);
	value_str(s->c, at, &s->text, MOST_TEXT);
	check_characters(&s->text);
	check_length(&s->text, MOST_TEXT);
	value_int(s->c, at, &number);
	object_refcount(s->c, at, &number);
	value_dict_get(s->c, at, "name");
	value_attr(s->c, at, "name");
	s->calls = 0;
	value_dict_each(s->c, at, take_item, s);
}

static void ask_type(struct objects *w, uint64_t at)
{
	const struct type *type = type_at(&w->types, w->c.r, at);
	struct line_table lines;

	if (type)
		type_dict(&w->types, w->c.r, at);
	if (line_table_of(&w->c, at, &lines))
		line_table_find(&lines, w->c.r, 10);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct objects w;
	struct seen s = { .c = &w.c };
	struct object o;
	uint64_t at = world_make(&w, data, size);

	if (!at)
		return 0;
	if (!object_at(&w.c, at, &o))
		ask_object(&s, o);
	ask_value(&s, at);
	ask_type(&w, at);
	objects_fini(&w);
	return 0;
}
