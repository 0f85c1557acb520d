/* SPDX-License-Identifier: MIT */
#include "capture/replica.h"

#include <stdlib.h>
#include <string.h>

#include "base/workers.h"
#include "capture/copy.h"
#include "capture/room.h"
#include "target/live.h"

struct replica {
	struct target_ops ops; /* the target's, from now on */
	const struct target_ops *was;
	struct plan plan;
	unsigned char *room;
	uint64_t room_len;
};

static struct replica *of(struct target *t)
{
	return (struct replica *)((char *)t->ops - offsetof(struct replica, ops));
}

static bool replica_piece(struct target *t, uint64_t addr, struct piece *out)
{
	struct replica *r = of(t);
	const struct run *run = plan_run_with(&r->plan, addr);

	if (!run || run->kind != RUN_BYTES)
		return false;
	*out = (struct piece){ run->start, run->end - run->start, r->room + run->at };
	return true;
}

static size_t replica_read(struct target *t, uint64_t addr, void *buf, size_t len)
{
	struct replica *r = of(t);
	size_t done = 0;

	while (done < len) {
		const struct run *run = plan_run_with(&r->plan, addr + done);
		uint64_t skip, n;

		if (!run || run->kind == RUN_ABSENT)
			break;
		skip = addr + done - run->start;
		n = run->end - run->start - skip;
		if (n > len - done)
			n = len - done;
		if (run->kind == RUN_BYTES)
			memcpy((char *)buf + done, r->room + run->at + skip, n);
		else
			memset((char *)buf + done, 0, n);
		done += n;
	}
	return done;
}

/* It is what it was when it was taken. */
static int replica_freeze(struct target *t, struct pycore_error *err)
{
	return 0;
}

static void replica_free(struct replica *r)
{
	copy_free(r->room, r->room_len);
	plan_fini(&r->plan);
	free(r);
}

static void replica_close(struct target *t)
{
	struct replica *r = of(t);

	t->ops = r->was;
	replica_free(r);
	t->ops->close(t);
}

static int no_room(uint64_t want, struct pycore_error *err)
{
	return pycore_fail(err, PYCORE_ERR_NOMEM,
			   "a copy of the process would take %.1f MiB here, and there is not so much: "
			   "try without --max-stop",
			   (double)want / 1048576);
}

static int copy_stopped(struct target *t, struct replica *r, struct pages *pages,
			const struct plan_options *leave, struct copy *c, unsigned workers,
			struct pycore_error *err)
{
	if (!plan_make(&r->plan, t, pages, leave))
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory to plan a copy");
	if (r->plan.bytes > r->room_len)
		return no_room(r->plan.bytes, err);
	return copy_all(c, r->room, workers) ? copy_error(c, target_stopped_ms(t), err) : 0;
}

static int take(struct target *t, struct replica *r, uint64_t max_stop_ms, unsigned workers,
		struct pycore_error *err)
{
	struct plan_options leave = { .leave_text = true, .leave_stack_reserve = true };
	struct copy c = { .target = t, .plan = &r->plan };
	struct pages pages;
	int rc, before;

	pages_open(&pages, target_proc_fd(t));
	rc = plan_make(&r->plan, t, &pages, &leave) ? 0 : PYCORE_ERR_NOMEM;
	r->room_len = copy_wants(&r->plan);
	if (!rc && r->room_len <= room_for_copy())
		r->room = copy_room(r->room_len, workers);
	if (rc || !r->room) {
		pages_close(&pages);
		return no_room(r->room_len, err);
	}
	t->stop_limit = max_stop_ms * 1000000;
	before = copy_hurry();
	rc = target_freeze(t, err);
	if (!rc) {
		c.deadline = live_clock() + t->stop_limit - (uint64_t)(target_stopped_ms(t) * 1e6);
		rc = copy_stopped(t, r, &pages, &leave, &c, workers, err);
		target_thaw(t);
	}
	copy_calm(before);
	pages_close(&pages);
	return rc;
}

int replica_take(struct target *t, uint64_t max_stop_ms, uint32_t jobs, struct pycore_error *err)
{
	struct replica *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory to copy a process");
	r->was = t->ops;
	r->ops = (struct target_ops){
		.piece = replica_piece,
		.read = replica_read,
		.freeze = replica_freeze,
		.close = replica_close,
	};
	rc = take(t, r, max_stop_ms, workers_count(jobs), err);
	if (rc)
		replica_free(r);
	else
		t->ops = &r->ops;
	return rc;
}
