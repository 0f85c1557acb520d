/* SPDX-License-Identifier: MIT */
#include "captured.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "output.h"
#include "progress.h"
#include "stop.h"

static void keep(void *ctx, const char *line)
{
	struct captured *c = ctx;
	char **more = realloc(c->warnings, (c->n + 1) * sizeof(*more));

	if (!c->quiet)
		message_print("warning: ", line);
	if (!more)
		return;
	c->warnings = more;
	more[c->n] = strdup(line);
	c->n += more[c->n] != NULL;
}

void captured_options(struct pycore_dump_options *options, const struct settings *s,
		      struct captured *c)
{
	*options = (struct pycore_dump_options){
		.size = sizeof(*options),
		.path = s->output,
		.compression = s->zstd ? PYCORE_ZSTD : PYCORE_PLAIN,
		.jobs = s->open.jobs,
		.max_stop_ms = s->max_stop_ms,
		.most_memory = s->max_memory,
		.no_freeze = s->open.no_freeze,
		.leave_text = s->python_only,
		.leave_stack_reserve = s->python_only,
		.all_memory = s->all_memory,
		.cancelled = stop_wanted,
		.progress = progress_show,
		.warn = keep,
		.warn_ctx = c,
	};
}

/* A name may be no UTF-8: what is not is marked. */
json_t *captured_text(const char *bytes)
{
	json_t *whole = json_string(bytes);
	char *copy;

	if (whole)
		return whole;
	copy = strdup(bytes);
	for (char *p = copy; p && *p; p++) {
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	}
	whole = copy ? json_string(copy) : json_null();
	free(copy);
	return whole;
}

int captured_print_object(json_t *all)
{
	struct output o;
	char *out;
	bool ok;

	out = all ? json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
	json_decref(all);
	if (!out)
		return EXIT_NO_ANSWER;
	ok = output_open(&o, NULL) && !output_write(&o, out, strlen(out)) &&
	     !output_write(&o, "\n", 1);
	ok = output_close(&o, ok) && ok;
	free(out);
	if (ok || o.closed_early)
		return EXIT_ANSWERED;
	message_print("", "standard output: the answer could not be written");
	return EXIT_NO_ANSWER;
}

static int print_json(const struct captured *c, pid_t pid, const struct pycore_dump_result *r,
		      const char *reason)
{
	json_t *warnings = json_array();

	for (size_t i = 0; i < c->n; i++)
		json_array_append_new(warnings, captured_text(c->warnings[i]));
	return captured_print_object(json_pack(
		"{s:s, s:{s:s, s:i}, s:o, s:o, s:I, s:I, s:I, s:I, s:f, s:b, s:o}", "pycore",
		pycore_version(), "target", "kind", "live", "pid", (int)pid, "warnings", warnings,
		"path", captured_text(r->path), "bytes", (json_int_t)r->bytes, "disk_bytes",
		(json_int_t)r->disk_bytes, "core_bytes", (json_int_t)r->core_bytes, "threads",
		(json_int_t)r->threads, "stopped_ms", r->stopped_ms, "was_stopped",
		(int)r->was_stopped, "reason", captured_text(reason)));
}

int captured_print(const struct captured *c, const struct settings *s, pid_t pid,
		   const struct pycore_dump_result *r, const char *reason)
{
	char line[4600];
	int status = EXIT_ANSWERED;

	snprintf(line, sizeof(line),
		 "wrote %s: %.1f MiB (%.1f MiB on disk), %" PRIu64
		 " thread%s; process %d was stopped for %.1f ms%s",
		 r->path, (double)r->bytes / 1048576, (double)r->disk_bytes / 1048576, r->threads,
		 r->threads == 1 ? "" : "s", (int)pid, r->stopped_ms,
		 r->was_stopped ? " more (a signal had stopped it)" : "");
	if (!s->quiet)
		message_print("", line);
	if (s->report.format == PYCORE_JSON)
		status = print_json(c, pid, r, reason);
	return status == EXIT_ANSWERED && c->n ? EXIT_PARTLY : status;
}

void captured_free(struct captured *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->warnings[i]);
	free(c->warnings);
}
