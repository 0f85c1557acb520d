/* SPDX-License-Identifier: MIT */
#include "capture/trigger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

static int open_file(const struct group *g, const char *file, int flags)
{
	char path[sizeof(g->path) + 64];

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	return open(path, flags | O_CLOEXEC);
}

/* Documentation/admin-guide/cgroup-v1/memory.rst: "<event fd> <file fd> <arguments>" */
static int v1_event(const struct group *g, const char *file, const char *arguments)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), fd = open_file(g, file, O_RDONLY);
	char line[128];
	bool ok;

	snprintf(line, sizeof(line), "%d %d%s", event, fd, arguments);
	ok = event >= 0 && fd >= 0 && group_write(g, "cgroup.event_control", line);
	if (fd >= 0)
		close(fd);
	if (ok)
		return event;
	if (event >= 0)
		close(event);
	return -1;
}

int trigger_oom(const struct group *g)
{
	return v1_event(g, "memory.oom_control", "");
}

int trigger_usage(const struct group *g, uint64_t bytes)
{
	char arguments[32];

	snprintf(arguments, sizeof(arguments), " %" PRIu64, bytes);
	return v1_event(g, "memory.usage_in_bytes", arguments);
}

int trigger_events(const struct group *g)
{
	char path[sizeof(g->path) + 64];
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	snprintf(path, sizeof(path), "%s/memory.events", g->path);
	if (fd >= 0 && inotify_add_watch(fd, path, IN_MODIFY) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Documentation/accounting/psi.rst */
int trigger_pressure(const struct group *g, uint32_t percent)
{
	int fd = g ? open_file(g, "memory.pressure", O_RDWR | O_NONBLOCK) :
		     open("/proc/pressure/memory", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	char line[64];

	if (fd < 0)
		return -1;
	/* Other windows are not for everybody: kernel/sched/psi.c psi_trigger_create(). */
	snprintf(line, sizeof(line), "some %u 2000000", percent * 20000);
	if (write(fd, line, strlen(line) + 1) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void trigger_drain(int fd)
{
	char bytes[4096];

	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
}
