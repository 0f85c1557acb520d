/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_QUEUE_H
#define CAPTURE_QUEUE_H

#include "capture/sink.h"

/*
 * What is to be written waits here for a thread of its own, so that reading and
 * writing go on at the same time. Past the cache, where the disk can do that.
 */

enum { QUEUE_CHUNK = 4 << 20 };

struct queue;

/* @return NULL: no memory, or no thread. Nobody else uses @p s until queue_end(). */
struct queue *queue_begin(struct sink *s);
/* Room for QUEUE_CHUNK bytes, when there is some. @return NULL: writing failed, see the sink */
unsigned char *queue_room(struct queue *q);
/* The first @p len bytes of that room are next, or @p len zeros. */
void queue_put(struct queue *q, uint64_t len);
void queue_skip(struct queue *q, uint64_t len);
/* All is written, or failed. @return whether it did not fail */
bool queue_end(struct queue *q);

#endif
