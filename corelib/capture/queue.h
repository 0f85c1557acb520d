/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_QUEUE_H
#define CAPTURE_QUEUE_H

#include "capture/plan.h"
#include "capture/sink.h"

/*
 * What several read is written in its order. While the disk keeps up, who has read a chunk
 * writes it, too, as it is still in that processor's cache, and a few chunks do for all. As the
 * disk falls behind, what is read waits here for a thread that does nothing but write.
 */

enum { QUEUE_CHUNK = 1 << 20 };

struct queue;

/* A place in the row of what is written. */
struct ticket {
	uint64_t number;
	unsigned char *chunk; /* room for QUEUE_CHUNK bytes */
};

/*
 * @param most  bytes that may wait; where these are few, writing is past the cache if the
 *              disk can do that
 * @return NULL: no memory
 */
struct queue *queue_make(uint64_t most, unsigned readers);
/*
 * From now on nobody else uses @p s until queue_end(). Where it packs, that comes after
 * reading: with @p calm, what copy_hurry() returned. @return false: no thread
 */
bool queue_begin(struct queue *q, const struct plan *plan, struct sink *s, int calm);
/* A place for what comes next, when there is one. @return false: it is no use, see the sink */
bool queue_place(struct queue *q, const struct stretch *stretch, struct ticket *out);
/* All bytes of the stretch are in the chunk: it may be written now. Any thread may call. */
void queue_put(struct queue *q, const struct ticket *ticket);
/* Those of some stretch will never be: nothing more is written, and nobody waits any more. */
void queue_abandon(struct queue *q);
/* Bytes that are written, without zeros. */
uint64_t queue_written(struct queue *q);
/* Whether somebody waited for the disk, because no more might wait for it here. */
bool queue_was_full(const struct queue *q);
/* Wait until all is written, or failed, but for a moment only. @return whether it is so */
bool queue_wait(struct queue *q);
/* What still waits is given up, and the queue is freed. @return whether nothing failed */
bool queue_end(struct queue *q);

#endif
