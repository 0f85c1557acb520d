/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_SESSION_H
#define PYCORE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <pycore/error.h>

#ifdef __cplusplus
#define PYCORE_API extern "C" __attribute__((visibility("default")))
#else
#define PYCORE_API __attribute__((visibility("default")))
#endif

/** One open target: a core, a process, or the memory a host program hands out. */
struct pycore;

/**
 * Called now and then during long work.
 *
 * @param ctx    the pointer given in struct pycore_options
 * @param what   a few words, such as "reading objects"; static
 * @param done   units finished
 * @param total  units in all, 0 if not known
 */
typedef void pycore_progress_fn(void *ctx, const char *what, uint64_t done, uint64_t total);

/** How to open a target. Zero everywhere is the default; set @c size to sizeof. */
struct pycore_options {
	size_t size;           /**< sizeof(struct pycore_options) of the caller */
	const char *exe;       /**< executable of a core, or NULL: the one that the core names */
	const char *sysroot;   /**< look for mapped files below this directory first, or NULL */
	const char *debug_dir; /**< where separate debug files are, or NULL */
	pycore_progress_fn *progress;
	void *progress_ctx;
	uint32_t jobs;         /**< worker threads, 0: one a processor */
	bool no_freeze;        /**< live: read without stopping; results may be torn */
	bool already_stopped;  /**< live: the caller holds every thread stopped (a debugger) */
	bool map_files;        /**< map the core: fast, but the caller must survive SIGBUS if the
	                        * file is cut short while open; without it pread is used */
	const char *unpack_dir; /**< where a compressed core is unpacked, into a file without a
	                         * name that goes when it is closed; NULL: /var/tmp */
	uint64_t max_stop_ms;  /**< live: let it run on after so long at most, 0: when closed or thawed;
	                        * what is read is a copy that was taken meanwhile */
};

/**
 * Copy bytes out of a target the library cannot open itself.
 *
 * @param ctx   the pointer given in struct pycore_callback_target
 * @param addr  first address to copy
 * @param buf   room for @p len bytes
 * @return how many bytes were copied; fewer than @p len means the byte at
 *         `addr + returned` is not readable
 *
 * Success is a count and failure is 0 on purpose: a ctypes callback that
 * raises returns 0 to C, and that must never read as "all is well".
 */
typedef size_t pycore_read_fn(void *ctx, uint64_t addr, void *buf, size_t len);

/** A mapped range, as the host program knows it. */
struct pycore_map {
	uint64_t start, end;  /**< [start, end) */
	uint64_t file_offset; /**< where in @c path this range begins */
	const char *path;     /**< mapped file, or NULL */
	uint32_t prot;        /**< PROT_READ | PROT_WRITE | PROT_EXEC of <sys/mman.h> */
};

/** A thread of the target, as the host program knows it. */
struct pycore_native_thread {
	uint64_t tid;     /**< kernel thread id */
	uint64_t fs_base; /**< thread pointer, 0 if not known */
	uint64_t sp, pc;  /**< 0 if not known */
};

/** A target read through the host program (a remote one, behind gdbserver). */
struct pycore_callback_target {
	size_t size; /**< sizeof(struct pycore_callback_target) of the caller */
	pycore_read_fn *read;
	void *ctx;
	const struct pycore_map *maps;
	size_t n_maps;
	const struct pycore_native_thread *threads; /**< may be NULL */
	size_t n_threads;
	const char *exe; /**< path of the executable, or NULL */
	uint64_t pid;    /**< 0 if not known */
};

/**
 * Open an ELF core file, which may be compressed (zstd, lz4, xz, gzip), or a snapshot
 * that pycore_write_snapshot() wrote: of it there are types, objects, the graph and the audit,
 * but no values, and pycore_get_growth() takes it; what needs
 * memory gives PYCORE_ERR_ARGUMENT.
 *
 * @return 0, or a negative enum pycore_status told in @p err
 */
PYCORE_API int pycore_open_core(struct pycore **out, const char *path,
				const struct pycore_options *options, struct pycore_error *err);

/**
 * Open a live process and stop all its threads until pycore_thaw(),
 * pycore_close(), or the death of this process, whichever comes first.
 */
PYCORE_API int pycore_open_live(struct pycore **out, pid_t pid,
				const struct pycore_options *options, struct pycore_error *err);

/** Open a target that the host program reads for us. @p from is copied. */
PYCORE_API int pycore_open_callback(struct pycore **out, const struct pycore_callback_target *from,
				    const struct pycore_options *options,
				    struct pycore_error *err);

/** Let a frozen process run on. What was computed stays; nothing more can be read. */
PYCORE_API void pycore_thaw(struct pycore *session);

/** Milliseconds for which a live process was (or has been so far) stopped by us; 0 for others. */
PYCORE_API double pycore_stopped_ms(const struct pycore *session);

PYCORE_API void pycore_close(struct pycore *session);

/** What the answer lacks, and notes on it: one line each, in the order met. NULL past the last. */
PYCORE_API const char *pycore_warning(const struct pycore *session, size_t i);

/** Whether warning @p i is worth knowing but names no part of the answer that is missing. */
PYCORE_API bool pycore_warning_is_note(const struct pycore *session, size_t i);

/** Put a line after the warnings there are, once. It is copied. */
PYCORE_API void pycore_add_warning(struct pycore *session, const char *line);

/** "0.1.0" */
PYCORE_API const char *pycore_version(void);

#endif
