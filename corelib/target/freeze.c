/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/map.h"
#include "target/private.h"

/*
 * Stopping every thread with ptrace. All of it happens in a thread of our own:
 * ptrace binds the stopped threads to the one that asked, and when that ends,
 * for whatever reason, the kernel lets them go. So freeze and thaw may be called
 * from different threads, a thread of the target that would not stop in time is
 * let go all the same, and our own death releases everything.
 */

enum {
	ROUNDS = 1000,       /* of looking for new threads: each found some, so it ends */
	FIRST_NAP_NS = 5000, /* then longer ones */
	LAST_NAP_NS = 200000,
	LOOK_NS = 20000000,  /* after this, see whether a thread sleeps in the kernel */
	LATEST_NS = 2000000000,
};

enum thread_at {
	AT_SEIZED,  /* not asked yet */
	AT_RUNNING, /* asked to stop */
	AT_STOPPED,
	AT_STUCK,   /* in an uninterruptible wait: stops before it runs any code of its own */
	AT_GONE,
};

struct frozen {
	pid_t tid;
	enum thread_at at;
	int signal; /* that was about to be delivered: given back when it runs on */
	struct user_regs_struct regs;
	bool has_regs;
	struct thread_registers *all; /* where they are wanted */
};

struct freezer {
	struct target *target;
	int proc_fd; /* /proc/PID: of this very process, even if its number is used again */
	pid_t pid;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done, release; /* stopping is over; run on */
	int status;
	struct pycore_error error;
	VEC(struct frozen) threads;
	struct map index; /* thread id to its place in threads */
	uint64_t first; /* when the first thread was asked to stop; 0: none was */
	uint64_t last;  /* when the last was let go */
};

static long thread_state(const struct freezer *f, pid_t tid)
{
	return live_status(f->proc_fd, tid, "\nState:");
}

/* The process of a tracer, of which the kernel tells the thread. */
static long tracer_of(const struct freezer *f, pid_t tid)
{
	long tracer = live_status(f->proc_fd, tid, "\nTracerPid:"), process = -1;
	char path[32];
	int fd;

	if (tracer <= 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%ld", tracer);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		process = live_status(fd, (pid_t)tracer, "\nTgid:");
		close(fd);
	}
	return process > 0 ? process : tracer;
}

/* Why a thread could not be seized. @return 0: it does not matter, it is gone or ends */
static int refused(struct freezer *f, pid_t tid, int os_errno)
{
	long state = thread_state(f, tid), tracer;

	if (os_errno == ESRCH || state < 0 || state == 'Z' || state == 'X')
		return 0;
	/* It is on its way out: its memory went first. */
	if (live_status(f->proc_fd, tid, "\nVmSize:") < 0)
		return 0;
	tracer = tracer_of(f, tid);
	if (tracer > 0)
		return pycore_fail(&f->error, PYCORE_ERR_PERMISSION,
				   "process %d is already traced by process %ld: ask that debugger, or end it first",
				   f->pid, tracer);
	return live_no_permission(f->pid, os_errno, &f->error);
}

/* Seize a thread that is not seized yet. */
static int seize(struct freezer *f, pid_t tid, size_t *added)
{
	struct frozen t = { .tid = tid };
	uint64_t *place;
	bool is_new;

	if (tid <= 0)
		return 0;
	place = map_put(&f->index, (uint64_t)tid, &is_new);
	if (!place)
		return pycore_fail(&f->error, PYCORE_ERR_NOMEM, "no memory for the threads of %d",
				   f->pid);
	/* A number of a thread that ended may be another's by now. */
	if (!is_new && f->threads.items[*place].at != AT_GONE)
		return 0;
	if (is_new) {
		*place = f->threads.n;
		t.at = AT_GONE;
		if (!vec_push(&f->threads, t))
			return pycore_fail(&f->error, PYCORE_ERR_NOMEM,
					   "no memory for the threads of %d", f->pid);
	}
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0)
		return refused(f, tid, errno);
	f->threads.items[*place] = (struct frozen){ .tid = tid, .at = AT_SEIZED };
	++*added;
	return 0;
}

/* Ask those to stop that were not asked yet. */
static void interrupt_new(struct freezer *f)
{
	if (!f->first)
		f->first = live_clock();
	for (size_t i = 0; i < f->threads.n; i++) {
		struct frozen *t = &f->threads.items[i];

		if (t->at != AT_SEIZED)
			continue;
		ptrace(PTRACE_INTERRUPT, t->tid, NULL, NULL);
		t->at = AT_RUNNING;
	}
}

