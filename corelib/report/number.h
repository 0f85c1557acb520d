/* SPDX-License-Identifier: MIT */
#ifndef REPORT_NUMBER_H
#define REPORT_NUMBER_H

#include <stdint.h>

#include "base/buf.h"

/* Room for what these write, terminator included. */
#define NUMBER_ROOM 32

/* "1,234,567". @return @p out, as the others do */
const char *number_count(char out[NUMBER_ROOM], uint64_t n);

/* "118.2 MiB" */
const char *number_bytes(char out[NUMBER_ROOM], uint64_t bytes);

/* "41.2 %"; of 0: "-". What is not all is never "100.0 %", what is not nothing never "0.0 %". */
const char *number_share(char out[NUMBER_ROOM], uint64_t part, uint64_t whole);

/* "1.8 ms", "2.31 s" */
const char *number_ms(char out[NUMBER_ROOM], double ms);

#endif
