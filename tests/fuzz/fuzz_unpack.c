/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "fuzz/use_target.h"
#include "lib/pack.h"

/*
 * Takes the input for a compressed core, or (by its first byte) compresses it, so that
 * damage is not stopped by a checksum: 1 and twice the number of a packer, and 8 to cut it.
 */

enum { HEAD = 8, PACK = 1, CUT = 8, SLACK = 65536 };

const unsigned fuzz_tries = 3000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *packed;
	size_t len;

	if (size < HEAD)
		return 0;
	if (!(data[0] & PACK)) {
		use_as_core(data + HEAD, size - HEAD);
		return 0;
	}
	packed = malloc(size + SLACK);
	if (!packed)
		abort();
	len = pack_with(&packers[data[0] / 2 % PACKERS], packed, size + SLACK, data + HEAD, size - HEAD);
	use_as_core(packed, data[0] & CUT ? len - len / 4 : len);
	free(packed);
	return 0;
}
