/* SPDX-License-Identifier: MIT */
#ifndef SESSION_DETAIL_H
#define SESSION_DETAIL_H

#include "session/session.h"

/* The parts of pycore_get_object(). */

#define DETAIL_REPR_DEPTH 1
#define DETAIL_REPR_BYTES 80

/* @p address's short value, in the session's arena; NULL if it has none. */
const char *detail_repr(struct pycore *s, uint64_t address, unsigned depth, size_t most);

/* Text of a label, in the session's arena; NULL: no memory. */
const char *detail_label(struct pycore *s, const struct label *label);

/* Fill the fields of @p out, as deep and as many as @p q wants. */
int detail_fields(struct pycore *s, struct object o, const struct pycore_detail_query *q,
		  struct pycore_detail *out);

/* The object that q->name means; @p found_as tells how. */
int detail_name(struct pycore *s, const struct pycore_detail_query *q, uint64_t *address,
		const char **found_as, struct pycore_error *err);

#endif