/* Seize the threads that there are now, then ask all the new ones to stop. */
static int seize_new(struct freezer *f, size_t *added)
{
	int fd = openat(f->proc_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	*added = 0;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return live_gone(f->pid, &f->error);
	}
	while (!rc && (e = readdir(dir))) {
		if (e->d_name[0] != '.')
			rc = seize(f, (pid_t)strtol(e->d_name, NULL, 10), added);
	}
	closedir(dir);
	if (!rc && *added)
		interrupt_new(f);
	return rc;
}

/*
 * A leader that ended is left for its parent to wait for, if that is us: then it
 * is the host program's own child.
 */
static void reap(struct freezer *f, struct frozen *t)
{
	t->at = AT_GONE;
	if (t->tid == f->pid && live_status(f->proc_fd, t->tid, "\nPPid:") == (long)getpid())
		return;
	waitpid(t->tid, NULL, __WALL | WNOHANG);
}

/* See whether the thread has stopped or ended by now; @p closely: even if no one tells. */
static void look(struct freezer *f, struct frozen *t, bool closely)
{
	siginfo_t info = { 0 };
	int event;

	if (waitid(P_PID, (id_t)t->tid, &info, WSTOPPED | WEXITED | WNOWAIT | WNOHANG | __WALL) < 0) {
		if (errno == ECHILD)
			t->at = AT_GONE;
		return;
	}
	if (!info.si_pid) {
		/* Nothing to report, or other code in this program has taken the report. */
		if (closely && ptrace(PTRACE_GETREGS, t->tid, NULL, &t->regs) == 0) {
			t->has_regs = true;
			t->at = AT_STOPPED;
		}
		return;
	}
	if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) {
		reap(f, t);
		return;
	}
	waitid(P_PID, (id_t)t->tid, &info, WSTOPPED | WNOHANG | __WALL);
	t->at = AT_STOPPED;
	event = info.si_status >> 8;
	/* Without an event this is a signal on its way; with one, our stop or a stop of job control. */
	t->signal = event ? 0 : info.si_status & 0x7f;
}

static size_t look_at_all(struct freezer *f, bool closely)
{
	size_t running = 0;

	for (size_t i = 0; i < f->threads.n; i++) {
		struct frozen *t = &f->threads.items[i];

		if (t->at == AT_RUNNING)
			look(f, t, closely);
		running += t->at == AT_RUNNING;
	}
	return running;
}

static void give_up_on_sleepers(struct freezer *f, bool all)
{
	for (size_t i = 0; i < f->threads.n; i++) {
		struct frozen *t = &f->threads.items[i];
		long state;

		if (t->at != AT_RUNNING)
			continue;
		state = thread_state(f, t->tid);
		/* A leader that ended before its threads is reported only after them. */
		if (state < 0 || state == 'Z' || state == 'X')
			t->at = AT_GONE;
		else if (all || state == 'D')
			t->at = AT_STUCK;
	}
}

/* One that the caller has set, and that no copy could be made within any more. */
static int too_long(struct freezer *f, size_t running)
{
	return pycore_fail(&f->error, PYCORE_ERR_TOO_LONG,
			   "process %d was let go after %.1f ms, the limit of its stop: %zu of its %zu "
			   "threads did not stand still in that time",
			   f->pid, (double)(live_clock() - f->first) / 1e6, running, f->threads.n);
}

static int wait_for_all(struct freezer *f)
{
	struct timespec nap = { .tv_nsec = FIRST_NAP_NS };
	uint64_t began = live_clock(), spent = 0;
	uint64_t limit = f->target->stop_limit ? f->target->stop_limit : UINT64_MAX;
	size_t running;

	for (; look_at_all(f, spent > LOOK_NS); spent = live_clock() - began) {
		if (spent > LOOK_NS || spent > limit)
			give_up_on_sleepers(f, spent > LATEST_NS);
		/* On a busy machine threads wait for a processor: these are not busy in the kernel. */
		running = spent > limit ? look_at_all(f, true) : 0;
		if (running)
			return too_long(f, running);
		nanosleep(&nap, NULL); /* and not a busy wait: those that are to stop need the processor */
		if (nap.tv_nsec < LAST_NAP_NS)
			nap.tv_nsec += nap.tv_nsec / 4;
	}
	return 0;
}

