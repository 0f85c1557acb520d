/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "target/private.h"

struct live {
	struct target base;
	int proc_fd, mem_fd;
	bool no_freeze, already_stopped;
	bool through_mem; /* process_vm_readv is not allowed or not there */
	bool exact;       /* the regions are as the process has them: it is stopped */
	bool thawed;      /* it ran on since it was stopped: what is read would not fit */
	struct freezer *freezer;
	char *maps;       /* text of the map that the regions were made from */
};

static size_t read_mem(struct live *l, uint64_t addr, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(l->mem_fd, (char *)buf + done, len - done, (off_t)(addr + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (!n)
			__atomic_store_n(&l->base.gone, true, __ATOMIC_RELAXED);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

static size_t read_vm(struct live *l, uint64_t addr, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		struct iovec mine = { (char *)buf + done, len - done };
		struct iovec theirs = { (void *)(uintptr_t)(addr + done), len - done };
		ssize_t n = process_vm_readv((pid_t)l->base.process.pid, &mine, 1, &theirs, 1, 0);

		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		if (n < 0 && (errno == EPERM || errno == ENOSYS)) {
			l->through_mem = true;
			return done + read_mem(l, addr + done, (char *)buf + done, len - done);
		}
		if (n < 0 && errno == ESRCH)
			__atomic_store_n(&l->base.gone, true, __ATOMIC_RELAXED);
		break;
	}
	return done;
}

static size_t live_read(struct target *t, uint64_t addr, void *buf, size_t len)
{
	struct live *l = (struct live *)t;

	if (l->thawed || len > UINT64_MAX - addr || addr + len > INT64_MAX)
		return 0;
	if (l->exact) { /* spare a wild guess the system call */
		const struct region *r = target_region_at(t, addr);

		if (!r || !(r->flags & REGION_READ))
			return 0;
	}
	return l->through_mem ? read_mem(l, addr, buf, len) : read_vm(l, addr, buf, len);
}

/* Modules looked for before are taken over: no file is opened twice, or while it is stopped. */
static void keep_found(struct target *t, const struct module *old, size_t n_old)
{
	size_t j = 0;

	for (size_t i = 0; i < t->n_modules; i++) {
		struct module *m = &t->modules[i];

		while (j < n_old && old[j].start < m->start)
			j++;
		if (j < n_old && old[j].start == m->start && !strcmp(old[j].path, m->path) &&
		    old[j].build_id_len == m->build_id_len &&
		    !memcmp(old[j].build_id, m->build_id, m->build_id_len)) {
			m->found = old[j].found;
			m->found_at = old[j].found_at;
			m->file = old[j].file;
		}
	}
}

static int read_maps(struct live *l, struct pycore_error *err)
{
	struct target *t = &l->base;
	const struct module *old = t->modules;
	size_t n_old = t->n_modules;
	struct buf b = { 0 };
	char *text;
	bool ok;

	errno = 0;
	if (!proc_read(l->proc_fd, "maps", SIZE_MAX, &b) || !b.len) {
		int os_errno = errno;
		bool failed = b.failed;

		buf_free(&b);
		if (failed)
			return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the map of a process");
		if (os_errno == EACCES || os_errno == EPERM)
			return live_no_permission((pid_t)t->process.pid, os_errno, err);
		return live_gone((pid_t)t->process.pid, err);
	}
	if (l->maps && !strcmp(l->maps, b.text)) {
		buf_free(&b);
		return 0;
	}
	free(l->maps);
	l->maps = b.text;
	text = strdup(b.text);
	ok = text && proc_take_maps(t, text) && modules_build(t);
	free(text);
	if (!ok)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the map of a process");
	keep_found(t, old, n_old);
	modules_find(t);
	t->bytes_readable = t->bytes_mapped;
	return 0;
}

/* "-1 sp pc" or "number args... sp pc": of a thread that is stopped or sleeps. */
static void read_place(int proc_fd, struct native_thread *out)
{
	char path[64];
	struct buf b = { 0 };
	char *pc, *sp;

	snprintf(path, sizeof(path), "task/%d/syscall", (int)out->tid);
	if (proc_read(proc_fd, path, 512, &b) && b.len && (pc = strrchr(b.text, ' '))) {
		*pc = 0;
		sp = strrchr(b.text, ' ');
		out->pc = strtoull(pc + 1, NULL, 16);
		out->sp = sp ? strtoull(sp + 1, NULL, 16) : 0;
	}
	buf_free(&b);
}

static bool list_threads(struct live *l)
{
	int fd = openat(l->proc_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	VEC(struct native_thread) list = { 0 };
	struct native_thread *threads;
	struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((e = readdir(dir))) {
		struct native_thread n = { .tid = strtoull(e->d_name, NULL, 10) };

		if (!n.tid)
			continue;
		read_place(l->proc_fd, &n);
		if (!vec_push(&list, n))
			break;
	}
	closedir(dir);
	threads = arena_array(&l->base.arena, list.n + 1, sizeof(*threads));
	if (threads) {
		if (list.n)
			memcpy(threads, list.items, list.n * sizeof(*threads));
		l->base.threads = threads;
		l->base.n_threads = list.n;
	}
	vec_free(&list);
	return threads != NULL;
}

static bool take_stopped(struct live *l)
{
	struct target *t = &l->base;
	size_t n = freezer_threads(l->freezer, NULL, 0);

	t->threads = arena_array(&t->arena, n + 1, sizeof(*t->threads));
	t->n_threads = t->threads ? freezer_threads(l->freezer, t->threads, n) : 0;
	/* One that waits in the kernel did not stop, and stands still all the same. */
	for (size_t i = 0; i < t->n_threads; i++) {
		if (!t->threads[i].pc)
			read_place(l->proc_fd, &t->threads[i]);
	}
	return t->threads != NULL;
}

static void mark_stacks(struct target *t)
{
	for (size_t i = 0; i < t->n_threads; i++)
		target_mark(t, t->threads[i].sp, REGION_STACK);
}

static void live_thaw(struct target *t)
{
	struct live *l = (struct live *)t;

	if (!l->freezer)
		return;
	t->stopped_ms += (double)freezer_release(l->freezer) / 1e6;
	l->freezer = NULL;
	l->thawed = true;
	l->exact = false;
}

static int live_freeze(struct target *t, struct pycore_error *err)
{
	struct live *l = (struct live *)t;
	bool ours = !l->no_freeze && !l->already_stopped;
	int rc;

	if (l->freezer)
		return 0;
	if (ours) {
		rc = freezer_stop(&l->freezer, t, l->proc_fd, err);
		if (rc)
			return rc;
	}
	l->thawed = false;
	l->exact = false;
	rc = read_maps(l, err);
	if (!rc && !(ours ? take_stopped(l) : list_threads(l)))
		rc = pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the threads of a process");
	if (rc) {
		live_thaw(t);
		return rc;
	}
	mark_stacks(t);
	l->exact = !l->no_freeze;
	return 0;
}

static void live_close(struct target *t)
{
	struct live *l = (struct live *)t;

	if (l->mem_fd >= 0)
		close(l->mem_fd);
	if (l->proc_fd >= 0)
		close(l->proc_fd);
	free(l->maps);
	target_teardown(t);
	free(l);
}

static const struct target_ops live_ops = {
	.read = live_read,
	.freeze = live_freeze,
	.thaw = live_thaw,
	.close = live_close,
};

double target_stopped_ms(const struct target *t)
{
	const struct live *l = (const struct live *)t;
	uint64_t since = t->kind == TARGET_LIVE && l->freezer ? freezer_since(l->freezer) : 0;

	return t->stopped_ms + (since ? (double)(live_clock() - since) / 1e6 : 0);
}

int target_proc_fd(const struct target *t)
{
	return t->kind == TARGET_LIVE ? ((const struct live *)t)->proc_fd : -1;
}

/* See that it is a process that can be read at all. */
static int check_process(struct live *l, pid_t pid, struct pycore_error *err)
{
	long group = live_status(l->proc_fd, pid, "\nTgid:");
	long state = live_status(l->proc_fd, pid, "\nState:");
	unsigned char head[5] = "";
	char exe[PATH_MAX];
	ssize_t n;
	int fd;

	if (group > 0 && group != pid)
		return pycore_fail(err, PYCORE_ERR_OPEN, "%d is a thread of process %ld: give that number",
				   pid, group);
	if (state == 'Z' || state == 'X')
		return pycore_fail(err, PYCORE_ERR_OPEN,
				   "process %d has ended already (its parent has not asked for its status)",
				   pid);
	n = readlinkat(l->proc_fd, "exe", exe, sizeof(exe) - 1);
	if (n < 0 && errno == ENOENT)
		return pycore_fail(err, PYCORE_ERR_OPEN, "process %d is part of the kernel: it has no memory",
				   pid);
	if (n < 0 && (errno == EACCES || errno == EPERM))
		return live_no_permission(pid, errno, err);
	if (n < 0)
		return live_gone(pid, err);
	exe[n] = 0;
	l->base.process.exe = arena_strdup(&l->base.arena, exe);
	fd = openat(l->proc_fd, "exe", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, head, sizeof(head));
		close(fd);
		if (n == sizeof(head) && head[EI_CLASS] == ELFCLASS32)
			return pycore_fail(err, PYCORE_ERR_FORMAT,
					   "process %d is a 32-bit program: only 64-bit x86 is read", pid);
	}
	return 0;
}

static int live_load(struct live *l, pid_t pid, struct pycore_error *err)
{
	char path[32];
	int rc;

	if (pid <= 0)
		return pycore_fail(err, PYCORE_ERR_ARGUMENT, "%d is not the number of a process", pid);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	l->proc_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->proc_fd < 0)
		return pycore_fail(err, PYCORE_ERR_OPEN, "no process %d: see 'ps' for the right number", pid);
	rc = check_process(l, pid, err);
	if (rc)
		return rc;
	l->mem_fd = openat(l->proc_fd, "mem", O_RDONLY | O_CLOEXEC);
	if (l->mem_fd < 0)
		return errno == EACCES || errno == EPERM ? live_no_permission(pid, errno, err) :
							   live_gone(pid, err);
	l->base.process.command = proc_command(&l->base, l->proc_fd);
	rc = read_maps(l, err);
	if (!rc && !list_threads(l))
		rc = live_gone(pid, err);
	return rc;
}

int target_open_live(struct target **out, pid_t pid, const struct pycore_options *options,
		     warn_fn *warn, void *warn_ctx, struct pycore_error *err)
{
	struct live *l = calloc(1, sizeof(*l));
	int rc;

	*out = NULL;
	if (!l)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a target");
	target_setup(&l->base, &live_ops, TARGET_LIVE, options, warn, warn_ctx);
	l->proc_fd = l->mem_fd = -1;
	l->base.process.pid = (uint64_t)pid;
	l->no_freeze = options && options->no_freeze;
	l->already_stopped = options && options->already_stopped;
	rc = live_load(l, pid, err);
	if (rc) {
		target_close(&l->base);
		return rc;
	}
	*out = &l->base;
	return 0;
}
