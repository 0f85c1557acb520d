/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

__attribute__((format(printf, 2, 3))) static int fail(struct pycore_error *err, const char *format,
						      ...)
{
	va_list args;

	*err = (struct pycore_error){ .status = PYCORE_ERR_OPEN, .os_errno = errno };
	va_start(args, format);
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return err->status;
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static int read_pid(pid_t *out, const char *text, struct pycore_error *err)
{
	long long pid = is_number(text) && strlen(text) < 12 ? atoll(text) : 0;

	errno = 0;
	if (pid <= 0 || pid > INT32_MAX)
		return fail(err, "%s is no process id: those are 1 to %d", text, INT32_MAX);
	*out = (pid_t)pid;
	return 0;
}

int target_pid(pid_t *out, const struct settings *s, struct pycore_error *err)
{
	return read_pid(out, s->pid ? s->pid : s->target, err);
}

static int open_pid(struct pycore **out, const char *text, const struct pycore_options *options,
		    struct pycore_error *err)
{
	pid_t pid;
	int rc = read_pid(&pid, text, err);

	return rc ? rc : pycore_open_live(out, pid, options, err);
}

/* What is wrong with a file as such can be said before its contents are looked at. */
static int open_file(struct pycore **out, const char *path, const struct stat *st,
		     const struct pycore_options *options, struct pycore_error *err)
{
	errno = 0;
	if (S_ISDIR(st->st_mode))
		return fail(err, "%s is a directory: give the core file in it, or a process id",
			    path);
	if (!S_ISREG(st->st_mode))
		return fail(err, "%s is no regular file: give a core file or a process id", path);
	if (!st->st_size)
		return fail(err, "%s is empty: the core was not written (disk full? ulimit -c?)",
			    path);
	return pycore_open_core(out, path, options, err);
}

int target_open_word(struct pycore **out, const char *word, const struct settings *s,
		     struct pycore_error *err)
{
	struct stat st;

	if (!stat(word, &st))
		return open_file(out, word, &st, &s->open, err);
	if (errno == ENOENT && is_number(word))
		return open_pid(out, word, &s->open, err);
	if (errno == ENOENT)
		return fail(err, "%s: no such file, and no process id either", word);
	return fail(err, "%s: %s", word, strerror(errno));
}

int target_open(struct pycore **out, const struct settings *s, struct pycore_error *err)
{
	return s->pid ? open_pid(out, s->pid, &s->open, err)
		      : target_open_word(out, s->target, s, err);
}

static bool are_one_file(const char *one, const char *other)
{
	struct stat a, b;

	return one && other && !stat(one, &a) && !stat(other, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

bool target_is_file(const struct settings *s, const char *path)
{
	return are_one_file(s->target, path) || are_one_file(s->more[0], path) ||
	       are_one_file(s->more[1], path);
}
