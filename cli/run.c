/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "graphviz.h"
#include "message.h"
#include "output.h"
#include "progress.h"
#include "target.h"

static int complain(const char *message)
{
	message_print("", message);
	return EXIT_NO_ANSWER;
}

static void cut_short(int signo)
{
	static const char message[] =
		"pycore: a mapped file was cut short, or its disk failed, while it was open: "
		"make a copy and read that\n";

	/* Whether it could be written or not, there is nothing more to do. */
	if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
		_exit(EXIT_NO_ANSWER);
	_exit(EXIT_NO_ANSWER);
}

static void handle_signals(void)
{
	struct sigaction action = { .sa_handler = cut_short };

	sigaction(SIGBUS, &action, NULL);
	/* A reader that has seen enough shows as EPIPE, which is no failure of ours. */
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	/* What the limit on file sizes (ulimit -f) forbids shows as EFBIG. */
	sigaction(SIGXFSZ, &action, NULL);
}

static bool want_color(const struct settings *s)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (s->color != COLOR_AUTO)
		return s->color == COLOR_ALWAYS;
	return !s->output && !(no_color && *no_color) && isatty(STDOUT_FILENO) &&
	       !(term && !strcmp(term, "dumb"));
}

static uint32_t terminal_width(const struct settings *s)
{
	struct winsize size;

	if (s->output || !isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return 0;
	return size.ws_col;
}

/* What the answer lacks, and what is worth knowing of it. */
int run_print_warnings(const struct settings *s, const struct pycore *session)
{
	const char *line;
	int status = EXIT_ANSWERED;

	for (size_t i = 0; (line = pycore_warning(session, i)); i++) {
		bool note = pycore_warning_is_note(session, i);

		if (!s->quiet)
			message_print(note ? "note: " : "warning: ", line);
		if (!note)
			status = EXIT_PARTLY;
	}
	return status;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void print_detail(const struct settings *s, double began, double opened)
{
	struct rusage usage;

	if (!s->verbose || s->quiet)
		return;
	getrusage(RUSAGE_SELF, &usage);
	fprintf(stderr, "pycore: opened in %.1f ms, answered in %.1f ms, %.1f MiB at most\n",
		opened - began, now_ms() - opened, (double)usage.ru_maxrss / 1024);
}

static int output_failed(const struct output *o)
{
	char message[300];

	if (o->closed_early)
		return EXIT_ANSWERED;
	snprintf(message, sizeof(message), "%s: %s", o->path ? o->path : "standard output",
		 strerror(o->error));
	return complain(message);
}

/* Where standard error and output are one terminal, the answer takes the progress line's place. */
static int write_answer(void *output, const char *text, size_t len)
{
	progress_clear();
	return output_write(output, text, len);
}

static int print_report(const struct command *command, struct settings *s,
			struct pycore *session, struct output *o)
{
	struct pycore_error err = { 0 };
	int status = pycore_report(session, command->name, &s->report, write_answer, o, &err);

	progress_clear();
	if (!output_close(o, status >= 0))
		return output_failed(o);
	/* Of an answer that there is not, nothing is missing: one line says why. */
	return status >= 0 ? run_print_warnings(s, session) : complain(err.message);
}

/* The library writes graphs for dot, which draws them: as text it is asked for. */
static bool wants_drawing(const struct command *command, const struct settings *s)
{
	return command->options & OPTIONS_GRAPH && s->report.format == PYCORE_SVG;
}

static int print_drawing(const struct command *command, struct settings *s,
			 struct pycore *session, struct output *o)
{
	struct pycore_report_options options = s->report;
	struct pycore_error err = { 0 };
	struct graphviz g;
	char why[200] = "";
	int status;

	if (!graphviz_open(&g)) {
		output_close(o, false);
		return complain("no memory for a picture");
	}
	options.format = PYCORE_DOT;
	status = pycore_report(session, command->name, &options, graphviz_write, &g, &err);
	progress_clear();
	if (status >= 0 && !graphviz_draw(&g, o, why, sizeof(why)))
		status = -1;
	graphviz_close(&g);
	if (!output_close(o, status >= 0))
		return output_failed(o);
	if (*why)
		return complain(why);
	return status >= 0 ? run_print_warnings(s, session) : complain(err.message);
}

/* One target; of diff two or three, in their order. */
static int open_targets(struct pycore *sessions[3], const struct settings *s,
			struct pycore_error *err)
{
	int status = target_open(&sessions[0], s, err);

	for (size_t i = 0; i < 2 && status >= 0 && s->more[i]; i++)
		status = target_open_word(&sessions[1 + i], s->more[i], s, err);
	return status;
}

static int with_output(const struct command *command, struct settings *s, struct output *o)
{
	struct pycore *sessions[3] = { NULL };
	struct pycore_error err = { 0 };
	double began = now_ms(), opened;
	int status = open_targets(sessions, s, &err);

	if (status < 0) {
		output_close(o, false);
		status = complain(err.message);
	} else {
		opened = now_ms();
		s->report.base = sessions[1] ? sessions[0] : NULL;
		s->report.third = sessions[2];
		status = (wants_drawing(command, s) ? print_drawing : print_report)(
			command, s, sessions[sessions[1] != NULL], o);
		print_detail(s, began, opened);
	}
	for (size_t i = 0; i < 3; i++)
		pycore_close(sessions[i]);
	return status;
}

void run_prepare(struct settings *s)
{
	handle_signals();
	progress_start(!s->quiet);
	s->open.map_files = true;
	s->open.unpack_dir = getenv("TMPDIR");
	s->open.progress = progress_show;
}

int run_report(const struct command *command, struct settings *s)
{
	struct output o;

	if (target_is_file(s, s->output))
		return complain("-o names the target itself, which would be lost: "
				"give another name");
	if (wants_drawing(command, s) && !graphviz_found())
		return complain("svg needs graphviz's dot, which is not installed here: "
				"--format dot writes what it reads");
	run_prepare(s);
	s->report.color = want_color(s);
	s->report.width = terminal_width(s);
	/* Before the target: a process need not be stopped for what cannot be written. */
	if (!output_open(&o, s->output)) {
		output_close(&o, false);
		return output_failed(&o);
	}
	return with_output(command, s, &o);
}
