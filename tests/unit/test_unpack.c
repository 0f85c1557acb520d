/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/corefile.h"
#include "lib/pack.h"
#include "target/codec.h"
#include "target/reader.h"

#define HEAP UINT64_C(0x10000000)

enum { ROOM = 1 << 20, DATA = 40 * 4096, ZEROS = 8 * 4096 };

static char said[4][300];
static size_t n_said;

static void note(void *ctx, const char *line)
{
	if (n_said < 4)
		snprintf(said[n_said++], sizeof(said[0]), "%s", line);
}

static bool was_said(const char *part)
{
	for (size_t i = 0; i < n_said; i++) {
		if (strstr(said[i], part))
			return true;
	}
	return false;
}

static size_t pack(size_t packer, unsigned char *out, const unsigned char *in, size_t len)
{
	return pack_with(&packers[packer], out, ROOM, in, len);
}

/* Bytes that are hard to compress, and then many zeros. */
static unsigned char byte_at(size_t i)
{
	uint32_t x = (uint32_t)i * UINT32_C(2654435761);

	return i < DATA ? (unsigned char)(x >> 24 ^ x >> 13) : 0;
}

static struct corefile *make_core(unsigned char **bytes, size_t *len)
{
	static unsigned char data[DATA + ZEROS];
	struct corefile *c = corefile_new();

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = byte_at(i);
	corefile_thread(c, 78, 0, 0x401000, 0, 0x1111);
	corefile_segment(c, HEAP, data, sizeof(data), sizeof(data), PF_R | PF_W);
	*bytes = corefile_finish(c, len);
	return c;
}

static int open_packed(struct target **t, const unsigned char *bytes, size_t len,
		       struct pycore_error *err)
{
	struct pycore_options o = { .size = sizeof(o), .unpack_dir = "/tmp" };
	char path[64];
	int fd = corefile_open(bytes, len, path), rc;

	n_said = 0;
	*err = (struct pycore_error){ 0 };
	rc = target_open_core(t, path, &o, note, NULL, err);
	close(fd);
	return rc;
}

/* @return how many bytes of the segment can be read: all of them right */
static size_t check_bytes(struct target *t)
{
	static unsigned char buf[DATA + ZEROS];
	size_t n = t->ops->read(t, HEAP, buf, sizeof(buf));

	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf[i], byte_at(i));
	return n;
}

static void a_compressed_core_reads_as_the_core(void **state)
{
	unsigned char *packed = malloc(ROOM), *bytes;
	struct pycore_error err;
	struct target *t;
	size_t len;

	for (size_t i = 0; i < PACKERS; i++) {
		struct corefile *c = make_core(&bytes, &len);
		size_t n = pack(i, packed, bytes, len);

		assert_string_equal(codec_of(packed, n)->name, packers[i].name);
		if (open_packed(&t, packed, n, &err))
			fail_msg("%s: %s", packers[i].name, err.message);
		assert_int_equal(check_bytes(t), DATA + ZEROS);
		assert_int_equal(n_said, 0);
		assert_int_equal(t->n_threads, 1);
		target_close(t);
		corefile_free(c);
	}
	free(packed);
}

static void streams_one_after_another_are_one(void **state)
{
	unsigned char *packed = malloc(2 * ROOM), *bytes;
	struct pycore_error err;
	struct target *t;
	size_t len;

	for (size_t i = 0; i < PACKERS; i++) {
		struct corefile *c = make_core(&bytes, &len);
		size_t n = pack(i, packed, bytes, len / 3);

		n += pack(i, packed + n, bytes + len / 3, len - len / 3);
		memcpy(packed + n, "not more of it", 14);
		if (open_packed(&t, packed, n + 14, &err))
			fail_msg("%s: %s", packers[i].name, err.message);
		assert_int_equal(check_bytes(t), DATA + ZEROS);
		assert_int_equal(n_said, 0);
		target_close(t);
		corefile_free(c);
	}
	free(packed);
}

static void a_stream_cut_anywhere_gives_what_is_before(void **state)
{
	unsigned char *packed = malloc(ROOM), *bytes;
	struct pycore_error err;
	struct target *t;
	size_t len;

	for (size_t i = 0; i < PACKERS; i++) {
		struct corefile *c = make_core(&bytes, &len);
		size_t n = pack(i, packed, bytes, len), last = 0, steps = 0;

		for (size_t cut = 1; cut < n; cut += cut < 300 || n - cut < 300 ? 1 : n / 97) {
			size_t got;

			if (open_packed(&t, packed, cut, &err)) {
				assert_true(strlen(err.message) > 20);
				continue;
			}
			got = check_bytes(t);
			assert_true(got >= last);
			steps += got > last;
			last = got;
			if (got < DATA + ZEROS)
				assert_true(was_said("could be unpacked"));
			target_close(t);
		}
		assert_true(steps);
		corefile_free(c);
	}
	free(packed);
}

static void a_wrong_checksum_is_told(void **state)
{
	unsigned char *packed = malloc(ROOM), *bytes;
	struct pycore_error err;
	struct target *t;
	size_t len;

	for (size_t i = 0; i < PACKERS; i++) {
		struct corefile *c = make_core(&bytes, &len);
		size_t n = pack(i, packed, bytes, len);

		/* zstd and lz4 end with it, gzip with it and a length; xz has an index behind. */
		packed[i == PACK_GZIP ? n - 8 : n - 2] ^= 1;
		if (open_packed(&t, packed, n, &err))
			fail_msg("%s: %s", packers[i].name, err.message);
		/* zstd and xz keep to themselves the last block of what is wrong. */
		if (i == PACK_GZIP)
			assert_true(was_said("checksum"));
		assert_true(check_bytes(t) >= DATA + ZEROS - (128 << 10));
		assert_true(was_said("damaged"));
		target_close(t);
		corefile_free(c);
	}
	free(packed);
}

