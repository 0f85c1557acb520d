/* SPDX-License-Identifier: MIT */
#include "capture/group.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/live.h"

/* A limit of this size or more is none: v1 writes the biggest number of pages. */
#define HUGE_LIMIT (UINT64_C(1) << 60)

enum { MOST_TEXT = 1 << 20, MOST_DEPTH = 8, MOST_PROCESSES = 100000 };

bool group_read(const struct group *g, const char *file, char *text, size_t size)
{
	char path[sizeof(g->path) + 64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

bool group_write(const struct group *g, const char *file, const char *text)
{
	char path[sizeof(g->path) + 64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text);
}

bool group_number(const struct group *g, const char *file, const char *word, uint64_t *out)
{
	char text[8192];
	const char *at = text;
	size_t len = word ? strlen(word) : 0;

	if (!group_read(g, file, text, sizeof(text)))
		return false;
	for (; word && (strncmp(at, word, len) || at[len] != ' '); at++) {
		at = strchr(at, '\n');
		if (!at)
			return false;
	}
	at += word ? len + 1 : 0;
	if (!strncmp(at, "max", 3)) {
		*out = GROUP_NO_LIMIT;
		return true;
	}
	if (!isdigit((unsigned char)*at))
		return false;
	*out = strtoull(at, NULL, 10);
	return true;
}

static bool exists(const struct group *g, const char *file)
{
	char path[sizeof(g->path) + 64];

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	return !access(path, F_OK);
}

/* The uppermost group of version 2 has no memory files of its own. */
static enum group_kind kind_of(const struct group *g)
{
	if (exists(g, "memory.limit_in_bytes"))
		return GROUP_V1;
	return exists(g, "memory.current") ? GROUP_V2 : GROUP_NONE;
}

bool group_at(struct group *g, const char *folder)
{
	char *real = realpath(folder, NULL);

	*g = (struct group){ 0 };
	if (!real || strlen(real) >= sizeof(g->path)) {
		free(real);
		return false;
	}
	strcpy(g->path, real);
	free(real);
	g->kind = kind_of(g);
	return g->kind != GROUP_NONE;
}

bool group_up(struct group *g)
{
	char *slash;

	if (!g->root || strlen(g->path) <= g->root)
		return false;
	slash = strrchr(g->path, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

bool group_within(const struct group *inner, const struct group *outer)
{
	size_t len = strlen(outer->path);

	return inner->kind && inner->kind == outer->kind && !strncmp(inner->path, outer->path, len) &&
	       (inner->path[len] == '/' || !inner->path[len]);
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += len) {
		if ((at == words || at[-1] == ',') && (at[len] == ',' || !at[len]))
			return true;
	}
	return false;
}

/* "id parent device root point options ... - type source superoptions" */
static bool is_mount(char *line, enum group_kind kind, char *root, char *point)
{
	char *dash = strstr(line, " - "), type[32], super[512];

	if (!dash || sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) != 2 ||
	    sscanf(dash + 3, "%31s %*s %511s", type, super) != 2)
		return false;
	if (kind == GROUP_V2)
		return !strcmp(type, "cgroup2");
	return !strcmp(type, "cgroup") && has_word(super, "memory");
}

/* What is mounted may itself be a group: the name within it, or as it is. */
static const char *name_within(const char *name, const char *root)
{
	size_t len = strlen(root);

	if (!strcmp(root, "/") || strncmp(name, root, len) || (name[len] && name[len] != '/'))
		return strcmp(name, "/") ? name : "";
	return name + len;
}

/* Where the group named @p name in a process's list is mounted. */
static bool find_mount(struct group *g, enum group_kind kind, const char *name)
{
	struct buf b = { 0 };
	char root[4096], point[4096];
	bool found = false;

	if (!proc_read(AT_FDCWD, "/proc/self/mountinfo", MOST_TEXT, &b) || !b.text)
		return false;
	for (char *line = b.text, *end; !found && line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		if (!is_mount(line, kind, root, point))
			continue;
		if ((size_t)snprintf(g->path, sizeof(g->path), "%s%s", point,
				     name_within(name, root)) >= sizeof(g->path))
			break;
		g->root = strlen(point);
		found = exists(g, "cgroup.procs");
		/* In a namespace of groups its own name is not seen. */
		if (!found) {
			strcpy(g->path, point);
			found = exists(g, "cgroup.procs");
		}
	}
	buf_free(&b);
	return found;
}

/* "id:controllers:name" of each hierarchy; version 2's has no controllers and the id 0. */
static bool take_list(struct group *g, char *list, enum group_kind kind)
{
	for (char *line = list; line && *line;) {
		char *end = strchr(line, '\n'), *words = strchr(line, ':'), *name;

		if (end)
			*end = '\0';
		name = words ? strchr(words + 1, ':') : NULL;
		if (name) {
			*name = '\0';
			if ((kind == GROUP_V1 ? has_word(words + 1, "memory") : !words[1]) &&
			    find_mount(g, kind, name + 1)) {
				g->kind = kind;
				*name = ':';
				if (end)
					*end = '\n';
				return true;
			}
			*name = ':';
		}
		if (end)
			*end++ = '\n';
		line = end;
	}
	return false;
}

bool group_of(struct group *g, pid_t pid)
{
	char path[32] = "/proc/self/cgroup";
	struct buf b = { 0 };
	bool ok;

	*g = (struct group){ 0 };
	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	ok = proc_read(AT_FDCWD, path, MOST_TEXT, &b) && b.text &&
	     (take_list(g, b.text, GROUP_V1) || take_list(g, b.text, GROUP_V2)) &&
	     (g->kind == GROUP_V1 || exists(g, "memory.current") || strlen(g->path) > g->root);
	buf_free(&b);
	if (!ok)
		*g = (struct group){ 0 };
	return ok;
}

uint64_t group_limit(const struct group *g)
{
	uint64_t limit;

	if (!group_number(g, g->kind == GROUP_V1 ? "memory.limit_in_bytes" : "memory.max", NULL,
			  &limit) ||
	    limit >= HUGE_LIMIT)
		return GROUP_NO_LIMIT;
	return limit;
}

uint64_t group_usage(const struct group *g, bool needed)
{
	bool v1 = g->kind == GROUP_V1;
	uint64_t usage = 0, files;

	if (!group_number(g, v1 ? "memory.usage_in_bytes" : "memory.current", NULL, &usage))
		return 0;
	for (int active = 0; needed && active < 2; active++) {
		const char *word = active ? "active_file" : "inactive_file";

		if (v1)
			word = active ? "total_active_file" : "total_inactive_file";
		if (group_number(g, "memory.stat", word, &files))
			usage -= files < usage ? files : usage;
	}
	return usage;
}

uint64_t process_resident(pid_t pid)
{
	char path[32], text[128];
	unsigned long long size = 0, pages = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	sscanf(text, "%llu %llu", &size, &pages);
	return pages * 4096;
}

struct biggest {
	pid_t pid;
	uint64_t resident;
	size_t seen;
};

static void look_at_processes(const struct group *g, struct biggest *b)
{
	char path[sizeof(g->path) + 64];
	struct buf list = { 0 };

	snprintf(path, sizeof(path), "%s/cgroup.procs", g->path);
	if (proc_read(AT_FDCWD, path, MOST_TEXT, &list) && list.text) {
		for (char *at = list.text; *at && b->seen < MOST_PROCESSES; b->seen++) {
			pid_t pid = (pid_t)strtol(at, &at, 10);
			uint64_t resident = pid > 0 ? process_resident(pid) : 0;

			if (resident > b->resident)
				*b = (struct biggest){ pid, resident, b->seen };
			at += *at == '\n';
			if (pid <= 0)
				break;
		}
	}
	buf_free(&list);
}

static void look_below(const struct group *g, struct biggest *b, int depth)
{
	DIR *dir = opendir(g->path);
	struct dirent *e;
	struct group *inner;

	look_at_processes(g, b);
	inner = depth < MOST_DEPTH ? malloc(sizeof(*inner)) : NULL;
	while (dir && inner && (e = readdir(dir))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		*inner = *g;
		if ((size_t)snprintf(inner->path, sizeof(inner->path), "%s/%s", g->path, e->d_name) <
		    sizeof(inner->path))
			look_below(inner, b, depth + 1);
	}
	free(inner);
	if (dir)
		closedir(dir);
}

pid_t group_biggest(const struct group *g)
{
	struct biggest b = { 0 };

	look_below(g, &b, 0);
	return b.pid;
}
