/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/corefile.h"
#include "target/reader.h"

#define HEAP UINT64_C(0x10000000)
#define STACK UINT64_C(0x7ffff0000000)
#define LIBRARY UINT64_C(0x7f0000000000)

struct warnings {
	size_t n;
	char first[512];
};

static void note_warning(void *ctx, const char *line)
{
	struct warnings *w = ctx;

	if (!w->n++)
		snprintf(w->first, sizeof(w->first), "%s", line);
}

static struct warnings warnings;

static int open_bytes(struct target **t, const void *bytes, size_t len, struct pycore_options *o,
		      struct pycore_error *err)
{
	char path[64];
	int fd = corefile_open(bytes, len, path), rc;

	warnings = (struct warnings){ 0 };
	rc = target_open_core(t, path, o, note_warning, &warnings, err);
	close(fd); /* the target has its own */
	return rc;
}

static struct target *open_core(struct corefile *c, struct pycore_options *o)
{
	struct pycore_error err = { 0 };
	struct target *t;
	size_t len;
	unsigned char *bytes = corefile_finish(c, &len);

	if (open_bytes(&t, bytes, len, o, &err))
		fail_msg("%s", err.message);
	return t;
}

/* Two adjacent segments, a hole, and a stack; two threads. */
static struct corefile *simple(void)
{
	struct corefile *c = corefile_new();
	unsigned char bytes[0x3000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 13 + (i >> 8));
	corefile_process(c, 77, "./a.out --all  ");
	corefile_thread(c, 78, SIGSEGV, 0x401000, STACK + 0x100, 0x1111);
	corefile_thread(c, 77, SIGSEGV, 0x402000, 0, 0x2222);
	corefile_siginfo(c, SIGSEGV, 1, 0xbad);
	corefile_segment(c, HEAP, bytes, 0x2000, 0x2000, PF_R | PF_W);
	corefile_segment(c, HEAP + 0x2000, bytes + 0x2000, 0x800, 0x1000, PF_R | PF_W);
	corefile_segment(c, STACK, bytes, 0x1000, 0x1000, PF_R | PF_W);
	return c;
}

static void segments_give_back_their_bytes(void **state)
{
	for (int map = 0; map < 2; map++) {
		struct pycore_options o = { .size = sizeof(o), .map_files = map };
		struct corefile *c = simple();
		struct target *t = open_core(c, &o);
		unsigned char scratch[0x3000];
		struct reader r;
		const unsigned char *p;

		reader_init(&r, t);
		p = reader_view(&r, HEAP, 0x2800, scratch); /* across segments */
		assert_non_null(p);
		for (size_t i = 0; i < 0x2800; i++)
			assert_int_equal(p[i], (unsigned char)(i * 13 + (i >> 8)));
		assert_int_equal(p == scratch, !map);
		assert_int_equal(reader_copy(&r, HEAP + 0x27ff, scratch, 100), 1);
		assert_null(reader_probe(&r, HEAP + 0x2800, 1, scratch)); /* in memsz only */
		assert_null(reader_probe(&r, HEAP + 0x3000, 1, scratch));
		assert_null(reader_probe(&r, HEAP - 1, 2, scratch));
		assert_int_equal(t->bytes_mapped, 0x4000);
		assert_int_equal(t->bytes_readable, 0x3800);
		assert_int_equal(warnings.n, 0);
		reader_fini(&r);
		target_close(t);
		corefile_free(c);
	}
}

static void notes_tell_of_the_process_and_its_threads(void **state)
{
	struct corefile *c = simple();
	struct target *t = open_core(c, NULL);

	assert_int_equal(t->process.pid, 77);
	assert_string_equal(t->process.command, "./a.out --all");
	assert_int_equal(t->process.signal, SIGSEGV);
	assert_int_equal(t->process.signal_tid, 78);
	assert_int_equal(t->process.fault_address, 0xbad);
	assert_int_equal(t->n_threads, 2);
	assert_int_equal(t->threads[0].tid, 78);
	assert_int_equal(t->threads[0].pc, 0x401000);
	assert_int_equal(t->threads[0].sp, STACK + 0x100);
	assert_int_equal(t->threads[0].fs_base, 0x1111);
	assert_int_equal(t->threads[0].signal, SIGSEGV);
	assert_int_equal(t->threads[1].signal, 0); /* the kernel claims it for every thread */
	assert_true(target_region_at(t, STACK)->flags & REGION_STACK);
	assert_int_equal(target_freeze(t, NULL), 0);
	target_thaw(t);
	assert_true(target_stopped_ms(t) == 0);
	target_close(t);
	corefile_free(c);
}

