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

static bool is_known(const struct pycore *s, const char *line)
{
	for (size_t i = 0; i < s->warnings.n; i++) {
		if (!strcmp(s->warnings.items[i], line))
			return true;
	}
	return false;
}

void session_warn(void *session, const char *text)
{
	struct pycore *s = session;
	char *line = NULL;

	pthread_mutex_lock(&s->warnings_lock);
	if (s->warnings.n == MOST_WARNINGS)
		line = one_line(s, "there are more warnings than are kept");
	else if (s->warnings.n < MOST_WARNINGS)
		line = one_line(s, text);
	if (line && !is_known(s, line) && !vec_push(&s->warnings, line))
		line = NULL; /* no memory for a warning: the work goes on */
	pthread_mutex_unlock(&s->warnings_lock);
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
	return session && i < session->warnings.n ? session->warnings.items[i] : NULL;
}

void pycore_add_warning(struct pycore *session, const char *line)
{
	session_warn(session, line);
}
