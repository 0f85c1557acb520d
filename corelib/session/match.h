/* SPDX-License-Identifier: MIT */
#ifndef SESSION_MATCH_H
#define SESSION_MATCH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How a user names types: "module.qualname", else the bare name, or a glob.
 * Lists of names are what the heap has, without repeats.
 */
enum match_kind { MATCH_NOTHING, MATCH_EXACT, MATCH_BARE, MATCH_GLOB };

/* What @p pattern means among @p names: the kind that finds any of them, exact before bare. */
enum match_kind match_kind_of(const char *pattern, const char *const *names, size_t n);

/* Whether @p name is meant by @p pattern taken as @p kind. */
bool match_name(enum match_kind kind, const char *pattern, const char *name);

/* Whether @p name fits any of NULL-terminated @p globs; NULL: none. */
bool match_any(const char *const *globs, const char *name);

/* The name without its module and what encloses it: "Entry" of "app.Cache.Entry". */
const char *match_bare_name(const char *name);

/*
 * The @p most names that look most like @p pattern, best first, put into
 * @p closest. @return how many look like it at all.
 */
size_t match_closest(const char *pattern, const char *const *names, size_t n, const char **closest,
		     size_t most);

#endif
