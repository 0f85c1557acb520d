/* SPDX-License-Identifier: MIT */
#include "graph/growth.h"

#include <inttypes.h>
#include <stdio.h>

#include "session/whole.h"

enum { MOST = 3 };

/* "core.1", "process 12" */
static void name_of(const struct pycore_info *info, char out[200])
{
	if (info->path)
		snprintf(out, 200, "%s", info->path);
	else
		snprintf(out, 200, "process %" PRIu64, info->pid);
}

static void pass_warnings(struct pycore *to, struct pycore *from, const char *name)
{
	const char *line;

	for (size_t i = 0; (line = pycore_warning(from, i)); i++) {
		char text[600];

		snprintf(text, sizeof(text), "%s: %s", name, line);
		if (pycore_warning_is_note(from, i))
			session_note(to, text);
		else
			session_warn(to, text);
	}
}

/* An address of another run says nothing of an object; and of another Python, not much of a type. */
static void warn_of_runs(struct pycore *s, const struct pycore_info *one,
			 const struct pycore_info *other, bool third)
{
	char a[200], b[200];

	name_of(one, a);
	name_of(other, b);
	if (strcmp(one->python, other->python) || strcmp(one->build, other->build))
		session_warnf(s, "%s is Python %s (%s), %s is %s (%s): sizes are not alike", a,
			      one->python, one->build, b, other->python, other->build);
	else if (third && (one->runtime != other->runtime || one->pid != other->pid))
		session_warnf(s,
			      "%s and %s are not of one process: objects are matched by address, which "
			      "means nothing between processes",
			      a, b);
}

int pycore_get_growth(struct pycore *s, struct pycore *a, struct pycore *c,
		      const struct pycore_growth **out, struct pycore_error *err)
{
	struct pycore *sessions[MOST] = { a, s, c };
	const struct whole *wholes[MOST];
	struct pycore_info infos[MOST];
	struct pycore_growth *growth = arena_alloc(&s->arena, sizeof(*growth));
	size_t n = c ? 3 : 2;
	int rc = 0;

	if (!a)
		return pycore_fail(err, PYCORE_ERR_ARGUMENT, "growth since what? There is no base");
	if (!growth)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the growth of types");
	for (size_t i = 0; i < n && !rc; i++) {
		rc = pycore_get_info(sessions[i], &infos[i], err);
		if (!rc)
			rc = session_whole(sessions[i], &wholes[i], err);
	}
	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++)
		pycore_thaw(sessions[i]);
	rc = growth_find(wholes, n, &s->arena, growth);
	if (rc)
		return pycore_fail(err, rc, "no memory for the growth of types");
	for (size_t i = 0; i < n; i++) {
		char name[200];

		name_of(&infos[i], name);
		if (sessions[i] != s)
			pass_warnings(s, sessions[i], name);
		if (i)
			warn_of_runs(s, &infos[i - 1], &infos[i], c != NULL);
	}
	*out = growth;
	return 0;
}
