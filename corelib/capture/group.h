/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_GROUP_H
#define CAPTURE_GROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Control groups that limit memory, of both versions. */

enum group_kind { GROUP_NONE, GROUP_V1, GROUP_V2 };

struct group {
	enum group_kind kind;
	size_t root; /* length of the path of the hierarchy's own folder */
	char path[4096];
};

#define GROUP_NO_LIMIT UINT64_MAX

/* The memory group that a process is in (0: ourselves). @return false: there is none */
bool group_of(struct group *g, pid_t pid);
/* A group by its folder. */
bool group_at(struct group *g, const char *folder);
/* Make it the group that holds it. @return false: it was the uppermost */
bool group_up(struct group *g);
/* Whether @p inner is @p outer or within. */
bool group_within(const struct group *inner, const struct group *outer);

/* A file of the group. @return false: it is not there */
bool group_read(const struct group *g, const char *file, char *text, size_t size);
bool group_write(const struct group *g, const char *file, const char *text);
/* The number in a file, or after a word in it (NULL: the first); "max" is GROUP_NO_LIMIT. */
bool group_number(const struct group *g, const char *file, const char *word, uint64_t *out);

/* What the group may have, for itself; GROUP_NO_LIMIT: as its parents. */
uint64_t group_limit(const struct group *g);
/* What it has. @p needed: without cached files, which the kernel drops when it wants to. */
uint64_t group_usage(const struct group *g, bool needed);

/*
 * The process of the group, or of a group within, that has the most memory.
 * @return 0: there is none
 */
pid_t group_biggest(const struct group *g);

/* Resident memory of a process in bytes; 0: it is gone. */
uint64_t process_resident(pid_t pid);

#endif
