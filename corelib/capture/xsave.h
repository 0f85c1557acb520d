/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_XSAVE_H
#define CAPTURE_XSAVE_H

#include <stddef.h>

/* Registers in the form of the XSAVE instruction (Intel SDM volume 1, chapter 13). */

enum { XSAVE_MOST = 11008 }; /* with AMX */

/*
 * Where each group of registers lies is the processor's own business: AMD's differ
 * from Intel's. Debuggers know Intel's places, or guess by the size; so a core
 * gets those. @p from was saved on this machine's processor.
 * @return bytes in @p out; 0: it makes no sense
 */
size_t xsave_standard(unsigned char out[XSAVE_MOST], const unsigned char *from, size_t len);

#endif
