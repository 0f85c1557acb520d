/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/corefile.h"

/* Writes the seeds of fuzz_core into the directory named: make_corpus DIR */

#define HEAP UINT64_C(0x10000000)
#define STACK UINT64_C(0x7ffff0000000)
#define LIBRARY UINT64_C(0x7f0000000000)

static const char *directory;

static void save(const char *name, const void *bytes, size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
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

	save(name, bytes, len);
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

int main(int argc, char **argv)
{
	const Elf64_Phdr lie = { .p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = UINT64_MAX - 0xfff,
				 .p_filesz = UINT64_MAX, .p_memsz = 0x1000 };
	unsigned char elf[MINI_SIZE];
	struct corefile *c;

	if (argc != 2)
		return 64;
	directory = argv[1];
	save("empty", "", 0);
	save("text", "no core\n", 8);

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
	return 0;
}
