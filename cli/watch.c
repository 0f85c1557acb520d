/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "captured.h"
#include "child.h"
#include "message.h"
#include "progress.h"
#include "stop.h"
#include "target.h"

static int complain(const char *message)
{
	message_print("", message);
	return EXIT_NO_ANSWER;
}

static void tell(void *quiet, const char *line)
{
	if (!*(bool *)quiet)
		message_print("", line);
}

/* The kernel kills what holds most: not the one that is to tell why. */
static void stay_alive(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	/* Not allowed to everybody, and then it is as it was. */
	if (fd >= 0 && write(fd, "-1000", 5) < 0)
		errno = 0;
	if (fd >= 0)
		close(fd);
}

static void analyze(const struct settings *s, const char *core)
{
	struct child_limits limits = { .redact = s->report.redact };
	char path[4200], why[4300], line[8600];

	snprintf(path, sizeof(path), "%s.txt", core);
	if (child_analyze(core, path, &limits, why, sizeof(why)))
		snprintf(line, sizeof(line), "wrote %s: what pycore analyze says of it", path);
	else
		snprintf(line, sizeof(line), "nothing was analyzed: %s", why);
	if (!s->quiet)
		message_print("", line);
}

static const char *then_text(enum then then)
{
	return then == THEN_KILL ? "is then killed" :
	       then == THEN_STOP ? "is then left stopped" : "then goes on";
}

/* Nothing of the group is as it was before pycore_watch_close(): the dump comes before. */
static int take(struct settings *s, struct pycore_watch *watch,
		const struct pycore_watch_event *event)
{
	struct pycore_dump_options options;
	struct pycore_dump_result result = { 0 };
	struct pycore_error err = { 0 };
	struct captured c = { .quiet = s->quiet };
	char line[300];
	int status;

	snprintf(line, sizeof(line), "%s: writes a core of process %d", event->reason,
		 (int)event->pid);
	tell(&s->quiet, line);
	captured_options(&options, s, &c);
	options.small_footprint = event->machine;
	if (s->then == THEN_STOP)
		kill(event->pid, SIGSTOP);
	status = pycore_dump(event->pid, &options, &result, &err);
	progress_clear();
	if (status == PYCORE_OK && s->then == THEN_KILL)
		kill(event->pid, SIGKILL);
	if (status != PYCORE_OK && s->then == THEN_STOP)
		kill(event->pid, SIGCONT);
	pycore_watch_close(watch);
	if (status < 0)
		status = complain(err.message);
	else
		status = captured_print(&c, s, event->pid, &result, event->reason);
	if (status != EXIT_NO_ANSWER && s->analyze)
		analyze(s, result.path);
	captured_free(&c);
	/* A thread that waits for memory cannot tell all its registers: that is no failure here. */
	return status == EXIT_PARTLY ? EXIT_ANSWERED : status;
}

static int watch(struct settings *s, const struct pycore_watch_options *options)
{
	struct pycore_watch_event event = { 0 };
	struct pycore_error err = { 0 };
	struct pycore_watch *w;
	char line[200];
	int rc = pycore_watch_open(&w, options, &err);

	if (rc < 0)
		return complain(err.message);
	stay_alive();
	snprintf(line, sizeof(line), "the process %s", then_text(s->then));
	tell(&s->quiet, line);
	rc = pycore_watch_wait(w, &event, &err);
	if (rc > 0)
		return take(s, w, &event);
	pycore_watch_close(w);
	if (rc < 0)
		return complain(err.message);
	message_print("", "the process ended before its limit was reached: there is no core");
	return EXIT_PARTLY;
}

/* Of a command that we started we stay the parent to its end, as its caller expects. */
static void wait_for(pid_t child)
{
	int status, passed = 0;
	char line[100];

	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
		if (stop_signal() != passed)
			kill(child, passed = stop_signal());
	}
	if (WIFSIGNALED(status)) {
		snprintf(line, sizeof(line), "the command was ended by signal %d", WTERMSIG(status));
		message_print("", line);
	}
}

int run_watch(const struct command *command, struct settings *s)
{
	struct pycore_watch_options options = {
		.size = sizeof(options),
		.group = s->cgroup,
		.rss = s->rss,
		.percent = s->percent,
		.pressure = s->pressure,
		.cancelled = stop_wanted,
		.tell = tell,
		.tell_ctx = &s->quiet,
	};
	struct pycore_error err = { 0 };
	pid_t child = 0;
	int status;

	stop_on_signals();
	if (s->words) {
		child = options.pid = child_start(s->words);
		if (child < 0) {
			char line[300];

			snprintf(line, sizeof(line), "cannot run %.200s: %s", s->words[0],
				 strerror(errno));
			return complain(line);
		}
	} else if ((s->pid || s->target) && target_pid(&options.pid, s, &err) < 0) {
		return complain(err.message);
	}
	status = watch(s, &options);
	if (child) {
		/* What interrupted us was meant for it, too. */
		if (stop_signal())
			kill(child, stop_signal());
		wait_for(child);
	}
	return status;
}
