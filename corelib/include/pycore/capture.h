/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_CAPTURE_H
#define PYCORE_CAPTURE_H

#include <pycore/session.h>

/** How the bytes of a written core are packed. */
enum pycore_compression {
	PYCORE_PLAIN = 0, /**< an ELF file, with holes where memory is zero */
	PYCORE_ZSTD = 1,  /**< the same, as one zstd frame that tells its unpacked size */
};

/** Asked now and then during long work. @return whether to give up */
typedef bool pycore_cancel_fn(void *ctx);

/** How to write a core of a live process. Zero everywhere is the default; set @c size. */
struct pycore_dump_options {
	size_t size;              /**< sizeof(struct pycore_dump_options) of the caller */
	const char *path;         /**< the file to make, or NULL: "core.PID" here. It must not exist */
	int32_t compression;      /**< enum pycore_compression */
	uint32_t jobs;            /**< threads that copy, 0: one a processor */
	uint64_t max_stop_ms;     /**< release it after so long, whatever is missing; 0: no limit */
	uint64_t most_memory;     /**< bytes that a copy may take here, 0: as there is room for */
	bool no_freeze;           /**< do not stop it: what is written may be torn */
	bool leave_text;          /**< leave out program code that its file has */
	bool leave_stack_reserve; /**< leave out what lies below the stack pointers */
	bool small_footprint;     /**< take little memory and drop written pages from the cache:
				   * where the process lacks memory, take none from it */
	pycore_cancel_fn *cancelled; /**< or NULL */
	void *cancel_ctx;
	pycore_progress_fn *progress; /**< or NULL */
	void *progress_ctx;
	void (*warn)(void *ctx, const char *line); /**< what the core lacks; or NULL */
	void *warn_ctx;
};

/** What was done. */
struct pycore_dump_result {
	char path[4096];     /**< of the file, as it was given */
	uint64_t bytes;      /**< size of the file */
	uint64_t disk_bytes; /**< what it takes on the disk: holes take nothing */
	uint64_t core_bytes; /**< size of the core, unpacked */
	uint64_t memory;     /**< bytes of memory that were copied */
	uint64_t unreadable; /**< of them could not be read: zeros stand there */
	uint64_t threads;
	double stopped_ms;   /**< for how long the process stood still */
	bool copied;         /**< all was copied before it was written: the stop did not wait for a disk */
	bool was_stopped;    /**< the process was stopped by a signal before, and still is */
	uint64_t reserved[8];
};

/**
 * Stop a process, write an ELF core of it, let it run on.
 *
 * The file is there in full or not at all: it has no name (or another one) until
 * all of it is written, never replaces a file, and its last part is never
 * followed as a symbolic link. The process runs on whatever happens to the
 * caller, who may be killed at any moment.
 *
 * @param out  what was done; may be NULL
 * @return 0; PYCORE_ERR_OUTPUT where the file cannot be written, PYCORE_ERR_CANCELLED
 *         where @c cancelled said so, PYCORE_ERR_TOO_LONG where @c max_stop_ms was not
 *         enough, or as pycore_open_live()
 */
PYCORE_API int pycore_dump(pid_t pid, const struct pycore_dump_options *options,
			   struct pycore_dump_result *out, struct pycore_error *err);

#endif
