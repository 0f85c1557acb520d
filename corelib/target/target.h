/* SPDX-License-Identifier: MIT */
#ifndef TARGET_TARGET_H
#define TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <pycore/session.h>

#include "base/arena.h"
#include "base/error.h"

/*
 * Bytes at addresses, threads and mapped ELF files: a core, a process or what
 * a host program hands out. Nothing above this room knows which of the three
 * it has; nothing in this room knows the word "Python".
 */

enum target_kind { TARGET_CORE, TARGET_LIVE, TARGET_CALLBACK };

enum {
	REGION_READ = 1,
	REGION_WRITE = 2,
	REGION_EXEC = 4,
	REGION_ANON = 8,   /* no file behind it */
	REGION_SHARED = 16,
	REGION_STACK = 32, /* known to be the main thread's or a thread's stack */
	REGION_HEAP = 64,  /* brk heap */
};

/* A mapped range of the target. Sorted by start, never overlapping. */
struct region {
	uint64_t start, end;
	uint64_t file_offset;
	const char *path; /* mapped file as the target knows it, or NULL */
	uint32_t flags;
};

/* A kernel thread. */
struct native_thread {
	uint64_t tid;
	uint64_t fs_base; /* thread pointer; 0 if not known */
	uint64_t pc, sp;  /* 0 if not known */
	int signal;       /* that the core says this thread took, or 0 */
	const struct thread_registers *registers; /* of a live target that wants them, or NULL */
};

enum module_found { MODULE_NOT_FOUND, MODULE_FOUND, MODULE_DIFFERS };

/* A mapped ELF file (or another mapped file: then it has no symbols). */
struct module {
	const char *path;     /* as the target knows it */
	const char *found_at; /* path on this machine, or NULL */
	uint64_t start, end;  /* lowest and highest mapped address */
	uint64_t bias;        /* address = st_value + bias */
	bool is_exe;
	bool is_elf;
	enum module_found found;
	uint8_t build_id[64]; /* of the target's memory */
	size_t build_id_len;  /* 0: not readable */
	struct module_file *file; /* opened ELF on this machine, NULL: not yet or not there */
};

struct process_info {
	uint64_t pid;
	const char *command; /* argv joined by spaces, as far as known; or NULL */
	const char *exe;     /* path as the target knows it, or NULL */
	int signal;          /* that ended it, or 0 */
	uint64_t signal_tid;
	uint64_t fault_address;
};

struct target;

/* A range of the target whose bytes lie in this program, at host, until the target closes. */
struct piece {
	uint64_t start, len;
	const unsigned char *host;
};

struct target_ops {
	/* The whole piece that holds addr; false: not mapped here. May be NULL. Any thread may call. */
	bool (*piece)(struct target *t, uint64_t addr, struct piece *out);
	/* Copy what can be read from addr on, up to len. @return bytes copied. Any thread may call. */
	size_t (*read)(struct target *t, uint64_t addr, void *buf, size_t len);
	/* As target_skip_holes(). May be NULL. Any thread may call. */
	uint64_t (*skip)(struct target *t, uint64_t addr, uint64_t end);
	int (*freeze)(struct target *t, struct pycore_error *err); /* may be NULL */
	void (*thaw)(struct target *t);                            /* may be NULL */
	void (*close)(struct target *t);
};

struct target {
	const struct target_ops *ops;
	enum target_kind kind;
	const char *path; /* core file, or NULL */
	struct arena arena;
	struct process_info process;
	struct region *regions;
	size_t n_regions;
	struct native_thread *threads;
	size_t n_threads;
	struct module *modules; /* by start */
	size_t n_modules;
	const char *sysroot, *exe_override, *debug_dir;
	const char *unpack_dir; /* for compressed cores, or NULL */
	pycore_progress_fn *progress; /* may be NULL */
	void *progress_ctx;
	int64_t written_at; /* when the core was, in seconds since 1970; 0 for others */
	bool map_files; /* files may be mapped */
	struct module_file *files; /* every one opened: all closed with the target */
	uint64_t bytes_mapped, bytes_readable;
	double stopped_ms;
	bool want_registers; /* live: a freeze reads all registers of each thread */
	uint64_t stop_limit; /* live: nanoseconds within which all threads must stand; 0: usual */
	const char *lost; /* why memory is missing: "the core is cut short ..."; NULL: it is not */
	bool gone; /* a live process that went away while it was read */
	void (*warn)(void *ctx, const char *line); /* may be NULL */
	void *warn_ctx;
};

/* Open a core; warnings (truncated, files missing or of another build) go to @p warn. */
int target_open_core(struct target **out, const char *path, const struct pycore_options *options,
		     void (*warn)(void *ctx, const char *line), void *warn_ctx,
		     struct pycore_error *err);

/* Open a process without stopping it: regions and modules as they are now. */
int target_open_live(struct target **out, pid_t pid, const struct pycore_options *options,
		     void (*warn)(void *ctx, const char *line), void *warn_ctx,
		     struct pycore_error *err);

int target_open_callback(struct target **out, const struct pycore_callback_target *from,
			 const struct pycore_options *options,
			 void (*warn)(void *ctx, const char *line), void *warn_ctx,
			 struct pycore_error *err);

/*
 * Stop every thread (live only, else a no-op) and read regions and threads anew.
 * Where the map has changed since, regions and modules are new arrays; pointers
 * into the old ones stay good until the target is closed. Nothing can be read
 * between target_thaw() and the next target_freeze(). May be called from any thread,
 * by one at a time.
 */
int target_freeze(struct target *t, struct pycore_error *err);
void target_thaw(struct target *t);
/* How long it has been (or was) stopped. */
double target_stopped_ms(const struct target *t);
void target_close(struct target *t);

/* @return the region that holds @p addr, or NULL */
const struct region *target_region_at(const struct target *t, uint64_t addr);

/*
 * For long walks: the first address in [@p addr, @p end) at which there may be
 * something; before it there are only zeros that a sparse core does not hold, or
 * nothing at all. @p end: none is left.
 */
uint64_t target_skip_holes(struct target *t, uint64_t addr, uint64_t end);

/* @return the module one of whose mappings holds @p addr, or NULL */
struct module *target_module_at(struct target *t, uint64_t addr);

/*
 * Symbols are read when first asked for: one thread at a time for all module_*().
 *
 * Look @p name up among the module's symbols (.dynsym, then .symtab if the file
 * has one). @return whether it is there; @p size may be NULL.
 */
bool module_symbol(struct target *t, struct module *m, const char *name, uint64_t *addr,
		   uint64_t *size);

/* Where the section @p name of the module is mapped. */
bool module_section(struct target *t, struct module *m, const char *name, uint64_t *addr,
		    uint64_t *size);

/*
 * Name of the data symbol that covers @p addr ("_Py_NoneStruct"), or NULL.
 * Lives as long as the target.
 */
const char *module_symbol_at(struct target *t, struct module *m, uint64_t addr);

#endif
