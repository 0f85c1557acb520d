/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "target/private.h"
#include "target/reader.h"

/* This very process is the target: what the dynamic linker says of it is the truth. */

static uint64_t test_variable[4];

static struct target *open_self(void)
{
	struct pycore_error err = { 0 };
	struct target *t;

	if (target_open_live(&t, getpid(), NULL, NULL, NULL, &err))
		fail_msg("%s", err.message);
	return t;
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void symbols_are_where_the_linker_put_them(void **state)
{
	struct target *t = open_self();
	uint64_t truth = address(dlsym(RTLD_DEFAULT, "lfind")), addr, size;
	struct module *libc = target_module_at(t, truth), *exe;

	assert_non_null(libc);
	assert_int_equal(libc->found, MODULE_FOUND);
	assert_true(libc->build_id_len > 0);
	assert_true(module_symbol(t, libc, "lfind", &addr, &size));
	assert_int_equal(addr, truth);
	assert_true(size > 0);
	assert_false(module_symbol(t, libc, "no_such_symbol", &addr, &size));
	assert_true(module_section(t, libc, ".text", &addr, &size));
	assert_in_range(truth, addr, addr + size);
	assert_false(module_section(t, libc, ".no_such_section", &addr, &size));

	exe = target_module_at(t, address(&test_variable));
	assert_non_null(exe);
	assert_true(exe->is_exe);
	assert_true(module_symbol(t, exe, "test_variable", &addr, &size));
	assert_int_equal(addr, address(&test_variable));
	assert_int_equal(size, sizeof(test_variable));
	assert_string_equal(module_symbol_at(t, exe, addr + 31), "test_variable");
	target_close(t);
}

static void symbols_of_a_file_that_is_gone_are_read_from_memory(void **state)
{
	static const char *const names[] = { "lfind", "hsearch", "environ", "swab" };
	struct target *t = open_self();
	struct module *libc = target_module_at(t, address(dlsym(RTLD_DEFAULT, "lfind")));
	uint64_t truth[4], addr, size;
	struct symtab tab = { 0 };

	for (int i = 0; i < 4; i++)
		assert_true(module_symbol(t, libc, names[i], &truth[i], NULL));
	assert_true(module_dynamic_symbols(t, libc, &tab));
	assert_int_equal(tab.n, libc->file->tables[TABLE_DYNAMIC].n);

	libc->found = MODULE_NOT_FOUND;
	libc->file = NULL;
	for (int i = 0; i < 4; i++) {
		assert_true(module_symbol(t, libc, names[i], &addr, &size));
		assert_int_equal(addr, truth[i]);
	}
	assert_false(module_section(t, libc, ".text", &addr, &size));
	target_close(t);
}

static void what_is_no_elf_file_has_no_symbols(void **state)
{
	char path[] = "/tmp/pycore-test-XXXXXX";
	int fd = mkstemp(path);
	uint64_t addr;
	struct target *t;
	struct module *m;
	void *p;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 0x3000), 0);
	p = mmap(NULL, 0x3000, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(p != MAP_FAILED);
	t = open_self();
	m = target_module_at(t, address(p) + 0x2fff);
	assert_non_null(m);
	assert_string_equal(m->path, path);
	assert_false(m->is_elf);
	assert_int_equal(m->end - m->start, 0x3000);
	assert_false(module_symbol(t, m, "main", &addr, NULL));
	assert_false(module_section(t, m, ".text", &addr, NULL));
	assert_null(module_symbol_at(t, m, m->start));
	target_close(t);
	munmap(p, 0x3000);
	unlink(path);
	close(fd);
}

/* A host that reads all or nothing, as gdb does. */
struct host {
	uint64_t start, end;
	size_t calls;
	bool lies;
};

static size_t all_or_nothing(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct host *h = ctx;

	h->calls++;
	if (h->lies)
		return len + 1;
	if (addr < h->start || addr > h->end || len > h->end - addr)
		return 0;
	memset(buf, 'h', len);
	return len;
}

static void a_callback_is_asked_for_what_is_mapped(void **state)
{
	struct host h = { 0x10000, 0x15000, 0, false };
	const struct pycore_map maps[] = {
		{ 0x12000, 0x18000, 0, "[heap]", PROT_READ | PROT_WRITE },
		{ 0x10000, 0x12000, 0x4000, "/nowhere/lib.so", PROT_READ },
	};
	const struct pycore_native_thread thread = { .tid = 5, .sp = 0x13000 };
	struct pycore_callback_target from = {
		.size = sizeof(from),
		.read = all_or_nothing,
		.ctx = &h,
		.maps = maps,
		.n_maps = 2,
		.threads = &thread,
		.n_threads = 1,
		.pid = 5,
	};
	struct pycore_error err;
	static char buf[0x10000];
	struct target *t;
	struct reader r;

	assert_int_equal(target_open_callback(&t, &from, NULL, NULL, NULL, &err), 0);
	assert_int_equal(t->n_regions, 2);
	assert_int_equal(t->regions[0].start, 0x10000);
	assert_string_equal(t->regions[0].path, "/nowhere/lib.so");
	assert_int_equal(t->regions[0].file_offset, 0x4000);
	assert_int_equal(t->regions[1].flags, REGION_READ | REGION_WRITE | REGION_ANON |
						      REGION_HEAP | REGION_STACK);
	assert_int_equal(t->n_threads, 1);
	assert_int_equal(t->modules[0].found, MODULE_NOT_FOUND);
	reader_init(&r, t);
	/* The last three pages are mapped and cannot be read. */
	assert_int_equal(reader_copy(&r, 0x10000, buf, sizeof(buf)), 0x5000);
	assert_int_equal(reader_copy(&r, 0x14ff0, buf, 0x100), 0x10);
	assert_null(reader_probe(&r, 0x15000, 8, buf));
	h.calls = 0;
	for (int i = 0; i < 100; i++) {
		assert_non_null(reader_probe(&r, 0x10010, 8, buf));
		assert_null(reader_probe(&r, 0x20000, 8, buf)); /* not mapped: not asked */
	}
	assert_int_equal(h.calls, 1); /* then there is a copy */
	h.lies = true;
	reader_forget(&r);
	assert_null(reader_probe(&r, 0x10010, 8, buf));
	reader_fini(&r);
	target_close(t);
}

static void a_callback_without_a_map_is_asked_for_everything(void **state)
{
	struct host h = { 0x10000, 0x10800, 0, false };
	struct pycore_callback_target from = { .size = sizeof(from), .read = all_or_nothing,
					       .ctx = &h };
	struct pycore_error err;
	struct target *t;
	struct reader r;
	char buf[64];

	assert_int_equal(target_open_callback(&t, &from, NULL, NULL, NULL, &err), 0);
	reader_init(&r, t);
	assert_null(reader_probe(&r, 0x107fc, 8, buf));
	assert_null(reader_probe(&r, 0x20000, 8, buf));
	reader_fini(&r);
	target_close(t);
	from.read = NULL;
	assert_int_equal(target_open_callback(&t, &from, NULL, NULL, NULL, &err),
			 PYCORE_ERR_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbols_are_where_the_linker_put_them),
		cmocka_unit_test(symbols_of_a_file_that_is_gone_are_read_from_memory),
		cmocka_unit_test(what_is_no_elf_file_has_no_symbols),
		cmocka_unit_test(a_callback_is_asked_for_what_is_mapped),
		cmocka_unit_test(a_callback_without_a_map_is_asked_for_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
