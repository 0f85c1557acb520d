/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_COPY_H
#define CAPTURE_COPY_H

#include <pycore/capture.h>

#include "capture/plan.h"

/* Copying what a plan names out of a process, in big blocks. */

struct copy {
	struct target *target;
	const struct plan *plan;
	uint64_t deadline; /* live_clock() time, 0: none */
	pycore_cancel_fn *cancelled;
	void *cancel_ctx;
	bool slowly;         /* process_vm_readv is not to be had */
	uint64_t unreadable; /* bytes that could not be read: zeros instead */
	int status;          /* why it was given up, a pycore_status */
};

/*
 * Bytes [at, at + len) of all the plan's bytes, into @p out. Any thread may call.
 * @return whether there is reason to go on: no deadline, no cancelling, no end of the process
 */
bool copy_bytes(struct copy *c, uint64_t at, unsigned char *out, size_t len);

/* All of the plan's bytes, on several threads. @return as c->status */
int copy_all(struct copy *c, unsigned char *out, unsigned workers);

/* A pycore_status told in words. */
int copy_error(const struct copy *c, double stopped_ms, struct pycore_error *err);

/* A process takes so much at least, we think, between a look at it and its stop. */
#define COPY_GROWTH (UINT64_C(32) << 20)

/* Bytes of room that a copy of what @p p has now, and may have then, will want. */
uint64_t copy_wants(const struct plan *p);

/*
 * Room for a copy, taken from the system now and not when it is written to.
 * @return NULL: no memory. copy_free() gives it back.
 */
unsigned char *copy_room(uint64_t len, unsigned workers);
void copy_free(unsigned char *room, uint64_t len);

/*
 * While a process stands still, this thread and those that it starts come before
 * others, where that is allowed. @return what to give to copy_calm() afterwards
 */
int copy_hurry(void);
void copy_calm(int before);

#endif
