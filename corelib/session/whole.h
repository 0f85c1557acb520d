/* SPDX-License-Identifier: MIT */
#ifndef SESSION_WHOLE_H
#define SESSION_WHOLE_H

#include "graph/way.h"
#include "graph/whole.h"
#include "session/select.h"

/* The graph of all references, made when first asked for. */
int session_whole(struct pycore *s, const struct whole **out, struct pycore_error *err);

/* Which objects come first: those that retain most, the biggest, or those of low addresses. */
enum pick_order { PICK_RETAINED, PICK_BIGGEST, PICK_FIRST };

/*
 * Pick the first @p limit (0: all) objects of the selected types, in the order. Without
 * @p parts, the __dict__ of an instance is left out: it counts to its owner.
 */
int pick_whole(struct pycore *s, const struct whole *w, const struct type_selection *selection,
	       size_t limit, enum pick_order order, bool parts, struct picked_list *out,
	       struct pycore_error *err);

/* Of what nobody asked for by itself, longer ways are not told: they are memory and time. */
#define LONGEST_WAY 1000

/*
 * The shortest paths to an object, into an array of @p out. @return how many, or a negative
 * status
 */
int session_paths(struct pycore *s, const struct whole *w, uint32_t object,
		  const struct way_query *q, const struct pycore_path **out,
		  struct pycore_error *err);

#endif
