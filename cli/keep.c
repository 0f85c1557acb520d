/* SPDX-License-Identifier: MIT */
#include "keep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kept {
	unsigned long long pid, time;
	char name[256];
};

/* @return whether it is a name of ours */
static int parse(const char *name, struct kept *k)
{
	int end = 0;

	if (sscanf(name, "core.%20llu.%20llu%n", &k->pid, &k->time, &end) != 2 || !end)
		return 0;
	if (strcmp(name + end, "") && strcmp(name + end, ".txt") && strcmp(name + end, ".zst"))
		return 0;
	snprintf(k->name, sizeof(k->name), "%s", name);
	return 1;
}

/* Newest first; what belongs to one core stands together. */
static int by_time(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->time != y->time)
		return x->time > y->time ? -1 : 1;
	return x->pid > y->pid ? -1 : x->pid < y->pid;
}

static size_t list(DIR *dir, struct kept **out)
{
	struct dirent *e;
	size_t n = 0, room = 0;
	struct kept *all = NULL;

	while ((e = readdir(dir))) {
		struct kept k;

		if (!parse(e->d_name, &k))
			continue;
		if (n == room) {
			struct kept *more = realloc(all, (room = room * 2 + 16) * sizeof(k));

			if (!more)
				break;
			all = more;
		}
		all[n++] = k;
	}
	*out = all;
	return n;
}

size_t keep_newest(const char *folder, size_t most)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t n, cores = 0, removed = 0;
	struct kept *all;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	n = list(dir, &all);
	if (n)
		qsort(all, n, sizeof(*all), by_time);
	for (size_t i = 0; i < n; i++) {
		cores += !i || by_time(&all[i - 1], &all[i]);
		if (cores > most && !unlinkat(dirfd(dir), all[i].name, 0))
			removed++;
	}
	free(all);
	closedir(dir);
	return removed;
}