/* Heap, stack and other memory of 4 pages each; the file ends within the second. */
static void what_is_missing_of_a_cut_core_is_told_by_kind(void **state)
{
	static unsigned char bytes[0x4000];
	struct corefile *c = corefile_new();
	struct pycore_error err = { 0 };
	unsigned char *core;
	struct target *t;
	size_t len;

	corefile_thread(c, 78, SIGSEGV, 0x401000, STACK + 0x3100, 0);
	corefile_thread(c, 79, 0, 0x401000, STACK + 0x10000 + 0x3100, 0);
	corefile_segment(c, HEAP, bytes, 0x4000, 0x4000, PF_R | PF_W);
	corefile_segment(c, STACK, bytes, 0x4000, 0x4000, PF_R | PF_W);
	corefile_segment(c, STACK + 0x10000, bytes, 0x4000, 0x4000, PF_R | PF_W);
	core = corefile_finish(c, &len);
	assert_int_equal(open_bytes(&t, core, len - 0x4000 - 0x1000, NULL, &err), 0);
	assert_int_equal(warnings.n, 1);
	assert_non_null(strstr(warnings.first, "62 % of stacks (of threads 78, 79)"));
	assert_null(strstr(warnings.first, "anonymous"));
	assert_non_null(strstr(t->lost, "cut short"));
	target_close(t);
	assert_int_equal(open_bytes(&t, core, len - 0x1000, NULL, &err), 0);
	assert_non_null(strstr(warnings.first, "12 % of stacks (of thread 79)"));
	target_close(t);
	assert_int_equal(open_bytes(&t, core, len - 0xa000, NULL, &err), 0);
	assert_non_null(strstr(warnings.first, "50 % of other anonymous memory, all of stacks"));
	target_close(t);
	assert_int_equal(open_bytes(&t, core, len, NULL, &err), 0);
	assert_int_equal(warnings.n, 0);
	assert_null(t->lost);
	target_close(t);
	corefile_free(c);
}

/* What coredump_filter leaves out has a header and no bytes. */
static void a_core_without_private_memory_is_named_so(void **state)
{
	struct corefile *c = corefile_new();
	struct target *t;

	corefile_thread(c, 78, SIGSEGV, 0x401000, STACK + 0x100, 0);
	corefile_segment(c, HEAP, "", 0, 0x4000, PF_R | PF_W);
	corefile_segment(c, STACK, "", 0, 0x4000, PF_R | PF_W);
	corefile_segment(c, LIBRARY, "\177ELF", 4, 0x1000, PF_R);
	t = open_core(c, NULL);
	assert_non_null(strstr(warnings.first, "coredump_filter"));
	assert_non_null(strstr(t->lost, "coredump_filter"));
	target_close(t);
	corefile_free(c);
}

static void holes_of_a_sparse_core_are_skipped(void **state)
{
	static unsigned char bytes[0x10000];
	struct corefile *c = corefile_new();
	struct pycore_error err = { 0 };
	unsigned char *core;
	struct target *t;
	char path[64];
	off_t offset = 1, hole;
	uint64_t in;
	size_t len;
	int fd;

	memset(bytes, 1, sizeof(bytes));
	corefile_segment(c, HEAP, bytes, sizeof(bytes), sizeof(bytes), PF_R | PF_W);
	corefile_segment(c, STACK, bytes, 0x1000, 0x1000, PF_R | PF_W);
	core = corefile_finish(c, &len);
	fd = corefile_open(core, len, path);
	for (size_t i = 0; i < ((Elf64_Ehdr *)core)->e_phnum; i++) {
		const Elf64_Phdr *ph = (Elf64_Phdr *)(core + ((Elf64_Ehdr *)core)->e_phoff) + i;

		if (ph->p_vaddr == HEAP)
			offset = (off_t)ph->p_offset;
	}
	hole = (offset + 0x3fff) & ~(off_t)0xfff; /* holes are whole pages of the file */
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, hole, 0x8000), 0);
	in = HEAP + (uint64_t)(hole - offset);
	assert_int_equal(target_open_core(&t, path, NULL, note_warning, &warnings, &err), 0);
	assert_int_equal(target_skip_holes(t, HEAP, HEAP + 0x10000), HEAP);
	assert_int_equal(target_skip_holes(t, in, HEAP + 0x10000), in + 0x8000);
	assert_int_equal(target_skip_holes(t, in + 0x10, in + 0x2000), in + 0x2000);
	/* What there is no memory at is skipped too. */
	assert_int_equal(target_skip_holes(t, HEAP + 0x10000, STACK + 1), STACK);
	assert_int_equal(target_skip_holes(t, STACK + 0x1000, STACK + 0x9000), STACK + 0x9000);
	target_close(t);
	close(fd);
	corefile_free(c);
}

