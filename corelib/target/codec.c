/* SPDX-License-Identifier: MIT */
#include "target/codec.h"

#include <lz4frame.h>
#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/* 128 MiB: what "zstd --ultra -22" needs, and zstd's own limit unless --long is given. */
enum { ZSTD_WINDOW_LOG = 27 };

static void *zstd_begin(void)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();

	if (d)
		ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	return d;
}

static enum codec_status zstd_step(void *state, struct codec_io *io)
{
	ZSTD_inBuffer in = { io->in, io->in_left, 0 };
	/* With room for a whole frame zstd keeps for itself what it has of a damaged one. */
	size_t room = ZSTD_DStreamOutSize(), rc;
	ZSTD_outBuffer out = { io->out, io->out_left < room ? io->out_left : room, 0 };

	rc = ZSTD_decompressStream(state, &out, &in);
	io->in += in.pos;
	io->in_left -= in.pos;
	io->out += out.pos;
	io->out_left -= out.pos;
	if (!ZSTD_isError(rc))
		return rc ? CODEC_MORE : CODEC_END;
	switch (ZSTD_getErrorCode(rc)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return CODEC_TOO_BIG;
	case ZSTD_error_memory_allocation:
		return CODEC_NOMEM;
	default:
		return CODEC_DAMAGED;
	}
}

static void zstd_end(void *state)
{
	ZSTD_freeDCtx(state);
}

enum { LZ4_STEP = 64 << 10 };

static void *lz4_begin(void)
{
	LZ4F_dctx *d = NULL;

	return LZ4F_isError(LZ4F_createDecompressionContext(&d, LZ4F_VERSION)) ? NULL : d;
}

static enum codec_status lz4_step(void *state, struct codec_io *io)
{
	/* A step that fails tells nothing of what it has unpacked: small steps lose little. */
	size_t in = io->in_left, out = io->out_left < LZ4_STEP ? io->out_left : LZ4_STEP;
	size_t rc = LZ4F_decompress(state, io->out, &out, io->in, &in, NULL);

	if (LZ4F_isError(rc))
		return CODEC_DAMAGED;
	io->in += in;
	io->in_left -= in;
	io->out += out;
	io->out_left -= out;
	return rc ? CODEC_MORE : CODEC_END;
}

static void lz4_end(void *state)
{
	LZ4F_freeDecompressionContext(state);
}

static bool xz_start(lzma_stream *s)
{
	return lzma_stream_decoder(s, CODEC_MEMORY, 0) == LZMA_OK;
}

static void *xz_begin(void)
{
	lzma_stream *s = calloc(1, sizeof(*s));

	if (s && !xz_start(s)) {
		free(s);
		s = NULL;
	}
	return s;
}

static enum codec_status xz_step(void *state, struct codec_io *io)
{
	lzma_stream *s = state;
	lzma_ret rc;

	s->next_in = io->in;
	s->avail_in = io->in_left;
	s->next_out = io->out;
	s->avail_out = io->out_left;
	rc = lzma_code(s, LZMA_RUN);
	io->in = s->next_in;
	io->in_left = s->avail_in;
	io->out = s->next_out;
	io->out_left = s->avail_out;
	switch (rc) {
	case LZMA_OK:
	case LZMA_BUF_ERROR:
		return CODEC_MORE;
	case LZMA_STREAM_END:
		return xz_start(s) ? CODEC_END : CODEC_NOMEM;
	case LZMA_MEMLIMIT_ERROR:
		return CODEC_TOO_BIG;
	case LZMA_MEM_ERROR:
		return CODEC_NOMEM;
	default:
		return CODEC_DAMAGED;
	}
}

static void xz_end(void *state)
{
	lzma_end(state);
	free(state);
}

enum { GZIP_ONLY = 16 + MAX_WBITS }; /* as inflateInit2() has it */

static void *gzip_begin(void)
{
	z_stream *s = calloc(1, sizeof(*s));

	if (s && inflateInit2(s, GZIP_ONLY) != Z_OK) {
		free(s);
		s = NULL;
	}
	return s;
}

static enum codec_status gzip_step(void *state, struct codec_io *io)
{
	z_stream *s = state;
	int rc;

	s->next_in = (unsigned char *)io->in;
	s->avail_in = (uInt)(io->in_left < UINT32_MAX ? io->in_left : UINT32_MAX);
	s->next_out = io->out;
	s->avail_out = (uInt)(io->out_left < UINT32_MAX ? io->out_left : UINT32_MAX);
	rc = inflate(s, Z_NO_FLUSH);
	io->in_left -= (size_t)(s->next_in - io->in);
	io->in = s->next_in;
	io->out_left -= (size_t)(s->next_out - io->out);
	io->out = s->next_out;
	switch (rc) {
	case Z_OK:
	case Z_BUF_ERROR:
		return CODEC_MORE;
	case Z_STREAM_END:
		return inflateReset(s) == Z_OK ? CODEC_END : CODEC_NOMEM;
	case Z_MEM_ERROR:
		return CODEC_NOMEM;
	default:
		return CODEC_DAMAGED;
	}
}

static void gzip_end(void *state)
{
	inflateEnd(state);
	free(state);
}

static const struct codec codecs[] = {
	{ "zstd", "unzstd", "\x28\xb5\x2f\xfd", 4, zstd_begin, zstd_step, zstd_end },
	/* pzstd begins with a frame that is to be skipped. */
	{ "zstd", "unzstd", "\x50\x2a\x4d\x18", 4, zstd_begin, zstd_step, zstd_end },
	{ "lz4", "unlz4", "\x04\x22\x4d\x18", 4, lz4_begin, lz4_step, lz4_end },
	{ "xz", "unxz", "\xfd" "7zXZ", 6, xz_begin, xz_step, xz_end },
	{ "gzip", "gunzip", "\x1f\x8b\x08", 3, gzip_begin, gzip_step, gzip_end },
	{ "bzip2", "bunzip2", "BZh", 3, NULL, NULL, NULL },
};

const struct codec *codec_of(const void *head, size_t len)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		if (len >= codecs[i].magic_len && !memcmp(head, codecs[i].magic, codecs[i].magic_len))
			return &codecs[i];
	}
	return NULL;
}
