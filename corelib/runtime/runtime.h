/* SPDX-License-Identifier: MIT */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include "base/vec.h"
#include "layout/layout.h"
#include "target/reader.h"

/*
 * Where CPython without a _PyRuntime (to 3.6) keeps what others keep there; 0: not found.
 * The collector's own two are there if the file was not stripped.
 */
struct runtime_statics {
	uint64_t current_thread; /* _PyThreadState_Current: the thread state that has the GIL */
	uint64_t generation0;    /* _PyGC_generation0: a pointer to the first of the lists */
	uint64_t gc_enabled, gc_collecting; /* ints */
	uint64_t finalizing;     /* _Py_Finalizing: the thread state that shuts down */
};

/* What of the version, and of how it was found, a report tells. */
struct runtime {
	struct layout layout;    /* the table, overlaid by what the target says of itself */
	const struct layout *table;
	bool verified;           /* the table is for this very release, and was tried; else the
				  * caller warns */
	uint32_t version;        /* PY_VERSION_HEX of the target */
	char version_text[24];   /* "3.11.2", "3.15.0b1" */
	enum build_kind build;
	uint64_t address;        /* of _PyRuntime, or of what the layout says stands for it */
	struct runtime_statics statics;
	struct module *module;   /* that it is in, or NULL */
	const char *found_by;       /* "symbol", "section", "cookie", "scan" */
	const char *version_source; /* "debug offsets", "Py_Version", "sys.hexversion", ... */
	const char *build_source;   /* "symbol", "sys.gettotalrefcount", "file name", ...; or NULL */
	uint64_t type_type;      /* address of PyType_Type */
};

struct interpreter {
	uint64_t address;
	int64_t id;
	uint64_t gil;         /* address of its GIL's state, 0: not known */
	bool gil_locked;
	bool gil_disabled;    /* free-threaded: any number of threads run at a time */
	uint64_t gil_holder;  /* address of the thread state that holds it, 0: nobody */
	bool gc_enabled, gc_collecting;
	bool gc_unknown;      /* where these are is not known */
	bool finalizing;
	uint64_t gc_generation0; /* address of the first of three list heads, 0: not known */
	uint64_t gc_permanent;   /* address of the permanent generation's list head, 0: none */
};

/* PyThreadState.state, from 3.13 on: Include/internal/pycore_pystate.h */
enum thread_activity {
	THREAD_UNKNOWN,
	THREAD_DETACHED,  /* outside of Python: waits, or runs other code */
	THREAD_ATTACHED,  /* runs Python */
	THREAD_SUSPENDED, /* by another that has stopped the world */
	THREAD_ENDING,
};

struct thread_state {
	uint64_t address;
	uint32_t interpreter; /* index into the interpreters */
	uint64_t ident;       /* pthread_t */
	uint64_t tid;         /* kernel thread id, 0 if not known */
	bool main, gil;
	uint8_t state;        /* enum thread_activity */
	bool ended;           /* the thread is gone, its state is not: Python was shutting down */
};

struct interpreters {
	VEC(struct interpreter) interps; /* the main one first */
	VEC(struct thread_state) threads; /* the main thread first */
	bool finalizing;
	bool complete; /* every list was read to its end */
};

/* Whether the collector is at work in any of them. */
static inline bool interpreters_collecting(const struct interpreters *list)
{
	for (size_t i = 0; i < list->interps.n; i++) {
		if (list->interps.items[i].gc_collecting)
			return true;
	}
	return false;
}

/*
 * Find CPython in the target, its version and its layout, and check them.
 * Looks only at what does not change while a process runs: may be called before
 * the target is frozen, and leaves no copies in @p r of what it read then.
 */
int runtime_find(struct runtime *rt, struct reader *r, struct pycore_error *err);

/*
 * Read interpreters and thread states, oldest first but for the main ones.
 * @p out is emptied first. Damaged lists give what could be read of them.
 */
int runtime_interpreters(const struct runtime *rt, struct reader *r, struct interpreters *out,
			 struct pycore_error *err);
void interpreters_fini(struct interpreters *list);

/*
 * The number by which the process goes to itself, as glibc has it: in a container it is not
 * what others see. 0: not known
 */
uint64_t runtime_own_pid(struct reader *r);

/* The name of the module of builtin names. */
const char *runtime_builtins(const struct layout *l);

/*
 * Load the field F of the object at addr: the value, zero-extended (a pointer or
 * an unsigned number); false if it cannot be read or the layout has no such field.
 */
bool runtime_load(const struct layout *l, struct reader *r, uint64_t addr, unsigned field,
		  uint64_t *out);
#define LOAD(l, r, addr, s, f, out) runtime_load(l, r, addr, F_##s##_##f, out)

/* The same of what may not be there at all: in silence. */
bool runtime_probe(const struct layout *l, struct reader *r, uint64_t addr, unsigned field,
		   uint64_t *out);
#define PROBE(l, r, addr, s, f, out) runtime_probe(l, r, addr, F_##s##_##f, out)

#endif
