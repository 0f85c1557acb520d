/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_GUARDIAN_H
#define CAPTURE_GUARDIAN_H

#include "capture/group.h"

/*
 * What is changed in a group is put back, whoever dies. A process of its own
 * waits for that: it holds one end of a socket, we the other, and the kernel closes
 * ours even where we are killed.
 */

enum { GUARDIAN_FILES = 4 };

struct guardian {
	struct group group;
	struct {
		const char *file;
		char was[64];
	} changed[GUARDIAN_FILES];
	size_t n;
	int end;    /* ours of the socket */
	pid_t pid;  /* 0: there is none */
	int pidfd;
};

/*
 * Write to a file of the group what @p text says, and have @p was put back later.
 * @return false, with errno: nothing is changed
 */
bool guardian_change(struct guardian *g, const char *file, const char *text, const char *was);

/* Put everything back, and send the other process home. */
void guardian_release(struct guardian *g);

/* The other process is gone: take another. */
void guardian_renew(struct guardian *g);

#endif
