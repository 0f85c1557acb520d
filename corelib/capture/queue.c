/* SPDX-License-Identifier: MIT */
#include "capture/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "capture/copy.h"
#include "target/live.h"

enum {
	LEAST_CHUNKS = 16,
	READY_CHUNKS = 4, /* there before the first is asked for, and one more a reader */
	LEAST_PATIENCE_NS = 100000,
	MOST_PATIENCE_NS = 2000000,
	LOOK_NS = 100000000,
};

struct slot {
	struct stretch stretch;
	unsigned char *chunk;
	bool filled;
	bool awaited; /* who has filled it is about to write it, too */
};

struct queue {
	const struct plan *plan;
	struct sink *sink;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_cond_t work; /* for the thread */
	/* Chunks of whole pages: so a disk can take them as they are. */
	unsigned char *room;
	size_t made, most; /* chunks of it that were given out ever, and that may be */
	long patience_ns; /* how long an old one is waited for */
	size_t at_once;   /* new ones that are taken before that is done again */
	size_t were;      /* how many that were, the last time */
	unsigned char **free;
	size_t n_free;
	struct slot *slots; /* a ring of as many as there may be chunks */
	uint64_t put, taken; /* slots in all */
	uint64_t written;    /* bytes of chunks */
	int calm; /* the usual priority */
	bool writing; /* somebody is, the slot that is taken next */
	bool slow;    /* what was written last: it took longer than a new chunk */
	bool behind;  /* the disk: then nobody writes but the thread */
	bool last;    /* nobody reads any more */
	bool started, end, was_full;
};

static struct slot *slot_at(struct queue *q, uint64_t number)
{
	return &q->slots[number % q->most];
}

/* Whether the next slot waits for whoever may write. Under the lock, as all of these. */
static bool is_ready(struct queue *q)
{
	const struct slot *slot = slot_at(q, q->taken);

	return q->taken != q->put && slot->filled && !slot->awaited && !q->writing;
}

static void write_next(struct queue *q)
{
	struct slot *slot = slot_at(q, q->taken);
	uint64_t began = live_clock();

	q->writing = true;
	pthread_mutex_unlock(&q->lock);
	sink_put_stretch(q->sink, q->plan, &slot->stretch, slot->chunk);
	pthread_mutex_lock(&q->lock);
	q->writing = false;
	q->slow = live_clock() - began > (uint64_t)q->patience_ns;
	q->free[q->n_free++] = slot->chunk;
	q->written += slot->stretch.bytes;
	__atomic_store_n(&q->taken, q->taken + 1, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&q->changed);
}

static void *write_slots(void *arg)
{
	struct queue *q = arg;

	if (q->sink->packer)
		copy_calm(q->calm);
	pthread_mutex_lock(&q->lock);
	while (!q->end) {
		if (q->behind && is_ready(q)) {
			write_next(q);
			continue;
		}
		/* It has caught up. */
		if (!q->last && !q->sink->packer && !q->writing && !q->slow)
			q->behind = false;
		pthread_cond_wait(&q->work, &q->lock);
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
	pthread_cond_destroy(&q->work);
	pthread_mutex_destroy(&q->lock);
	if (q->room)
		munmap(q->room, q->most * QUEUE_CHUNK);
	free(q->free);
	free(q->slots);
	free(q);
}

static unsigned char *new_chunk(struct queue *q)
{
	return q->room + q->made++ * QUEUE_CHUNK;
}

/* Take it from the system now, and not when it is written to. */
static void take_memory(unsigned char *chunk)
{
	madvise(chunk, QUEUE_CHUNK, MADV_POPULATE_WRITE);
}

static bool make_room(struct queue *q, uint64_t most, size_t ready)
{
	uint64_t began, patience;

	q->most = most / QUEUE_CHUNK > LEAST_CHUNKS ? (size_t)(most / QUEUE_CHUNK) : LEAST_CHUNKS;
	q->free = calloc(q->most, sizeof(*q->free));
	q->slots = calloc(q->most, sizeof(*q->slots));
	q->room = mmap(NULL, q->most * QUEUE_CHUNK, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (q->room == MAP_FAILED)
		q->room = NULL;
	if (!q->free || !q->slots || !q->room)
		return false;
	madvise(q->room, q->most * QUEUE_CHUNK, MADV_DONTDUMP);
	began = live_clock();
	while (q->made < q->most && q->made < ready) {
		take_memory(q->room + q->made * QUEUE_CHUNK);
		q->free[q->n_free++] = new_chunk(q);
	}
	patience = 2 * (live_clock() - began) / q->made;
	q->patience_ns = patience < LEAST_PATIENCE_NS ? LEAST_PATIENCE_NS :
			 patience > MOST_PATIENCE_NS ? MOST_PATIENCE_NS : (long)patience;
	return true;
}

struct queue *queue_make(uint64_t most, unsigned readers)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, NULL);
	pthread_cond_init(&q->work, NULL);
	if (make_room(q, most, READY_CHUNKS + readers))
		return q;
	queue_free(q);
	return NULL;
}

