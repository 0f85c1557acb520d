/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What every fuzz target defines. With --enable-fuzzer libFuzzer calls it; else replay.c does. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How many damaged copies of its corpus "make check" tries: a second or two under the sanitizers. */
extern const unsigned fuzz_tries;

/*
 * Damage @p size bytes, for which there is room for @p most, in the same way for the
 * same @p seed: words most of all, since that is what memory and headers consist of.
 * @return how many there are then
 */
size_t fuzz_mutate(uint8_t *data, size_t size, size_t most, uint64_t seed);

#endif
