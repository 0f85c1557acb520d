/* SPDX-License-Identifier: MIT */
#ifndef BASE_SEARCH_H
#define BASE_SEARCH_H

#include <stddef.h>

/**
 * How many of @p n things in order come before what is looked for: @p before is asked of the one
 * at @p i, a name that is declared here, and is true of these and of none behind them.
 */
#define COUNT_BEFORE(n, i, before)                                                                 \
	({                                                                                         \
		size_t count_low = 0, count_high = (n);                                            \
                                                                                                   \
		while (count_low < count_high) {                                                   \
			size_t i = count_low + (count_high - count_low) / 2;                       \
                                                                                                   \
			if (before)                                                                \
				count_low = i + 1;                                                 \
			else                                                                       \
				count_high = i;                                                    \
		}                                                                                  \
		count_low;                                                                         \
	})

#endif
