/* SPDX-License-Identifier: MIT */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <pthread.h>

#include <pycore/pycore.h>

#include "graph/refs.h"
#include "graph/snapshot.h"
#include "graph/whole.h"
#include "heap/heap.h"
#include "object/behind.h"
#include "stack/stack.h"

/* A line on the answer. */
struct warning {
	char *line;
	bool note; /* worth knowing, but nothing is missing */
};

/* One open target and all that was found out about it. */
struct pycore {
	struct target *target; /* NULL: a snapshot of the heap is all there is */
	const char *snapshot;  /* its path, or NULL */
	struct snapshot_facts facts; /* of it */
	struct reader reader;
	struct runtime runtime;
	struct interpreters interps;
	struct type_table types;
	bool has_reader, has_types;
	bool frozen;  /* a live process that we hold stopped */
	bool thawed;  /* it runs again: nothing more can be read */
	struct pycore_options options; /* its strings are in the arena */
	struct arena arena; /* everything that is handed out */

	pthread_mutex_t warnings_lock; /* workers warn too */
	VEC(struct warning) warnings; /* text in an arena of their own: it grows under the lock */
	struct arena warnings_arena;
	uint64_t faults_told;

	/* Made when first asked for. */
	struct pycore_stacks *stacks[STACK_LOCAL_VALUES + 1];
	struct heap *heap;
	struct whole *whole;
	struct behind behind; /* with it */
	struct pycore_census *census;
	bool has_retained, has_retained_each; /* in the census, by name and by address */
	const char *command; /* line, as well as it is known */
	const struct pycore_file *files;
	size_t n_files;
};

/*
 * Add a warning, once: a part of the answer is missing, or may be wrong.
 * @p session is a struct pycore; any thread may call.
 */
void session_warn(void *session, const char *line);
void session_warnf(struct pycore *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same of what is worth knowing, where nothing is missing. */
void session_note(void *session, const char *line);

/* The context of the session's own thread. */
struct ctx session_ctx(struct pycore *session);

/* 0 while the target can be read; else tell why not. @p what is wanted. */
int session_can_read(struct pycore *session, const char *what, struct pycore_error *err);

/* The same of what a snapshot of the heap has, too. */
int session_can_answer(struct pycore *session, const char *what, struct pycore_error *err);

/* After reading: warn of what could not be read, or fail if the process is gone. */
int session_check_read(struct pycore *session, const char *what, struct pycore_error *err);

/* The command line of the process as well as it is known, or NULL. */
const char *session_command(struct pycore *session);

/*
 * The heap, read when first asked for. That of a snapshot has its types and their counts, but
 * no objects: these are in the graph alone.
 */
int session_heap(struct pycore *session, struct heap **out, struct pycore_error *err);

/*
 * Take a caller's struct that begins with its size: as many bytes as both know,
 * the rest zero. What only the caller knows must be zero.
 *
 * @param from  may be NULL: all zero
 * @param name  of the struct, for the message
 */
int session_take(void *to, size_t size, const void *from, const char *name,
		 struct pycore_error *err);

#endif
