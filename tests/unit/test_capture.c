/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pycore/capture.h>

#include "capture/elf_out.h"
#include "capture/pages.h"
#include "capture/sink.h"
#include "capture/xsave.h"
#include "target/reader.h"

#define PAGE ((size_t)4096)

/* A disk that has no files without a name, as some have not. */
static bool no_tmpfile;

int openat(int dir, const char *path, int flags, ...)
{
	static int (*real)(int, const char *, int, mode_t);
	mode_t mode = 0;
	va_list args;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "openat");
	va_start(args, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(args, mode_t);
	va_end(args);
	if (no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return real(dir, path, flags, mode);
}

/* A disk that takes so long for a write. */
static useconds_t disk_us;

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	static ssize_t (*real)(int, const void *, size_t, off_t);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pwrite");
	if (disk_us)
		usleep(disk_us);
	return real(fd, bytes, len, at);
}

struct folder {
	char path[32], core[64];
};

static void folder_make(struct folder *f)
{
	strcpy(f->path, "/tmp/pycore-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->core, sizeof(f->core), "%s/core", f->path);
}

static size_t folder_files(const struct folder *f)
{
	DIR *dir = opendir(f->path);
	struct dirent *e;
	size_t n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
	closedir(dir);
	return n;
}

static void folder_remove(struct folder *f)
{
	unlink(f->core);
	assert_int_equal(rmdir(f->path), 0);
}

/* What a child under test and the test can both see. */
struct shared {
	atomic_uint ready;
	uint64_t addr;
};

static struct shared *shared;

static pid_t start(void (*body)(void))
{
	pid_t pid;

	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A group that loses its shell while one of it is stopped gets SIGHUP, all of it. */
		setpgid(0, 0);
		body();
		_exit(1);
	}
	for (int i = 0; i < 5000 && !atomic_load(&shared->ready); i++)
		usleep(1000);
	assert_true(atomic_load(&shared->ready));
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(shared, PAGE);
}

static void dump(pid_t pid, const struct folder *f, struct pycore_dump_options *more,
		 struct pycore_dump_result *out)
{
	struct pycore_dump_options o = { 0 };
	struct pycore_error err = { 0 };

	if (more)
		o = *more;
	o.size = sizeof(o);
	o.path = f->core;
	if (pycore_dump(pid, &o, out, &err))
		fail_msg("%s", err.message);
}

static unsigned char *load(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY);
	unsigned char *bytes;
	struct stat st;

	assert_true(fd >= 0 && !fstat(fd, &st));
	*len = (size_t)st.st_size;
	bytes = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(bytes != MAP_FAILED);
	close(fd);
	return bytes;
}

/* The first note of a type. */
static const unsigned char *note(const unsigned char *core, uint32_t type, size_t *len)
{
	const Elf64_Ehdr *eh = (const void *)core;
	const Elf64_Phdr *ph = (const void *)(core + eh->e_phoff);
	const unsigned char *at = core + ph->p_offset, *end = at + ph->p_filesz;

	assert_int_equal(ph->p_type, PT_NOTE);
	while (at < end) {
		const Elf64_Nhdr *h = (const void *)at;
		const unsigned char *desc = at + sizeof(*h) + ((h->n_namesz + 3) & ~3u);

		if (h->n_type == type) {
			*len = h->n_descsz;
			return desc;
		}
		at = desc + ((h->n_descsz + 3) & ~3u);
	}
	return NULL;
}

/* Never comes back, with numbers in the registers that nothing else puts there. */
static void spin_with_known_registers(void)
{
	static const uint64_t vector[2] = { 0x1122334455667788, 0x99aabbccddeeff00 };
	static const double number = 1.5;

	__asm__ volatile("movups %[vector], %%xmm7\n\t"
			 "fldl %[number]\n\t"
			 "mov %[ready], %%rdi\n\t"
			 "mov $0x1234567812345678, %%rbx\n\t"
			 "mov $0x0f0e0d0c0b0a0908, %%r15\n\t"
			 "mov $0xdead, %%rsi\n\t"
			 "movl $1, (%%rdi)\n"
			 "1: pause\n\t"
			 "jmp 1b"
			 :
			 : [vector] "m"(vector), [number] "m"(number), [ready] "m"(shared)
			 : "memory", "rbx", "rdi", "rsi", "r15", "xmm7");
}

