/* SPDX-License-Identifier: MIT */
#include "capture/xsave.h"

#include <cpuid.h>
#include <stdint.h>
#include <string.h>

enum {
	HEADER_END = 576,
	XCR0_AT = 464,       /* the kernel tells there which groups it has turned on */
	PRESENT_AT = 512,    /* XSTATE_BV: which are not in their first state */
	GROUPS = 19,
};

/* Intel's places; a size of 0 is a group that is left out. */
static const struct {
	uint16_t at, size;
} standard[GROUPS] = {
	[0] = { 0, 160 },
	[1] = { 160, 256 },
	[2] = { 576, 256 },   /* AVX */
	[3] = { 960, 64 },    /* MPX */
	[4] = { 1024, 64 },
	[5] = { 1088, 64 },   /* AVX-512 */
	[6] = { 1152, 512 },
	[7] = { 1664, 1024 },
	[9] = { 2688, 8 },    /* PKRU */
	[17] = { 2752, 64 },  /* AMX */
	[18] = { 2816, 8192 },
};

static uint64_t load(const unsigned char *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

size_t xsave_standard(unsigned char out[XSAVE_MOST], const unsigned char *from, size_t len)
{
	uint64_t groups, known = 3;
	size_t end = HEADER_END;

	if (len < HEADER_END)
		return 0;
	memset(out, 0, XSAVE_MOST);
	memcpy(out, from, HEADER_END);
	groups = load(from + XCR0_AT);
	for (unsigned i = 2; i < GROUPS; i++) {
		unsigned size, at, c, d;

		if (!(groups >> i & 1) || !standard[i].size)
			continue;
		if (!__get_cpuid_count(0xd, i, &size, &at, &c, &d) || size != standard[i].size ||
		    at > len || size > len - at)
			continue;
		memcpy(out + standard[i].at, from + at, size);
		end = (size_t)standard[i].at + size;
		known |= UINT64_C(1) << i;
	}
	groups &= known;
	memcpy(out + XCR0_AT, &groups, sizeof(groups));
	known &= load(from + PRESENT_AT);
	memcpy(out + PRESENT_AT, &known, sizeof(known));
	return end;
}
