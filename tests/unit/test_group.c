/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/trigger.h"

/* What the kernel shows of control groups, as plain files in a folder. */

#define MIB UINT64_C(1048576)

static char folder[32];

static int make_folder(void **state)
{
	strcpy(folder, "/tmp/pycore-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int remove_folder(void **state)
{
	return nftw(folder, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *file, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void put_pid(const char *file, pid_t pid, const char *more)
{
	char text[64];

	snprintf(text, sizeof(text), "%d\n%s", (int)pid, more);
	put(file, text);
}

static void make_inner(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static struct group group(void)
{
	struct group g;

	assert_true(group_at(&g, folder));
	return g;
}

static void files_tell_the_version_of_a_group(void **state)
{
	struct group g;

	assert_false(group_at(&g, folder));
	assert_false(group_at(&g, "/nowhere"));
	put("memory.current", "0\n");
	assert_int_equal(group().kind, GROUP_V2);
	put("memory.limit_in_bytes", "0\n");
	assert_int_equal(group().kind, GROUP_V1);
}

static void a_number_is_that_of_its_whole_word(void **state)
{
	uint64_t n = 7;
	struct group g;

	put("memory.current", "5000000000\n");
	put("memory.events", "low 1\noom_kill 3\noom_group_kill 4\noom 2\nlast max\nword\n");
	g = group();
	assert_true(group_number(&g, "memory.current", NULL, &n));
	assert_int_equal(n, 5000000000);
	assert_true(group_number(&g, "memory.events", "oom", &n));
	assert_int_equal(n, 2);
	assert_true(group_number(&g, "memory.events", "low", &n));
	assert_int_equal(n, 1);
	assert_true(group_number(&g, "memory.events", "last", &n));
	assert_int_equal(n, GROUP_NO_LIMIT);
	assert_false(group_number(&g, "memory.events", "kill", &n));
	assert_false(group_number(&g, "memory.events", NULL, &n));
	assert_false(group_number(&g, "memory.nothing", NULL, &n));
}

static void a_limit_that_is_as_good_as_none_is_none(void **state)
{
	struct group g;

	put("memory.current", "0\n");
	g = group();
	assert_int_equal(group_limit(&g), GROUP_NO_LIMIT); /* the uppermost has no such file */
	put("memory.max", "max\n");
	assert_int_equal(group_limit(&g), GROUP_NO_LIMIT);
	put("memory.max", "104857600\n");
	assert_int_equal(group_limit(&g), 100 * MIB);
	put("memory.limit_in_bytes", "9223372036854771712\n"); /* what version 1 has for none */
	g = group();
	assert_int_equal(group_limit(&g), GROUP_NO_LIMIT);
	put("memory.limit_in_bytes", "209715200\n");
	assert_int_equal(group_limit(&g), 200 * MIB);
}

static void what_is_needed_is_without_cached_files_of_both_kinds(void **state)
{
	struct group g;

	put("memory.current", "100\n");
	put("memory.stat", "anon 1\nfile 90\ninactive_file 30\nactive_file 20\n");
	g = group();
	assert_int_equal(group_usage(&g, false), 100);
	assert_int_equal(group_usage(&g, true), 50);
	put("memory.stat", "inactive_file 300\nactive_file 20\n"); /* read a moment later */
	assert_int_equal(group_usage(&g, true), 0);
	/* Version 1 has a number of the group alone, and one with the groups within it. */
	put("memory.limit_in_bytes", "0\n");
	put("memory.usage_in_bytes", "1000\n");
	put("memory.stat", "inactive_file 1\nactive_file 2\ntotal_inactive_file 100\n"
			   "total_active_file 300\n");
	g = group();
	assert_int_equal(group_usage(&g, false), 1000);
	assert_int_equal(group_usage(&g, true), 600);
}

static pid_t start_with(size_t bytes)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(ready[1], p == MAP_FAILED ? "n" : "y", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	close(ready[0]);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void the_biggest_process_may_be_in_a_group_within(void **state)
{
	pid_t small = start_with(1 * MIB), big = start_with(64 * MIB);
	struct group g;

	put("memory.current", "0\n");
	put("cgroup.procs", "");
	g = group();
	assert_int_equal(group_biggest(&g), 0);
	put_pid("cgroup.procs", small, "");
	assert_int_equal(group_biggest(&g), small);
	make_inner("one");
	make_inner("one/two");
	put_pid("one/two/cgroup.procs", big, "");
	assert_int_equal(group_biggest(&g), big);
	put_pid("cgroup.procs", big, "1\n");
	put_pid("one/two/cgroup.procs", small, "");
	assert_int_equal(group_biggest(&g), big);
	assert_in_range(process_resident(big), 64 * MIB, 80 * MIB);
	stop(big);
	stop(small);
	assert_int_equal(process_resident(big), 0);
}

static void a_group_is_within_another_by_whole_names(void **state)
{
	struct group a = { .kind = GROUP_V2, .path = "/g/one" }, b = a;

	assert_true(group_within(&b, &a));
	strcpy(b.path, "/g/one/two");
	assert_true(group_within(&b, &a));
	assert_false(group_within(&a, &b));
	strcpy(b.path, "/g/one-and-more");
	assert_false(group_within(&b, &a));
	strcpy(b.path, "/g/one/two");
	b.kind = GROUP_V1;
	assert_false(group_within(&b, &a));
}

static void above_a_group_is_what_holds_it_up_to_the_uppermost(void **state)
{
	struct group g = { .kind = GROUP_V2, .root = 2, .path = "/g/one/two" };

	assert_true(group_up(&g));
	assert_string_equal(g.path, "/g/one");
	assert_true(group_up(&g));
	assert_string_equal(g.path, "/g");
	assert_false(group_up(&g));
	/* Of one that was given by its folder it is not known what holds it. */
	g = (struct group){ .kind = GROUP_V2, .path = "/g/one" };
	assert_false(group_up(&g));
}

/* What the kernel is asked: Documentation/accounting/psi.rst, "some" and microseconds of a window. */
static void pressure_is_asked_for_in_microseconds_of_two_seconds(void **state)
{
	char text[64];
	struct group g;
	int fd;

	put("memory.current", "0\n");
	put("memory.pressure", "");
	g = group();
	fd = trigger_pressure(&g, 15);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_true(group_read(&g, "memory.pressure", text, sizeof(text)));
	assert_string_equal(text, "some 300000 2000000");
	strcat(g.path, "/nowhere");
	assert_int_equal(trigger_pressure(&g, 15), -1);
}

static void a_change_of_the_events_is_told_once(void **state)
{
	struct pollfd p = { .events = POLLIN };
	struct group g;

	put("memory.current", "0\n");
	put("memory.events", "oom 0\n");
	g = group();
	p.fd = trigger_events(&g);
	assert_true(p.fd >= 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	put("memory.current", "1\n");
	assert_int_equal(poll(&p, 1, 0), 0);
	put("memory.events", "oom 1\n");
	assert_int_equal(poll(&p, 1, 0), 1);
	trigger_drain(p.fd);
	assert_int_equal(poll(&p, 1, 0), 0);
	close(p.fd);
	strcat(g.path, "/nowhere");
	assert_int_equal(trigger_events(&g), -1);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(files_tell_the_version_of_a_group),
		WITH_FOLDER(a_number_is_that_of_its_whole_word),
		WITH_FOLDER(a_limit_that_is_as_good_as_none_is_none),
		WITH_FOLDER(what_is_needed_is_without_cached_files_of_both_kinds),
		WITH_FOLDER(the_biggest_process_may_be_in_a_group_within),
		cmocka_unit_test(a_group_is_within_another_by_whole_names),
		cmocka_unit_test(above_a_group_is_what_holds_it_up_to_the_uppermost),
		WITH_FOLDER(pressure_is_asked_for_in_microseconds_of_two_seconds),
		WITH_FOLDER(a_change_of_the_events_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
