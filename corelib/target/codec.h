/* SPDX-License-Identifier: MIT */
#ifndef TARGET_CODEC_H
#define TARGET_CODEC_H

#include <stdbool.h>
#include <stddef.h>

/* Compressed streams, one kind each: a thin coat over the library that knows it. */

enum codec_status {
	CODEC_MORE,    /* give it more to read, or more room */
	CODEC_END,     /* a whole stream was unpacked; another may follow */
	CODEC_DAMAGED, /* this is no such stream, or its checksum is wrong */
	CODEC_TOO_BIG, /* it wants more memory than CODEC_MEMORY */
	CODEC_NOMEM,
	CODEC_CUT, /* told by who reads the file: it ends within a stream */
};

/* Most memory that a stream may claim for unpacking it. */
enum { CODEC_MEMORY = 160 << 20 };

struct codec_io {
	const unsigned char *in;
	size_t in_left;
	unsigned char *out;
	size_t out_left;
};

struct codec {
	const char *name; /* "zstd" */
	const char *tool; /* that unpacks it */
	const char *magic;
	size_t magic_len;
	void *(*begin)(void); /* NULL: no memory; no function: cannot be unpacked here */
	/* Unpack what can be unpacked; advances @p io. */
	enum codec_status (*step)(void *state, struct codec_io *io);
	void (*end)(void *state);
};

/* The kind of stream that begins with these bytes, or NULL. */
const struct codec *codec_of(const void *head, size_t len);

#endif
