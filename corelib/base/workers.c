/* SPDX-License-Identifier: MIT */
#include "base/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define MOST_WORKERS 16

struct crew {
	worker_fn *fn;
	void *ctx;
	size_t n;
	atomic_size_t next;
};

struct member {
	struct crew *crew;
	unsigned number;
	pthread_t thread;
};

static void *work(void *arg)
{
	struct member *me = arg;

	for (;;) {
		size_t job = atomic_fetch_add(&me->crew->next, 1);

		if (job >= me->crew->n)
			return NULL;
		me->crew->fn(me->crew->ctx, job, me->number);
	}
}

unsigned workers_count(uint32_t jobs)
{
	long processors = jobs ? (long)jobs : sysconf(_SC_NPROCESSORS_ONLN);

	if (processors < 1)
		processors = 1;
	return processors > MOST_WORKERS ? MOST_WORKERS : (unsigned)processors;
}

void workers_run(unsigned workers, size_t n, worker_fn *fn, void *ctx)
{
	struct crew crew = { .fn = fn, .ctx = ctx, .n = n };
	struct member members[MOST_WORKERS];
	sigset_t all, before;
	unsigned made = 1;

	members[0] = (struct member){ .crew = &crew };
	if (workers > MOST_WORKERS)
		workers = MOST_WORKERS;
	/* Signals belong to the host program's own threads. */
	sigfillset(&all);
	sigdelset(&all, SIGBUS); /* raised by our own reads of a file cut short */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (made < workers && made < n) {
		members[made] = (struct member){ .crew = &crew, .number = made };
		if (pthread_create(&members[made].thread, NULL, work, &members[made]))
			break;
		made++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	work(&members[0]);
	while (--made)
		pthread_join(members[made].thread, NULL);
}
