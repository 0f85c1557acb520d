/* SPDX-License-Identifier: MIT */
#include "dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "captured.h"
#include "message.h"
#include "progress.h"
#include "stop.h"
#include "target.h"

int run_dump(const struct command *command, struct settings *s)
{
	struct pycore_dump_options options;
	struct pycore_dump_result result = { 0 };
	struct pycore_error err = { 0 };
	struct captured c = { .quiet = s->quiet };
	int status;
	pid_t pid;

	if (target_pid(&pid, s, &err) < 0) {
		message_print("", err.message);
		return EXIT_NO_ANSWER;
	}
	stop_on_signals();
	progress_start(!s->quiet);
	captured_options(&options, s, &c);
	status = pycore_dump(pid, &options, &result, &err);
	progress_clear();
	if (status < 0) {
		message_print("", err.message);
		status = EXIT_NO_ANSWER;
	} else {
		status = captured_print(&c, s, pid, &result, "asked for");
	}
	captured_free(&c);
	return status;
}
