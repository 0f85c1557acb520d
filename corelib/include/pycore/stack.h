/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_STACK_H
#define PYCORE_STACK_H

#include <pycore/session.h>

/** A local variable that has a value. Text is UTF-8: escape it before showing it. */
struct pycore_local {
	const char *name;
	const char *type;  /**< of its value, never NULL ("?" if unreadable) */
	const char *value; /**< short repr, NULL if values are not asked for or it is unreadable */
};

/** A Python frame. Text is UTF-8 as the target has it: escape it before showing it. */
struct pycore_frame {
	const char *function; /**< co_name, never NULL ("?" if unreadable) */
	const char *qualname; /**< co_qualname, NULL before 3.11 */
	const char *file;     /**< co_filename, never NULL */
	int32_t line;         /**< 0 if the line table could not be read */
	uint64_t address;     /**< of the frame */
	const struct pycore_local *locals; /**< arguments first; NULL unless asked for */
	size_t n_locals;
};

struct pycore_thread {
	uint64_t tid;      /**< kernel thread id, 0 if not known */
	uint64_t ident;    /**< threading.get_ident(), a pthread_t */
	uint64_t tstate;   /**< address of its PyThreadState */
	int64_t interpreter; /**< id of its interpreter; 0 is the main one */
	const char *name;  /**< threading's name, NULL if it has none */
	bool main;
	bool gil;          /**< holds its interpreter's GIL */
	bool signal;       /**< took the signal that ended the process */
	bool complete;     /**< the chain of frames was read to its end */
	const char *state; /**< "holds GIL", "collecting garbage", "shutting down", "waiting" (without
	                    * the GIL: for it, or in a call that lets go of it), "ended" (there is no
	                    * such thread any more: this is where it was), NULL: not known */
	const char *exception_type;    /**< being handled or propagating, or NULL */
	const char *exception_message; /**< its first argument as text, or NULL */
	const struct pycore_frame *frames; /**< newest first */
	size_t n_frames;
};

/** Every thread of every interpreter: the main thread first, then by id. */
struct pycore_stacks {
	const struct pycore_thread *threads;
	size_t n_threads;
};

/** Read all Python stacks. The result lives until pycore_close(). */
PYCORE_API int pycore_get_stacks(struct pycore *session, const struct pycore_stacks **out,
				 struct pycore_error *err);

/** What to read of the stacks. Zero everywhere is the default; set @c size to sizeof. */
struct pycore_stack_query {
	size_t size;
	bool locals; /**< the local variables of each frame, with their types */
	bool values; /**< and their values */
};

/** As pycore_get_stacks(), with what @p query asks for. NULL: nothing more. */
PYCORE_API int pycore_query_stacks(struct pycore *session, const struct pycore_stack_query *query,
				   const struct pycore_stacks **out, struct pycore_error *err);

#endif
