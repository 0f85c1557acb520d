/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "report/escape.h"
#include "report/number.h"
#include "report/report.h"
#include "report/style.h"

static int info_read(struct report *r)
{
	return 0;
}

const char *signal_text(const struct report *r, struct buf *scratch)
{
	const struct pycore_info *i = &r->info;

	if (!i->signal)
		return NULL;
	if (i->signal_name)
		escape_text(scratch, i->signal_name, 0);
	else
		buf_printf(scratch, "signal %" PRId32, i->signal);
	/* Address 0 is what a NULL pointer faults at; other signals have none at all. */
	if (i->signal == 11 || i->signal == 7)
		buf_printf(scratch, " at address 0x%" PRIx64, i->fault_address);
	return scratch->text;
}

const char *command_text(const struct report *r, struct buf *scratch)
{
	const char *command = r->info.command;

	if (!command || !*command)
		return NULL;
	if (r->o.redact) {
		/* Arguments may be anything; the program's name is not the target's secret. */
		buf_add(scratch, command, strcspn(command, " "));
		return scratch->text;
	}
	buf_puts(scratch, command);
	return scratch->text;
}

static void row(const struct report *r, struct buf *out, const char *name)
{
	style_begin(out, r->o.color, STYLE_DIM);
	buf_printf(out, "%-13s", name);
	style_end(out, r->o.color);
}

static void process_text(const struct report *r, struct buf *out)
{
	const struct pycore_info *i = &r->info;
	struct buf scratch = { 0 }, command = { 0 };
	const char *text = command_text(r, &command);

	row(r, out, "process");
	buf_printf(out, "%" PRIu64 ", %" PRIu64 " thread%s", i->pid, i->n_threads,
		   i->n_threads == 1 ? "" : "s");
	if (text) {
		buf_puts(out, ": ");
		escape_text(out, text, 0);
	}
	buf_putc(out, '\n');
	if (i->path) {
		row(r, out, "core");
		escape_text(out, i->path, 0);
		buf_putc(out, '\n');
	}
	if (signal_text(r, &scratch)) {
		row(r, out, "ended by");
		buf_puts(out, scratch.text);
		if (i->signal_tid)
			buf_printf(out, " in thread %" PRIu64, i->signal_tid);
		buf_putc(out, '\n');
	}
	buf_free(&scratch);
	buf_free(&command);
}

static void python_text(const struct report *r, struct buf *out)
{
	const struct pycore_info *i = &r->info;

	row(r, out, "Python");
	escape_text(out, i->python, 0);
	buf_puts(out, ", ");
	escape_text(out, i->build, 0);
	buf_puts(out, " build");
	if (i->version_source) {
		buf_puts(out, " (version from ");
		escape_text(out, i->version_source, 0);
		if (i->build_source) {
			buf_puts(out, ", build from ");
			escape_text(out, i->build_source, 0);
		}
		buf_putc(out, ')');
	}
	buf_putc(out, '\n');
	row(r, out, "runtime");
	buf_printf(out, "0x%" PRIx64, i->runtime);
	if (i->found_by) {
		buf_puts(out, " (found by ");
		escape_text(out, i->found_by, 0);
		buf_putc(out, ')');
	}
	buf_printf(out, ", %" PRIu64 " interpreter%s%s\n", i->n_interpreters,
		   i->n_interpreters == 1 ? "" : "s",
		   i->finalizing ? ", shutting down" : "");
	row(r, out, "layout");
	escape_text(out, i->layout_table, 0);
	buf_puts(out, i->layout_untried    ? ", never tried on an interpreter; its checks passed"
		      : i->layout_verified ? ", made for this release"
					   : ", the nearest known; its checks passed");
	if (r->o.verbose)
		buf_printf(out, " (fields: %u of the table, %u of debug offsets, %u of DWARF)",
			   i->fields_table, i->fields_debug_offsets, i->fields_dwarf);
	buf_putc(out, '\n');
}

static void state_text(const struct report *r, struct buf *out)
{
	const struct pycore_info *i = &r->info;
	char share[NUMBER_ROOM], mapped[NUMBER_ROOM];

	row(r, out, "GIL");
	if (i->gil_held && i->gil_tid)
		buf_printf(out, "held by thread %" PRIu64 "\n", i->gil_tid);
	else
		buf_puts(out, i->gil_held ? "held\n" : "not held\n");
	row(r, out, "collector");
	if (i->gc_unknown)
		buf_puts(out, "not known\n");
	else
		buf_printf(out, "%s%s\n", i->gc_enabled ? "enabled" : "disabled",
			   i->gc_collecting ? ", collecting" : "");
	row(r, out, "readable");
	buf_printf(out, "%s of %s mapped\n",
		   number_share(share, i->bytes_readable, i->bytes_mapped),
		   number_bytes(mapped, i->bytes_mapped));
}

