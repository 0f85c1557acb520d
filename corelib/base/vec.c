/* SPDX-License-Identifier: MIT */
#include "base/vec.h"

#include <stdlib.h>

bool vec_grow(void **items, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	void *p = reallocarray(*items, more, size);

	if (!p)
		return false;
	*items = p;
	*room = more;
	return true;
}

void vec_release(void **items)
{
	free(*items);
	*items = NULL;
}
