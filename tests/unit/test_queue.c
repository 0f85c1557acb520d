/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/queue.h"

enum {
	PAGE = 4096,
	PAGES = 400,
	READERS = 3,
	SLOW_US = 30000,
	LOOKS = 100000, /* 100 us each: nothing takes so long */
};

/* What the disk does, and who wrote last. */
static useconds_t disk_us;
static pthread_t writer;
static unsigned writes;

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	writer = pthread_self();
	writes++;
	if (disk_us)
		usleep(disk_us);
	return syscall(SYS_pwrite64, fd, bytes, len, at);
}

/* A page a run, as a process might have them. */
struct row {
	struct plan plan;
	struct cursor cursor;
	struct sink sink;
	struct queue *queue;
	char folder[32], path[64];
	pthread_mutex_t lock;
};

static int row_make(void **state)
{
	struct row *r = calloc(1, sizeof(*r));

	pthread_mutex_init(&r->lock, NULL);
	for (uint64_t i = 0; i < PAGES; i++) {
		struct run run = { i * PAGE, (i + 1) * PAGE, RUN_BYTES, i * PAGE };

		if (!vec_push(&r->plan.runs, run))
			return -1;
	}
	r->plan.bytes = PAGES * PAGE;
	strcpy(r->folder, "/tmp/pycore-XXXXXX");
	if (!mkdtemp(r->folder))
		return -1;
	snprintf(r->path, sizeof(r->path), "%s/core", r->folder);
	disk_us = 0;
	writes = 0;
	*state = r;
	if (sink_open(&r->sink, r->path, NULL))
		return -1;
	r->queue = queue_make(UINT64_C(1) << 30, READERS);
	return r->queue && queue_begin(r->queue, &r->plan, &r->sink, 0) ? 0 : -1;
}

static int row_free(void **state)
{
	struct row *r = *state;

	if (r->queue)
		queue_end(r->queue);
	sink_close(&r->sink);
	vec_free(&r->plan.runs);
	unlink(r->path);
	rmdir(r->folder);
	free(r);
	return 0;
}

/* Takes the next page of the row. @return false: there is none */
static bool take(struct row *r, struct ticket *ticket)
{
	struct stretch stretch;
	bool ok;

	pthread_mutex_lock(&r->lock);
	ok = plan_next_stretch(&r->plan, &r->cursor, PAGE, &stretch) &&
	     queue_place(r->queue, &stretch, ticket);
	pthread_mutex_unlock(&r->lock);
	return ok;
}

static bool put_next(struct row *r)
{
	struct ticket ticket;

	if (!take(r, &ticket))
		return false;
	memset(ticket.chunk, (int)(ticket.number % 251) + 1, PAGE);
	queue_put(r->queue, &ticket);
	return true;
}

static void await_written(struct row *r, uint64_t pages)
{
	unsigned looks = 0;

	while (queue_written(r->queue) < pages * PAGE) {
		assert_true(++looks < LOOKS);
		usleep(100);
	}
}

static void finish(struct row *r)
{
	FILE *in;
	unsigned char page[PAGE];

	while (!queue_wait(r->queue))
		;
	assert_true(queue_end(r->queue));
	r->queue = NULL;
	assert_int_equal(sink_finish(&r->sink, NULL), 0);
	in = fopen(r->path, "rb");
	assert_non_null(in);
	for (unsigned i = 0; i < PAGES; i++) {
		assert_int_equal(fread(page, 1, PAGE, in), PAGE);
		for (unsigned at = 0; at < PAGE; at++)
			assert_int_equal(page[at], i % 251 + 1);
	}
	assert_int_equal(fread(page, 1, 1, in), 0);
	fclose(in);
}

static void *read_all(void *arg)
{
	struct row *r = arg;
	unsigned seed = (unsigned)(uintptr_t)&seed;
	struct ticket ticket;

	while (take(r, &ticket)) {
		if (rand_r(&seed) % 4 == 0)
			usleep((useconds_t)rand_r(&seed) % 300);
		memset(ticket.chunk, (int)(ticket.number % 251) + 1, PAGE);
		queue_put(r->queue, &ticket);
	}
	return NULL;
}

static void read_by_several(struct row *r)
{
	pthread_t threads[READERS];

	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all, r), 0);
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	finish(r);
}

static void what_several_put_is_written_in_its_order(void **state)
{
	read_by_several(*state);
	assert_int_equal(writes, PAGES);
}

/* Each write is as long as a few readings: now one is behind, now the other. */
static void so_it_is_when_the_disk_is_behind_now_and_then(void **state)
{
	disk_us = 300;
	read_by_several(*state);
	assert_int_equal(writes, PAGES);
}

static void who_reads_writes(void **state)
{
	struct row *r = *state;

	assert_true(put_next(r));
	assert_int_equal(writes, 1);
	assert_true(pthread_equal(writer, pthread_self()));
	while (put_next(r))
		;
	finish(r);
}

static void when_the_disk_is_slow_nobody_who_reads_writes_again(void **state)
{
	struct row *r = *state;

	disk_us = SLOW_US;
	assert_true(put_next(r));
	assert_true(pthread_equal(writer, pthread_self()));
	for (unsigned n = 2; n <= 5; n++) {
		assert_true(put_next(r));
		await_written(r, n);
		assert_false(pthread_equal(writer, pthread_self()));
	}
	disk_us = 0;
	while (put_next(r))
		;
	finish(r);
}

/* One write of the thread's that is as fast as any is enough. */
static void when_it_is_not_slow_any_more_they_write_again(void **state)
{
	struct row *r = *state;
	unsigned n = 1;

	disk_us = SLOW_US;
	assert_true(put_next(r));
	disk_us = 0;
	do {
		assert_true(++n < PAGES);
		assert_true(put_next(r));
		await_written(r, n);
	} while (!pthread_equal(writer, pthread_self()));
	assert_true(n > 2);
	while (put_next(r))
		;
	finish(r);
}

/* While somebody writes, who has read what comes later leaves it to them. */
static void what_is_left_behind_a_write_is_written_after_it(void **state)
{
	struct row *r = *state;
	struct ticket first, second, third;

	assert_true(take(r, &first));
	assert_true(take(r, &second));
	assert_true(take(r, &third));
	memset(third.chunk, 3, PAGE);
	queue_put(r->queue, &third);
	memset(second.chunk, 2, PAGE);
	queue_put(r->queue, &second);
	assert_int_equal(writes, 0);
	memset(first.chunk, 1, PAGE);
	queue_put(r->queue, &first);
	await_written(r, 3);
	while (put_next(r))
		;
	finish(r);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, row_make, row_free)
	const struct CMUnitTest tests[] = {
		TEST(what_several_put_is_written_in_its_order),
		TEST(so_it_is_when_the_disk_is_behind_now_and_then),
		TEST(who_reads_writes),
		TEST(when_the_disk_is_slow_nobody_who_reads_writes_again),
		TEST(when_it_is_not_slow_any_more_they_write_again),
		TEST(what_is_left_behind_a_write_is_written_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
