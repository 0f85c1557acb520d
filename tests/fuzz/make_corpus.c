/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/make_corpus.h"
#include "lib/corefile.h"
#include "lib/pack.h"

/*
 * Writes seeds into a folder for each fuzz target, below the one that is named:
 *
 *	for name in core elf notes object tables unpack; do mkdir -p DIR/fuzz_$name; done
 *	make_corpus DIR
 */

#define HEAP UINT64_C(0x10000000)
#define STACK UINT64_C(0x7ffff0000000)
#define LIBRARY UINT64_C(0x7f0000000000)

static const char *directory;

void corpus_save(const char *target, const char *name, const void *bytes, size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/fuzz_%s/%s", directory, target, name);
	f = fopen(path, "w");
	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f)) {
		perror(path);
		exit(1);
	}
}

static void finish(const char *name, struct corefile *c)
{
	size_t len;
	unsigned char *bytes = corefile_finish(c, &len);

	corpus_save("core", name, bytes, len);
	corefile_free(c);
}

static struct corefile *threads(void)
{
	struct corefile *c = corefile_new();

	corefile_process(c, 77, "./a.out --all");
	corefile_thread(c, 78, SIGSEGV, 0x401000, STACK + 0x10, 0x1111);
	corefile_thread(c, 77, 0, 0x402000, 0, 0x2222);
	corefile_siginfo(c, SIGSEGV, 1, 0xbad);
	return c;
}

static struct corefile *library(bool cut)
{
	const struct corefile_map maps[] = {
		{ LIBRARY, LIBRARY + 0x2000, 0, "/nowhere/lib.so" },
		{ LIBRARY + 0x2000, LIBRARY + 0x3000, 0x2000, "/nowhere/lib.so" },
		{ LIBRARY + 0x10000, LIBRARY + 0x11000, 0, "/nowhere/data" },
	};
	struct corefile *c = threads();
	unsigned char elf[MINI_SIZE];

	corefile_mini_elf(elf, 0xaa, 'm');
	corefile_maps(c, maps, 3);
	corefile_auxv(c, LIBRARY + 0x100);
	corefile_segment(c, HEAP, "heap", 4, 0x1000, PF_R | PF_W);
	corefile_segment(c, LIBRARY, elf, 0x450, cut ? 0x1000 : 0x2000, PF_R);
	return c;
}

static void cores(void)
{
	const Elf64_Phdr lie = { .p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = UINT64_MAX - 0xfff,
				 .p_filesz = UINT64_MAX, .p_memsz = 0x1000 };
	unsigned char elf[MINI_SIZE];
	struct corefile *c;

	corpus_save("core", "empty", "", 0);
	corpus_save("core", "text", "no core\n", 8);

	c = corefile_new();
	corefile_segment(c, HEAP, "bytes", 5, 0x1000, PF_R | PF_W);
	finish("one-segment", c);

	c = threads();
	corefile_segment(c, HEAP, "first", 5, 5, PF_R);
	corefile_segment(c, HEAP + 5, "second", 6, 0x1000, PF_R | PF_W);
	corefile_segment(c, STACK, "stack", 5, 0x1000, PF_R | PF_W);
	finish("threads", c);

	c = threads();
	corefile_segment(c, STACK, "stack", 5, 0x1000, PF_R | PF_W);
	corefile_notes_last(c);
	finish("notes-last", c);

	c = threads();
	corefile_segment(c, HEAP, "overlaps", 8, 0x2000, PF_R);
	corefile_segment(c, HEAP + 4, "overlaps", 8, 0x2000, PF_R);
	corefile_header(c, &lie);
	finish("overlap", c);

	c = corefile_new();
	corefile_note(c, "CORE", NT_FILE, "\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x10\0\0\0\0\0", 16);
	corefile_note(c, "CORE", NT_PRSTATUS, "short", 5);
	corefile_note(c, "LINUX", 0x200, "other", 5);
	corefile_segment(c, HEAP, "x", 1, 1, PF_R);
	finish("notes", c);

	finish("library", library(false));
	finish("library-unsegmented", library(true));

	/* .dynsym found through memory */
	c = corefile_new();
	corefile_mini_elf(elf, 0xaa, 'm');
	corefile_maps(c, &(struct corefile_map){ LIBRARY, LIBRARY + 0x1000, 0, "/nowhere/l.so" }, 1);
	{
		const Elf64_Phdr dynamic = { PT_DYNAMIC, PF_R, 0x240, 0x240, 0x240, 96, 96, 8 };
		const uint64_t entries[] = { DT_SYMTAB, 0x300, DT_STRTAB, 0x400, DT_STRSZ, 0x20,
					     DT_HASH, 0x2a0, DT_GNU_HASH, 0x2a8, DT_NULL, 0 };
		const uint32_t hash[] = { 1, 2, 1, 1, 1, 0, 0, 0, 1, 3 };

		memcpy(elf + 64 + 2 * sizeof(dynamic), &dynamic, sizeof(dynamic));
		memcpy(elf + 0x240, entries, sizeof(entries));
		memcpy(elf + 0x2a0, hash, sizeof(hash));
	}
	corefile_segment(c, LIBRARY, elf, 0x450, 0x1000, PF_R);
	finish("dynamic", c);
}

