/* SPDX-License-Identifier: MIT */
#include "capture/dump.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
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
	struct filter filter;
	struct plan plan;
	struct copy copy;
	struct sink sink;
	struct buf notes, headers;
	/* Memory goes by way of a queue, or is copied to a room for all of it. */
	unsigned char *room;
	uint64_t room_len;
	struct queue *queue;
	bool queue_was_full;
	int calm; /* what is to be given to copy_calm() */
	pthread_mutex_t lock; /* of where reading is: */
	struct cursor cursor;
	uint64_t core_bytes, written;
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
	if (!d->options->all_memory && !filter_read(&d->filter, target_proc_fd(d->target)))
		return no_memory(err);
	d->plan.vdso = d->facts.vdso;
	d->plan.main_stack = d->facts.random;
	return 0;
}

static bool make_plan(struct dump *d)
{
	struct plan_options leave = {
		.leave_text = d->options->leave_text,
		.leave_stack_reserve = d->options->leave_stack_reserve,
		.filter = &d->filter,
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

/*
 * Where there is to be an end to the stop, no disk is waited for. A look at the process
 * while it runs tells how much room its copy will want.
 */
static int make_room(struct dump *d, struct pycore_error *err)
{
	uint64_t most = d->options->most_memory, want;

	if (!most)
		most = d->options->small_footprint ? COPY_GROWTH : room_for_copy();
	if (!d->options->max_stop_ms) {
		d->queue = queue_make(most, d->workers);
		return d->queue ? 0 : no_memory(err);
	}
	if (!make_plan(d))
		return no_memory(err);
	want = copy_wants(&d->plan);
	if (want <= most)
		d->room = copy_room(want, d->workers);
	d->room_len = d->room ? want : 0;
	return d->room ? 0 : no_bound(d, want, err);
}

static int lay_out(struct dump *d, struct pycore_error *err)
{
	int rc = 0;

	notes_out(&d->notes, d->target, &d->facts);
	d->core_bytes = d->notes.failed ? 0 : elf_out_headers(&d->headers, &d->plan, &d->notes);
	if (!d->core_bytes)
		return no_memory(err);
	d->cursor = (struct cursor){ .offset = d->headers.len };
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

/* Stretches end where the file is a multiple of a chunk long: then its cache is of big pages. */
static bool next_stretch(struct dump *d, struct stretch *out)
{
	return plan_next_stretch(&d->plan, &d->cursor, QUEUE_CHUNK - d->cursor.offset % QUEUE_CHUNK,
			       out);
}

/* The next stretch, and a place for it in the row: both at once. */
static bool take_stretch(struct dump *d, struct stretch *stretch, struct ticket *ticket)
{
	bool ok;

	pthread_mutex_lock(&d->lock);
	ok = next_stretch(d, stretch) && queue_place(d->queue, stretch, ticket);
	pthread_mutex_unlock(&d->lock);
	return ok;
}

static void read_stretches(void *ctx, size_t job, unsigned worker)
{
	struct dump *d = ctx;
	struct ticket ticket;
	struct stretch stretch;

	while (take_stretch(d, &stretch, &ticket)) {
		if (stretch.bytes && !copy_bytes(&d->copy, stretch.at, ticket.chunk, stretch.bytes)) {
			queue_abandon(d->queue);
			return;
		}
		queue_put(d->queue, &ticket);
		if (worker)
			continue;
		d->written = queue_written(d->queue);
		show_progress(d);
	}
}

static int why_not_written(struct dump *d, struct pycore_error *err)
{
	if (d->sink.error)
		return sink_failed(&d->sink, err);
	return copy_error(&d->copy, target_stopped_ms(d->target), err);
}

/* While the process stands still: what waits to be written when it does not any more is read. */
static int fill_queue(struct dump *d, struct pycore_error *err)
{
	int rc = lay_out(d, err);

	if (rc)
		return rc;
	if (!queue_begin(d->queue, &d->plan, &d->sink, d->calm))
		return no_memory(err);
	show_progress(d);
	workers_run(d->workers, d->workers, read_stretches, d);
	return d->sink.error || d->copy.status ? why_not_written(d, err) : 0;
}

static bool end_queue(struct dump *d)
{
	bool ok;

	d->queue_was_full = d->queue && queue_was_full(d->queue);
	ok = !d->queue || queue_end(d->queue);
	d->queue = NULL;
	return ok;
}

static int give_up(struct dump *d, int rc)
{
	end_queue(d);
	return rc;
}

static int finish_queue(struct dump *d, struct pycore_error *err)
{
	while (!queue_wait(d->queue) && !is_cancelled(d)) {
		d->written = queue_written(d->queue);
		show_progress(d);
	}
	return end_queue(d) && !d->copy.status ? 0 : why_not_written(d, err);
}

static int write_room(struct dump *d, struct pycore_error *err)
{
	struct stretch stretch;
	int rc = lay_out(d, err);

	if (rc)
		return rc;
	while (next_stretch(d, &stretch)) {
		if (is_cancelled(d) ||
		    !sink_put_stretch(&d->sink, &d->plan, &stretch, d->room + stretch.at))
			return why_not_written(d, err);
		d->written += stretch.bytes;
		show_progress(d);
	}
	return 0;
}

/* What is done while the process stands still. */
static int while_stopped(struct dump *d, struct pycore_error *err)
{
	if (!make_plan(d))
		return no_memory(err);
	if (d->queue)
		return fill_queue(d, err);
	d->copy.deadline = live_clock() + d->options->max_stop_ms * 1000000 -
			   (uint64_t)(target_stopped_ms(d->target) * 1e6);
	/* It grew more than was thought. */
	if (d->plan.bytes > d->room_len)
		return no_bound(d, d->plan.bytes, err);
	if (copy_all(&d->copy, d->room, d->workers))
		return copy_error(&d->copy, target_stopped_ms(d->target), err);
	return 0;
}

static int capture(struct dump *d, struct pycore_error *err)
{
	int rc;

	rc = make_room(d, err);
	if (rc)
		return give_up(d, rc);
	d->copy = (struct copy){
		.target = d->target,
		.plan = &d->plan,
		.cancelled = d->options->cancelled,
		.cancel_ctx = d->options->cancel_ctx,
	};
	d->calm = copy_hurry();
	rc = target_freeze(d->target, err);
	if (!rc) {
		rc = while_stopped(d, err);
		target_thaw(d->target);
	}
	copy_calm(d->calm);
	if (rc)
		return give_up(d, rc);
	return d->queue ? finish_queue(d, err) : write_room(d, err);
}

static void tell(struct dump *d, struct pycore_dump_result *out)
{
	struct stat st;
	char line[200];

	if (d->options->no_freeze && d->options->warn)
		d->options->warn(d->options->warn_ctx,
				 "the process ran on while it was read: the core may be torn");
	if (d->filter.on && !(d->filter.bits & FILTER_ANON_PRIVATE) && d->options->warn)
		d->options->warn(d->options->warn_ctx,
				 "the process's coredump_filter leaves out private memory, so the core has "
				 "no objects: try --all-memory");
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
	out->copied = !d->queue_was_full;
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
	filter_fini(&d->filter);
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
			  .lock = PTHREAD_MUTEX_INITIALIZER,
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
