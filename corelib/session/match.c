/* SPDX-License-Identifier: MIT */
#include "session/match.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdint.h>
#include <string.h>

#define LONGEST_COMPARED 64
#define SHORTEST_PART 3

static bool is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[") != NULL;
}

/* @p pattern is the end of @p name, after a dot: "Entry" and "Cache.Entry" of "app.Cache.Entry". */
static bool ends_with(const char *name, const char *pattern)
{
	size_t len = strlen(name), tail = strlen(pattern);

	return tail && len > tail && name[len - tail - 1] == '.' &&
	       !memcmp(name + len - tail, pattern, tail);
}

bool match_name(enum match_kind kind, const char *pattern, const char *name)
{
	switch (kind) {
	case MATCH_NOTHING:
		return false;
	case MATCH_EXACT:
		return !strcmp(pattern, name);
	case MATCH_BARE:
		return ends_with(name, pattern);
	case MATCH_GLOB:
		return !fnmatch(pattern, name, 0);
	}
	return false;
}

enum match_kind match_kind_of(const char *pattern, const char *const *names, size_t n)
{
	static const enum match_kind order[] = { MATCH_EXACT, MATCH_BARE, MATCH_GLOB };

	for (size_t k = 0; k < sizeof(order) / sizeof(*order); k++) {
		if (order[k] == MATCH_GLOB && !is_glob(pattern))
			break;
		for (size_t i = 0; i < n; i++) {
			if (match_name(order[k], pattern, names[i]))
				return order[k];
		}
	}
	return MATCH_NOTHING;
}

bool match_any(const char *const *globs, const char *name)
{
	for (; globs && *globs; globs++) {
		if (!fnmatch(*globs, name, 0))
			return true;
	}
	return false;
}

const char *match_bare_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot[1] ? dot + 1 : name;
}

static int lower(char c)
{
	return tolower((unsigned char)c);
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance without regard to case, of the first letters. */
static unsigned distance(const char *a, const char *b)
{
	size_t n = strnlen(a, LONGEST_COMPARED), m = strnlen(b, LONGEST_COMPARED);
	unsigned row[LONGEST_COMPARED + 1], above_left, above;

	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		above_left = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			above = row[j];
			row[j] = least(above + 1, row[j - 1] + 1,
				       above_left + (lower(a[i - 1]) != lower(b[j - 1])));
			above_left = above;
		}
	}
	return row[m];
}

/* How unlike a name is; a pattern without a module is held against the bare name too. */
static unsigned unlikeness(const char *pattern, const char *name)
{
	unsigned whole = distance(pattern, name);
	unsigned bare = distance(match_bare_name(pattern), match_bare_name(name));

	if (!strchr(pattern, '.'))
		return whole < bare ? whole : bare;
	/* The same class in a module that was misspelt or moved comes after a near miss. */
	return whole <= bare + 2 ? whole : bare + 2;
}

size_t match_closest(const char *pattern, const char *const *names, size_t n, const char **closest,
		     size_t most)
{
	unsigned allowed = (unsigned)strnlen(pattern, LONGEST_COMPARED) / 3 + 1;
	unsigned found[16];
	size_t have = 0, at;

	if (most > sizeof(found) / sizeof(*found))
		most = sizeof(found) / sizeof(*found);
	for (size_t i = 0; i < n; i++) {
		unsigned d = unlikeness(pattern, names[i]);

		if (d > allowed && strlen(pattern) >= SHORTEST_PART &&
		    strcasestr(names[i], pattern))
			d = allowed;
		if (d > allowed || !most || (have == most && d >= found[most - 1]))
			continue;
		if (have < most)
			have++;
		for (at = have - 1; at && found[at - 1] > d; at--) {
			found[at] = found[at - 1];
			closest[at] = closest[at - 1];
		}
		found[at] = d;
		closest[at] = names[i];
	}
	return have;
}