/* What the first program header, of the notes, tells of. */
static void notes_of(const char *name, struct corefile *c)
{
	size_t len;
	unsigned char *bytes = corefile_finish(c, &len);
	const Elf64_Phdr *ph = (const void *)(bytes + sizeof(Elf64_Ehdr));

	corpus_save("notes", name, bytes + ph->p_offset, ph->p_filesz);
	corefile_free(c);
}

static void notes(void)
{
	static const struct __attribute__((packed)) {
		uint64_t head[2], rows[2][3];
		char names[3];
	} two_rows = { { 2, 4096 }, { { HEAP, HEAP + 4096, 0 }, { STACK, STACK + 4096, 0 } }, "/a" };
	const struct corefile_map maps[] = {
		{ LIBRARY, LIBRARY + 0x2000, 0, "/nowhere/lib.so" },
		{ LIBRARY + 0x2000, LIBRARY + 0x3000, 0x2000, "/nowhere/lib.so" },
		{ LIBRARY + 0x10000, LIBRARY + 0x11000, 0, "/nowhere/data" },
	};
	struct corefile *c = threads();

	corefile_maps(c, maps, 3);
	corefile_auxv(c, LIBRARY + 0x100);
	notes_of("process", c);
	c = corefile_new();
	corefile_maps(c, maps, 3);
	notes_of("files", c);
	c = corefile_new();
	corefile_note(c, "CORE", NT_FILE, &two_rows, sizeof(two_rows));
	notes_of("one-name-of-two", c);
	c = corefile_new();
	corefile_note(c, "GNU", NT_GNU_BUILD_ID, "a build-id, of 20 by", 20);
	corefile_note(c, "CORE", NT_PRSTATUS, "short", 5);
	notes_of("build-id", c);
}

static void packed(void)
{
	struct corefile *c = threads();
	unsigned char input[65536] = { 0 }, *bytes;
	char name[32];
	size_t len;

	corefile_segment(c, HEAP, "heap", 4, 0x1000, PF_R | PF_W);
	bytes = corefile_finish(c, &len);
	for (size_t i = 0; i < PACKERS; i++) {
		input[0] = 0;
		corpus_save("unpack", packers[i].name, input,
			    8 + pack_with(&packers[i], input + 8, sizeof(input) - 8, bytes, len));
		input[0] = (unsigned char)(1 + 2 * i + 8 * (i % 2));
		memcpy(input + 8, bytes, len);
		snprintf(name, sizeof(name), "core-%s", packers[i].name);
		corpus_save("unpack", name, input, 8 + len);
	}
	corefile_free(c);
}

