/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "captured.h"
#include "message.h"
#include "progress.h"
#include "run.h"
#include "target.h"

/* "python3.1234.pysnap": the program's name, of what is good in a file name. */
static void default_name(const struct pycore_info *info, char out[120])
{
	const char *command = info->command ? info->command : "python";
	size_t len = strcspn(command, " ");
	const char *last = command;
	char name[64];

	for (const char *p = command; p < command + len; p++) {
		if (*p == '/')
			last = p + 1;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(command + len - last), last);
	for (char *p = name; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("._-+", *p))
			*p = '_';
	}
	snprintf(out, 120, "%s.%" PRIu64 ".pysnap", *name && *name != '.' ? name : "python",
		 info->pid);
}

static int print_json(struct pycore *session, const struct pycore_info *info, const char *path,
		      const struct pycore_snapshot_result *r)
{
	json_t *warnings = json_array();
	const char *line;

	for (size_t i = 0; (line = pycore_warning(session, i)); i++)
		json_array_append_new(warnings, captured_text(line));
	return captured_print_object(json_pack(
		"{s:s, s:{s:s, s:o*, s:I, s:s, s:s}, s:o, s:o, s:I, s:I, s:I, s:f, s:s}", "pycore",
		pycore_version(), "target", "kind", info->kind, "path",
		info->path ? captured_text(info->path) : NULL, "pid", (json_int_t)info->pid,
		"python", info->python, "build", info->build, "warnings", warnings, "path",
		captured_text(path), "bytes", (json_int_t)r->bytes, "objects",
		(json_int_t)r->objects, "references", (json_int_t)r->references, "stopped_ms",
		pycore_stopped_ms(session), "reason", "asked for"));
}

static int print_result(const struct settings *s, struct pycore *session,
			const struct pycore_info *info, const char *path,
			const struct pycore_snapshot_result *r)
{
	int status = EXIT_ANSWERED, warned;
	char line[4600], stopped[80] = "";

	if (pycore_stopped_ms(session) > 0)
		snprintf(stopped, sizeof(stopped), "; process %" PRIu64 " was stopped for %.1f ms",
			 info->pid, pycore_stopped_ms(session));
	snprintf(line, sizeof(line),
		 "wrote %.4000s: %.1f MiB, %" PRIu64 " objects, %" PRIu64 " references%s", path, (double)r->bytes / 1048576, r->objects, r->references, stopped);
	if (!s->quiet)
		message_print("", line);
	if (s->report.format == PYCORE_JSON)
		status = print_json(session, info, path, r);
	warned = run_print_warnings(s, session);
	return status == EXIT_ANSWERED ? warned : status;
}

int run_snapshot(const struct command *command, struct settings *s)
{
	struct pycore_snapshot_result result = { 0 };
	struct pycore_error err = { 0 };
	struct pycore_info info;
	struct pycore *session = NULL;
	char name[120];
	const char *path = s->output;
	int status;

	run_prepare(s);
	status = target_open(&session, s, &err);
	if (status >= 0)
		status = pycore_get_info(session, &info, &err);
	if (status >= 0 && !path) {
		default_name(&info, name);
		path = name;
	}
	if (status >= 0)
		status = pycore_write_snapshot(session, path, &result, &err);
	progress_clear();
	if (status < 0) {
		message_print("", err.message);
		status = EXIT_NO_ANSWER;
	} else {
		status = print_result(s, session, &info, path, &result);
	}
	pycore_close(session);
	return status;
}