static void every_register_is_in_the_core(void **state)
{
	pid_t pid = start(spin_with_known_registers);
	static const unsigned char vector[16] = { 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
						  0x00, 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99 };
	/* 1.5 as the x87 keeps it. */
	static const unsigned char number[10] = { 0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0x3f };
	struct pycore_dump_result result;
	struct user_regs_struct general;
	const unsigned char *desc;
	struct folder f;
	unsigned char *core;
	size_t size, len;

	folder_make(&f);
	dump(pid, &f, NULL, &result);
	assert_int_equal(result.threads, 1);
	core = load(f.core, &size);
	assert_int_equal(size, result.bytes);
	desc = note(core, NT_PRSTATUS, &len);
	assert_int_equal(len, sizeof(prstatus_t));
	memcpy(&general, desc + offsetof(prstatus_t, pr_reg), sizeof(general));
	assert_int_equal(general.rbx, 0x1234567812345678);
	assert_int_equal(general.r15, 0x0f0e0d0c0b0a0908);
	assert_int_equal(general.rsi, 0xdead);
	assert_true(general.fs_base);
	assert_true(general.cs == 0x33);
	desc = note(core, NT_PRFPREG, &len);
	assert_int_equal(len, 512);
	assert_memory_equal(desc + 32, number, sizeof(number));
	assert_memory_equal(desc + 160 + 7 * 16, vector, sizeof(vector));
	desc = note(core, NT_X86_XSTATE, &len);
	assert_true(len >= 576);
	assert_memory_equal(desc + 160 + 7 * 16, vector, sizeof(vector));
	munmap(core, size);
	folder_remove(&f);
	stop(pid);
}

enum { MEMORY_PAGES = 64 };