static int stop_all(struct freezer *f)
{
	size_t added = 1, alive = 0;
	int rc = 0;

	for (int round = 0; !rc && added && round < ROUNDS; round++) {
		rc = seize_new(f, &added);
		if (!rc)
			rc = wait_for_all(f);
	}
	if (rc)
		return rc;
	for (size_t i = 0; i < f->threads.n; i++) {
		struct frozen *t = &f->threads.items[i];

		if (t->at == AT_STOPPED && !t->has_regs)
			t->has_regs = ptrace(PTRACE_GETREGS, t->tid, NULL, &t->regs) == 0;
		if (t->at == AT_STOPPED && f->target->want_registers)
			t->all = registers_read(f->target, t->tid, t->signal);
		alive += t->at == AT_STOPPED || t->at == AT_STUCK;
	}
	return alive ? 0 : live_gone(f->pid, &f->error);
}

static void let_go(struct freezer *f)
{
	for (size_t i = 0; i < f->threads.n; i++) {
		struct frozen *t = &f->threads.items[i];

		if (t->at == AT_RUNNING || t->at == AT_STUCK)
			look(f, t, true);
		if (t->at != AT_STOPPED)
			continue;
		if (ptrace(PTRACE_DETACH, t->tid, NULL, (void *)(long)t->signal) < 0)
			look(f, t, false); /* killed meanwhile: leave no zombie behind */
	}
}

/*
 * A process with many busy threads would keep the processors from us while part
 * of it stands still. Not allowed to everybody, and then it takes longer.
 */
static void hurry(void)
{
	prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);
	setpriority(PRIO_PROCESS, 0, -20); /* of this thread alone */
}

static void *freezer_main(void *arg)
{
	struct freezer *f = arg;
	int rc;

	hurry();
	rc = stop_all(f);
	pthread_mutex_lock(&f->lock);
	f->status = rc;
	f->done = true;
	pthread_cond_broadcast(&f->changed);
	while (!rc && !f->release)
		pthread_cond_wait(&f->changed, &f->lock);
	pthread_mutex_unlock(&f->lock);
	let_go(f);
	f->last = live_clock();
	return NULL;
}

/* With every signal blocked: the host's handlers have no business in this thread. */
static int start_thread(struct freezer *f)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&f->thread, NULL, freezer_main, f);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static void freezer_free(struct freezer *f)
{
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	vec_free(&f->threads);
	map_free(&f->index);
	free(f);
}

int freezer_stop(struct freezer **out, struct target *t, int proc_fd, struct pycore_error *err)
{
	struct freezer *f = calloc(1, sizeof(*f));
	int rc;

	*out = NULL;
	if (!f)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory to stop a process");
	f->target = t;
	f->proc_fd = proc_fd;
	f->pid = (pid_t)t->process.pid;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	rc = start_thread(f);
	if (rc) {
		freezer_free(f);
		return pycore_fail_errno(err, PYCORE_ERR_NOMEM, rc, "cannot start a thread");
	}
	pthread_mutex_lock(&f->lock);
	while (!f->done)
		pthread_cond_wait(&f->changed, &f->lock);
	pthread_mutex_unlock(&f->lock);
	for (size_t i = 0; i < f->threads.n; i++) {
		if (f->threads.items[i].at == AT_STUCK)
			target_warn(t,
				    "thread %d is busy in the kernel and did not stop in time: "
				    "it is taken as stopped",
				    f->threads.items[i].tid);
	}
	if (!f->status) {
		*out = f;
		return 0;
	}
	rc = f->status;
	if (err)
		*err = f->error;
	freezer_release(f);
	return rc;
}

uint64_t freezer_since(const struct freezer *f)
{
	return f->first;
}

size_t freezer_threads(const struct freezer *f, struct native_thread *out, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < f->threads.n; i++) {
		const struct frozen *t = &f->threads.items[i];

		if (t->at != AT_STOPPED && t->at != AT_STUCK)
			continue;
		if (n < room) {
			out[n] = (struct native_thread){ .tid = (uint64_t)t->tid,
							 .registers = t->all };
			if (t->has_regs) {
				out[n].pc = t->regs.rip;
				out[n].sp = t->regs.rsp;
				out[n].fs_base = t->regs.fs_base;
			}
		}
		n++;
	}
	return n;
}

uint64_t freezer_release(struct freezer *f)
{
	uint64_t stopped;

	pthread_mutex_lock(&f->lock);
	f->release = true;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	stopped = f->first ? f->last - f->first : 0;
	freezer_free(f);
	return stopped;
}
