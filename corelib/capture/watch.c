/* SPDX-License-Identifier: MIT */
#include "capture/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "capture/guardian.h"
#include "capture/room.h"
#include "capture/trigger.h"

#define MIB (1024.0 * 1024.0)

enum {
	OFTEN_MS = 10,  /* a look at a process that is near its limit */
	SELDOM_MS = 100,
	GROUP_PERCENT = 95,
	MACHINE_PERCENT = 90,
};

enum { FD_PROCESS, FD_GUARDIAN, FD_OOM, FD_USAGE, FD_EVENTS, FD_PRESSURE, FDS };

struct pycore_watch {
	struct pycore_watch_options options;
	struct group group;     /* that is watched */
	struct guardian guardian;
	uint64_t limit;         /* bytes of the group that are looked out for; 0: none */
	uint64_t machine_least; /* bytes that must be available; 0: not looked at */
	uint64_t ooms;          /* v2: times that the group was out of memory before */
	bool had_processes;
	int fds[FDS];
};

__attribute__((format(printf, 2, 3))) static void tell(const struct pycore_watch *w,
						       const char *format, ...)
{
	char line[600];
	va_list args;

	if (!w->options.tell)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	w->options.tell(w->options.tell_ctx, line);
}

/* Our own memory, and what we write, must not be taken from those who lack it. */
static bool move_out(struct pycore_watch *w)
{
	struct group own, above = w->group;

	if (!group_of(&own, 0) || !group_within(&own, &w->group))
		return true;
	if (group_up(&above) && group_write(&above, "cgroup.procs", "0")) {
		tell(w, "moved itself to the group %.300s, not to take memory from the one it watches",
		     above.path);
		return true;
	}
	tell(w, "cannot leave the group that it watches (%s): what it writes counts there",
	     strerror(errno));
	return false;
}

/* Version 1: those who find no memory wait, until the killer is back. */
static void hold_killer(struct pycore_watch *w, bool outside)
{
	uint64_t off = 0;

	w->fds[FD_OOM] = trigger_oom(&w->group);
	if (w->fds[FD_OOM] < 0) {
		tell(w, "the kernel does not tell when this group is out of memory (%s)",
		     strerror(errno));
		return;
	}
	if (!outside) /* we would wait with them */
		return;
	if (group_number(&w->group, "memory.oom_control", "oom_kill_disable", &off) && off) {
		tell(w, "the group's out-of-memory killer is off already, and stays so");
		return;
	}
	if (guardian_change(&w->guardian, "memory.oom_control", "1", "0"))
		tell(w, "the group's out-of-memory killer is off until the core is written: its processes wait instead");
	else
		tell(w, "cannot turn off the group's out-of-memory killer (%s): it may be faster than the core",
		     strerror(errno));
}

/* Version 2: those who go over memory.high are slowed down. */
static void hold_growth(struct pycore_watch *w)
{
	char was[64], high[32];
	uint64_t now;

	w->fds[FD_EVENTS] = trigger_events(&w->group);
	group_number(&w->group, "memory.events", "oom", &w->ooms);
	if (!group_read(&w->group, "memory.high", was, sizeof(was)) ||
	    !group_number(&w->group, "memory.high", NULL, &now) || now <= w->limit)
		return;
	was[strcspn(was, "\n")] = '\0';
	snprintf(high, sizeof(high), "%" PRIu64, w->limit);
	if (guardian_change(&w->guardian, "memory.high", high, was))
		tell(w, "the group's memory.high is %s until the core is written (it was %s): what grows over it is slowed down",
		     high, was);
	else
		tell(w, "cannot set the group's memory.high (%s): the kernel may kill before the core is written",
		     strerror(errno));
}

static void watch_group(struct pycore_watch *w)
{
	uint32_t percent = w->options.percent ? w->options.percent : GROUP_PERCENT;
	uint64_t limit = group_limit(&w->group);
	bool outside = move_out(w);

	w->limit = limit / 100 * percent;
	tell(w, "waits until the memory group %.300s has %.1f MiB without cached files, %u %% of its limit, or runs out",
	     w->group.path, (double)w->limit / MIB, percent);
	w->guardian.group = w->group;
	if (w->group.kind == GROUP_V1) {
		w->fds[FD_USAGE] = trigger_usage(&w->group, w->limit);
		hold_killer(w, outside);
	} else {
		hold_growth(w);
	}
}

