/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_SINK_H
#define CAPTURE_SINK_H

#include <pycore/capture.h>

#include "capture/plan.h"

/*
 * A file that is written from front to back, with holes, and gets its name when
 * all of it is there. Zero is a sink that was never opened.
 */
struct sink {
	bool open;
	int dir, fd;
	char *path, *name; /* as given, and its last part */
	char *beside;      /* the name until then; NULL: it has none */
	uint64_t at;       /* bytes so far, unpacked */
	uint64_t size;     /* of the file so far */
	uint64_t dropped;  /* of it */
	bool drop, past;   /* written bytes from the cache; do not use it at all */
	bool reserve;      /* disk space first */
	struct ZSTD_CCtx_s *packer;
	unsigned char *packed;
	size_t room;
	int error; /* errno of the first failure */
};

/* Make the file, without its name; it must not exist. */
int sink_open(struct sink *s, const char *path, struct pycore_error *err);

/* Before the first byte: pack them, @p size bytes, with the help of @p workers threads. */
int sink_pack(struct sink *s, uint64_t size, unsigned workers, struct pycore_error *err);

/* The next bytes, or zeros. @return false: see s->error */
bool sink_put(struct sink *s, const void *bytes, uint64_t len);
bool sink_skip(struct sink *s, uint64_t len);

/* The next stretch of @p plan: its bytes are at @p bytes, its holes zeros. */
bool sink_put_stretch(struct sink *s, const struct plan *plan, const struct stretch *stretch,
		    const unsigned char *bytes);

/*
 * From here on whole pages in memory of whole pages are written to the disk itself
 * (@p past), not to the cache; where the disk cannot do that, it is as before.
 */
void sink_past_cache(struct sink *s, bool past);

/* Give it its name: of all that was written, nothing is missing. */
int sink_finish(struct sink *s, struct pycore_error *err);

/* Tell why it could not be written. */
int sink_failed(const struct sink *s, struct pycore_error *err);

/* Free all; what has not got its name is gone. */
void sink_close(struct sink *s);

#endif
