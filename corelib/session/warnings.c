/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <stdarg.h>
#include <stdio.h>

#define MOST_WARNINGS 200
#define LONGEST_WARNING 2000

/* One line, whatever a name of the target has in it; NULL: no memory. */
static char *one_line(struct pycore *s, const char *text)
{
	char *line = arena_strndup(&s->warnings_arena, text, strnlen(text, LONGEST_WARNING));

	for (char *c = line; c && *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	return line;
}

/* What is told already is a warning from when one says so. */
static bool is_known(struct pycore *s, const char *line, bool note)
{
	for (size_t i = 0; i < s->warnings.n; i++) {
		if (!strcmp(s->warnings.items[i].line, line)) {
			s->warnings.items[i].note &= note;
			return true;
		}
	}
	return false;
}

static void add(struct pycore *s, const char *text, bool note)
{
	char *line = NULL;

	pthread_mutex_lock(&s->warnings_lock);
	if (s->warnings.n == MOST_WARNINGS)
		line = one_line(s, "there are more warnings than are kept");
	else if (s->warnings.n < MOST_WARNINGS)
		line = one_line(s, text);
	if (s->warnings.n == MOST_WARNINGS)
		note = false;
	if (line && !is_known(s, line, note) && !vec_push(&s->warnings, ((struct warning){ line, note })))
		line = NULL; /* no memory for a warning: the work goes on */
	pthread_mutex_unlock(&s->warnings_lock);
}

void session_warn(void *session, const char *line)
{
	add(session, line, false);
}

void session_note(void *session, const char *line)
{
	add(session, line, true);
}

void session_warnf(struct pycore *session, const char *format, ...)
{
	char line[LONGEST_WARNING];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	session_warn(session, line);
}

const char *pycore_warning(const struct pycore *session, size_t i)
{
	return session && i < session->warnings.n ? session->warnings.items[i].line : NULL;
}

bool pycore_warning_is_note(const struct pycore *session, size_t i)
{
	return session && i < session->warnings.n && session->warnings.items[i].note;
}

void pycore_add_warning(struct pycore *session, const char *line)
{
	session_warn(session, line);
}
