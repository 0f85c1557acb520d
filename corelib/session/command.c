/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <string.h>

#define MOST_ARGUMENTS 1000
#define MOST_BYTES 4096
#define PSARGS_ROOM 79 /* pr_psargs of a core's NT_PRPSINFO, less its end */

struct words {
	const struct ctx *c;
	struct buf text;
	unsigned n;
};

static int add_word(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct words *w = arg;
	size_t before = w->text.len;

	if (label->kind != LABEL_INDEX || kind != EDGE_OWNED)
		return 0;
	if (w->n++ >= MOST_ARGUMENTS || before >= MOST_BYTES)
		return 1;
	if (before)
		buf_putc(&w->text, ' ');
	if (value_str(w->c, to, &w->text, MOST_BYTES - before))
		return 1;
	return 0;
}

/* The words of a list of str, joined by spaces. @return whether there are any */
static bool join_list(struct words *w, uint64_t list)
{
	struct object o;

	if (!list || object_at(w->c, list, &o))
		return false;
	object_edges(w->c, o, add_word, w);
	return w->n > 0 && !w->text.failed && w->text.len > 0;
}

/*
 * A core has the first 80 bytes of the command line, and gcore's has only the
 * program's name. sys.orig_argv (3.10) is all of it; sys.argv the script's part.
 */
static char *from_sys(struct pycore *s, const char *exe)
{
	struct ctx c = session_ctx(s);
	struct words w = { .c = &c };
	char *command = NULL;
	uint64_t sys = 0;

	if (!s->interps.interps.n ||
	    !LOAD(c.l, c.r, s->interps.interps.items[0].address, PyInterpreterState, sysdict, &sys))
		return NULL;
	if (join_list(&w, value_dict_get(&c, sys, "orig_argv")))
		command = arena_strdup(&s->arena, w.text.text);
	else if (exe && join_list(&w, value_dict_get(&c, sys, "argv")))
		command = arena_printf(&s->arena, "%s %s", exe, w.text.text);
	buf_free(&w.text);
	return command;
}

const char *session_command(struct pycore *s)
{
	const struct process_info *process = &s->target->process;
	const char *told = process->command;

	if (s->command || s->thawed)
		return s->command ? s->command : told;
	if (!told || !strchr(told, ' ') || strlen(told) >= PSARGS_ROOM)
		s->command = from_sys(s, told ? told : process->exe);
	if (!s->command)
		s->command = told;
	return s->command;
}