static void a_signal_that_somebody_sent_has_no_address(void **state)
{
	struct corefile *c = corefile_new();
	struct target *t;

	corefile_thread(c, 5, SIGSEGV, 0, 0, 0);
	corefile_siginfo(c, SIGSEGV, SI_USER, 0x1234);
	corefile_segment(c, HEAP, "x", 1, 0x1000, PF_R);
	t = open_core(c, NULL);
	assert_int_equal(t->process.signal, SIGSEGV);
	assert_int_equal(t->process.fault_address, 0);
	assert_int_equal(t->process.pid, 5);
	target_close(t);
	corefile_free(c);
}

static int by_size(const char *name, const void *bytes, size_t len)
{
	struct pycore_error err = { 0 };
	struct target *t = (struct target *)1;
	int rc = open_bytes(&t, bytes, len, NULL, &err);

	assert_int_not_equal(rc, 0);
	assert_null(t);
	assert_int_equal(err.status, rc);
	assert_true(err.message[0]);
	assert_null(strchr(err.message, '\n'));
	return rc;
}

static void what_is_no_core_is_refused_in_one_line(void **state)
{
	struct corefile *c = simple();
	size_t len;
	unsigned char *bytes = corefile_finish(c, &len);
	Elf64_Ehdr *eh = (Elf64_Ehdr *)bytes;
	struct pycore_error err = { 0 };
	struct target *t;

	assert_int_equal(by_size("empty", "", 0), PYCORE_ERR_FORMAT);
	assert_int_equal(by_size("text", "hello, world", 12), PYCORE_ERR_FORMAT);
	assert_int_equal(by_size("magic alone", ELFMAG, 4), PYCORE_ERR_FORMAT);
	assert_int_equal(by_size("gzip", "\x1f\x8b\x08\x00", 4), PYCORE_ERR_FORMAT);
	eh->e_type = ET_EXEC;
	assert_int_equal(by_size("program", bytes, len), PYCORE_ERR_FORMAT);
	eh->e_type = ET_DYN;
	assert_int_equal(by_size("library", bytes, len), PYCORE_ERR_FORMAT);
	eh->e_type = ET_REL;
	assert_int_equal(by_size("object", bytes, len), PYCORE_ERR_FORMAT);
	eh->e_type = ET_CORE;
	eh->e_machine = EM_AARCH64;
	assert_int_equal(by_size("other machine", bytes, len), PYCORE_ERR_FORMAT);
	eh->e_machine = EM_X86_64;
	eh->e_phnum = 0;
	assert_int_equal(by_size("no headers", bytes, len), PYCORE_ERR_FORMAT);
	corefile_free(c);

	assert_int_equal(target_open_core(&t, "/", NULL, NULL, NULL, &err), PYCORE_ERR_OPEN);
	assert_non_null(strstr(err.message, "directory"));
	assert_int_equal(target_open_core(&t, "/nowhere/core", NULL, NULL, NULL, &err),
			 PYCORE_ERR_OPEN);
	assert_int_equal(target_open_core(&t, "/dev/null", NULL, NULL, NULL, &err), PYCORE_ERR_OPEN);
}