static void files_text(const struct report *r, struct buf *out)
{
	static const char *const heads[] = { "<found", "<build id", "<file", NULL };
	struct arena arena = { 0 };
	struct table t = table_make(&arena, heads);

	if (!r->info.n_files)
		return;
	for (size_t i = 0; i < r->info.n_files; i++) {
		const struct pycore_file *f = &r->info.files[i];
		struct table_row *line = table_row(&t);

		table_set_text(&t, line, 0, f->found, 0);
		table_set_text(&t, line, 1, f->build_id ? f->build_id : "-", 0);
		table_set_text(&t, line, 2, f->path, 0);
	}
	buf_putc(out, '\n');
	table_write(&t, out, "", 0, r->o.color);
	arena_free(&arena);
}

static void info_text(const struct report *r, struct buf *out)
{
	process_text(r, out);
	python_text(r, out);
	state_text(r, out);
	files_text(r, out);
}

static json_t *process_json(const struct report *r, struct json_out *out)
{
	const struct pycore_info *i = &r->info;
	json_t *process = json_object();
	struct buf scratch = { 0 };

	json_put(out, process, "pid", json_count(i->pid));
	json_put(out, process, "command", json_text(command_text(r, &scratch)));
	json_put(out, process, "signal", i->signal ? json_integer(i->signal) : json_null());
	json_put(out, process, "signal_name", json_text(i->signal_name));
	json_put(out, process, "signal_tid",
		 i->signal && i->signal_tid ? json_count(i->signal_tid) : json_null());
	json_put(out, process, "fault_address",
		 i->signal == 11 || i->signal == 7 ? json_address(i->fault_address) : json_null());
	json_put(out, process, "threads", json_count(i->n_threads));
	out->failed |= scratch.failed;
	buf_free(&scratch);
	return process;
}

static json_t *layout_json(const struct pycore_info *i, struct json_out *out)
{
	json_t *layout = json_object(), *sources = json_object();

	json_put(out, layout, "table", json_text(i->layout_table));
	json_put(out, sources, "table", json_count(i->fields_table));
	json_put(out, sources, "debug_offsets", json_count(i->fields_debug_offsets));
	json_put(out, sources, "dwarf", json_count(i->fields_dwarf));
	json_put(out, layout, "sources", sources);
	json_put(out, layout, "verified", json_boolean(i->layout_verified));
	return layout;
}

static json_t *interpreter_json(const struct pycore_info *i, struct json_out *out)
{
	json_t *interpreter = json_object();

	json_put(out, interpreter, "version", json_text(i->python));
	json_put(out, interpreter, "build", json_text(i->build));
	json_put(out, interpreter, "runtime", json_address(i->runtime));
	json_put(out, interpreter, "layout", layout_json(i, out));
	json_put(out, interpreter, "interpreters", json_count(i->n_interpreters));
	json_put(out, interpreter, "found_by", json_text(i->found_by));
	json_put(out, interpreter, "version_source", json_text(i->version_source));
	json_put(out, interpreter, "build_source", json_text(i->build_source));
	json_put(out, interpreter, "finalizing", json_boolean(i->finalizing));
	json_put(out, interpreter, "gil_held", json_boolean(i->gil_held));
	json_put(out, interpreter, "gil_tid", i->gil_tid ? json_count(i->gil_tid) : json_null());
	return interpreter;
}

static json_t *file_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct pycore_file *f = &((const struct report *)ctx)->info.files[i];
	json_t *file = json_object();

	json_put(out, file, "path", json_text(f->path));
	json_put(out, file, "build_id", json_text(f->build_id));
	json_put(out, file, "found", json_text(f->found));
	return file;
}

void info_json(const struct report *r, struct json_out *out)
{
	const struct pycore_info *i = &r->info;
	json_t *gc = json_object(), *coverage = json_object();

	json_put(out, out->root, "process", process_json(r, out));
	json_put(out, out->root, "interpreter", interpreter_json(i, out));
	json_put(out, gc, "enabled", i->gc_unknown ? json_null() : json_boolean(i->gc_enabled));
	json_put(out, gc, "collecting",
		 i->gc_unknown ? json_null() : json_boolean(i->gc_collecting));
	json_put(out, out->root, "gc", gc);
	json_list(out, "files", i->n_files, file_json, r);
	json_put(out, coverage, "mapped", json_count(i->bytes_mapped));
	json_put(out, coverage, "readable", json_count(i->bytes_readable));
	json_put(out, out->root, "coverage", coverage);
}

const struct report_kind report_info = {
	.name = "info",
	.read = info_read,
	.text = info_text,
	.json = info_json,
};
