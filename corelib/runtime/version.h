/* SPDX-License-Identifier: MIT */
#ifndef RUNTIME_VERSION_H
#define RUNTIME_VERSION_H

#include "layout/layout.h"
#include "runtime/find.h"

/* What a target says of its CPython before any layout is chosen. */
struct told {
	uint32_t version;   /* PY_VERSION_HEX; 0: nothing told it */
	bool minor_only;    /* the micro release is not known: version is PYVER(major, minor, 0) */
	enum build_kind build;
	bool debug_sure;    /* symbols tell whether it is a debug build */
	bool threads_sure;  /* debug offsets tell whether it is free-threaded, as next: */
	bool free_threaded;
	const char *source; /* static: "debug offsets", "Py_Version", "file name" */
	const char *build_source; /* static: "symbol", "debug offsets", "file name"; NULL: nothing */
};

void version_tell(struct told *told, struct reader *r, const struct found *f);

/* "libpython3.9d.so.1.0", "python3.13t", ".../lib-dynload/_x.cpython-39-x86_64-linux-gnu.so" */
bool version_of_name(const char *path, struct told *told);

/* Whether any file of the target has a CPython's name, and which. */
bool version_of_modules(const struct target *t, struct told *told);

/* Whether a number can be a PY_VERSION_HEX of CPython 2 or 3. */
bool version_is_sane(uint64_t version);

/* "3.11.2", "3.15.0b1"; "3.9" if only that is known. */
void version_text(uint32_t version, bool minor_only, char *buf, size_t size);

#endif
