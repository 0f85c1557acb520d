/* SPDX-License-Identifier: MIT */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Where the answer goes. A file is written beside the name it shall have and
 * takes that name when all of it is there: a failure leaves what was.
 */
struct output {
	int fd;
	const char *path; /* NULL: standard output */
	char *final;      /* the name it shall have, NULL: written in place */
	char *beside;     /* the name it has until then */
	int error;        /* errno of the first failure */
	bool closed_early; /* the reader went away: nothing to complain about */
};

/* @p path NULL: standard output. @return whether it could be opened (else error is set) */
bool output_open(struct output *o, const char *path);

/* A pycore_write_fn. */
int output_write(void *output, const char *text, size_t len);

/* @p keep: give the file its name; else nothing is left. @return whether all is written */
bool output_close(struct output *o, bool keep);

#endif
