/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "report/report.h"

static const struct root_look looks[] = {
	{ "module", "module", "#cfe8cf" },
	{ "asyncio", "asyncio's running loop", "#d3e4f7" },
	{ "class", "class", "#e6d8f2" },
	{ "frame", "frame", "#cfdcf5" },
	{ "local", "local variable", "#cfdcf5" },
	{ "thread", "thread", "#b9cdf0" },
	{ "interpreter", "interpreter", "#c9e9e4" },
	{ "static", "static: never freed", "#dedec9" },
	{ "immortal", "immortal", "#dedec9" },
	{ "interned", "interned", "#f3ecd2" },
	{ "stack", "maybe on a frame's stack", "#dfe5ee" },
	{ "native", "held by C code", "#f9d3c8" },
	{ "garbage", "garbage", "#f0b4b4" },
	{ "unknown", "root", "#dddddd" },
};

#define LOOKS (sizeof(looks) / sizeof(looks[0]))

const struct root_look *refs_look(const char *kind)
{
	size_t i = 0;

	while (i < LOOKS - 1 && strcmp(kind, looks[i].kind))
		i++;
	return &looks[i];
}

static bool is_used(const struct report *r, const struct root_look *look)
{
	for (size_t i = 0; i < r->graph->n_nodes; i++) {
		const char *kind = r->graph->nodes[i].root_kind;

		if (kind && refs_look(kind) == look)
			return true;
	}
	return false;
}

/* A table of our own words: nothing of the target's is in it. */
void refs_legend(const struct report *r, struct buf *out)
{
	buf_puts(out, "\tlegend [shape=plaintext, style=\"\", fontsize=9, label=<"
		      "<TABLE BORDER=\"0\" CELLBORDER=\"1\" CELLSPACING=\"0\" COLOR=\"#999999\">"
		      "<TR><TD>size: bytes retained</TD></TR>"
		      "<TR><TD>bold arrow: alone keeps it alive</TD></TR>");
	for (size_t i = 0; i < LOOKS; i++) {
		if (is_used(r, &looks[i]))
			buf_printf(out, "<TR><TD BGCOLOR=\"%s\">%s</TD></TR>", looks[i].fill,
				   looks[i].words);
	}
	buf_puts(out, "</TABLE>>];\n");
}