static int watch_machine(struct pycore_watch *w, struct pycore_error *err)
{
	uint32_t percent = w->options.percent ? w->options.percent : MACHINE_PERCENT;
	uint64_t total = room_of_machine(NULL);

	if (!total)
		return pycore_fail(err, PYCORE_ERR_OPEN,
				   "cannot read /proc/meminfo: give a limit with --rss");
	w->machine_least = total / 100 * (100 - percent);
	tell(w, "there is no memory group with a limit: waits until %u %% of the machine's %.0f MiB are in use",
	     percent, (double)total / MIB);
	return 0;
}

static int watch_pressure(struct pycore_watch *w, struct pycore_error *err)
{
	const struct group *g = w->group.kind == GROUP_V2 ? &w->group : NULL;

	w->fds[FD_PRESSURE] = trigger_pressure(g, w->options.pressure);
	if (w->fds[FD_PRESSURE] < 0 && g)
		w->fds[FD_PRESSURE] = trigger_pressure(g = NULL, w->options.pressure);
	if (w->fds[FD_PRESSURE] < 0)
		return pycore_fail_errno(err, PYCORE_ERR_OPEN, errno,
					 "the kernel does not tell of memory pressure here");
	tell(w, "waits until %s waits for memory for %u %% of two seconds",
	     g ? "the group" : "the machine", w->options.pressure);
	return 0;
}

/* The nearest group with a limit of its own. */
static bool find_limited(struct group *g)
{
	do {
		if (group_limit(g) != GROUP_NO_LIMIT)
			return true;
	} while (group_up(g));
	return false;
}

static int set_up(struct pycore_watch *w, struct pycore_error *err)
{
	const struct pycore_watch_options *o = &w->options;
	bool limited;
	int rc = 0;

	if (o->group && !group_at(&w->group, o->group))
		return pycore_fail(err, PYCORE_ERR_OPEN,
				   "%.150s is no memory control group: give its folder below /sys/fs/cgroup",
				   o->group);
	if (!o->group)
		group_of(&w->group, o->pid);
	limited = w->group.kind && find_limited(&w->group);
	if (o->rss)
		tell(w, "waits until process %d has %.1f MiB of resident memory", o->pid,
		     (double)o->rss / MIB);
	if (o->pressure)
		rc = watch_pressure(w, err);
	if (rc || ((o->rss || o->pressure) && !o->percent))
		return rc;
	if (limited)
		watch_group(w);
	else
		rc = watch_machine(w, err);
	return rc;
}

int watch_open(struct pycore_watch **out, const struct pycore_watch_options *options,
	       struct pycore_error *err)
{
	struct pycore_watch *w = calloc(1, sizeof(*w));
	int rc = 0;

	*out = NULL;
	if (!w)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory to watch with");
	w->options = *options;
	for (size_t i = 0; i < FDS; i++)
		w->fds[i] = -1;
	w->guardian.end = w->guardian.pidfd = -1;
	if (options->pid) {
		w->fds[FD_PROCESS] = (int)syscall(SYS_pidfd_open, options->pid, 0);
		if (w->fds[FD_PROCESS] < 0)
			rc = pycore_fail_errno(err, PYCORE_ERR_OPEN, errno,
					       "cannot watch process %d", options->pid);
	} else if (!options->group) {
		rc = pycore_fail(err, PYCORE_ERR_ARGUMENT, "neither a process nor a group to watch");
	} else if (options->rss) {
		rc = pycore_fail(err, PYCORE_ERR_ARGUMENT,
				 "resident memory is that of one process: name it");
	}
	if (!rc)
		rc = set_up(w, err);
	if (rc)
		watch_close(w);
	else
		*out = w;
	return rc;
}

void watch_close(struct pycore_watch *w)
{
	if (!w)
		return;
	guardian_release(&w->guardian);
	for (size_t i = 0; i < FDS; i++) {
		if (i != FD_GUARDIAN && w->fds[i] >= 0)
			close(w->fds[i]);
	}
	free(w);
}

