/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_QUEUE_H
#define CAPTURE_QUEUE_H

#include "capture/sink.h"

/*
 * What is to be written waits here for a thread of its own, so that reading and
 * writing go on at the same time. How much waits grows as the disk falls behind.
 */

enum { QUEUE_CHUNK = 4 << 20 };

struct queue;

/*
 * @param most  bytes that may wait; where these are few, writing is past the cache if the
 *              disk can do that
 * @return NULL: no memory
 */
struct queue *queue_make(uint64_t most);
/* From now on nobody else uses @p s until queue_end(). @return false: no thread */
bool queue_begin(struct queue *q, struct sink *s);
/* Room for QUEUE_CHUNK bytes, when there is some. @return NULL: writing failed, see the sink */
unsigned char *queue_room(struct queue *q);
/* The first @p len bytes of that room are next, or @p len zeros. */
void queue_put(struct queue *q, uint64_t len);
void queue_skip(struct queue *q, uint64_t len);
/* Bytes that are written, without zeros. */
uint64_t queue_written(struct queue *q);
/* Wait until all is written, or failed, but for a moment only. @return whether it is so */
bool queue_wait(struct queue *q);
/* What still waits is given up, and the queue is freed. @return whether nothing failed */
bool queue_end(struct queue *q);

#endif
