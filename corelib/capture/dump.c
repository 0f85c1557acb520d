/* SPDX-License-Identifier: MIT */
#include "capture/dump.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/workers.h"
#include "capture/copy.h"
#include "capture/elf_out.h"
#include "capture/notes_out.h"
#include "capture/queue.h"
#include "capture/room.h"
#include "capture/sink.h"
#include "target/live.h"

/*
 * The order of things is all that matters here: whatever can be done while the
 * process runs is done before it is stopped, or after.
 */
struct dump {
	const struct pycore_dump_options *options;
	struct target *target;
	struct process_facts facts;
	struct pages pages;
	struct plan plan;
	struct copy copy;
	struct sink sink;
	struct buf notes, headers;
	unsigned char *room; /* memory is copied there, or NULL: it is written while it is stopped */
	uint64_t room_len;
	uint64_t core_bytes, written;
	struct queue *queue; /* while it is written without such a copy */
	unsigned workers;
	bool was_stopped;
};

static int no_memory(struct pycore_error *err)
{
	return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory to write a core");
}

static int open_process(struct dump *d, pid_t pid, struct pycore_error *err)
{
	struct pycore_options open = { .size = sizeof(open), .no_freeze = d->options->no_freeze };
	int rc = target_open_live(&d->target, pid, &open, d->options->warn, d->options->warn_ctx,
				  err);

	if (rc)
		return rc;
	d->target->want_registers = true;
	d->target->stop_limit = d->options->max_stop_ms * 1000000;
	facts_read(&d->facts, d->target);
	d->was_stopped = d->facts.info.pr_sname == 'T';
	pages_open(&d->pages, target_proc_fd(d->target));
	d->plan.vdso = d->facts.vdso;
	d->plan.main_stack = d->facts.random;
	return 0;
}

static bool make_plan(struct dump *d)
{
	struct plan_options leave = {
		.leave_text = d->options->leave_text,
		.leave_stack_reserve = d->options->leave_stack_reserve,
	};

	return plan_make(&d->plan, d->target, &d->pages, &leave);
}

/* A disk may take any time: then there is no bound to a stop that waits for it. */
static int no_bound(const struct dump *d, uint64_t want, struct pycore_error *err)
{
	return pycore_fail(err, PYCORE_ERR_NOMEM,
			   "a stop of %" PRIu64 " ms at most needs room for a copy, %.1f MiB, which is not "
			   "free here: try without --max-stop",
			   d->options->max_stop_ms, (double)want / 1048576);
}

/* A look at the process while it runs tells how much room its copy will want. */
static int make_room(struct dump *d, struct pycore_error *err)
{
	uint64_t most = d->options->most_memory, want;

	if (!make_plan(d))
		return no_memory(err);
	want = copy_wants(&d->plan);
	if (!most)
		most = d->options->small_footprint ? COPY_GROWTH : room_for_copy();
	if (want <= most)
		d->room = copy_room(want, d->workers);
	d->room_len = d->room ? want : 0;
	return d->options->max_stop_ms && !d->room ? no_bound(d, want, err) : 0;
}

static int lay_out(struct dump *d, struct pycore_error *err)
{
	int rc = 0;

	notes_out(&d->notes, d->target, &d->facts);
	d->core_bytes = d->notes.failed ? 0 : elf_out_headers(&d->headers, &d->plan, &d->notes);
	if (!d->core_bytes)
		return no_memory(err);
	if (d->options->compression == PYCORE_ZSTD)
		rc = sink_pack(&d->sink, d->core_bytes, d->workers, err);
	if (!rc && !sink_put(&d->sink, d->headers.text, d->headers.len))
		rc = sink_failed(&d->sink, err);
	return rc;
}

static void show_progress(const struct dump *d)
{
	if (d->options->progress)
		d->options->progress(d->options->progress_ctx, "writing the core", d->written,
				     d->plan.bytes);
}

static bool is_cancelled(struct dump *d)
{
	if (d->options->cancelled && d->options->cancelled(d->options->cancel_ctx))
		d->copy.status = PYCORE_ERR_CANCELLED;
	return d->copy.status;
}

/* By way of the queue: while the process stands still. */
static bool queue_bytes(struct dump *d, uint64_t at, size_t len)
{
	unsigned char *chunk = queue_room(d->queue);

	if (!chunk || !copy_bytes(&d->copy, at, chunk, len))
		return false;
	queue_put(d->queue, len);
	return true;
}

/* Write bytes [at, at + len) of the plan. */
static bool write_bytes(struct dump *d, uint64_t at, uint64_t len)
{
	while (len) {
		size_t n = len < QUEUE_CHUNK ? (size_t)len : QUEUE_CHUNK;

		if (is_cancelled(d))
			return false;
		if (!(d->queue ? queue_bytes(d, at, n) : sink_put(&d->sink, d->room + at, n)))
			return false;
		at += n;
		len -= n;
		d->written += n;
		show_progress(d);
	}
	return true;
}

static bool write_zeros(struct dump *d, uint64_t len)
{
	if (!d->queue)
		return sink_skip(&d->sink, len);
	queue_skip(d->queue, len);
	return true;
}

