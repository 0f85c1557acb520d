/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/escape.h"
#include "report/report.h"
#include "report/style.h"

static int path_read(struct report *r)
{
	size_t limit = report_limit(r, DEFAULT_ROWS);
	struct pycore_path_query query = {
		.size = sizeof(query),
		.type = r->o.type,
		.addresses = r->o.addresses,
		.n_addresses = r->o.n_addresses,
		.limit = limit,
		.most = r->o.paths,
		.values = !r->o.redact,
	};

	return pycore_get_paths(r->session, &query, &r->paths, r->err);
}

static void step_label(const struct report *r, const struct pycore_path *path, size_t i,
		       struct buf *out)
{
	if (path->steps[i].label)
		report_label(r, path->steps[i].label, path->steps[i - 1].type, out);
}

/* A frame's variable is known by its function, a loop by its thread. */
static bool is_of_frame(const struct pycore_path *path)
{
	return !strcmp(path->root_kind, "local") || !strcmp(path->root_kind, "asyncio");
}

/* "module app: CACHE" is the module, its __dict__, and ['CACHE']. */
static bool names_global(const struct pycore_path *path)
{
	return !strcmp(path->root_kind, "module") && path->n_steps > 2 &&
	       strstr(path->root, ": ") && path->steps[1].label &&
	       !strcmp(path->steps[1].label, ".__dict__");
}

/* Of what is a frame's, words say more than sys._current_frames(). */
void path_words(const struct report *r, const struct pycore_path *path, struct buf *out)
{
	if (path->expression && !is_of_frame(path)) {
		buf_puts(out, path->expression);
		return;
	}
	buf_puts(out, path->root);
	for (size_t i = names_global(path) ? 3 : 1; i < path->n_steps; i++) {
		const char *label = path->steps[i].label;

		/* Labels that are no Python: "cached result". */
		if (label && label[0] != '.' && label[0] != '[')
			buf_putc(out, ' ');
		step_label(r, path, i, out);
	}
}

void path_cell(const struct report *r, struct table *t, struct table_row *row, size_t column,
	       const struct pycore_path *path)
{
	struct buf text = { 0 };

	if (path)
		path_words(r, path, &text);
	table_set_text(t, row, column, text.text ? text.text : "", 0);
	t->failed |= text.failed;
	buf_free(&text);
}

/* More steps are told by their number: nobody reads a chain of a million links. */
#define STEPS_SHOWN 30

static void write_steps(const struct report *r, const struct pycore_path *path, struct buf *out)
{
	struct arena arena = { 0 };
	const char *heads[] = { "<    step", "<address", "<type", NULL };
	struct table t = table_make(&arena, heads);
	char address[24];

	for (size_t i = 0; i < path->n_steps; i++) {
		struct table_row *row;
		struct buf label = { 0 };

		if (i == STEPS_SHOWN / 2 && path->n_steps > STEPS_SHOWN) {
			i = path->n_steps - STEPS_SHOWN / 2;
			row = table_row(&t);
			table_set(&t, row, 0, "    ...");
		}
		row = table_row(&t);
		buf_puts(&label, "    ");
		if (i)
			step_label(r, path, i, &label);
		table_set_text(&t, row, 0, label.text ? label.text : "", 60);
		snprintf(address, sizeof(address), "0x%" PRIx64, path->steps[i].address);
		table_set(&t, row, 1, address);
		table_set_text(&t, row, 2, path->steps[i].type, 0);
		buf_free(&label);
	}
	table_write(&t, out, "", r->o.width, r->o.color);
	arena_free(&arena);
}

static void write_escaped(struct buf *out, const char *text)
{
	escape_text(out, text, 0);
}

static void path_text(const struct report *r, struct buf *out)
{
	uint64_t last = 0;

	for (size_t i = 0; i < r->paths->n_paths; i++) {
		const struct pycore_path *path = &r->paths->paths[i];
		struct buf words = { 0 };

		if (path->address != last) {
			buf_puts(out, i ? "\n" : "");
			style_puts(out, r->o.color, STYLE_BOLD, "");
			write_escaped(out, path->steps[path->n_steps - 1].type);
			buf_printf(out, " at 0x%" PRIx64 "\n", path->address);
		}
		last = path->address;
		if (path->expression)
			buf_puts(&words, path->expression);
		else
			path_words(r, path, &words);
		buf_puts(out, "  ");
		write_escaped(out, words.text ? words.text : "");
		buf_puts(out, "\n    root: ");
		write_escaped(out, path->root);
		buf_putc(out, '\n');
		buf_free(&words);
		if (r->o.verbose)
			write_steps(r, path, out);
	}
	if (r->o.type && r->paths->n_objects > r->paths->n_paths)
		buf_printf(out, "\n%" PRIu64 " objects in all; those that keep most alive are shown\n",
			   r->paths->n_objects);
}

json_t *path_root_json(const struct pycore_path *path, struct json_out *out)
{
	json_t *root;

	if (!path)
		return json_null();
	root = json_object();
	json_put(out, root, "kind", json_text(path->root_kind));
	json_put(out, root, "name", json_text(path->root));
	return root;
}

json_t *path_steps_json(const struct report *r, const struct pycore_path *path,
			struct json_out *out)
{
	json_t *steps;

	if (!path)
		return json_null();
	steps = json_array();
	for (size_t i = 0; i < path->n_steps; i++) {
		json_t *step = json_object();
		struct buf label = { 0 };

		if (i)
			step_label(r, path, i, &label);
		json_put(out, step, "address", json_address(path->steps[i].address));
		json_put(out, step, "type", json_text(path->steps[i].type));
		json_put(out, step, "label",
			 json_text(i && path->steps[i].label ? (label.text ? label.text : "")
							     : NULL));
		out->failed |= label.failed;
		buf_free(&label);
		json_push(out, steps, step);
	}
	return steps;
}

static json_t *one_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_path *path = &r->paths->paths[i];
	json_t *row = json_object();

	json_put(out, row, "address", json_address(path->address));
	json_put(out, row, "root", path_root_json(path, out));
	json_put(out, row, "expression", json_text(path->expression));
	json_put(out, row, "steps", path_steps_json(r, path, out));
	return row;
}

static void path_json(const struct report *r, struct json_out *out)
{
	json_put(out, out->root, "total", json_count(r->paths->n_objects));
	json_list(out, "paths", r->paths->n_paths, one_json, r);
}

const struct report_kind report_path = {
	.name = "path",
	.read = path_read,
	.text = path_text,
	.json = path_json,
	.of_snapshots = true,
};
