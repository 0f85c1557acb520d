/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_NATIVES_H
#define GRAPH_NATIVES_H

#include "graph/whole.h"
#include "heap/heap.h"

/*
 * Name those roots of C code's of which a word in the writable data of a binary is the address:
 * "C global _ctypes.so+0x1a2c0 (_unpickle)", with the file's symbol of that place if it has one.
 * The number is an address as the file itself has it. @p w is sealed.
 * @return 0 or PYCORE_ERR_NOMEM
 */
int natives_name(struct whole *w, const struct ctx *c, const struct heap *h);

#endif