static bool write_parts(struct dump *d)
{
	for (size_t i = 0; i < d->plan.parts.n; i++) {
		const struct part *part = &d->plan.parts.items[i];

		for (size_t j = part->first; j < part->last; j++) {
			const struct run *run = &d->plan.runs.items[j];
			uint64_t len = run->end - run->start;
			bool ok = run->kind == RUN_ZERO ? write_zeros(d, len) :
							  write_bytes(d, run->at, len);

			if (!ok)
				return false;
		}
	}
	return true;
}

static int write_memory(struct dump *d, struct pycore_error *err)
{
	bool ok;

	if (!d->room)
		d->queue = queue_begin(&d->sink);
	if (!d->room && !d->queue)
		return no_memory(err);
	ok = write_parts(d);
	if (d->queue)
		ok = queue_end(d->queue) && ok;
	d->queue = NULL;
	if (ok)
		return 0;
	if (d->sink.error)
		return sink_failed(&d->sink, err);
	return copy_error(&d->copy, target_stopped_ms(d->target), err);
}

/* What is done while the process stands still. */
static int while_stopped(struct dump *d, struct pycore_error *err)
{
	int rc = 0;

	if (d->options->max_stop_ms)
		d->copy.deadline = live_clock() + d->options->max_stop_ms * 1000000 -
				   (uint64_t)(target_stopped_ms(d->target) * 1e6);
	if (!make_plan(d))
		return no_memory(err);
	/* It grew more than was thought. */
	if (d->room && d->plan.bytes > d->room_len) {
		copy_free(d->room, d->room_len);
		d->room = NULL;
		if (d->options->max_stop_ms)
			return no_bound(d, d->plan.bytes, err);
	}
	if (d->room) {
		if (copy_all(&d->copy, d->room, d->workers))
			rc = copy_error(&d->copy, target_stopped_ms(d->target), err);
		return rc;
	}
	rc = lay_out(d, err);
	return rc ? rc : write_memory(d, err);
}

static int capture(struct dump *d, struct pycore_error *err)
{
	int rc, before;

	rc = make_room(d, err);
	if (rc)
		return rc;
	d->copy = (struct copy){
		.target = d->target,
		.plan = &d->plan,
		.cancelled = d->options->cancelled,
		.cancel_ctx = d->options->cancel_ctx,
	};
	before = copy_hurry();
	rc = target_freeze(d->target, err);
	if (!rc) {
		rc = while_stopped(d, err);
		target_thaw(d->target);
	}
	copy_calm(before);
	if (!rc && d->room) {
		rc = lay_out(d, err);
		if (!rc)
			rc = write_memory(d, err);
	}
	return rc;
}

static void tell(struct dump *d, struct pycore_dump_result *out)
{
	struct stat st;
	char line[200];

	if (d->options->no_freeze && d->options->warn)
		d->options->warn(d->options->warn_ctx,
				 "the process ran on while it was read: the core may be torn");
	if (d->copy.unreadable && d->options->warn) {
		snprintf(line, sizeof(line),
			 "%" PRIu64 " KiB of memory could not be read: the core has zeros there",
			 d->copy.unreadable / 1024);
		d->options->warn(d->options->warn_ctx, line);
	}
	if (!out)
		return;
	out->core_bytes = d->core_bytes;
	out->memory = d->plan.bytes;
	out->unreadable = d->copy.unreadable;
	out->threads = d->target->n_threads;
	out->stopped_ms = target_stopped_ms(d->target);
	out->copied = d->room != NULL;
	out->was_stopped = d->was_stopped;
	out->bytes = d->sink.size;
	if (!fstatat(d->sink.dir, d->sink.name, &st, AT_SYMLINK_NOFOLLOW))
		out->disk_bytes = (uint64_t)st.st_blocks * 512;
}

static void dump_fini(struct dump *d)
{
	target_close(d->target);
	facts_fini(&d->facts);
	pages_close(&d->pages);
	plan_fini(&d->plan);
	sink_close(&d->sink);
	buf_free(&d->notes);
	buf_free(&d->headers);
	copy_free(d->room, d->room_len);
}

int dump_process(pid_t pid, const struct pycore_dump_options *options,
		 struct pycore_dump_result *out, struct pycore_error *err)
{
	struct dump d = { .options = options, .pages.fd = -1,
			  .workers = workers_count(options->jobs) };
	char path[sizeof(out->path)];
	int rc;

	if (options->path)
		rc = snprintf(path, sizeof(path), "%s", options->path);
	else
		rc = snprintf(path, sizeof(path), "core.%d", pid);
	if (rc < 0 || (size_t)rc >= sizeof(path))
		return pycore_fail(err, PYCORE_ERR_ARGUMENT, "the name of the core is too long");
	if (out)
		memcpy(out->path, path, sizeof(path));
	rc = open_process(&d, pid, err);
	if (!rc)
		rc = sink_open(&d.sink, path, err);
	if (!rc) {
		d.sink.drop = options->small_footprint;
		rc = capture(&d, err);
	}
	if (!rc)
		rc = sink_finish(&d.sink, err);
	if (!rc)
		tell(&d, out);
	dump_fini(&d);
	return rc;
}