/* Use everything that there is. */
static void walk(struct target *t)
{
	static unsigned char scratch[70000];
	uint64_t readable = 0;
	struct reader r;

	reader_init(&r, t);
	for (size_t i = 0; i < t->n_regions; i++) {
		const struct region *g = &t->regions[i];

		assert_true(g->start < g->end);
		assert_true(!i || g[-1].end <= g->start);
		readable += reader_copy(&r, g->start, scratch, sizeof(scratch));
		reader_probe(&r, g->end - 8, 16, scratch);
		target_module_at(t, g->start);
	}
	for (size_t i = 0; i < t->n_modules; i++) {
		uint64_t addr, size;

		module_symbol(t, &t->modules[i], "answer", &addr, &size);
		module_section(t, &t->modules[i], ".here", &addr, &size);
		module_symbol_at(t, &t->modules[i], t->modules[i].start);
	}
	assert_true(t->bytes_readable <= t->bytes_mapped);
	reader_fini(&r);
}

static void a_core_cut_anywhere_opens_or_says_why(void **state)
{
	for (int last = 0; last < 2; last++) {
		struct corefile *c = simple();
		size_t len;
		unsigned char *bytes;

		if (last)
			corefile_notes_last(c);
		bytes = corefile_finish(c, &len);
		for (size_t i = 0; i < 256; i++) {
			struct pycore_options o = { .size = sizeof(o), .map_files = i & 1 };
			struct pycore_error err = { 0 };
			size_t cut = len * i / 256;
			struct target *t;

			if (open_bytes(&t, bytes, cut, &o, &err)) {
				assert_true(err.message[0]);
				continue;
			}
			/* The last bytes are padding of the notes. */
			assert_true(warnings.n > 0 || (last && cut > len - 16));
			walk(t);
			target_close(t);
		}
		corefile_free(c);
	}
}

static void a_warning_says_how_much_is_missing(void **state)
{
	struct corefile *c = corefile_new();
	struct pycore_error err;
	struct target *t;
	size_t len;
	unsigned char *bytes;

	corefile_segment(c, HEAP, NULL, 0x400000, 0x400000, PF_R | PF_W);
	bytes = corefile_finish(c, &len);
	assert_int_equal(open_bytes(&t, bytes, len - 0x300000, NULL, &err), 0);
	assert_int_equal(warnings.n, 1);
	assert_non_null(strstr(warnings.first, "3.0 of 4.0 MiB"));
	assert_int_equal(t->bytes_readable, 0x100000);
	target_close(t);
	corefile_free(c);
}

static void headers_that_lie_do_no_harm(void **state)
{
	static const uint64_t numbers[] = {
		0, 1, 0xfff, 0x1000, 0x7fffffff, UINT64_C(0x7fffffffffffffff), UINT64_MAX - 0xfff,
		UINT64_MAX, HEAP, HEAP + 0x1fff,
	};
	struct corefile *c = simple();
	size_t len;
	unsigned char *bytes = corefile_finish(c, &len);
	Elf64_Phdr *headers = (Elf64_Phdr *)(bytes + sizeof(Elf64_Ehdr));
	unsigned seed = 1;

	for (int i = 0; i < 3000; i++) {
		struct pycore_options o = { .size = sizeof(o), .map_files = i & 1 };
		struct pycore_error err = { 0 };
		Elf64_Phdr saved[4];
		struct target *t;

		memcpy(saved, headers, sizeof(saved));
		for (int j = 0; j < 3; j++) {
			uint64_t *word = (uint64_t *)&headers[rand_r(&seed) % 4];

			word[rand_r(&seed) % 7] = numbers[(unsigned)rand_r(&seed) % 10];
		}
		if (!open_bytes(&t, bytes, len, &o, &err)) {
			walk(t);
			target_close(t);
		}
		memcpy(headers, saved, sizeof(saved));
	}
	for (unsigned n = 0; n < 65536; n += 4369) { /* 65535 says: the number is elsewhere */
		struct pycore_error err = { 0 };
		struct target *t;

		((Elf64_Ehdr *)bytes)->e_phnum = (uint16_t)n;
		if (!open_bytes(&t, bytes, len, NULL, &err)) {
			walk(t);
			target_close(t);
		}
	}
	corefile_free(c);
}

