/* SPDX-License-Identifier: MIT */
#ifndef RUNTIME_CHECKS_H
#define RUNTIME_CHECKS_H

#include "layout/layout.h"
#include "target/reader.h"

/* What one kind of check came to. UNKNOWN: there was nothing to look at. */
enum verdict { VERDICT_UNKNOWN, VERDICT_PASSED, VERDICT_FAILED };

/*
 * Does this memory look as this layout says? Every read is a guess; looks at
 * what a running process does not change: static types, the main interpreter.
 */
struct checks {
	enum verdict types;   /* type is its own type; the builtin types have their sizes */
	enum verdict threads; /* interpreters and thread states know each other */
	enum verdict names;   /* modules and sys have the names that are always there */
	enum verdict states;  /* the interpreter's state of a static type is that type's */
	bool running;         /* there is an interpreter at all */
	uint32_t version;     /* sys.hexversion, 0: not readable */
	bool debug;           /* where version is known: sys has what debug builds alone have */
	uint64_t type_type;   /* address of PyType_Type, 0: not found */
	char why[120];        /* the first check that failed */
};

/* @p m is where the symbols of the builtin types are; NULL: none to ask. */
void checks_run(struct checks *c, const struct layout *l, struct reader *r, struct module *m,
		uint64_t runtime);

#endif
