/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "report/number.h"
#include "report/report.h"

/* "keeps 118.2 MiB alive, 81.3 % of the bytes of all objects" */
static void put_kept(const struct report *r, const struct pycore_suspect *s, const char *verb,
		     const char *how, struct buf *out)
{
	char bytes[NUMBER_ROOM], share[NUMBER_ROOM];

	buf_printf(out, " %s %s %s, %s of the bytes of all objects", verb,
		   number_bytes(bytes, s->retained), how,
		   number_share(share, s->retained, r->found->bytes));
}

static void put_way(const struct report *r, const struct pycore_suspect *s, const char *before,
		    struct buf *out)
{
	if (!s->path)
		return;
	buf_puts(out, before);
	path_words(r, s->path, out);
	buf_putc(out, '.');
}

static void put_objects(uint64_t n, const char *type, struct buf *out)
{
	char count[NUMBER_ROOM];

	buf_printf(out, "%s object%s of %s", number_count(count, n), n == 1 ? "" : "s", type);
}

static void put_object(const struct report *r, const struct pycore_suspect *s, struct buf *out)
{
	bool itself = !s->items && 2 * s->bytes >= s->retained;
	char bytes[NUMBER_ROOM];

	buf_printf(out, "One %s at 0x%" PRIx64, s->type, s->address);
	put_kept(r, s, itself ? "takes" : "keeps", itself ? "by itself" : "alive", out);
	if (s->items) {
		buf_puts(out, ". It alone holds ");
		put_objects(s->items, s->item_type, out);
		buf_printf(out, ", and by %s %s", s->items == 1 ? "that" : "these",
			   number_bytes(bytes, s->items_retained));
	}
	put_way(r, s, ". The way to it: ", out);
}

static void put_structure(const struct report *r, const struct pycore_suspect *s, struct buf *out)
{
	put_objects(s->count, s->type, out);
	buf_puts(out, " that hold one another");
	put_kept(r, s, "keep", "alive", out);
	buf_printf(out, ". They begin with the one at 0x%" PRIx64, s->address);
	put_way(r, s, ". The way to that: ", out);
}

static void put_group(const struct report *r, const struct pycore_suspect *s, struct buf *out)
{
	char count[NUMBER_ROOM];

	put_objects(s->count, s->type, out);
	put_kept(r, s, "keep", "alive", out);
	if (!s->holder) {
		put_way(r, s, ". No object holds them; what does: ", out);
		return;
	}
	buf_printf(out, ". One %s at 0x%" PRIx64 " refers to %s of them%s", s->holder_type,
		   s->holder, number_count(count, s->held),
		   s->shared ? ", and others do too" : "");
	put_way(r, s, ". The way to it: ", out);
}

static char *words_of(struct report *r, const struct pycore_suspect *s)
{
	struct buf text = { 0 };
	char *words = NULL;

	if (s->kind == PYCORE_SUSPECT_GROUP)
		put_group(r, s, &text);
	else if (s->kind == PYCORE_SUSPECT_STRUCTURE)
		put_structure(r, s, &text);
	else
		put_object(r, s, &text);
	if (text.text && !text.failed)
		words = arena_strdup(&r->arena, text.text);
	buf_free(&text);
	return words;
}

int suspects_in_words(struct report *r)
{
	for (size_t i = 0; i < r->found->n_suspects; i++) {
		const struct pycore_suspect *found = &r->found->suspects[i];
		struct suspect *s = add_suspect(r, words_of(r, found));

		if (!s)
			return report_no_memory(r);
		s->found = found;
		s->address = found->address ? found->address : found->holder;
		s->type = s->address ? NULL : found->type;
	}
	return 0;
}

static json_t *items_json(const struct pycore_suspect *s, struct json_out *out)
{
	json_t *items;

	if (!s->items)
		return json_null();
	items = json_object();
	json_put(out, items, "type", json_text(s->item_type));
	json_put(out, items, "count", json_count(s->items));
	json_put(out, items, "retained", json_count(s->items_retained));
	return items;
}

static json_t *holder_json(const struct pycore_suspect *s, struct json_out *out)
{
	json_t *holder;

	if (!s->holder)
		return json_null();
	holder = json_object();
	json_put(out, holder, "address", json_address(s->holder));
	json_put(out, holder, "type", json_text(s->holder_type));
	json_put(out, holder, "count", json_count(s->held));
	return holder;
}

static void found_json(const struct report *r, const struct pycore_suspect *s, json_t *row,
		       struct json_out *out)
{
	static const char *const kinds[] = {
		[PYCORE_SUSPECT_OBJECT] = "object",
		[PYCORE_SUSPECT_STRUCTURE] = "structure",
		[PYCORE_SUSPECT_GROUP] = "group",
	};

	json_put(out, row, "kind", json_text(kinds[s->kind]));
	json_put(out, row, "type", json_text(s->type));
	if (s->address)
		json_put(out, row, "address", json_address(s->address));
	json_put(out, row, "count", json_count(s->count));
	json_put(out, row, "bytes", json_count(s->bytes));
	json_put(out, row, "retained", json_count(s->retained));
	json_put(out, row, "items", items_json(s, out));
	json_put(out, row, "holder", holder_json(s, out));
	json_put(out, row, "root", path_root_json(s->path, out));
	json_put(out, row, "expression", json_text(s->path ? s->path->expression : NULL));
	json_put(out, row, "path", path_steps_json(r, s->path, out));
}

void suspects_json(const struct report *r, struct json_out *out)
{
	json_t *suspects = json_array();

	for (const struct suspect *s = r->suspects; s; s = s->next) {
		json_t *suspect = json_object();

		json_put(out, suspect, "text", json_text(s->text));
		if (s->found) {
			found_json(r, s->found, suspect, out);
		} else {
			if (s->type)
				json_put(out, suspect, "type", json_text(s->type));
			if (s->address)
				json_put(out, suspect, "address", json_address(s->address));
		}
		json_push(out, suspects, suspect);
	}
	json_put(out, out->root, "suspects", suspects);
}
