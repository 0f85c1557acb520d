/* SPDX-License-Identifier: MIT */
#ifndef TESTS_COREFILE_H
#define TESTS_COREFILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * ELF cores, and ELF files to be mapped in them, that a test makes up.
 * Running out of memory or room aborts.
 */
struct corefile;

struct corefile_map {
	uint64_t start, end, offset;
	const char *path;
};

struct corefile *corefile_new(void);
void corefile_free(struct corefile *c);

/* A segment of @p memsz bytes; the first @p filesz of them, from @p bytes, are in the core. */
void corefile_segment(struct corefile *c, uint64_t start, const void *bytes, uint64_t filesz,
		      uint64_t memsz, uint32_t p_flags);
/* A segment header as it is, with bytes that are nowhere. */
void corefile_header(struct corefile *c, const Elf64_Phdr *ph);
void corefile_note(struct corefile *c, const char *name, uint32_t type, const void *desc,
		   size_t len);
void corefile_thread(struct corefile *c, uint32_t tid, int signal, uint64_t pc, uint64_t sp,
		     uint64_t fs_base);
void corefile_process(struct corefile *c, uint32_t pid, const char *command);
void corefile_siginfo(struct corefile *c, int signal, int code, uint64_t address);
void corefile_auxv(struct corefile *c, uint64_t entry);
void corefile_maps(struct corefile *c, const struct corefile_map *maps, size_t n);
/* Notes after the segments, as gdb writes them. */
void corefile_notes_last(struct corefile *c);

/* The finished core; good until corefile_free(). Nothing may be added any more. */
unsigned char *corefile_finish(struct corefile *c, size_t *len);

/* A file that holds @p bytes: "/proc/self/fd/N" in @p path. @return its descriptor */
int corefile_open(const void *bytes, size_t len, char path[64]);

/*
 * Bytes of a small shared library: page 0 headers and build-id, page 1 read-only
 * data, page 2 written data; one symbol "answer" in page 2 (at 0x2010, 8 bytes) and
 * a section ".here" (0x2020, 32 bytes). Bytes not used are @p filler.
 */
enum { MINI_PAGES = 3, MINI_SIZE = 0x4000 };
void corefile_mini_elf(unsigned char out[MINI_SIZE], uint8_t build_id, uint8_t filler);

#endif
