/* SPDX-License-Identifier: MIT */
#ifndef TESTS_USE_TARGET_H
#define TESTS_USE_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Opens the bytes as a core, compressed or not, and uses everything that is in it. */
void use_as_core(const uint8_t *bytes, size_t len);

#endif