/* All of a small binary in one page: damage hits something. */
struct binary {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[3];
	struct {
		Elf64_Nhdr h;
		char name[4], id[20];
	} note;
	uint64_t dynamic[12];
	uint32_t hash[6], gnu_hash[10];
	Elf64_Sym symbols[4];
	Elf64_Shdr sections[6];
	char names[64];
};

#define SECTION(i, type, member, link) \
	{ (i), (type), SHF_ALLOC, offsetof(struct binary, member), offsetof(struct binary, member), \
	  sizeof(((struct binary *)0)->member), (link), 1, 8, sizeof(Elf64_Sym) }

static void binary(const char *name, bool full, bool hash)
{
	struct binary b = {
		.eh = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			.e_phoff = offsetof(struct binary, ph), .e_phnum = 3,
			.e_shoff = offsetof(struct binary, sections), .e_shnum = 6, .e_shstrndx = 3,
			.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
			.e_shentsize = sizeof(Elf64_Shdr),
		},
		.ph = {
			{ PT_LOAD, PF_R | PF_W, 0, 0, 0, sizeof(b), 0x4000, 0x1000 },
			{ PT_NOTE, PF_R, offsetof(struct binary, note), offsetof(struct binary, note),
			  offsetof(struct binary, note), sizeof(b.note), sizeof(b.note), 4 },
			{ PT_DYNAMIC, PF_R, offsetof(struct binary, dynamic),
			  offsetof(struct binary, dynamic), offsetof(struct binary, dynamic),
			  sizeof(b.dynamic), sizeof(b.dynamic), 8 },
		},
		.note = { { 4, 20, NT_GNU_BUILD_ID }, "GNU", "the same as its own " },
		.dynamic = {
			DT_SYMTAB, offsetof(struct binary, symbols),
			DT_STRTAB, offsetof(struct binary, names), DT_STRSZ, sizeof(b.names),
			DT_GNU_HASH, offsetof(struct binary, gnu_hash),
			hash ? DT_HASH : DT_DEBUG, offsetof(struct binary, hash), DT_NULL, 0,
		},
		.hash = { 1, 4, 1, 2, 3, 0 },
		/* buckets, first symbol, bloom words, shift, the bloom word; a bucket; chains */
		.gnu_hash = { 1, 1, 1, 0, 0, 0, 1, 2, 4, 7 },
		.symbols = {
			{ 0 },
			{ 1, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 1, 0x2010, 8 },
			{ sizeof(b.names) - sizeof("_PyRuntime"),
			  ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 1, 0x2018, 64 },
			{ 8, ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 0, 1, 0x100, 0 },
		},
		.sections = {
			{ 0 },
			{ 10, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0x2020, 0x2020, 32, 0, 0, 8, 0 },
			SECTION(16, full ? SHT_SYMTAB : SHT_DYNSYM, symbols, 3),
			SECTION(24, SHT_STRTAB, names, 0),
			SECTION(24, SHT_NOTE, note, 0),
			SECTION(24, SHT_HASH, hash, 2),
		},
		.names = "\0answer\0f\0.here\0.dynsym\0.rest",
	};

	/* The last name ends where the table ends. */
	strcpy(b.names + sizeof(b.names) - sizeof("_PyRuntime"), "_PyRuntime");
	corpus_save("elf", name, &b, sizeof(b));
}

static void binaries(void)
{
	unsigned char large[MINI_SIZE];

	binary("dynamic", false, true);
	binary("gnu-hash", false, false);
	binary("full", true, true);
	corefile_mini_elf(large, 0xaa, 0);
	corpus_save("elf", "pages", large, sizeof(large));
	corpus_save("elf", "text", "#!/bin/sh\n", 10);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 64;
	directory = argv[1];
	cores();
	notes();
	packed();
	binaries();
	corpus_objects();
	corpus_tables();
	return 0;
}
