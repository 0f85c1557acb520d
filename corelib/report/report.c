/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include <string.h>

#include "base/error.h"
#include "report/number.h"

static const struct report_kind *const kinds[] = {
	&report_bt,   &report_objects, &report_heap_top, &report_refs, &report_path,
	&report_show, &report_print,   &report_info,     &report_analyze,
	&report_verify, &report_diff,    &report_audit,
};

static const struct report_kind *find_kind(const char *name)
{
	for (size_t i = 0; name && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	}
	return NULL;
}

/* Programs built with an older header know fewer members; the rest is zero. */
static int copy_options(struct report *r, const struct pycore_report_options *options)
{
	r->o.limit = -1;
	if (!options)
		return 0;
	if (!options->size)
		return pycore_fail(r->err, PYCORE_ERR_ARGUMENT,
				   "struct pycore_report_options: its size is not set");
	memcpy(&r->o, options, options->size < sizeof(r->o) ? options->size : sizeof(r->o));
	if (r->o.sort && strcmp(r->o.sort, "count") && strcmp(r->o.sort, "bytes") &&
	    strcmp(r->o.sort, "retained"))
		return pycore_fail(r->err, PYCORE_ERR_ARGUMENT,
				   "cannot sort by '%s': give count, bytes or retained", r->o.sort);
	r->retained = r->o.retained || (r->o.sort && !strcmp(r->o.sort, "retained"));
	return 0;
}

typedef void writer(const struct report *r, struct buf *out);

static writer *writer_of(const struct report_kind *kind, int32_t format)
{
	switch (format) {
	case PYCORE_TEXT:
		return kind->text;
	case PYCORE_DOT:
		return kind->dot;
	case PYCORE_FOLDED:
		return kind->folded;
	case PYCORE_SPEEDSCOPE:
		return kind->speedscope;
	case PYCORE_SVG:
		return kind->svg;
	}
	return NULL;
}

static int check_format(struct report *r, const struct report_kind *kind)
{
	if (r->o.format == PYCORE_JSON ? kind->json != NULL : writer_of(kind, r->o.format) != NULL)
		return 0;
	return pycore_fail(r->err, PYCORE_ERR_ARGUMENT,
			   "the report %s has no such format: give text or json%s", kind->name,
			   kind->dot   ? " or dot"
			   : kind->svg ? " or folded or speedscope or svg"
				       : "");
}

static json_t *target_json(const struct report *r, struct json_out *out)
{
	json_t *target = json_object();

	json_put(out, target, "kind", json_text(r->info.kind));
	if (r->info.path)
		json_put(out, target, "path", json_text(r->info.path));
	if (r->info.pid)
		json_put(out, target, "pid", json_count(r->info.pid));
	json_put(out, target, "python", json_text(r->info.python));
	json_put(out, target, "build", json_text(r->info.build));
	if (r->stopped_ms > 0)
		json_put(out, target, "stopped_ms", json_real(r->stopped_ms));
	return target;
}

/* Where the text goes: long ones go there in pieces. */
struct sink {
	struct buf text;
	pycore_write_fn *write;
	void *ctx;
	bool refused;
};

static bool flush(void *ctx)
{
	struct sink *sink = ctx;

	if (!sink->refused && sink->write(sink->ctx, sink->text.text ? sink->text.text : "",
					  sink->text.len))
		sink->refused = true;
	sink->text.len = 0;
	return !sink->refused;
}

static void write_json(const struct report *r, const struct report_kind *kind, struct sink *sink)
{
	struct json_out out = { .root = json_object() };
	json_t *warnings = json_array();
	const char *line;

	json_put(&out, out.root, "pycore", json_text(pycore_version()));
	json_put(&out, out.root, "target", target_json(r, &out));
	for (size_t i = 0; (line = pycore_warning(r->session, i)); i++)
		json_push(&out, warnings, json_text(line));
	json_put(&out, out.root, "warnings", warnings);
	kind->json(r, &out);
	json_write(&out, &sink->text, flush, sink);
	json_decref(out.root);
}

static void write_stopped(const struct report *r, struct buf *text, const char *before)
{
	char ms[NUMBER_ROOM];

	if (r->stopped_ms > 0)
		buf_printf(text, "%sstopped for %s\n", before, number_ms(ms, r->stopped_ms));
}

static void write_report(const struct report *r, const struct report_kind *kind,
			 struct sink *sink)
{
	if (r->o.format == PYCORE_JSON) {
		write_json(r, kind, sink);
		return;
	}
	writer_of(kind, r->o.format)(r, &sink->text);
	if (r->o.format == PYCORE_DOT)
		write_stopped(r, &sink->text, "// ");
	if (r->o.format == PYCORE_TEXT)
		write_stopped(r, &sink->text, "\n");
}

static int check_target(struct report *r, const struct report_kind *kind)
{
	if (kind->of_snapshots || strcmp(r->info.kind, "snapshot"))
		return 0;
	return pycore_fail(r->err, PYCORE_ERR_ARGUMENT,
			   "%.120s is a snapshot of a heap, which has types, sizes and references "
			   "alone: for %s give the core or the process",
			   r->info.path ? r->info.path : "the target", kind->name);
}

static int make_report(struct report *r, const struct report_kind *kind, struct sink *sink)
{
	int status = pycore_get_info(r->session, &r->info, r->err);

	if (status >= 0)
		status = check_target(r, kind);
	if (status >= 0)
		status = kind->read(r);
	if (status < 0)
		return status;
	pycore_thaw(r->session);
	r->stopped_ms = pycore_stopped_ms(r->session);
	write_report(r, kind, sink);
	if (sink->text.failed)
		return report_no_memory(r);
	if (sink->refused || !flush(sink))
		return pycore_fail(r->err, PYCORE_ERR_OUTPUT, "the report could not be written");
	return 0;
}

int pycore_report(struct pycore *session, const char *name,
		  const struct pycore_report_options *options, pycore_write_fn *write, void *ctx,
		  struct pycore_error *err)
{
	struct report r = { .session = session, .err = err };
	const struct report_kind *kind = find_kind(name);
	struct sink sink = { .write = write, .ctx = ctx };
	int status;

	if (!kind)
		return pycore_fail(err, PYCORE_ERR_ARGUMENT, "there is no report '%s'",
				   name ? name : "");
	status = copy_options(&r, options);
	if (!status)
		status = check_format(&r, kind);
	if (!status)
		status = make_report(&r, kind, &sink);
	buf_free(&sink.text);
	arena_free(&r.arena);
	return status;
}
