/* SPDX-License-Identifier: MIT */
#include "capture/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { SLOTS = 4 };

struct slot {
	uint64_t len;
	bool zeros;
};

struct queue {
	struct sink *sink;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned char *room; /* a chunk for each slot, whole pages: so a disk can take it as it is */
	struct slot slots[SLOTS];
	uint64_t put, taken; /* slots in all */
	bool end;
};

static unsigned char *chunk(struct queue *q, uint64_t number)
{
	return q->room + number % SLOTS * (size_t)QUEUE_CHUNK;
}

static void *write_slots(void *arg)
{
	struct queue *q = arg;

	pthread_mutex_lock(&q->lock);
	for (;;) {
		struct slot slot;

		while (q->taken == q->put && !q->end)
			pthread_cond_wait(&q->changed, &q->lock);
		if (q->taken == q->put)
			break;
		slot = q->slots[q->taken % SLOTS];
		pthread_mutex_unlock(&q->lock);
		if (slot.zeros)
			sink_skip(q->sink, slot.len);
		else
			sink_put(q->sink, chunk(q, q->taken), slot.len);
		pthread_mutex_lock(&q->lock);
		q->taken++;
		pthread_cond_broadcast(&q->changed);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

static bool start(struct queue *q)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&q->thread, NULL, write_slots, q);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return !rc;
}

static void queue_free(struct queue *q)
{
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	munmap(q->room, (size_t)SLOTS * QUEUE_CHUNK);
	free(q);
}

struct queue *queue_begin(struct sink *s)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->sink = s;
	q->room = mmap(NULL, (size_t)SLOTS * QUEUE_CHUNK, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (q->room == MAP_FAILED) {
		free(q);
		return NULL;
	}
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, NULL);
	sink_past_cache(s, true);
	if (start(q))
		return q;
	sink_past_cache(s, false);
	queue_free(q);
	return NULL;
}

/* A free slot. @return false: writing failed */
static bool wait_for_slot(struct queue *q)
{
	bool ok;

	pthread_mutex_lock(&q->lock);
	while (q->put - q->taken == SLOTS)
		pthread_cond_wait(&q->changed, &q->lock);
	/* The thread has none in hand when all are taken; else it may fail yet. */
	ok = !__atomic_load_n(&q->sink->error, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&q->lock);
	return ok;
}

unsigned char *queue_room(struct queue *q)
{
	return wait_for_slot(q) ? chunk(q, q->put) : NULL;
}

static void hand_over(struct queue *q, struct slot slot)
{
	pthread_mutex_lock(&q->lock);
	q->slots[q->put++ % SLOTS] = slot;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

void queue_put(struct queue *q, uint64_t len)
{
	hand_over(q, (struct slot){ .len = len });
}

void queue_skip(struct queue *q, uint64_t len)
{
	wait_for_slot(q);
	hand_over(q, (struct slot){ .len = len, .zeros = true });
}

bool queue_end(struct queue *q)
{
	bool ok;

	pthread_mutex_lock(&q->lock);
	q->end = true;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
	pthread_join(q->thread, NULL);
	sink_past_cache(q->sink, false);
	ok = !q->sink->error;
	queue_free(q);
	return ok;
}
