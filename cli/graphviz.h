/* SPDX-License-Identifier: MIT */
#ifndef CLI_GRAPHVIZ_H
#define CLI_GRAPHVIZ_H

#include <stdbool.h>
#include <stddef.h>

#include "output.h"

/* Graphs are drawn by Graphviz's dot, a program of its own, found along PATH. */

/* Whether it is installed. */
bool graphviz_found(void);

/* What it shall draw is kept until all is there: a failed report draws nothing. */
struct graphviz {
	int fd;    /* of memory */
	int error; /* errno of the first failure */
};

bool graphviz_open(struct graphviz *g);
void graphviz_close(struct graphviz *g);

/* A pycore_write_fn. */
int graphviz_write(void *graphviz, const char *text, size_t len);

/*
 * Draw all that was written, as SVG, into @p out. @return whether dot did; else either
 * @p out has an error, or @p why is a line about it
 */
bool graphviz_draw(struct graphviz *g, struct output *out, char *why, size_t room);

#endif
