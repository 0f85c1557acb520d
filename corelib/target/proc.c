/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "target/private.h"

/* What /proc says of a process. */

uint64_t live_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

bool proc_read(int dir, const char *name, size_t most, struct buf *out)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char chunk[16384];
	ssize_t n = 0;

	if (fd < 0)
		return false;
	while (out->len < most) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf_add(out, chunk, (size_t)n);
	}
	close(fd);
	return n >= 0 && !out->failed;
}

long live_status(int proc_fd, pid_t tid, const char *field)
{
	char path[64], text[4096];
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "task/%d/status", tid);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = 0;
	at = strstr(text, field);
	if (!at)
		return -1;
	at += strlen(field);
	at += *at == '\t';
	return *at >= '0' && *at <= '9' ? strtol(at, NULL, 10) : (unsigned char)*at;
}

int live_gone(pid_t pid, struct pycore_error *err)
{
	return pycore_fail(err, PYCORE_ERR_GONE, "process %d ended while it was looked at", pid);
}

/* Yama's ptrace_scope; 0 where there is no Yama. */
static int ptrace_scope(void)
{
	int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	char c = '0';

	if (fd < 0)
		return 0;
	if (read(fd, &c, 1) != 1)
		c = '0';
	close(fd);
	return c - '0';
}

int live_no_permission(pid_t pid, int os_errno, struct pycore_error *err)
{
	int scope = ptrace_scope(), rc;
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (scope > 0)
		rc = pycore_fail(err, PYCORE_ERR_PERMISSION,
				 "no permission to look into process %d: /proc/sys/kernel/yama/ptrace_scope is %d%s",
				 pid, scope,
				 scope < 3 ? "; run as root, or write 0 there" :
					     ", which forbids it to everybody until the next boot");
	else if (stat(path, &st) == 0 && st.st_uid != geteuid())
		rc = pycore_fail(err, PYCORE_ERR_PERMISSION,
				 "no permission to look into process %d: it is of user %u; run as that user or as root",
				 pid, st.st_uid);
	else
		rc = pycore_fail(err, PYCORE_ERR_PERMISSION,
				 "no permission to look into process %d: run as root, or with "
				 "CAP_SYS_PTRACE (a container needs --cap-add SYS_PTRACE)",
				 pid);
	if (err)
		err->os_errno = os_errno;
	return rc;
}

/* A line of maps, which ends with the path: "start-end rwxp offset device inode   path" */
static bool take_line(struct target *t, region_vec *list, const char *line, size_t len)
{
	unsigned long long start, end, offset;
	struct region r = { 0 };
	const char *path;
	char perms[5];
	int at = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %*s %*s %n", &start, &end, perms, &offset, &at) < 4 || !at)
		return true;
	path = line + at;
	r.start = start;
	r.end = end;
	r.file_offset = offset;
	r.flags = (perms[0] == 'r' ? REGION_READ : 0) | (perms[1] == 'w' ? REGION_WRITE : 0) |
		  (perms[2] == 'x' ? REGION_EXEC : 0) | (perms[3] == 's' ? REGION_SHARED : 0);
	if (path >= line + len || *path == '[') {
		r.flags |= REGION_ANON;
		if (!strcmp(path, "[heap]"))
			r.flags |= REGION_HEAP;
		if (!strcmp(path, "[stack]"))
			r.flags |= REGION_STACK;
	} else if (list->n && list->items[list->n - 1].path &&
		   !strcmp(list->items[list->n - 1].path, path)) {
		r.path = list->items[list->n - 1].path;
	} else {
		r.path = arena_strdup(&t->arena, path);
		if (!r.path)
			return false;
	}
	return vec_push(list, r);
}

bool proc_take_maps(struct target *t, char *text)
{
	region_vec list = { 0 };
	bool ok = true;
	char *end;

	for (char *line = text; ok && line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = 0;
		ok = take_line(t, &list, line, strlen(line));
	}
	ok = ok && target_take_regions(t, &list);
	vec_free(&list);
	return ok;
}

const char *proc_command(struct target *t, int proc_fd)
{
	struct buf b = { 0 };
	const char *text = NULL;

	if (proc_read(proc_fd, "cmdline", 65536, &b) && b.len) {
		while (b.len && !b.text[b.len - 1])
			b.len--;
		for (size_t i = 0; i < b.len; i++) {
			if (!b.text[i])
				b.text[i] = ' ';
		}
	}
	if (!b.len && proc_read(proc_fd, "comm", 64, &b) && b.len)
		b.len--; /* its newline */
	if (b.len)
		text = arena_strndup(&t->arena, b.text, b.len);
	buf_free(&b);
	return text;
}
