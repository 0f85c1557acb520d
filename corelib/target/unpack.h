/* SPDX-License-Identifier: MIT */
#ifndef TARGET_UNPACK_H
#define TARGET_UNPACK_H

#include "target/codec.h"
#include "target/private.h"

/* A compressed core becomes a file without a name: it is gone when it is closed, or we are. */

/* What became of it. */
struct unpacked {
	uint64_t length; /* bytes that could be unpacked */
	uint64_t wanted; /* as long as the core's headers say; 0: they do not */
	bool cut;        /* the compressed file ends too early */
	bool damaged;    /* from some place on it makes no sense */
};

/*
 * Unpack @p f, which @p codec knows and which is called @p path, into a file in
 * @p t's folder for that, whose descriptor takes the place of its own. Zero pages
 * become holes. No more is unpacked than the core's headers say there is, and
 * nothing for which there is no room.
 */
int unpack_core(struct target *t, struct file *f, const struct codec *codec, const char *path,
		struct unpacked *out, struct pycore_error *err);

#endif
