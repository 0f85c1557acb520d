/* SPDX-License-Identifier: MIT */
#include "report/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* No printf("%'d"): what it puts between the digits is up to the host program's locale. */
const char *number_count(char out[NUMBER_ROOM], uint64_t n)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, n);
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

/* @p tenths / 10 with one digit after a point; "%.1f" would ask the locale for the point. */
static void put_tenths(char out[NUMBER_ROOM], uint64_t tenths, const char *unit)
{
	snprintf(out, NUMBER_ROOM, "%" PRIu64 ".%u %s", tenths / 10, (unsigned)(tenths % 10),
		 unit);
}

const char *number_bytes(char out[NUMBER_ROOM], uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned shift = 10;
	size_t unit = 0;
	uint64_t whole, rest;

	if (bytes < 1024) {
		snprintf(out, NUMBER_ROOM, "%" PRIu64 " B", bytes);
		return out;
	}
	/* 1023.95 and more of one unit would round to 1024.0. */
	while (unit < 5 && (bytes >> shift) >= 1023 &&
	       ((bytes >> shift) > 1023 || ((bytes >> (shift - 10)) & 1023) >= 973)) {
		shift += 10;
		unit++;
	}
	whole = bytes >> shift;
	rest = (bytes >> (shift - 10)) & 1023;
	put_tenths(out, whole * 10 + (rest * 10 + 512) / 1024, units[unit]);
	return out;
}

const char *number_share(char out[NUMBER_ROOM], uint64_t part, uint64_t whole)
{
	uint64_t tenths;

	if (!whole)
		return strcpy(out, "-");
	tenths = (uint64_t)((double)part * 1000.0 / (double)whole + 0.5);
	if (!tenths && part)
		return strcpy(out, "<0.1 %");
	if (tenths >= 1000 && part < whole)
		return strcpy(out, ">99.9 %");
	put_tenths(out, tenths, "%");
	return out;
}

const char *number_ms(char out[NUMBER_ROOM], double ms)
{
	uint64_t micro = ms > 0 && ms < 1e12 ? (uint64_t)(ms * 1000 + 0.5) : 0;

	if (micro >= 1000000)
		snprintf(out, NUMBER_ROOM, "%" PRIu64 ".%02u s", micro / 1000000,
			 (unsigned)(micro % 1000000 / 10000));
	else
		put_tenths(out, (micro + 50) / 100, "ms");
	return out;
}