static void zeros_take_no_room(void **state)
{
	unsigned char *packed = malloc(ROOM), *bytes;
	struct pycore_error err;
	struct target *t;
	struct stat st;
	size_t len;
	struct corefile *c = make_core(&bytes, &len);
	size_t n = pack(PACK_ZSTD, packed, bytes, len);
	int next = dup(0); /* the number that the unnamed file will not have */

	close(next);
	assert_int_equal(open_packed(&t, packed, n, &err), 0);
	for (int fd = next; fd < next + 8; fd++) {
		if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (size_t)st.st_size != len)
			continue;
		assert_int_equal(st.st_nlink, 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_true(st.st_blocks * 512 <= (blkcnt_t)(len - ZEROS + 4096));
		next = -100;
	}
	assert_int_equal(next, -100);
	target_close(t);
	corefile_free(c);
	free(packed);
}

static void no_more_is_unpacked_than_the_headers_say(void **state)
{
	unsigned char *packed = malloc(ROOM), *bytes, *bomb = malloc(64 << 20);
	struct rlimit before, limit;
	struct pycore_error err;
	struct target *t;
	size_t len, n;
	struct corefile *c = make_core(&bytes, &len);

	memset(bomb, 7, 64 << 20);
	memcpy(bomb, bytes, len);
	n = pack(PACK_ZSTD, packed, bomb, 64 << 20);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 1 << 20; /* the headers come first, with what is behind them */
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	if (open_packed(&t, packed, n, &err))
		fail_msg("%s", err.message);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(check_bytes(t), DATA + ZEROS);
	target_close(t);
	corefile_free(c);
	free(bomb);
	free(packed);
}

static void a_core_of_a_million_gigabytes_is_refused(void **state)
{
	unsigned char *packed = malloc(ROOM), *bytes;
	struct pycore_error err;
	struct target *t;
	struct corefile *c = make_core(&bytes, &(size_t){ 0 });
	Elf64_Phdr *ph = (Elf64_Phdr *)(bytes + sizeof(Elf64_Ehdr));

	for (size_t i = 0; i < ((Elf64_Ehdr *)bytes)->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD)
			ph[i].p_filesz = ph[i].p_memsz = UINT64_C(1) << 50;
	}
	assert_int_not_equal(open_packed(&t, packed, pack(PACK_ZSTD, packed, bytes, DATA), &err), 0);
	assert_non_null(strstr(err.message, "GiB"));
	corefile_free(c);
	free(packed);
}

static void what_is_no_core_is_refused_at_once(void **state)
{
	unsigned char *packed = malloc(ROOM);
	struct pycore_error err;
	struct target *t;

	for (size_t i = 0; i < PACKERS; i++) {
		size_t n = pack(i, packed, (const unsigned char *)"a letter to a friend, "
					   "and not very long at that, but for an ELF header", 70);

		assert_int_equal(open_packed(&t, packed, n, &err), PYCORE_ERR_FORMAT);
		assert_non_null(strstr(err.message, packers[i].name));
		assert_non_null(strstr(err.message, "no ELF core"));
	}
	assert_int_equal(open_packed(&t, (const unsigned char *)"BZh91AY&SY", 10, &err),
			 PYCORE_ERR_FORMAT);
	assert_non_null(strstr(err.message, "bunzip2"));
	free(packed);
}

static void a_window_beyond_all_measure_is_refused(void **state)
{
	/* A zstd frame that asks for a window of 2 GiB. */
	static const unsigned char bytes[] = "\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00";
	struct pycore_error err;
	struct target *t;

	assert_int_equal(open_packed(&t, bytes, sizeof(bytes) - 1, &err), PYCORE_ERR_FORMAT);
	assert_non_null(strstr(err.message, "of memory"));
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	struct pycore_options o = { .size = sizeof(o), .unpack_dir = "/nowhere/at/all" };
	unsigned char *packed = malloc(ROOM), *bytes;
	struct pycore_error err = { 0 };
	struct target *t;
	size_t len;
	struct corefile *c = make_core(&bytes, &len);
	char path[64];
	int fd = corefile_open(packed, pack(PACK_ZSTD, packed, bytes, len), path);

	assert_int_equal(target_open_core(&t, path, &o, note, NULL, &err), PYCORE_ERR_OPEN);
	assert_non_null(strstr(err.message, "/nowhere/at/all"));
	close(fd);
	corefile_free(c);
	free(packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_compressed_core_reads_as_the_core),
		cmocka_unit_test(streams_one_after_another_are_one),
		cmocka_unit_test(a_stream_cut_anywhere_gives_what_is_before),
		cmocka_unit_test(a_wrong_checksum_is_told),
		cmocka_unit_test(zeros_take_no_room),
		cmocka_unit_test(no_more_is_unpacked_than_the_headers_say),
		cmocka_unit_test(a_core_of_a_million_gigabytes_is_refused),
		cmocka_unit_test(what_is_no_core_is_refused_at_once),
		cmocka_unit_test(a_window_beyond_all_measure_is_refused),
		cmocka_unit_test(a_folder_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
