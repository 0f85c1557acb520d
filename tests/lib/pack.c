/* SPDX-License-Identifier: MIT */
#include "lib/pack.h"

#include <lz4frame.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

static size_t pack_zstd(unsigned char *out, size_t room, const unsigned char *in, size_t len)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(c, out, room, in, len);
	ZSTD_freeCCtx(c);
	return ZSTD_isError(n) ? 0 : n;
}

static size_t pack_lz4(unsigned char *out, size_t room, const unsigned char *in, size_t len)
{
	LZ4F_preferences_t how = { .frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled };
	size_t n = LZ4F_compressFrame(out, room, in, len, &how);

	return LZ4F_isError(n) ? 0 : n;
}

static size_t pack_xz(unsigned char *out, size_t room, const unsigned char *in, size_t len)
{
	size_t n = 0;

	if (lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, in, len, out, &n, room) != LZMA_OK)
		return 0;
	return n;
}

static size_t pack_gzip(unsigned char *out, size_t room, const unsigned char *in, size_t len)
{
	z_stream s = { .next_in = (unsigned char *)in, .avail_in = (uInt)len, .next_out = out,
		       .avail_out = (uInt)room };

	if (deflateInit2(&s, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	if (deflate(&s, Z_FINISH) != Z_STREAM_END)
		s.total_out = 0;
	deflateEnd(&s);
	return s.total_out;
}

const struct packer packers[PACKERS] = {
	[PACK_ZSTD] = { "zstd", pack_zstd },
	[PACK_LZ4] = { "lz4", pack_lz4 },
	[PACK_XZ] = { "xz", pack_xz },
	[PACK_GZIP] = { "gzip", pack_gzip },
};

size_t pack_with(const struct packer *p, unsigned char *out, size_t room, const unsigned char *in,
		 size_t len)
{
	size_t n = p->pack(out, room, in, len);

	if (!n)
		abort();
	return n;
}