static void notes_that_lie_do_no_harm(void **state)
{
	static const uint32_t numbers[] = { 0, 1, 3, 4, 5, 0x150, 0x7fffffff, 0x80000000, 0xfffffffd };
	struct corefile_map map = { HEAP, HEAP + 0x1000, 0, "/nowhere/lib.so" };
	struct corefile *c = simple();
	size_t len, notes = sizeof(Elf64_Ehdr) + 4 * sizeof(Elf64_Phdr);
	unsigned char *bytes;
	unsigned seed = 2;

	corefile_maps(c, &map, 1);
	corefile_auxv(c, HEAP);
	bytes = corefile_finish(c, &len);
	for (int i = 0; i < 5000; i++) {
		struct pycore_error err = { 0 };
		uint32_t *word = (uint32_t *)(bytes + notes) + (unsigned)rand_r(&seed) % 400;
		uint32_t saved = *word;
		struct target *t;

		*word = numbers[(unsigned)rand_r(&seed) % 9];
		if (!open_bytes(&t, bytes, len, NULL, &err)) {
			walk(t);
			target_close(t);
		}
		*word = saved;
	}
	corefile_free(c);
}

static void overlapping_segments_are_cut(void **state)
{
	struct corefile *c = corefile_new();
	struct target *t;
	struct reader r;
	uint64_t word;
	unsigned char a[0x2000], b[0x2000];

	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	corefile_segment(c, HEAP, a, 0x2000, 0x2000, PF_R);
	corefile_segment(c, HEAP + 0x1000, b, 0x2000, 0x2000, PF_R);
	t = open_core(c, NULL);
	assert_int_equal(warnings.n, 1);
	assert_int_equal(t->bytes_mapped, 0x3000);
	assert_int_equal(t->bytes_readable, 0x3000);
	reader_init(&r, t);
	assert_true(reader_u64(&r, HEAP + 0x1ff8, &word));
	assert_int_equal(word, UINT64_C(0x6161616161616161));
	assert_true(reader_u64(&r, HEAP + 0x2000, &word));
	assert_int_equal(word, UINT64_C(0x6262626262626262));
	reader_fini(&r);
	target_close(t);
	corefile_free(c);
}

/* A directory with files in it. */
static char directory[] = "/tmp/pycore-test-XXXXXX";

static const char *write_file(const char *name, const void *bytes, size_t len)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
	return path;
}

static int make_directory(void **state)
{
	char path[256];

	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/root", directory);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/root%s", directory, "/tmp");
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/root%s", directory, directory);
	return mkdir(path, 0700);
}

static int remove_directory(void **state)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	return system(command);
}

/* How the kernel dumps a mapped library: its first page and what was written. */
static struct corefile *with_library(const char *path, bool segments, bool written)
{
	struct corefile_map maps[] = {
		{ LIBRARY, LIBRARY + 0x2000, 0, path },
		{ LIBRARY + 0x2000, LIBRARY + 0x3000, 0x2000, path },
	};
	struct corefile *c = corefile_new();
	unsigned char elf[MINI_SIZE];

	corefile_mini_elf(elf, 0xaa, 'm');
	corefile_maps(c, maps, 2);
	corefile_auxv(c, LIBRARY + 0x100);
	if (written)
		corefile_segment(c, HEAP, "heap", 4, 0x1000, PF_R | PF_W);
	corefile_segment(c, LIBRARY, elf, 0x1000, segments ? 0x2000 : 0x1000, PF_R);
	if (segments)
		corefile_segment(c, LIBRARY + 0x2000, "", 0, 0x1000, PF_R | PF_W);
	return c;
}

static uint64_t word_at(struct target *t, uint64_t addr)
{
	struct reader r;
	uint64_t word = 0;

	reader_init(&r, t);
	if (!reader_probe_u64(&r, addr, &word))
		word = 0;
	reader_fini(&r);
	return word;
}

#define FILE_WORD UINT64_C(0x6666666666666666)

/* A core of this size with the same bytes at 51 addresses. */
static void bytes_at_many_addresses_count_once(void **state)
{
	struct corefile *c = corefile_new();
	static unsigned char bytes[0x4000];
	Elf64_Phdr again = { .p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = sizeof(bytes),
			     .p_memsz = sizeof(bytes) };
	struct target *t;

	corefile_segment(c, HEAP, bytes, sizeof(bytes), sizeof(bytes), PF_R);
	for (unsigned i = 1; i <= 50; i++) {
		again.p_vaddr = HEAP + i * 2 * sizeof(bytes);
		corefile_header(c, &again);
	}
	t = open_core(c, NULL);
	assert_true(warnings.n > 0);
	assert_int_equal(t->bytes_mapped, 51 * sizeof(bytes));
	assert_true(t->bytes_readable <= 3 * sizeof(bytes));
	target_close(t);
	corefile_free(c);
}

