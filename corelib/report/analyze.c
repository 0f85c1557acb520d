/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "report/number.h"
#include "report/report.h"

#define TYPES_SHOWN 10
#define OBJECTS_SHOWN 5
#define USER_TYPES 3

/* A user's type is worth a look from this share of all objects or bytes on. */
#define SHARE 50 /* one part in */

/* And a single object from these on. */
#define BIG_SHARE 50
#define BIG_BYTES ((uint64_t)1 << 20)

struct suspect *add_suspect(struct report *r, const char *text)
{
	struct suspect *s = arena_alloc(&r->arena, sizeof(*s));

	if (!s || !text)
		return NULL;
	s->text = text;
	if (r->last_suspect)
		r->last_suspect->next = s;
	else
		r->suspects = s;
	r->last_suspect = s;
	return s;
}

/*
 * Builtins fill most heaps, but always on behalf of something: the types that
 * a program made itself say more about what it keeps.
 */
static bool is_made_by_program(const char *type)
{
	static const char *const others[] = {
		"_abc",	     "_ast.",	 "_frozen_importlib", "_io.",	  "_sitebuiltins.",
		"_thread.",  "abc.",	 "collections.",      "encodings.", "enum.",
		"functools.", "importlib.", "inspect.",	      "re.",	  "signal.",
		"tokenize.", "types.",	 "typing.",	      "weakref.",  "zipimport.",
	};

	if (!strchr(type, '.'))
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!strncmp(type, others[i], strlen(others[i])))
			return false;
	}
	return true;
}

static bool is_much(uint64_t part, uint64_t whole)
{
	return part && part >= whole / SHARE;
}

/* The types with the most objects, at most @p n, most first. @return how many */
static size_t program_types(const struct report *r, const struct pycore_type_count **most, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < r->census->n_types; i++) {
		const struct pycore_type_count *t = &r->census->types[i];
		size_t at = found;

		if (!is_made_by_program(t->type) || (!is_much(t->count, r->census->count) &&
						     !is_much(t->bytes, r->census->bytes)))
			continue;
		while (at && most[at - 1]->count < t->count) {
			if (at < n)
				most[at] = most[at - 1];
			at--;
		}
		if (at < n)
			most[at] = t;
		found += found < n;
	}
	return found;
}

static int suspect_types(struct report *r)
{
	const struct pycore_census *c = r->census;
	const struct pycore_type_count *most[USER_TYPES];
	size_t n = program_types(r, most, USER_TYPES);

	for (size_t i = 0; i < n; i++) {
		char count[NUMBER_ROOM], share[NUMBER_ROOM], bytes[NUMBER_ROOM];
		struct suspect *s = add_suspect(
			r, arena_printf(&r->arena,
					"%s objects of %s are %s of all objects (%s without what "
					"they hold)",
					number_count(count, most[i]->count), most[i]->type,
					number_share(share, most[i]->count, c->count),
					number_bytes(bytes, most[i]->bytes)));

		if (!s)
			return report_no_memory(r);
		s->type = most[i]->type;
	}
	return 0;
}

static int suspect_objects(struct report *r)
{
	for (size_t i = 0; i < r->top.n && i < USER_TYPES; i++) {
		const struct pycore_object *o = r->top.rows[i];
		char bytes[NUMBER_ROOM], share[NUMBER_ROOM];
		struct suspect *s;

		if (o->bytes < BIG_BYTES || o->bytes < r->census->bytes / BIG_SHARE)
			return 0;
		s = add_suspect(r, arena_printf(&r->arena,
						"one %s at 0x%" PRIx64 " takes %s, %s of the bytes "
						"of all objects",
						o->type, o->address, number_bytes(bytes, o->bytes),
						number_share(share, o->bytes, r->census->bytes)));
		if (!s)
			return report_no_memory(r);
		s->address = o->address;
	}
	return 0;
}

/* What retains much; where references cannot be read, what is much by itself. */
static int make_suspects(struct report *r)
{
	int status;

	if (r->found)
		return suspects_in_words(r);
	status = suspect_types(r);
	return status < 0 ? status : suspect_objects(r);
}

/* The rest of the page can be had without. */
static void read_references(struct report *r)
{
	bool json = r->o.format == PYCORE_JSON;
	struct pycore_suspect_query suspects = { .size = sizeof(suspects),
						 .values = !r->o.redact };
	struct pycore_savings_query savings = {
		.size = sizeof(savings),
		.limit = report_limit(r, json ? DEFAULT_ROWS : OBJECTS_SHOWN),
		.values = !r->o.redact,
	};
	struct pycore_error err = { 0 };

	if (pycore_get_suspects(r->session, &suspects, &r->found, &err) < 0)
		r->found = NULL;
	else if (pycore_get_savings(r->session, &savings, &r->savings, &err) < 0)
		r->savings = NULL;
	if (err.status < 0)
		pycore_add_warning(r->session, err.message);
	r->retained = r->want_paths = r->found != NULL;
}

static int read_heap(struct report *r)
{
	bool json = r->o.format == PYCORE_JSON;
	int status = pycore_get_census(r->session, &r->census, r->err);

	if (status < 0)
		return status;
	read_references(r);
	status = read_types(r, report_limit(r, json ? SIZE_MAX : TYPES_SHOWN));
	if (status < 0)
		return status;
	return read_objects(r, report_limit(r, json ? DEFAULT_ROWS : OBJECTS_SHOWN));
}

/* One half may fail and the page still be worth reading: then it says so. */
static int analyze_read(struct report *r)
{
	struct pycore_error stacks = { 0 }, heap = { 0 }, *err = r->err;

	r->o.type = NULL;
	r->err = &stacks;
	if (read_threads(r, SIZE_MAX) < 0)
		r->stacks = NULL;
	r->err = &heap;
	if (read_heap(r) < 0 || make_suspects(r) < 0)
		r->census = NULL;
	r->err = err;
	if (stacks.status < 0 && heap.status < 0) {
		if (err)
			*err = stacks;
		return stacks.status;
	}
	if (stacks.status < 0)
		pycore_add_warning(r->session, stacks.message);
	if (heap.status < 0)
		pycore_add_warning(r->session, heap.message);
	return 0;
}

static void analyze_json(const struct report *r, struct json_out *out)
{
	info_json(r, out);
	if (r->stacks)
		bt_json(r, out);
	if (r->census) {
		census_json(r, out);
		top_json(r, out);
	}
	suspects_json(r, out);
	if (r->savings)
		savings_json(r, out);
}

const struct report_kind report_analyze = {
	.name = "analyze",
	.read = analyze_read,
	.text = analyze_text,
	.json = analyze_json,
};
