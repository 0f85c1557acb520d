/* SPDX-License-Identifier: MIT */
#include "fuzz/fuzz.h"
#include "fuzz/use_target.h"

/* Takes the input for a core. */

const unsigned fuzz_tries = 5000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	use_as_core(data, size);
	return 0;
}