static void bytes_left_out_come_from_the_mapped_file(void **state)
{
	unsigned char elf[MINI_SIZE];
	const char *path;

	corefile_mini_elf(elf, 0xaa, 'f');
	path = write_file("lib.so", elf, sizeof(elf));
	for (int i = 0; i < 4; i++) {
		struct pycore_options o = { .size = sizeof(o), .map_files = i & 1 };
		struct corefile *c = with_library(path, i & 2, true);
		struct target *t = open_core(c, &o);
		struct module *m = target_module_at(t, LIBRARY + 0x2010);
		uint64_t addr, size;

		assert_int_equal(warnings.n, 0);
		assert_int_equal(t->n_modules, 1);
		assert_ptr_equal(m, &t->modules[0]);
		assert_int_equal(m->found, MODULE_FOUND);
		assert_string_equal(m->found_at, path);
		assert_string_equal(t->process.exe, path);
		assert_true(m->is_exe && m->is_elf);
		assert_int_equal(m->build_id_len, 20);
		assert_int_equal(m->build_id[19], 0xaa);
		assert_int_equal(m->bias, LIBRARY);
		assert_int_equal(m->end, LIBRARY + 0x4000); /* its zeroed data, too */
		assert_int_equal(word_at(t, LIBRARY + 0x1000), FILE_WORD);
		assert_int_equal(word_at(t, LIBRARY + 0x1ffc), FILE_WORD); /* across regions */
		assert_int_equal(word_at(t, LIBRARY + 0x2ff8), FILE_WORD);
		assert_int_equal(word_at(t, LIBRARY + 0x2ffc), 0);
		assert_true(target_region_at(t, LIBRARY + 0x2000)->flags & REGION_WRITE);
		assert_true(module_symbol(t, m, "answer", &addr, &size));
		assert_int_equal(addr, LIBRARY + 0x2010);
		assert_int_equal(size, 8);
		assert_false(module_symbol(t, m, "nswer", &addr, &size));
		assert_true(module_section(t, m, ".here", &addr, &size));
		assert_int_equal(addr, LIBRARY + 0x2020);
		assert_int_equal(size, 32);
		assert_string_equal(module_symbol_at(t, m, LIBRARY + 0x2017), "answer");
		assert_null(module_symbol_at(t, m, LIBRARY + 0x2018));
		target_close(t);
		corefile_free(c);
	}
}

static void a_file_of_another_build_is_not_believed(void **state)
{
	unsigned char elf[MINI_SIZE];
	const char *path;
	struct corefile *c;
	struct target *t;
	uint64_t addr;

	corefile_mini_elf(elf, 0xbb, 'f');
	path = write_file("lib.so", elf, sizeof(elf));
	c = with_library(path, true, true);
	t = open_core(c, NULL);
	assert_int_equal(warnings.n, 1);
	assert_int_equal(t->modules[0].found, MODULE_DIFFERS);
	assert_int_equal(word_at(t, LIBRARY + 0x1000), 0);
	assert_false(module_symbol(t, &t->modules[0], "answer", &addr, NULL));
	assert_true(t->bytes_readable < t->bytes_mapped);
	target_close(t);
	corefile_free(c);
}

static void a_separate_debug_file_is_not_taken_for_the_file(void **state)
{
	unsigned char elf[MINI_SIZE];
	const char *path;
	struct corefile *c;
	struct target *t;

	corefile_mini_elf(elf, 0xaa, 'f');
	((Elf64_Phdr *)(elf + sizeof(Elf64_Ehdr)))->p_filesz = 0x1000;
	path = write_file("lib.so", elf, sizeof(elf));
	c = with_library(path, true, true);
	t = open_core(c, NULL);
	assert_int_equal(t->modules[0].found, MODULE_DIFFERS);
	target_close(t);
	corefile_free(c);
}

static void a_missing_file_is_named(void **state)
{
	struct corefile *c = with_library("/nowhere/lib.so (deleted)", true, true);
	struct target *t = open_core(c, NULL);

	assert_int_equal(warnings.n, 1);
	assert_non_null(strstr(warnings.first, "/nowhere/lib.so"));
	assert_int_equal(t->modules[0].found, MODULE_NOT_FOUND);
	assert_int_equal(t->bytes_mapped - t->bytes_readable, 0x1000 + 0x1000 + 0xffc);
	target_close(t);
	corefile_free(c);
}

