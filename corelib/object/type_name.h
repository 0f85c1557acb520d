/* SPDX-License-Identifier: MIT */
#ifndef OBJECT_TYPE_NAME_H
#define OBJECT_TYPE_NAME_H

#include "object/decode.h"

/* Names and slots of a type object that is being resolved. For this room only. */

/*
 * The name to show, in the table's arena; NULL: it has none, so it is no type.
 * @p tp_name is its tp_name, "" if that cannot be read.
 */
const char *type_show_name(struct type_table *tt, struct reader *r, struct type *t,
			   struct body *b, const char *tp_name);

/* Whether tp_name is the text of ht_name: what a class statement makes, and C code does not. */
bool type_is_python_class(const struct layout *l, struct reader *r, const struct type *t,
			  struct body *b);

/* Collect tp_members of the type behind those of its base. @return 0 or PYCORE_ERR_NOMEM */
int type_read_slots(struct type_table *tt, struct reader *r, struct type *t, struct body *b);

/* Whether the object at @p address is a str, told without a type table. */
bool type_raw_is_str(const struct layout *l, struct reader *r, uint64_t address);

#endif
