/* SPDX-License-Identifier: MIT */
#include "collect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "keep.h"
#include "message.h"
#include "stop.h"

enum {
	CHUNK = 1 << 20,
	BLOCK = 4096,
	DEFAULT_SECONDS = 300,
	DEFAULT_KEEP = 20,
};

#define DEFAULT_SIZE (UINT64_C(32) << 30)

/* A core on its way from the kernel's pipe to a folder. */
struct collection {
	struct settings *settings;
	char name[4096];  /* DIR/core.PID.TIME */
	char now[4200];   /* the name under which the core can be read */
	char came[4200];  /* and that of what came, before it was reduced */
	int fd;           /* of the core: a file without a name, or with it */
	uint64_t size, most;
	time_t end;       /* of the time for all of it */
	const char *cut;  /* why the core is not whole, or NULL */
	char *sysroot;    /* of a process of a container, or NULL */
};

/* The kernel starts us without standard streams: nobody else may get their numbers. */
static void fill_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* And nobody reads what we say there. */
static void say(int priority, const char *line)
{
	message_print("", line);
	syslog(priority, "%s", line);
}

static int fail(const char *what, const char *path)
{
	char line[4400];

	snprintf(line, sizeof(line), "%s%s: %s", what, path, strerror(errno));
	say(LOG_ERR, line);
	return EXIT_NO_ANSWER;
}

static bool is_zero(const char *p, size_t len)
{
	return !*p && !memcmp(p, p + 1, len - 1);
}

static bool store(struct collection *c, const char *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t n = len - at < BLOCK ? len - at : BLOCK;

		if (n == BLOCK && is_zero(bytes + at, n)) {
			c->size += n;
			at += n;
			continue;
		}
		while (at + n < len && !is_zero(bytes + at + n, len - at - n < BLOCK ? len - at - n : BLOCK))
			n += len - at - n < BLOCK ? len - at - n : BLOCK;
		for (size_t done = 0; done < n;) {
			ssize_t w = pwrite(c->fd, bytes + at + done, n - done, (off_t)(c->size + done));

			if (w < 0 && errno != EINTR)
				return false;
			done += w > 0 ? (size_t)w : 0;
		}
		c->size += n;
		at += n;
	}
	return true;
}

