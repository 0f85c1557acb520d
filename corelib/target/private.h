/* SPDX-License-Identifier: MIT */
#ifndef TARGET_PRIVATE_H
#define TARGET_PRIVATE_H

#include <elf.h>
#include <libelf.h>
#include <time.h>

#include "base/buf.h"
#include "base/vec.h"
#include "target/live.h"
#include "target/target.h"

/* Shared inside this room only. */

#define PAGE_BYTES UINT64_C(4096)
#define PAGE_DOWN(x) ((x) & ~(PAGE_BYTES - 1))
/* Saturates: the last page of the address space has no end. */
#define PAGE_UP(x)                                                                                 \
	((x) > UINT64_MAX - PAGE_BYTES ? PAGE_DOWN(UINT64_MAX) : PAGE_DOWN((x) + PAGE_BYTES - 1))

typedef void warn_fn(void *ctx, const char *line);
typedef VEC(struct region) region_vec;

/* Set what every kind has in common. */
void target_setup(struct target *t, const struct target_ops *ops, enum target_kind kind,
		  const struct pycore_options *options, warn_fn *warn, void *warn_ctx);
/* Free what every kind has in common: arena and opened files. */
void target_teardown(struct target *t);
void target_warn(struct target *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Give @p list to the target: sorted, without overlaps and empty ranges, in
 * its arena; bytes_mapped is counted. @return false: no memory
 */
bool target_take_regions(struct target *t, region_vec *list);
/* Mark the region around @p addr, if there is one. */
void target_mark(struct target *t, uint64_t addr, uint32_t flags);

/* What of an ELF file's program headers matters here. */
enum { SHAPE_LOADS = 32, SHAPE_NOTES = 8 };
struct elf_shape {
	struct shape_part {
		uint64_t vaddr, offset, filesz, memsz, flags; /* compared as bytes: no padding */
	} loads[SHAPE_LOADS], notes[SHAPE_NOTES], dynamic;
	size_t n_loads, n_notes;
	uint16_t type; /* ET_EXEC, ET_DYN */
	uint64_t low, high; /* of the loads, whole pages */
};

/* Copy from an offset of a file, wherever its bytes are. @return bytes copied */
typedef size_t shape_get_fn(void *ctx, uint64_t offset, void *buf, size_t len);

/* @return whether it is an x86-64 ELF program or library whose headers can be read */
bool elf_shape_read(struct elf_shape *shape, shape_get_fn *get, void *ctx);
/* The load that is mapped from file @p offset on, or NULL. */
const struct shape_part *elf_shape_load(const struct elf_shape *shape, uint64_t offset);
/* @return length of the GNU build-id among the @p len bytes of notes at @p notes, 0: none */
size_t elf_notes_build_id(const void *notes, size_t len, uint8_t out[64]);

/* A file of this machine. */
struct file {
	int fd;
	bool open; /* fd is one */
	uint64_t size;
	time_t mtime;
	const unsigned char *map; /* NULL: not mapped */
};

/* Open a regular file, or below @p root (which its links do not leave) if that is not NULL. */
bool file_open(struct file *f, const char *root, const char *path);
bool file_map(struct file *f);
size_t file_read(const struct file *f, uint64_t offset, void *buf, size_t len);
/* Where the next byte is from @p offset on that is in no hole: at the file's end, UINT64_MAX. */
uint64_t file_data_from(const struct file *f, uint64_t offset);
/* Give up the descriptor; a mapping stays. */
void file_shut(struct file *f);
void file_close(struct file *f);

/* An ELF symbol table, of a file or copied out of the target. */
struct symtab {
	const Elf64_Sym *symbols;
	size_t n;
	const char *names; /* ends with a NUL */
	size_t names_len;
};

struct data_symbol {
	uint64_t start, end; /* as in the file: without bias */
	const char *name;
};

enum { TABLE_DYNAMIC, TABLE_FULL, TABLE_DEBUG, TABLES };

struct module_file {
	struct module_file *next; /* of all of this target's, to free them */
	struct file file, debug;
	struct elf_shape shape; /* of the file */
	Elf *elf, *debug_elf;
	struct symtab tables[TABLES];
	bool loaded, debug_tried; /* tables were looked for, in the file and in a debug file */
	struct data_symbol *data; /* by start */
	size_t n_data;
	bool sorted; /* data was made */
	bool lent;   /* the core reads from it: it stays open */
};

/* Group the regions into modules. Reads the target. @return false: no memory */
bool modules_build(struct target *t);
/*
 * Give the module what its file's headers claim: bias and range, up to the next
 * other file. @p first is its first region.
 */
void module_place(const struct target *t, struct module *m, const struct elf_shape *shape,
		  const struct region *first);
/*
 * Look for the module's file on this machine, and compare it with what the
 * target has mapped: sets found, found_at and, if MODULE_FOUND, leaves it open.
 */
void module_find(struct target *t, struct module *m);
/* module_find() for those that were not looked for yet; no file stays open. */
void modules_find(struct target *t);
/* The file of a module, opened, if it was found; else NULL. */
struct module_file *module_opened(struct target *t, struct module *m);
void module_shut(struct module *m);
/* What is kept of a module's file; made if there is none yet. NULL: no memory */
struct module_file *module_file_of(struct target *t, struct module *m);
void module_files_free(struct target *t);
/* Headers of a module as they are in the target's memory. */
bool module_shape_of_memory(struct target *t, const struct module *m, struct elf_shape *shape);
/* .dynsym out of the target's memory, copied to its arena. */
bool module_dynamic_symbols(struct target *t, struct module *m, struct symtab *out);

/* What the notes of a core tell. */
struct note_file {
	uint64_t start, end, offset;
	const char *path;
};

struct notes {
	VEC(struct native_thread) threads;
	VEC(struct note_file) files;
	uint64_t entry, phdr, execfn, random; /* of the auxiliary vector; 0 if not there */
	int si_signal;                        /* of NT_SIGINFO, 0 if not there */
	int si_code;
	uint64_t si_address;
	bool damaged; /* some could not be read */
};

/* Take what @p data, raw notes of a core, holds. */
void notes_parse(struct notes *n, struct target *t, Elf_Data *data);
void notes_fini(struct notes *n);

/*
 * Read all registers of a thread that the caller has stopped by ptrace, into the
 * arena of @p t. @return NULL: no memory
 */
struct thread_registers *registers_read(struct target *t, pid_t tid, int signal);

/* Threads of a live process stopped by ptrace, until they are released or we end. */
struct freezer;

int freezer_stop(struct freezer **out, struct target *t, int proc_fd, struct pycore_error *err);
/* When the first thread was asked to stop: live_clock() time. */
uint64_t freezer_since(const struct freezer *f);
/* @return how many are stopped; the first @p room of them are told in @p out */
size_t freezer_threads(const struct freezer *f, struct native_thread *out, size_t room);
/* Let all run on. @return for how many nanoseconds any of it stood */
uint64_t freezer_release(struct freezer *f);

int live_no_permission(pid_t pid, int os_errno, struct pycore_error *err);

/* Make regions of the text of maps, which is cut to pieces. */
bool proc_take_maps(struct target *t, char *text);
const char *proc_command(struct target *t, int proc_fd);

/* A run of bytes of the target in a file. */
struct file_piece {
	uint64_t start, len;
	const struct file *file;
	uint64_t offset;
	const unsigned char *host; /* NULL: the file is not mapped */
	bool zero_tail;            /* the file may end before the piece: zeros follow */
};

struct pieces {
	VEC(struct file_piece) list; /* by start, without overlaps, after pieces_sort() */
};

bool pieces_add(struct pieces *p, struct file_piece piece);
/* Sort, cut overlaps, join what is one run here, too. @return bytes in all */
uint64_t pieces_sort(struct pieces *p);
const struct file_piece *pieces_at(const struct pieces *p, uint64_t addr);
/* The piece that holds @p addr, else the next after it, or NULL. */
const struct file_piece *pieces_from(const struct pieces *p, uint64_t addr);
/* As target_skip_holes(). */
uint64_t pieces_skip(const struct pieces *p, uint64_t addr, uint64_t end);
size_t pieces_read(const struct pieces *p, uint64_t addr, void *buf, size_t len);

/* A PT_LOAD of a core. */
struct segment {
	uint64_t start, end;
	uint64_t filesz; /* as the header says */
	uint64_t offset;
	uint32_t flags;  /* REGION_READ... */
};
typedef VEC(struct segment) segment_vec;

struct core {
	struct target base;
	struct file file;
	Elf *elf; /* while it is opened */
	segment_vec segments;
	struct notes notes;
	bool notes_cut; /* the file ends within them */
	bool has_written; /* private memory was dumped */
	bool unpack_lost; /* it was compressed, and could not be unpacked to its end */
	struct pieces pieces;
};

/* Regions of a core: its segments, cut and named by its file table. */
bool core_regions(struct core *c);
/* Warn of what is missing of a core that was cut short, or made without it: when it is filled. */
void core_tell_lost(struct core *c, const char *path);
/* Lend from mapped files what the core left out, and warn of what cannot be had. */
bool core_fill(struct core *c);

#endif