bool queue_begin(struct queue *q, const struct plan *plan, struct sink *s, int calm)
{
	q->calm = calm;
	q->behind = s->packer;
	q->plan = plan;
	q->sink = s;
	/* Where memory is short the cache gets none of it. */
	sink_past_cache(s, q->most == LEAST_CHUNKS);
	q->started = start(q);
	return q->started;
}

/* Until the other thread has done something, or for a moment. @return whether it has */
static bool wait_a_moment(struct queue *q, long ns)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ns;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	return !pthread_cond_timedwait(&q->changed, &q->lock, &until);
}

/*
 * A chunk that was used is as good as new, and nearer; a new one costs the process's time,
 * too. So one is made when the disk does not keep up: when an old one was waited for about
 * as long as a new one takes. Then ever more are, before it gets another chance. Under the lock.
 */
static unsigned char *next_chunk(struct queue *q, bool *is_new)
{
	*is_new = false;
	while (!q->n_free && !q->end) {
		if (q->made == q->most) {
			q->was_full = true;
			pthread_cond_wait(&q->changed, &q->lock);
		} else if (q->at_once) {
			q->at_once--;
			return *is_new = true, new_chunk(q);
		} else if (!wait_a_moment(q, q->patience_ns)) {
			q->were = 2 * q->were + 1;
			q->at_once = q->were;
		}
	}
	return q->end ? NULL : q->free[--q->n_free];
}

bool queue_place(struct queue *q, const struct stretch *stretch, struct ticket *out)
{
	bool is_new, ok;

	pthread_mutex_lock(&q->lock);
	out->chunk = next_chunk(q, &is_new);
	ok = out->chunk && !__atomic_load_n(&q->sink->error, __ATOMIC_RELAXED);
	if (ok) {
		out->number = q->put++;
		*slot_at(q, out->number) = (struct slot){ .stretch = *stretch, .chunk = out->chunk };
	}
	pthread_mutex_unlock(&q->lock);
	if (ok && is_new)
		take_memory(out->chunk);
	return ok;
}

/* Until the one before it is written, which takes less than to sleep meanwhile. */
static void await_turn(struct queue *q, uint64_t number)
{
	uint64_t until = live_clock() + (uint64_t)q->patience_ns;

	slot_at(q, number)->awaited = true;
	pthread_mutex_unlock(&q->lock);
	while (__atomic_load_n(&q->taken, __ATOMIC_ACQUIRE) != number && live_clock() < until)
		;
	pthread_mutex_lock(&q->lock);
	slot_at(q, number)->awaited = false;
	q->behind |= q->taken != number;
}

/*
 * What was just read is in this processor's cache, so who has read it writes it, and what others
 * have left to be written after it. When that takes longer than a new chunk does, the disk is
 * behind: no reader waits for it, but puts on, and the thread writes until it has caught up.
 */
static void write_ready(struct queue *q)
{
	while (!q->behind && !q->end && is_ready(q)) {
		write_next(q);
		q->behind |= q->slow;
	}
}

void queue_put(struct queue *q, const struct ticket *ticket)
{
	pthread_mutex_lock(&q->lock);
	slot_at(q, ticket->number)->filled = true;
	if (q->writing && !q->behind && ticket->number == q->taken + 1)
		await_turn(q, ticket->number);
	write_ready(q);
	if (q->behind)
		pthread_cond_signal(&q->work);
	pthread_mutex_unlock(&q->lock);
}

void queue_abandon(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->end = true;
	pthread_cond_broadcast(&q->changed);
	pthread_cond_signal(&q->work);
	pthread_mutex_unlock(&q->lock);
}

bool queue_was_full(const struct queue *q)
{
	return q->was_full;
}

uint64_t queue_written(struct queue *q)
{
	uint64_t n;

	pthread_mutex_lock(&q->lock);
	n = q->written;
	pthread_mutex_unlock(&q->lock);
	return n;
}

bool queue_wait(struct queue *q)
{
	bool done;

	pthread_mutex_lock(&q->lock);
	q->behind = q->last = true;
	pthread_cond_signal(&q->work);
	if (q->taken < q->put && !q->end)
		wait_a_moment(q, LOOK_NS);
	done = q->taken == q->put || q->end || __atomic_load_n(&q->sink->error, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&q->lock);
	return done;
}

bool queue_end(struct queue *q)
{
	bool ok = q->started;

	if (q->started) {
		queue_abandon(q);
		pthread_join(q->thread, NULL);
		sink_past_cache(q->sink, false);
		ok = !q->sink->error;
	}
	queue_free(q);
	return ok;
}
