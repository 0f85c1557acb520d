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
	uint32_t jobs;            /**< threads that read, 0: one a processor */
	uint64_t max_stop_ms;     /**< release it after so long, whatever is missing; 0: no limit */
	uint64_t most_memory;     /**< bytes that may wait here to be written, 0: as there is room for;
				   * with a max_stop_ms a copy of all has room in it, or it fails */
	bool no_freeze;           /**< do not stop it: what is written may be torn */
	bool leave_text;          /**< leave out program code that its file has */
	bool leave_stack_reserve; /**< leave out what lies below the stack pointers */
	bool all_memory;          /**< with what the process's coredump_filter and MADV_DONTDUMP
				   * leave out */
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
	bool copied;         /**< there was memory enough: the stop did not wait for a disk */
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

/**
 * Copy a core that is not compressed, without what the options leave out: of them
 * path (which is needed), compression, jobs, leave_text, leave_stack_reserve,
 * cancelled and warn count.
 */
PYCORE_API int pycore_reduce(const char *core, const struct pycore_dump_options *options,
			     struct pycore_dump_result *out, struct pycore_error *err);

/** A process, or a group of processes, whose memory is watched. */
struct pycore_watch;

/** What to wait for. Zero everywhere is the process's own limits; set @c size. */
struct pycore_watch_options {
	size_t size;        /**< sizeof(struct pycore_watch_options) of the caller */
	pid_t pid;          /**< the process, or 0: that of @c group which has the most memory */
	const char *group;  /**< folder of a memory control group, or NULL: the process's own */
	uint64_t rss;       /**< resident bytes of the process; 0: not looked at */
	uint32_t percent;   /**< of the limit of the group, or of the machine; 0: 95, or 90 */
	uint32_t pressure;  /**< percent of time that the group or machine waits for memory; 0: not
			     * looked at */
	pycore_cancel_fn *cancelled; /**< asked several times a second; or NULL */
	void *cancel_ctx;
	void (*tell)(void *ctx, const char *line); /**< what is going to be done; or NULL */
	void *tell_ctx;
};

/** A limit that was reached. */
struct pycore_watch_event {
	pid_t pid;        /**< the process to look at */
	bool machine;     /**< it is the machine that lacks memory */
	char reason[240]; /**< one line */
	uint64_t reserved[4];
};

/**
 * Begin to watch. Where the process is in a memory group with a limit, the kernel's
 * killer is turned off for that group (version 1), or its memory.high is lowered
 * to the limit that is watched (version 2), so that there is time to look at the
 * process. Both are put back by pycore_watch_close(), or by a process of its own
 * (a child of the caller) if the caller dies, even of SIGKILL.
 *
 * If the caller itself is in that group, it moves to the group above, or leaves
 * the killer alone where it cannot.
 */
PYCORE_API int pycore_watch_open(struct pycore_watch **out,
				 const struct pycore_watch_options *options,
				 struct pycore_error *err);

/**
 * Wait. @return 1: a limit is reached, told in @p event; 0: the process ended, or the
 * last of the group; negative: as every failure, PYCORE_ERR_CANCELLED where
 * @c cancelled said so
 */
PYCORE_API int pycore_watch_wait(struct pycore_watch *watch, struct pycore_watch_event *event,
				 struct pycore_error *err);

/** Put back what was changed. */
PYCORE_API void pycore_watch_close(struct pycore_watch *watch);

#endif
