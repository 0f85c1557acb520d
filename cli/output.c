/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(struct output *o)
{
	if (!o->error)
		o->error = errno ? errno : EIO;
	return false;
}

static bool open_beside(struct output *o)
{
	mode_t mask = umask(0);

	umask(mask);
	if (asprintf(&o->beside, "%s.XXXXXX", o->final) < 0) {
		o->beside = NULL;
		errno = ENOMEM;
		return fail(o);
	}
	o->fd = mkstemp(o->beside);
	if (o->fd < 0)
		return fail(o);
	/* mkstemp() thinks of secrets; this is a file like any that a shell's > makes. */
	if (fchmod(o->fd, 0666 & ~mask))
		return fail(o);
	return true;
}

/* Told before a process is stopped for it; opened when there is something to write. */
static bool can_open_beside(struct output *o)
{
	const char *slash = strrchr(o->final, '/');
	char *directory = slash ? strndup(o->final, (size_t)(slash - o->final) + 1) : strdup(".");
	int status = directory ? access(directory, W_OK) : -1;

	if (status)
		fail(o);
	free(directory);
	return !status;
}

/*
 * Whether somebody else has put it into a folder that everybody may write to, such
 * as /tmp: following it would be doing what they want (proc(5), protected_symlinks).
 */
static bool is_planted(const char *path, const struct stat *st)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	struct stat parent;
	bool planted = !directory || stat(directory, &parent) ||
		       ((parent.st_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH) &&
			st->st_uid != geteuid() && st->st_uid != parent.st_uid);

	free(directory);
	return planted;
}

/* Look at each name on the way. @return false, with errno set, if one is a planted link */
static bool way_is_safe(const char *path)
{
	for (const char *end = path; *end;) {
		char *part;
		struct stat st;
		bool safe;

		end += strspn(end, "/");
		end += strcspn(end, "/");
		part = strndup(path, (size_t)(end - path));
		safe = part && (lstat(part, &st) || !S_ISLNK(st.st_mode) || !is_planted(part, &st));
		free(part);
		if (!safe) {
			errno = ELOOP;
			return false;
		}
	}
	return true;
}

/* The end of a chain of links is what gets written, as it would be without the second name. */
static char *resolve(const char *path)
{
	char *real = realpath(path, NULL);

	return real ? real : strdup(path);
}

bool output_open(struct output *o, const char *path)
{
	struct stat st;

	*o = (struct output){ .fd = path ? -1 : STDOUT_FILENO, .path = path };
	if (!path)
		return true;
	if (!way_is_safe(path))
		return fail(o);
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		/* A pipe or terminal of somebody else's would get the answer. */
		if (is_planted(path, &st)) {
			errno = EACCES;
			return fail(o);
		}
		o->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return o->fd >= 0 || fail(o);
	}
	o->final = resolve(path);
	if (!o->final)
		return fail(o);
	return can_open_beside(o);
}

int output_write(void *output, const char *text, size_t len)
{
	struct output *o = output;

	if (o->final && !o->beside && !open_beside(o))
		return -1;
	while (len) {
		ssize_t n = write(o->fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE)
			o->closed_early = true;
		if (n < 0) {
			fail(o);
			return -1;
		}
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

bool output_close(struct output *o, bool keep)
{
	/* A full disk may be told no earlier than here. */
	if (o->fd >= 0 && close(o->fd) && errno != EINTR)
		fail(o);
	o->fd = -1;
	if (o->beside && keep && !o->error && rename(o->beside, o->final))
		fail(o);
	if (o->beside && (!keep || o->error))
		unlink(o->beside);
	free(o->beside);
	free(o->final);
	o->beside = o->final = NULL;
	return !o->error;
}