/* Fill a block as far as the pipe has it, so that holes are seen. @return bytes; 0: the end */
static size_t fill(struct collection *c, char *bytes)
{
	size_t len = 0;

	while (len < CHUNK) {
		struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
		time_t left = c->end - time(NULL);
		ssize_t n;

		if (stop_wanted(NULL)) {
			c->cut = "it was interrupted";
			break;
		}
		if (left <= 0 || !(n = poll(&p, 1, (int)left * 1000))) {
			c->cut = "it took too long";
			break;
		}
		if (n > 0)
			n = read(STDIN_FILENO, bytes + len, CHUNK - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			c->cut = strerror(errno);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return len;
}

static int receive(struct collection *c)
{
	char *bytes = malloc(CHUNK);
	int status = EXIT_ANSWERED;
	size_t n;

	if (!bytes)
		return fail("no memory", "");
	/* What came before it was cut is kept. */
	while (!c->cut && (n = fill(c, bytes))) {
		if (n > c->most - c->size) {
			n = (size_t)(c->most - c->size);
			c->cut = "it is over --max-size";
		}
		if (!store(c, bytes, n)) {
			/* What there is of it can still tell something. */
			c->cut = strerror(errno);
			break;
		}
	}
	free(bytes);
	if (ftruncate(c->fd, (off_t)c->size) || !c->size) {
		say(LOG_ERR, "there is no core on standard input");
		status = EXIT_NO_ANSWER;
	}
	return status;
}

/* Whether a path names the same file for a process as for us. */
static bool sees_our_files(const char *root, const char *mounts)
{
	struct stat ours, theirs;
	char at[2];

	return readlink(root, at, sizeof(at)) == 1 && at[0] == '/' &&
	       !stat("/proc/self/ns/mnt", &ours) && !stat(mounts, &theirs) &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/* Where the process's files are, if it is still there and sees others than we do. */
static void find_sysroot(struct collection *c)
{
	char root[64], mounts[64];

	snprintf(root, sizeof(root), "/proc/%s/root", c->settings->target);
	snprintf(mounts, sizeof(mounts), "/proc/%s/ns/mnt", c->settings->target);
	if (!access(root, X_OK) && !sees_our_files(root, mounts))
		c->sysroot = strdup(root);
}

static bool open_file(struct collection *c)
{
	if (c->settings->core == CORE_FULL) {
		snprintf(c->now, sizeof(c->now), "%s", c->name);
		c->fd = open(c->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		return c->fd >= 0;
	}
	c->fd = open(c->settings->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	if (c->fd < 0) {
		snprintf(c->now, sizeof(c->now), "%s.new", c->name);
		c->fd = open(c->now, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		unlink(c->now);
	}
	snprintf(c->now, sizeof(c->now), "/proc/%d/fd/%d", (int)getpid(), c->fd);
	return c->fd >= 0;
}

static void warn(void *ctx, const char *line)
{
	message_print("warning: ", line);
}

static bool reduce(struct collection *c)
{
	struct pycore_dump_options options = {
		.size = sizeof(options),
		.path = c->name,
		.compression = PYCORE_ZSTD,
		.leave_text = true,
		.leave_stack_reserve = true,
		.cancelled = stop_wanted,
		.warn = warn,
	};
	struct pycore_error err = { 0 };

	strcpy(c->came, c->now);
	if (strlen(c->name) + 5 > sizeof(c->name))
		return false;
	strcat(c->name, ".zst");
	if (pycore_reduce(c->came, &options, NULL, &err) < 0) {
		say(LOG_ERR, err.message);
		return false;
	}
	snprintf(c->now, sizeof(c->now), "%s", c->name);
	return true;
}

static int finish(struct collection *c)
{
	time_t left = c->end - time(NULL);
	struct child_limits limits = {
		.seconds = left > 1 ? (unsigned)left : 1,
		.sysroot = c->settings->open.sysroot ? c->settings->open.sysroot : c->sysroot,
		.exe = c->settings->open.exe,
		.unpack_in = c->settings->dir,
		.redact = c->settings->report.redact,
	};
	char page[4200], why[4300], line[9000];
	bool reduced, told;

	snprintf(page, sizeof(page), "%s.txt", c->name);
	reduced = c->settings->core != CORE_REDUCED || reduce(c);
	told = child_analyze(c->now, page, &limits, why, sizeof(why));
	/* Of other programs nothing is kept; of a Python that is beyond us, its core. */
	if (!told && c->settings->core == CORE_REDUCED && reduced && !c->cut &&
	    child_finds_no_python(c->came, &limits))
		unlink(c->now);
	if (told)
		snprintf(line, sizeof(line), "process %s, signal %s: wrote %s%s%s%s%s",
			 c->settings->target, c->settings->signal ? c->settings->signal : "unknown",
			 page, c->settings->core ? " and " : "", c->settings->core ? c->now : "",
			 c->cut ? "; the core is not whole: " : "", c->cut ? c->cut : "");
	else
		snprintf(line, sizeof(line), "process %s: nothing can be told of its core: %s",
			 c->settings->target, why);
	say(told ? LOG_INFO : LOG_ERR, line);
	if (!told)
		return EXIT_NO_ANSWER;
	return c->cut || !reduced ? EXIT_PARTLY : EXIT_ANSWERED;
}

int run_collect(const struct command *command, struct settings *s)
{
	struct collection c = { .settings = s, .fd = -1 };
	const char *when = s->when;
	char now[32];
	int status;

	fill_streams();
	stop_on_signals();
	openlog("pycore", LOG_PID, LOG_DAEMON);
	c.end = time(NULL) + (s->seconds ? s->seconds : DEFAULT_SECONDS);
	c.most = s->max_size ? s->max_size : DEFAULT_SIZE;
	snprintf(now, sizeof(now), "%lld", (long long)time(NULL));
	snprintf(c.name, sizeof(c.name), "%.3900s/core.%.20s.%.20s", s->dir, s->target,
		 when ? when : now);
	if (!open_file(&c))
		return fail("cannot write ", c.name);
	find_sysroot(&c);
	status = receive(&c);
	if (status == EXIT_ANSWERED)
		status = finish(&c);
	else if (s->core == CORE_FULL)
		unlink(c.name);
	if (s->keep != UINT32_MAX)
		keep_newest(s->dir, s->keep ? s->keep : DEFAULT_KEEP);
	close(c.fd);
	free(c.sysroot);
	return status;
}
