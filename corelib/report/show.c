/* SPDX-License-Identifier: MIT */
#include "report/show.h"

#include "base/error.h"

static int read_object(struct report *r, bool no_referrers)
{
	size_t limit = report_limit(r, DEFAULT_ROWS);
	struct pycore_detail_query query = {
		.size = sizeof(query),
		.name = r->o.name,
		.tid = r->o.tid,
		.limit = limit == SIZE_MAX ? 0 : limit,
		.depth = r->o.depth,
		.values = !r->o.redact,
		.no_referrers = no_referrers,
	};

	if (!r->o.name && r->o.n_addresses != 1)
		return pycore_fail(r->err, PYCORE_ERR_ARGUMENT,
				   "which object? Give its address, and no second one");
	if (!r->o.name)
		query.address = r->o.addresses[0];
	return pycore_get_object(r->session, &query, &r->detail, r->err);
}

static int show_read(struct report *r)
{
	return read_object(r, r->o.no_referrers);
}

static int print_read(struct report *r)
{
	return read_object(r, true);
}

static json_t *label_json(const struct report *r, const char *label, const char *owner,
			  struct json_out *out)
{
	struct buf text = { 0 };
	json_t *value;

	report_label(r, label, owner, &text);
	value = json_text(text.text ? text.text : "");
	out->failed |= text.failed;
	buf_free(&text);
	return value;
}

static json_t *fields_json(const struct report *r, const struct pycore_field *fields, size_t n,
			   const char *owner, struct json_out *out);

static json_t *field_json(const struct report *r, const struct pycore_field *f, const char *owner,
			  struct json_out *out)
{
	json_t *field = json_object();

	json_put(out, field, "name", label_json(r, f->name, owner, out));
	json_put(out, field, "value", json_text(r->o.redact ? NULL : f->value));
	json_put(out, field, "address", json_address(f->address));
	json_put(out, field, "type", json_text(f->type));
	json_put(out, field, "kind", json_text(f->kind));
	if (f->key)
		json_put(out, field, "key", json_address(f->key));
	if (f->by_dict)
		json_put(out, field, "by_dict", json_true());
	if (f->seen)
		json_put(out, field, "seen", json_true());
	if (f->n_fields || f->more) {
		json_put(out, field, "fields", fields_json(r, f->fields, f->n_fields, f->type, out));
		json_put(out, field, "more_fields", json_count(f->more));
	}
	return field;
}

/* As deep as the library has made it, which is bounded. */
static json_t *fields_json(const struct report *r, const struct pycore_field *fields, size_t n,
			   const char *owner, struct json_out *out)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_push(out, list, field_json(r, &fields[i], owner, out));
	return list;
}

static json_t *referrers_json(const struct report *r, struct json_out *out)
{
	const struct pycore_detail *d = r->detail;
	json_t *list = json_array();

	for (size_t i = 0; i < d->n_referrers; i++) {
		const struct pycore_referrer *from = &d->referrers[i];
		json_t *row = json_object();

		json_put(out, row, "address", json_address(from->address));
		json_put(out, row, "type", json_text(from->type));
		json_put(out, row, "label", label_json(r, from->label, from->type, out));
		json_put(out, row, "repr", json_text(r->o.redact ? NULL : from->repr));
		json_put(out, row, "root", refs_root_json(r, from->root, out));
		if (from->guess)
			json_put(out, row, "guess", json_true());
		json_push(out, list, row);
	}
	return list;
}

static json_t *steps_json(const struct report *r, struct json_out *out)
{
	const struct pycore_detail *d = r->detail;
	json_t *list = json_array();
	const char *owner = "module";

	for (size_t i = 0; i < d->n_steps; i++) {
		json_t *row = json_object();

		json_put(out, row, "label", label_json(r, d->steps[i].label, owner, out));
		json_put(out, row, "address", json_address(d->steps[i].address));
		json_put(out, row, "type", json_text(d->steps[i].type));
		json_push(out, list, row);
		owner = d->steps[i].type;
	}
	return list;
}

static void holders_json(const struct report *r, json_t *object, struct json_out *out)
{
	const struct pycore_detail *d = r->detail;

	json_put(out, object, "referrers", referrers_json(r, out));
	json_put(out, object, "more_referrers", json_count(d->more_referrers));
	json_put(out, object, "root", refs_root_json(r, d->root, out));
	if (d->root)
		json_put(out, object, "root_address", json_address(d->root_address));
	json_put(out, object, "path", steps_json(r, out));
}

static void place_json(const struct pycore_detail *d, json_t *object, struct json_out *out)
{
	json_put(out, object, "allocator", json_text(d->allocator));
	if (d->block) {
		json_put(out, object, "block", json_address(d->block));
		json_put(out, object, "block_bytes", json_count(d->block_bytes));
	}
	json_put(out, object, "outside_bytes", json_count(d->outside_bytes));
	json_put(out, object, "outside_blocks", json_count(d->n_outside));
	if (d->file)
		json_put(out, object, "file", json_text(d->file));
	if (d->symbol)
		json_put(out, object, "symbol", json_text(d->symbol));
}

static void show_json(const struct report *r, struct json_out *out)
{
	const struct pycore_detail *d = r->detail;
	json_t *object = json_object();

	json_put(out, object, "address", json_address(d->object.address));
	json_put(out, object, "type", json_text(d->object.type));
	json_put(out, object, "bytes", json_count(d->object.bytes));
	json_put(out, object, "refcount",
		 d->object.refcount < 0 ? json_null() : json_integer(d->object.refcount));
	json_put(out, object, "immortal", json_boolean(d->object.refcount < 0));
	json_put(out, object, "repr", json_text(r->o.redact ? NULL : d->object.repr));
	json_put(out, object, "type_address", json_address(d->type_address));
	json_put(out, object, "asked", json_address(d->asked));
	if (d->found_as)
		json_put(out, object, "found_as", json_text(d->found_as));
	place_json(d, object, out);
	json_put(out, object, "gc", json_boolean(d->gc));
	json_put(out, object, "tracked", json_boolean(d->tracked));
	json_put(out, object, "interned", json_boolean(d->interned));
	json_put(out, object, "small_int", json_boolean(d->small_int));
	json_put(out, object, "fields",
		 fields_json(r, d->fields, d->n_fields, d->object.type, out));
	json_put(out, object, "more_fields", json_count(d->more_fields));
	if (d->has_referrers)
		holders_json(r, object, out);
	json_put(out, out->root, "object", object);
}

const struct report_kind report_show = {
	.name = "show",
	.read = show_read,
	.text = show_text,
	.json = show_json,
};

const struct report_kind report_print = {
	.name = "print",
	.read = print_read,
	.text = print_text,
	.json = show_json,
};
