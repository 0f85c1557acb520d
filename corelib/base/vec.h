/* SPDX-License-Identifier: MIT */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>

/** A growing array of T: VEC(T) name = {0}; zero is empty. */
#define VEC(T)                                                                                     \
	struct {                                                                                   \
		T *items;                                                                          \
		size_t n, room;                                                                    \
	}

/** @return whether there was memory to add @p item */
#define vec_push(v, item)                                                                          \
	(((v)->n < (v)->room ||                                                                    \
	  vec_grow((void **)&(v)->items, &(v)->room, sizeof(*(v)->items)))                         \
		 ? ((v)->items[(v)->n++] = (item), true)                                           \
		 : false)

#define vec_free(v) (vec_release((void **)&(v)->items), (v)->n = (v)->room = 0)

bool vec_grow(void **items, size_t *room, size_t size);
void vec_release(void **items);

#endif
