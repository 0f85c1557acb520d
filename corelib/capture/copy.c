/* SPDX-License-Identifier: MIT */
#include "capture/copy.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "base/workers.h"
#include "target/live.h"

#define PAGE UINT64_C(4096)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

enum {
	SPANS = 256,           /* a call */
	JOB_BYTES = 4 << 20,
	ROOM_BYTES = 16 << 20, /* a job of taking room */
};

static void give_up(struct copy *c, int status)
{
	int expected = 0;

	__atomic_compare_exchange_n(&c->status, &expected, status, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
}

static bool may_go_on(struct copy *c)
{
	if (c->deadline && live_clock() > c->deadline)
		give_up(c, PYCORE_ERR_TOO_LONG);
	else if (c->cancelled && c->cancelled(c->cancel_ctx))
		give_up(c, PYCORE_ERR_CANCELLED);
	return !__atomic_load_n(&c->status, __ATOMIC_RELAXED);
}

static bool is_gone(struct copy *c)
{
	return live_status(target_proc_fd(c->target), (pid_t)c->target->process.pid,
			   "\nVmSize:") < 0;
}

/* What cannot be read at once: page by page, zeros for what is not to be had. */
static bool copy_pages(struct copy *c, uint64_t addr, unsigned char *out, size_t len)
{
	for (size_t done = 0; done < len; done += PAGE) {
		size_t n = c->target->ops->read(c->target, addr + done, out + done, PAGE);

		if (n == PAGE)
			continue;
		if (is_gone(c)) {
			give_up(c, PYCORE_ERR_GONE);
			return false;
		}
		memset(out + done, 0, PAGE);
		__atomic_fetch_add(&c->unreadable, PAGE, __ATOMIC_RELAXED);
	}
	return true;
}

/* The spans of the plan's runs for [at, at + len). @return how many; @p covered bytes */
static size_t list_spans(const struct copy *c, uint64_t at, size_t len, struct iovec *spans,
			 size_t *covered)
{
	const struct run *run = plan_run_at(c->plan, at);
	const struct run *end = c->plan->runs.items + c->plan->runs.n;
	size_t n = 0;

	*covered = 0;
	for (; run && run < end && n < SPANS && *covered < len; run++) {
		uint64_t skip, left;

		if (run->kind != RUN_BYTES)
			continue;
		skip = at + *covered - run->at;
		left = run->end - run->start - skip;
		if (left > len - *covered)
			left = len - *covered;
		spans[n++] = (struct iovec){ (void *)(uintptr_t)(run->start + skip), left };
		*covered += left;
	}
	return n;
}

static bool copy_slowly(struct copy *c, const struct iovec *spans, size_t n, size_t skip,
			unsigned char *out)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = spans[i].iov_len;

		if (skip < len &&
		    !copy_pages(c, (uint64_t)(uintptr_t)spans[i].iov_base + skip, out, len - skip))
			return false;
		out += skip < len ? len - skip : 0;
		skip -= skip < len ? skip : len;
	}
	return true;
}

bool copy_bytes(struct copy *c, uint64_t at, unsigned char *out, size_t len)
{
	struct iovec spans[SPANS];
	size_t done = 0;

	while (done < len && may_go_on(c)) {
		size_t want, n = list_spans(c, at + done, len - done, spans, &want), got = 0;
		struct iovec here = { out + done, want };

		if (!n)
			return false;
		if (!__atomic_load_n(&c->slowly, __ATOMIC_RELAXED)) {
			ssize_t rc = process_vm_readv((pid_t)c->target->process.pid, &here, 1,
						      spans, n, 0);

			if (rc < 0 && (errno == EPERM || errno == ENOSYS))
				__atomic_store_n(&c->slowly, true, __ATOMIC_RELAXED);
			got = rc > 0 ? (size_t)rc & ~(PAGE - 1) : 0;
		}
		if (got < want && !copy_slowly(c, spans, n, got, out + done + got))
			return false;
		done += want;
	}
	return done == len;
}

struct all {
	struct copy *copy;
	unsigned char *out;
};

static void copy_job(void *ctx, size_t job, unsigned worker)
{
	struct all *a = ctx;
	uint64_t at = (uint64_t)job * JOB_BYTES, left = a->copy->plan->bytes - at;

	copy_bytes(a->copy, at, a->out + at, left < JOB_BYTES ? (size_t)left : JOB_BYTES);
}

int copy_all(struct copy *c, unsigned char *out, unsigned workers)
{
	struct all a = { c, out };

	workers_run(workers, (size_t)((c->plan->bytes + JOB_BYTES - 1) / JOB_BYTES), copy_job, &a);
	return c->status;
}

int copy_error(const struct copy *c, double stopped_ms, struct pycore_error *err)
{
	uint64_t pid = c->target->process.pid;

	switch (c->status) {
	case PYCORE_ERR_TOO_LONG:
		return pycore_fail(err, c->status,
				   "process %" PRIu64 " was let go after %.1f ms, the limit of its stop: its %.1f MiB "
				   "could not be copied in that time; nothing was written",
				   pid, stopped_ms, (double)c->plan->bytes / 1048576);
	case PYCORE_ERR_CANCELLED:
		return pycore_fail(err, c->status,
				   "interrupted: process %" PRIu64 " runs on, nothing was written", pid);
	default:
		return live_gone((pid_t)pid, err);
	}
}

struct take {
	unsigned char *room;
	uint64_t len;
};

static void take_job(void *ctx, size_t job, unsigned worker)
{
	struct take *t = ctx;
	uint64_t at = (uint64_t)job * ROOM_BYTES, len = t->len - at;

	if (len > ROOM_BYTES)
		len = ROOM_BYTES;
	if (madvise(t->room + at, len, MADV_POPULATE_WRITE) == 0)
		return;
	for (uint64_t i = 0; i < len; i += PAGE)
		((volatile unsigned char *)t->room)[at + i] = 0;
}

uint64_t copy_wants(const struct plan *p)
{
	return p->bytes + p->bytes / 16 + COPY_GROWTH;
}

unsigned char *copy_room(uint64_t len, unsigned workers)
{
	struct take t = { .len = len };

	if (!len || len > SIZE_MAX)
		return NULL;
	t.room = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		      -1, 0);
	if (t.room == MAP_FAILED)
		return NULL;
	madvise(t.room, len, MADV_HUGEPAGE);
	madvise(t.room, len, MADV_DONTDUMP);
	workers_run(workers, (size_t)((len + ROOM_BYTES - 1) / ROOM_BYTES), take_job, &t);
	return t.room;
}

void copy_free(unsigned char *room, uint64_t len)
{
	if (room)
		munmap(room, len);
}

int copy_hurry(void)
{
	int before = getpriority(PRIO_PROCESS, 0); /* of this thread alone */

	setpriority(PRIO_PROCESS, 0, -20);
	return before;
}

void copy_calm(int before)
{
	setpriority(PRIO_PROCESS, 0, before);
}