__attribute__((format(printf, 3, 4))) static int reached(struct pycore_watch *w,
							 struct pycore_watch_event *event,
							 const char *format, ...)
{
	va_list args;

	*event = (struct pycore_watch_event){ .pid = w->options.pid };
	va_start(args, format);
	vsnprintf(event->reason, sizeof(event->reason), format, args);
	va_end(args);
	if (!event->pid)
		event->pid = group_biggest(&w->group);
	return event->pid ? 1 : 0;
}

static int look_at_group(struct pycore_watch *w, struct pycore_watch_event *event)
{
	uint64_t oom = 0, usage;

	if (!w->limit)
		return 0;
	if (w->group.kind == GROUP_V1)
		group_number(&w->group, "memory.oom_control", "under_oom", &oom);
	else if (group_number(&w->group, "memory.events", "oom", &oom))
		oom = oom > w->ooms;
	if (oom)
		return reached(w, event, "the memory group is out of memory");
	/* Without the cache: that alone fills every group in time, and costs nobody anything. */
	usage = group_usage(&w->group, false);
	if (usage >= w->limit)
		usage = group_usage(&w->group, true);
	return usage >= w->limit ? reached(w, event,
					   "the memory group has %.1f MiB, of %.1f MiB that it may have",
					   (double)usage / MIB, (double)group_limit(&w->group) / MIB) :
				   0;
}

static int look(struct pycore_watch *w, struct pycore_watch_event *event)
{
	uint64_t resident, available;
	int rc = look_at_group(w, event);

	if (rc)
		return rc;
	if (w->options.rss) {
		resident = process_resident(w->options.pid);
		if (resident >= w->options.rss)
			return reached(w, event, "the process has %.1f MiB of resident memory",
				       (double)resident / MIB);
	}
	if (w->machine_least && room_of_machine(&available) && available <= w->machine_least) {
		rc = reached(w, event, "the machine has %.1f MiB of memory left",
			     (double)available / MIB);
		event->machine = true;
	}
	return rc;
}

static int pause_ms(const struct pycore_watch *w)
{
	if (w->options.rss && process_resident(w->options.pid) > w->options.rss / 5 * 4)
		return OFTEN_MS;
	if (w->limit && group_usage(&w->group, false) > w->limit / 5 * 4)
		return OFTEN_MS;
	return SELDOM_MS;
}

/* Whether anybody is left in a group that had somebody. */
static bool is_over(struct pycore_watch *w)
{
	bool any;

	if (w->options.pid)
		return false;
	any = group_biggest(&w->group) != 0;
	w->had_processes |= any;
	return !any && w->had_processes;
}

static bool was_cancelled(const struct pycore_watch *w)
{
	return w->options.cancelled && w->options.cancelled(w->options.cancel_ctx);
}

int watch_wait(struct pycore_watch *w, struct pycore_watch_event *event, struct pycore_error *err)
{
	for (;;) {
		struct pollfd polls[FDS];
		int rc = look(w, event);

		if (rc)
			return rc;
		w->fds[FD_GUARDIAN] = w->guardian.pid ? w->guardian.pidfd : -1;
		for (size_t i = 0; i < FDS; i++)
			polls[i] = (struct pollfd){
				.fd = w->fds[i],
				.events = i == FD_PRESSURE ? POLLPRI : POLLIN,
			};
		if (poll(polls, FDS, pause_ms(w)) < 0 && errno != EINTR)
			return pycore_fail_errno(err, PYCORE_ERR_OPEN, errno, "cannot wait");
		if (was_cancelled(w))
			return pycore_fail(err, PYCORE_ERR_CANCELLED,
					   "interrupted: all is as it was before");
		if (polls[FD_OOM].revents & POLLIN)
			return reached(w, event, "the memory group is out of memory");
		if (polls[FD_PRESSURE].revents & POLLPRI)
			return reached(w, event, "memory is waited for");
		if (polls[FD_GUARDIAN].revents) {
			tell(w, "the process that puts things back was killed: takes another");
			guardian_renew(&w->guardian);
		}
		if (polls[FD_PROCESS].revents || is_over(w))
			return 0;
		if (polls[FD_USAGE].revents)
			trigger_drain(w->fds[FD_USAGE]);
		if (polls[FD_EVENTS].revents)
			trigger_drain(w->fds[FD_EVENTS]);
	}
}
