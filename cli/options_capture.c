/* SPDX-License-Identifier: MIT */
#include "options_capture.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool apply_compress(struct settings *s, const char *value)
{
	if (strcmp(value, "zstd") && strcmp(value, "none"))
		return wrong(s, "--compress is zstd or none, not '%s'", value);
	s->zstd = !strcmp(value, "zstd");
	return true;
}

bool apply_python_only(struct settings *s, const char *value)
{
	s->python_only = true;
	return true;
}

bool apply_all_memory(struct settings *s, const char *value)
{
	s->all_memory = true;
	return true;
}

bool apply_max_stop(struct settings *s, const char *value)
{
	if (!parse_number(value, 10, 86400000, &s->max_stop_ms) || !s->max_stop_ms)
		return wrong(s, "--max-stop takes milliseconds, not '%s'", value);
	s->open.max_stop_ms = s->max_stop_ms;
	return true;
}

bool apply_cgroup(struct settings *s, const char *value)
{
	s->cgroup = value;
	return true;
}

/* "800M": units of 1024. */
static bool parse_size(const char *text, uint64_t *out)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (unit) {
		end++;
		if (*end == 'i')
			end++;
		for (const char *u = units; u <= unit; u++) {
			if (__builtin_mul_overflow(*out, UINT64_C(1024), out))
				return false;
		}
	}
	return !errno && (!*end || !strcmp(end, "B")) && *out;
}

bool apply_max_memory(struct settings *s, const char *value)
{
	if (!parse_size(value, &s->max_memory))
		return wrong(s, "--max-memory takes a size such as 800M or 2G, not '%s'", value);
	return true;
}

bool apply_rss(struct settings *s, const char *value)
{
	if (!parse_size(value, &s->rss))
		return wrong(s, "--rss takes a size such as 800M or 2G, not '%s'", value);
	return true;
}

static bool parse_percent(struct settings *s, const char *name, const char *value, uint32_t *out)
{
	uint64_t n;

	if (!parse_number(value, 10, 100, &n) || !n) {
		snprintf(s->error, sizeof(s->error), "%s takes a number from 1 to 100, not '%.60s'",
			 name, value);
		return false;
	}
	*out = (uint32_t)n;
	return true;
}

bool apply_percent(struct settings *s, const char *value)
{
	return parse_percent(s, "--percent", value, &s->percent);
}

bool apply_pressure(struct settings *s, const char *value)
{
	return parse_percent(s, "--pressure", value, &s->pressure);
}

bool apply_then(struct settings *s, const char *value)
{
	if (!strcmp(value, "continue"))
		s->then = THEN_CONTINUE;
	else if (!strcmp(value, "kill"))
		s->then = THEN_KILL;
	else if (!strcmp(value, "stop"))
		s->then = THEN_STOP;
	else
		return wrong(s, "--then is continue, kill or stop, not '%s'", value);
	return true;
}

bool apply_analyze(struct settings *s, const char *value)
{
	s->analyze = true;
	return true;
}

bool apply_dir(struct settings *s, const char *value)
{
	s->dir = value;
	return true;
}

bool apply_core(struct settings *s, const char *value)
{
	if (!strcmp(value, "none"))
		s->core = CORE_NONE;
	else if (!strcmp(value, "reduced"))
		s->core = CORE_REDUCED;
	else if (!strcmp(value, "full"))
		s->core = CORE_FULL;
	else
		return wrong(s, "--core is none, reduced or full, not '%s'", value);
	return true;
}

bool apply_max_size(struct settings *s, const char *value)
{
	if (!parse_size(value, &s->max_size))
		return wrong(s, "--max-size takes a size such as 800M or 2G, not '%s'", value);
	return true;
}

bool apply_time(struct settings *s, const char *value)
{
	uint64_t n;

	if (!parse_number(value, 10, 86400, &n) || !n)
		return wrong(s, "--time takes seconds, not '%s'", value);
	s->seconds = (uint32_t)n;
	return true;
}

bool apply_keep(struct settings *s, const char *value)
{
	uint64_t n;

	if (!parse_number(value, 10, 1000000, &n))
		return wrong(s, "--keep takes a number, 0 for all, not '%s'", value);
	s->keep = n ? (uint32_t)n : UINT32_MAX;
	return true;
}
