/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MAKE_CORPUS_H
#define TESTS_MAKE_CORPUS_H

#include <stddef.h>

/* Write a seed of fuzz_TARGET. */
void corpus_save(const char *target, const char *name, const void *bytes, size_t len);

/* The seeds of fuzz_object and fuzz_tables. */
void corpus_objects(void);
void corpus_tables(void);

#endif