static void touch_some_pages(void)
{
	unsigned char *p = mmap(NULL, MEMORY_PAGES * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile unsigned char sum;

	madvise(p, MEMORY_PAGES * PAGE, MADV_NOHUGEPAGE);
	memset(p + 3 * PAGE, 'a', 2 * PAGE);
	memset(p + 10 * PAGE, 0, PAGE);
	memset(p + 63 * PAGE, 'z', PAGE);
	sum = p[20 * PAGE]; /* only read: the page of zeros that everybody has */
	(void)sum;
	shared->addr = (uint64_t)(uintptr_t)p;
	atomic_store(&shared->ready, 1);
	for (;;)
		pause();
}

static bool note_run(void *ctx, const struct page_run *run)
{
	char *kinds = ctx;

	for (uint64_t at = run->start; at < run->end; at += PAGE)
		kinds[(at - shared->addr) / PAGE] = (char)('0' + run->kind);
	return true;
}

static void pages_are_told_with_either_call(void **state)
{
	pid_t pid = start(touch_some_pages);
	char path[32], kinds[MEMORY_PAGES + 1] = "", wanted[MEMORY_PAGES + 1];
	struct pages p;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	memset(wanted, '0', MEMORY_PAGES);
	wanted[3] = wanted[4] = wanted[10] = wanted[63] = '1';
	wanted[MEMORY_PAGES] = '\0';
	for (int old = 0; old < 2; old++) {
		pages_open(&p, fd);
		p.no_scan = old;
		assert_true(pages_scan(&p, shared->addr, shared->addr + MEMORY_PAGES * PAGE, note_run,
				       kinds));
		/* The old call cannot tell that page of zeros from one of the process's own. */
		if (p.no_scan)
			kinds[20] = '0';
		assert_string_equal(kinds, wanted);
		pages_close(&p);
	}
	/* Where nothing is told, everything may be there. */
	p.fd = -1;
	assert_true(pages_scan(&p, shared->addr, shared->addr + PAGE, note_run, kinds));
	assert_int_equal(kinds[0], '1');
	close(fd);
	stop(pid);
}

enum { SPARSE_PAGES = 1 << 17, TOUCHED = 4096 };

/* As an allocator leaves them: some pages of each 64 KiB, in a long mapping. */
static void touch_pages_far_apart(void)
{
	unsigned char *p = mmap(NULL, SPARSE_PAGES * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	madvise(p, SPARSE_PAGES * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < TOUCHED; i++)
		memset(p + i * 16 * PAGE, 'a', (1 + i % 9) * PAGE);
	shared->addr = (uint64_t)(uintptr_t)p;
	atomic_store(&shared->ready, 1);
	for (;;)
		pause();
}

struct covered {
	uint64_t end;
	size_t own; /* pages */
};

static bool cover(void *ctx, const struct page_run *run)
{
	struct covered *c = ctx;

	assert_int_equal(run->start, c->end);
	assert_true(run->end > run->start);
	c->end = run->end;
	c->own += run->kind == PAGE_OWN ? (run->end - run->start) / PAGE : 0;
	return true;
}

static void each_page_is_told_once(void **state)
{
	pid_t pid = start(touch_pages_far_apart);
	size_t touched = 0;
	char path[32];
	int fd;

	for (size_t i = 0; i < TOUCHED; i++)
		touched += 1 + i % 9;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	for (int old = 0; old < 2; old++) {
		struct covered c = { .end = shared->addr };
		struct pages p;

		pages_open(&p, fd);
		p.no_scan = old;
		assert_true(pages_scan(&p, shared->addr, shared->addr + SPARSE_PAGES * PAGE, cover, &c));
		assert_int_equal(c.end, shared->addr + SPARSE_PAGES * PAGE);
		assert_int_equal(c.own, touched);
		pages_close(&p);
	}
	close(fd);
	stop(pid);
}

static struct target *open_core(const struct folder *f)
{
	struct pycore_error err = { 0 };
	struct target *t;

	if (target_open_core(&t, f->core, NULL, NULL, NULL, &err))
		fail_msg("%s", err.message);
	return t;
}

static void a_core_has_holes_where_nothing_was_written(void **state)
{
	pid_t pid = start(touch_some_pages);
	struct pycore_dump_result plain, packed;
	struct pycore_dump_options zstd = { .compression = PYCORE_ZSTD };
	unsigned char page[PAGE], letters[PAGE] = { 0 };
	struct folder f;
	struct target *t;

	folder_make(&f);
	dump(pid, &f, NULL, &plain);
	assert_true(plain.disk_bytes + 50 * PAGE < plain.bytes);
	t = open_core(&f);
	for (size_t i = 0; i < MEMORY_PAGES; i++) {
		memset(letters, i == 3 || i == 4 ? 'a' : i == 63 ? 'z' : 0, PAGE);
		assert_int_equal(t->ops->read(t, shared->addr + i * PAGE, page, PAGE), PAGE);
		assert_memory_equal(page, letters, PAGE);
	}
	assert_int_equal(t->process.signal, 0);
	assert_int_equal(t->process.pid, pid);
	target_close(t);
	unlink(f.core);
	dump(pid, &f, &zstd, &packed);
	assert_int_equal(packed.core_bytes, plain.core_bytes);
	assert_true(packed.bytes < plain.disk_bytes);
	folder_remove(&f);
	stop(pid);
}

/* It stops again only some time after it was released. */
static void wait_until_stopped(pid_t pid)
{
	char path[32], line[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int i = 0; i < 5000 && !strstr(line, ") T "); i++) {
		FILE *f = fopen(path, "r");

		assert_non_null(f);
		assert_non_null(fgets(line, sizeof(line), f));
		fclose(f);
		usleep(1000);
	}
	assert_non_null(strstr(line, ") T "));
}

/* Where @p a has data, @p b has the same; a core of gigabytes is holes for the most part. */
static void assert_has_the_data_of(int b, int a)
{
	static unsigned char left[65536], right[sizeof(left)];
	off_t end;

	for (off_t at = 0; (at = lseek(a, at, SEEK_DATA)) >= 0; at = end) {
		end = lseek(a, at, SEEK_HOLE);
		for (ssize_t n; at < end; at += n) {
			size_t want = end - at < (off_t)sizeof(left) ? (size_t)(end - at)
								     : sizeof(left);

			n = pread(a, left, want, at);
			assert_true(n > 0 && pread(b, right, (size_t)n, at) == n);
			assert_memory_equal(left, right, (size_t)n);
		}
	}
}

static int open_file(const struct folder *f, off_t *len)
{
	int fd = open(f->core, O_RDONLY);

	assert_true(fd >= 0);
	*len = lseek(fd, 0, SEEK_END);
	return fd;
}

static void a_core_is_the_same_with_room_for_a_copy_and_without(void **state)
{
	pid_t pid = start(touch_some_pages);
	struct pycore_dump_options ways[] = { { .max_stop_ms = 60000 }, { 0 }, { .most_memory = 1 } };
	struct pycore_dump_options hurried = { .most_memory = 1, .max_stop_ms = 10000 };
	struct pycore_dump_result copied, written;
	off_t len, other_len;
	struct folder f;
	int core, other;

	/* Or the kernel tells it of every other processor that it comes to run on (rseq). */
	kill(pid, SIGSTOP);
	wait_until_stopped(pid);
	folder_make(&f);
	dump(pid, &f, &ways[0], &copied);
	assert_true(copied.was_stopped);
	assert_true(copied.copied);
	core = open_file(&f, &len);
	for (size_t i = 1; i < 3; i++) {
		unlink(f.core);
		wait_until_stopped(pid);
		dump(pid, &f, &ways[i], &written);
		other = open_file(&f, &other_len);
		assert_int_equal(len, other_len);
		assert_has_the_data_of(other, core);
		assert_has_the_data_of(core, other);
		close(other);
	}
	/* A disk may hang: without room there is no end to promise. */
	unlink(f.core);
	hurried.size = sizeof(hurried);
	hurried.path = f.core;
	assert_int_equal(pycore_dump(pid, &hurried, NULL, NULL), PYCORE_ERR_NOMEM);
	assert_int_equal(folder_files(&f), 0);
	close(core);
	folder_remove(&f);
	stop(pid);
}

static void more_segments_than_the_header_counts_are_counted(void **state)
{
	enum { PARTS = 70000 };
	struct plan plan = { 0 };
	struct buf notes = { 0 }, headers = { 0 };
	struct sink s;
	struct folder f;
	struct target *t;
	uint64_t size;

	for (uint64_t i = 0; i < PARTS; i++) {
		struct part part = { .start = 0x10000 + i * 2 * PAGE, .flags = REGION_READ };

		part.end = part.start + PAGE;
		part.filesz = i == PARTS - 1 ? PAGE : 0;
		assert_true(vec_push(&plan.parts, part));
	}
	size = elf_out_headers(&headers, &plan, &notes);
	assert_int_equal(size, headers.len + PAGE);
	folder_make(&f);
	assert_int_equal(sink_open(&s, f.core, NULL), 0);
	assert_true(sink_put(&s, headers.text, headers.len));
	memset(headers.text, 'x', PAGE);
	assert_true(sink_put(&s, headers.text, PAGE));
	assert_int_equal(sink_finish(&s, NULL), 0);
	sink_close(&s);
	t = open_core(&f);
	assert_int_equal(t->n_regions, PARTS);
	assert_int_equal(t->bytes_readable, PAGE);
	target_close(t);
	folder_remove(&f);
	buf_free(&headers);
	plan_fini(&plan);
}

static void a_file_has_no_name_until_it_is_whole(void **state)
{
	struct folder f;
	struct sink s;
	struct stat st;

	folder_make(&f);
	for (int named = 0; named < 2; named++) {
		no_tmpfile = named;
		assert_int_equal(sink_open(&s, f.core, NULL), 0);
		assert_int_equal(folder_files(&f), named);
		assert_true(sink_put(&s, "abc", 3));
		assert_true(lstat(f.core, &st) < 0);
		sink_close(&s);
		assert_int_equal(folder_files(&f), 0);

		assert_int_equal(sink_open(&s, f.core, NULL), 0);
		assert_true(sink_put(&s, "abc", 3) && sink_skip(&s, 100000) && sink_put(&s, "d", 1));
		assert_int_equal(sink_finish(&s, NULL), 0);
		sink_close(&s);
		assert_int_equal(folder_files(&f), 1);
		assert_int_equal(lstat(f.core, &st), 0);
		assert_int_equal(st.st_size, 100004);
		assert_true(st.st_blocks * 512 < 20000);
		unlink(f.core);
	}
	no_tmpfile = false;
	folder_remove(&f);
}

static void a_name_that_somebody_takes_meanwhile_stays_theirs(void **state)
{
	struct folder f;
	struct pycore_error err = { 0 };
	struct sink s;
	struct stat st;

	folder_make(&f);
	for (int named = 0; named < 2; named++) {
		no_tmpfile = named;
		assert_int_equal(sink_open(&s, f.core, NULL), 0);
		assert_true(sink_put(&s, "abc", 3));
		assert_int_equal(symlink("/nowhere", f.core), 0);
		assert_int_equal(sink_finish(&s, &err), PYCORE_ERR_OUTPUT);
		sink_close(&s);
		assert_int_equal(lstat(f.core, &st), 0);
		assert_true(S_ISLNK(st.st_mode));
		assert_int_equal(folder_files(&f), 1);
		unlink(f.core);
	}
	no_tmpfile = false;
	folder_remove(&f);
}

static void registers_lie_where_debuggers_look_for_them(void **state)
{
	unsigned char from[XSAVE_MOST] = { 0 }, out[XSAVE_MOST];
	uint64_t groups = 7, unknown = UINT64_C(1) << 40;

	/* AVX is at one place with all makers, so this is the same on every machine that has it. */
	memset(from + 576, 'y', 256);
	memcpy(from + 512, &groups, sizeof(groups));
	groups |= unknown;
	memcpy(from + 464, &groups, sizeof(groups));
	if (!__builtin_cpu_supports("avx"))
		skip();
	assert_int_equal(xsave_standard(out, from, 832), 832);
	assert_memory_equal(out + 576, from + 576, 256);
	memcpy(&groups, out + 464, sizeof(groups));
	assert_int_equal(groups, 7);
	/* Cut short: a group that is not there is not claimed. */
	assert_int_equal(xsave_standard(out, from, 600), 576);
	memcpy(&groups, out + 512, sizeof(groups));
	assert_int_equal(groups, 3);
	assert_int_equal(xsave_standard(out, from, 500), 0);
}

/* What the process does while its core is written. */
struct seen {
	pid_t pid;
	unsigned times, stopped;
};

static void look(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	struct seen *s = ctx;
	char path[32], line[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", s->pid);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	s->times++;
	s->stopped += strstr(line, ") t ") != NULL;
}

static void a_process_runs_on_before_its_copy_is_written(void **state)
{
	pid_t pid = start(touch_some_pages);
	struct seen seen = { .pid = pid };
	struct pycore_dump_options o = { .max_stop_ms = 60000, .progress = look,
					 .progress_ctx = &seen };
	struct pycore_dump_result result;
	struct folder f;

	folder_make(&f);
	dump(pid, &f, &o, &result);
	assert_true(seen.times);
	assert_int_equal(seen.stopped, 0);
	/* Where its stop may take as long as it will, it is written meanwhile. */
	unlink(f.core);
	seen = (struct seen){ .pid = pid };
	o.max_stop_ms = 0;
	dump(pid, &f, &o, &result);
	assert_true(seen.stopped);
	folder_remove(&f);
	stop(pid);
}

enum { SLOW_BYTES = 36 << 20, SLOW_US = 20000 };

static void fill_much_memory(void)
{
	unsigned char *p = mmap(NULL, SLOW_BYTES, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < SLOW_BYTES; i += PAGE)
		memset(p + i, (int)(i / PAGE % 255) + 1, PAGE);
	shared->addr = (uint64_t)(uintptr_t)p;
	atomic_store(&shared->ready, 1);
	for (;;)
		pause();
}

static void assert_memory_is_full(const struct folder *f)
{
	struct target *t = open_core(f);
	unsigned char page[PAGE], want[PAGE];

	for (size_t i = 0; i < SLOW_BYTES; i += PAGE) {
		memset(want, (int)(i / PAGE % 255) + 1, PAGE);
		assert_int_equal(t->ops->read(t, shared->addr + i, page, PAGE), PAGE);
		assert_memory_equal(page, want, PAGE);
	}
	target_close(t);
}

static void a_slow_disk_is_waited_for_only_where_memory_is_short(void **state)
{
	pid_t pid = start(fill_much_memory);
	struct seen seen = { .pid = pid };
	struct pycore_dump_options o = { .most_memory = 256 << 20, .progress = look,
					 .progress_ctx = &seen };
	double least = SLOW_BYTES / 1048576 * (SLOW_US / 1000.0);
	struct pycore_dump_result result;
	struct folder f;

	folder_make(&f);
	disk_us = SLOW_US;
	dump(pid, &f, &o, &result);
	assert_true(result.copied);
	assert_true(result.stopped_ms < least / 2);
	/* It ran on before all was written. */
	assert_true(seen.times > seen.stopped);
	assert_memory_is_full(&f);
	unlink(f.core);
	o.most_memory = 1;
	dump(pid, &f, &o, &result);
	disk_us = 0;
	assert_false(result.copied);
	assert_true(result.stopped_ms > least / 2);
	assert_memory_is_full(&f);
	folder_remove(&f);
	stop(pid);
}

/* Pages by turns: bytes, zeros, and some that the core has not. */
static void stretches_have_each_run_once_and_in_order(void **state)
{
	enum { RUNS = 15000, MOST = 5 * 4096 };
	static unsigned char bytes[RUNS / 3][4096];
	struct plan plan = { 0 };
	struct cursor cursor = { .offset = 0 };
	struct stretch stretch;
	struct folder f;
	struct sink s;
	size_t len, made = 0;
	unsigned char *file;

	for (uint64_t i = 0; i < RUNS; i++) {
		struct run run = { i * PAGE, (i + 1) * PAGE, RUN_BYTES - i % 3, plan.bytes };

		assert_true(vec_push(&plan.runs, run));
		plan.bytes += i % 3 ? 0 : PAGE;
		memset(bytes[i / 3], (int)(i / 3 % 255) + 1, PAGE);
	}
	folder_make(&f);
	assert_int_equal(sink_open(&s, f.core, NULL), 0);
	for (; plan_next_stretch(&plan, &cursor, MOST, &stretch); made++) {
		assert_true(stretch.bytes <= MOST);
		assert_true(sink_put_stretch(&s, &plan, &stretch, bytes[stretch.at / PAGE]));
		assert_int_equal(s.at, cursor.offset);
	}
	assert_true(made >= RUNS / 15);
	assert_int_equal(sink_finish(&s, NULL), 0);
	sink_close(&s);
	file = load(f.core, &len);
	assert_int_equal(len, RUNS / 3 * 2 * PAGE);
	for (size_t i = 0; i < RUNS / 3; i++) {
		static const unsigned char zeros[4096];

		assert_memory_equal(file + 2 * i * PAGE, bytes[i], PAGE);
		assert_memory_equal(file + (2 * i + 1) * PAGE, zeros, PAGE);
	}
	munmap(file, len);
	folder_remove(&f);
	plan_fini(&plan);
}

struct giving_up {
	atomic_int asked;
	int at;
};

/* Some time after it was asked that often, while other threads fill all memory that they may. */
static bool late(void *ctx)
{
	struct giving_up *g = ctx;

	if (atomic_fetch_add(&g->asked, 1) != g->at)
		return false;
	usleep(100000);
	return true;
}

static void a_caller_who_gives_up_gets_no_file(void **state)
{
	pid_t pid = start(fill_much_memory);
	struct giving_up giving_up;
	struct folder f;
	struct pycore_error err = { 0 };
	struct pycore_dump_options o = { .size = sizeof(o), .cancelled = late, .jobs = 2,
					 .cancel_ctx = &giving_up, .most_memory = 1 };

	folder_make(&f);
	o.path = f.core;
	for (int at = 0; at < 40; at += 13) {
		giving_up = (struct giving_up){ .at = at };
		assert_int_equal(pycore_dump(pid, &o, NULL, &err), PYCORE_ERR_CANCELLED);
		assert_true(atomic_load(&giving_up.asked) > at);
		assert_int_equal(folder_files(&f), 0);
	}
	folder_remove(&f);
	stop(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_register_is_in_the_core),
		cmocka_unit_test(pages_are_told_with_either_call),
		cmocka_unit_test(each_page_is_told_once),
		cmocka_unit_test(a_core_has_holes_where_nothing_was_written),
		cmocka_unit_test(a_core_is_the_same_with_room_for_a_copy_and_without),
		cmocka_unit_test(more_segments_than_the_header_counts_are_counted),
		cmocka_unit_test(a_file_has_no_name_until_it_is_whole),
		cmocka_unit_test(a_name_that_somebody_takes_meanwhile_stays_theirs),
		cmocka_unit_test(registers_lie_where_debuggers_look_for_them),
		cmocka_unit_test(a_process_runs_on_before_its_copy_is_written),
		cmocka_unit_test(a_slow_disk_is_waited_for_only_where_memory_is_short),
		cmocka_unit_test(stretches_have_each_run_once_and_in_order),
		cmocka_unit_test(a_caller_who_gives_up_gets_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
