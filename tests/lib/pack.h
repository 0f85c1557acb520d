/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PACK_H
#define TESTS_PACK_H

#include <stddef.h>

/* Compress, as users do with a tool. Running out of room aborts. */

struct packer {
	const char *name; /* as its codec is called */
	size_t (*pack)(unsigned char *out, size_t room, const unsigned char *in, size_t len);
};

enum { PACK_ZSTD, PACK_LZ4, PACK_XZ, PACK_GZIP, PACKERS };
extern const struct packer packers[PACKERS];

/* @return bytes in @p out, for which there is @p room */
size_t pack_with(const struct packer *p, unsigned char *out, size_t room, const unsigned char *in,
		 size_t len);

#endif