static void written_memory_that_the_filter_left_out_is_not_made_up(void **state)
{
	unsigned char elf[MINI_SIZE];
	const char *path;
	struct corefile *c;
	struct target *t;

	corefile_mini_elf(elf, 0xaa, 'f');
	path = write_file("lib.so", elf, sizeof(elf));
	c = with_library(path, true, false); /* no written memory in it at all */
	t = open_core(c, NULL);
	assert_int_equal(word_at(t, LIBRARY + 0x1000), FILE_WORD);
	assert_int_equal(word_at(t, LIBRARY + 0x2000), 0);
	target_close(t);
	corefile_free(c);
}

static void the_system_root_comes_first_and_exe_overrides(void **state)
{
	struct pycore_options o = { .size = sizeof(o), .map_files = true };
	unsigned char elf[MINI_SIZE];
	char root[128], path[128], name[256];
	struct corefile *c;
	struct target *t;

	snprintf(root, sizeof(root), "%s/root", directory);
	snprintf(path, sizeof(path), "%s/lib.so", directory);
	snprintf(name, sizeof(name), "root%s/lib.so", directory);
	corefile_mini_elf(elf, 0xaa, 'h');
	write_file("lib.so", elf, sizeof(elf));
	corefile_mini_elf(elf, 0xaa, 'r');
	write_file(name, elf, sizeof(elf));
	c = with_library(path, true, true);

	o.sysroot = root;
	t = open_core(c, &o);
	assert_int_equal(word_at(t, LIBRARY + 0x1000), UINT64_C(0x7272727272727272));
	target_close(t);

	corefile_mini_elf(elf, 0xaa, 'e');
	o.exe = write_file("other", elf, sizeof(elf));
	t = open_core(c, &o);
	assert_int_equal(word_at(t, LIBRARY + 0x1000), UINT64_C(0x6565656565656565));
	assert_string_equal(t->modules[0].found_at, o.exe);
	assert_int_equal(warnings.n, 0);
	target_close(t);

	corefile_mini_elf(elf, 0xbb, 'e'); /* of another build: told, and the next one taken */
	write_file("other", elf, sizeof(elf));
	t = open_core(c, &o);
	assert_int_equal(word_at(t, LIBRARY + 0x1000), UINT64_C(0x7272727272727272));
	assert_int_equal(warnings.n, 1);
	target_close(t);
	corefile_free(c);
}

static void an_executable_that_is_not_there_is_an_error(void **state)
{
	struct pycore_options o = { .size = sizeof(o), .exe = "/nowhere/python" };
	struct corefile *c = simple();
	struct pycore_error err = { 0 };
	struct target *t;
	size_t len;
	unsigned char *bytes = corefile_finish(c, &len);

	assert_int_equal(open_bytes(&t, bytes, len, &o, &err), PYCORE_ERR_OPEN);
	assert_non_null(strstr(err.message, "/nowhere/python"));
	corefile_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_give_back_their_bytes),
		cmocka_unit_test(notes_tell_of_the_process_and_its_threads),
		cmocka_unit_test(what_is_missing_of_a_cut_core_is_told_by_kind),
		cmocka_unit_test(a_core_without_private_memory_is_named_so),
		cmocka_unit_test(holes_of_a_sparse_core_are_skipped),
		cmocka_unit_test(a_signal_that_somebody_sent_has_no_address),
		cmocka_unit_test(what_is_no_core_is_refused_in_one_line),
		cmocka_unit_test(a_core_cut_anywhere_opens_or_says_why),
		cmocka_unit_test(a_warning_says_how_much_is_missing),
		cmocka_unit_test(headers_that_lie_do_no_harm),
		cmocka_unit_test(notes_that_lie_do_no_harm),
		cmocka_unit_test(overlapping_segments_are_cut),
		cmocka_unit_test(bytes_at_many_addresses_count_once),
		cmocka_unit_test(bytes_left_out_come_from_the_mapped_file),
		cmocka_unit_test(a_file_of_another_build_is_not_believed),
		cmocka_unit_test(a_separate_debug_file_is_not_taken_for_the_file),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(written_memory_that_the_filter_left_out_is_not_made_up),
		cmocka_unit_test(the_system_root_comes_first_and_exe_overrides),
		cmocka_unit_test(an_executable_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
