/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/reader.h"

enum { THREADS = 8 };

/* What a process under test and the test can both see. */
struct shared {
	atomic_uint_fast64_t count[THREADS];
	atomic_uint ready, signals, enough;
	atomic_int errors;
};

static struct shared *shared;
static size_t n_warnings;
static char private_word[] = "a word of the target";

static void note_warning(void *ctx, const char *line)
{
	n_warnings++;
}

static void pause_ms(unsigned ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&ts, &ts) < 0)
		;
}

static void *spin(void *count)
{
	for (;;)
		atomic_fetch_add((atomic_uint_fast64_t *)count, 1);
	return NULL;
}

static void run_threads(unsigned n)
{
	pthread_t t;

	for (unsigned i = 1; i < n; i++) {
		if (pthread_create(&t, NULL, spin, &shared->count[i]))
			_exit(1);
	}
	atomic_store(&shared->ready, 1);
	spin(&shared->count[0]);
}

static pid_t start(void (*run)(unsigned), unsigned n)
{
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	n_warnings = 0;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(n);
		_exit(0);
	}
	assert_true(pid > 0);
	while (!atomic_load(&shared->ready))
		pause_ms(1);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static struct target *open_live(pid_t pid, struct pycore_options *o)
{
	struct pycore_error err = { 0 };
	struct target *t;

	if (target_open_live(&t, pid, o, note_warning, NULL, &err))
		fail_msg("%s", err.message);
	return t;
}

static void freeze(struct target *t)
{
	struct pycore_error err = { 0 };

	if (target_freeze(t, &err))
		fail_msg("%s", err.message);
}

/* The letters of the states of all threads of a process, most @p size - 1 of them. */
static size_t states(pid_t pid, char *out, size_t size)
{
	char path[64], line[256];
	size_t n = 0;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		FILE *f;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/status", pid, e->d_name);
		f = fopen(path, "r");
		while (f && fgets(line, sizeof(line), f)) {
			if (!strncmp(line, "State:\t", 7) && n + 1 < size)
				out[n++] = line[7];
		}
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	out[n] = 0;
	return n;
}

static void assert_states(pid_t pid, char letter)
{
	char text[4096];
	size_t n = states(pid, text, sizeof(text));

	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		if (text[i] != letter)
			fail_msg("threads are '%s', not all '%c'", text, letter);
	}
}

static uint64_t progress(unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += atomic_load(&shared->count[i]);
	return sum;
}

/* Whether every one of n threads advances within a second. */
static bool runs(unsigned n)
{
	uint64_t before[THREADS];

	for (unsigned i = 0; i < n; i++)
		before[i] = atomic_load(&shared->count[i]);
	for (int ms = 0; ms < 2000; ms += 5) {
		unsigned on = 0;

		pause_ms(5);
		for (unsigned i = 0; i < n; i++)
			on += atomic_load(&shared->count[i]) > before[i];
		if (on == n)
			return true;
	}
	return false;
}

static void every_thread_stops_and_runs_on(void **state)
{
	pid_t pid = start(run_threads, THREADS);
	struct target *t = open_live(pid, NULL);
	uint64_t before;

	assert_true(runs(THREADS)); /* opening stops nothing */
	for (int i = 0; i < 3; i++) {
		freeze(t);
		assert_states(pid, 't');
		assert_int_equal(t->n_threads, THREADS);
		before = progress(THREADS);
		pause_ms(20);
		assert_int_equal(progress(THREADS), before);
		for (size_t j = 0; j < t->n_threads; j++) {
			const struct native_thread *n = &t->threads[j];

			assert_true(n->pc && n->fs_base);
			assert_true(target_region_at(t, n->pc)->flags & REGION_EXEC);
			assert_true(target_region_at(t, n->sp)->flags & REGION_STACK);
		}
		assert_true(target_stopped_ms(t) >= 20);
		target_thaw(t);
		assert_true(runs(THREADS));
	}
	assert_int_equal(n_warnings, 0);
	before = (uint64_t)target_stopped_ms(t);
	assert_in_range(before, 60, 5000);
	pause_ms(50);
	assert_int_equal((uint64_t)target_stopped_ms(t), before);
	target_close(t);
	end(pid);
}

static void closing_releases(void **state)
{
	pid_t pid = start(run_threads, 3);
	struct target *t = open_live(pid, NULL);

	freeze(t);
	freeze(t); /* twice is once */
	target_close(t);
	assert_true(runs(3));
	end(pid);
}

static void memory_of_a_stopped_process_is_read(void **state)
{
	pid_t pid = start(run_threads, 2);
	struct target *t = open_live(pid, NULL);
	struct module *m;
	struct reader r;
	uint64_t addr, count;
	char text[64];

	reader_init(&r, t);
	freeze(t);
	reader_forget(&r);
	addr = (uint64_t)(uintptr_t)private_word;
	assert_int_equal(reader_string(&r, addr, text, sizeof(text)), strlen(private_word));
	assert_string_equal(text, private_word);
	assert_true(reader_u64(&r, (uint64_t)(uintptr_t)&shared->count[0], &count));
	assert_int_equal(count, atomic_load(&shared->count[0]));
	assert_null(reader_probe(&r, 8, 8, text));
	assert_null(reader_probe(&r, UINT64_MAX - 3, 8, text));
	assert_null(reader_probe(&r, (uint64_t)INT64_MAX - 3, 8, text));
	m = target_module_at(t, addr);
	assert_non_null(m);
	assert_true(m->is_exe);
	assert_int_equal(m->found, MODULE_FOUND);
	assert_string_equal(module_symbol_at(t, m, addr + 3), "private_word");
	target_thaw(t);
	assert_int_equal(reader_copy(&r, addr + 0x100000, text, 8), 0); /* no more of it */
	reader_fini(&r);
	target_close(t);
	end(pid);
}

static void a_read_ends_where_memory_ends(void **state)
{
	pid_t pid = start(run_threads, 1);
	struct target *t = open_live(pid, NULL);
	static char buf[0x40000];

	freeze(t);
	for (size_t i = 0; i < t->n_regions; i++) {
		const struct region *g = &t->regions[i];
		size_t tail = g->end - g->start < 0x5000 ? (size_t)(g->end - g->start) : 0x5000;

		if (!(g->flags & REGION_WRITE) || g->flags & REGION_SHARED ||
		    (i + 1 < t->n_regions && g[1].start == g->end))
			continue;
		assert_int_equal(t->ops->read(t, g->end - tail, buf, sizeof(buf)), tail);
	}
	target_close(t);
	end(pid);
}

static void run_changing_threads(unsigned n)
{
	atomic_store(&shared->ready, 1);
	for (;;) {
		pthread_t t[4];

		for (int i = 0; i < 4; i++) {
			if (pthread_create(&t[i], NULL, (void *(*)(void *))(void *)pause_ms, NULL))
				_exit(1);
		}
		for (int i = 0; i < 4; i++)
			pthread_join(t[i], NULL);
		atomic_fetch_add(&shared->count[0], 1);
	}
}

static void threads_that_come_and_go_meanwhile_stop_too(void **state)
{
	pid_t pid = start(run_changing_threads, 1);
	struct target *t = open_live(pid, NULL);

	for (int i = 0; i < 100; i++) {
		uint64_t before;

		freeze(t);
		assert_states(pid, 't');
		before = progress(1);
		pause_ms(1);
		assert_int_equal(progress(1), before);
		target_thaw(t);
	}
	assert_true(runs(1));
	target_close(t);
	end(pid);
}

static void a_process_stopped_by_a_signal_stays_stopped(void **state)
{
	pid_t pid = start(run_threads, 4);
	struct target *t = open_live(pid, NULL);
	uint64_t before;

	kill(pid, SIGSTOP);
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	freeze(t);
	assert_states(pid, 't');
	assert_int_equal(t->n_threads, 4);
	target_thaw(t);
	pause_ms(20);
	assert_states(pid, 'T');
	before = progress(4);
	pause_ms(20);
	assert_int_equal(progress(4), before);
	kill(pid, SIGCONT);
	assert_true(runs(4));
	target_close(t);
	end(pid);
}

static void count_signal(int signal)
{
	atomic_fetch_add(&shared->signals, 1);
}

static void run_with_handler(unsigned n)
{
	signal(SIGRTMIN, count_signal);
	run_threads(n);
}

static void no_signal_gets_lost(void **state)
{
	pid_t pid = start(run_with_handler, 4), sender;
	struct target *t = open_live(pid, NULL);
	unsigned sent = 2000;

	sender = fork();
	if (!sender) {
		for (unsigned i = 0; i < sent; i++) {
			while (sigqueue(pid, SIGRTMIN, (union sigval){ 0 }) < 0)
				pause_ms(1);
			if (i % 10 == 0)
				pause_ms(1);
		}
		_exit(0);
	}
	while (waitpid(sender, NULL, WNOHANG) == 0) {
		freeze(t);
		target_thaw(t);
	}
	for (int ms = 0; ms < 2000 && atomic_load(&shared->signals) < sent; ms++)
		pause_ms(1);
	assert_int_equal(atomic_load(&shared->signals), sent);
	target_close(t);
	end(pid);
}

static void raise_until_enough(unsigned n)
{
	signal(SIGRTMIN, count_signal);
	atomic_store(&shared->ready, 1);
	while (!atomic_load(&shared->enough)) {
		atomic_fetch_add(&shared->count[0], 1);
		raise(SIGRTMIN);
	}
	atomic_store(&shared->ready, 2);
	for (;;)
		pause();
}

static void a_signal_on_its_way_when_a_thread_stops_is_given_back(void **state)
{
	pid_t pid = start(raise_until_enough, 1);
	struct target *t = open_live(pid, NULL);

	for (int i = 0; i < 100; i++) {
		freeze(t);
		target_thaw(t);
	}
	atomic_store(&shared->enough, 1);
	for (int ms = 0; ms < 2000 && atomic_load(&shared->ready) < 2; ms++)
		pause_ms(1);
	assert_int_equal(atomic_load(&shared->ready), 2);
	assert_int_equal(atomic_load(&shared->signals), atomic_load(&shared->count[0]));
	target_close(t);
	end(pid);
}

static void our_death_releases_the_target(void **state)
{
	pid_t pid = start(run_threads, 4), tracer;
	int ends[2];
	char c;

	assert_int_equal(pipe(ends), 0);
	tracer = fork();
	if (!tracer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		struct target *t;

		if (target_open_live(&t, pid, NULL, NULL, NULL, NULL) || target_freeze(t, NULL))
			_exit(1);
		if (write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ends[0], &c, 1), 1);
	assert_states(pid, 't');
	end(tracer);
	assert_true(runs(4));
	close(ends[0]);
	close(ends[1]);
	end(pid);
}

static void another_tracer_is_named(void **state)
{
	pid_t pid = start(run_threads, 2), tracer;
	struct pycore_options o = { .size = sizeof(o), .already_stopped = true };
	struct pycore_error err = { 0 };
	struct target *t, *held;
	char number[32], text[64];
	struct reader r;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	tracer = fork();
	if (!tracer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (target_open_live(&t, pid, NULL, NULL, NULL, NULL) || target_freeze(t, NULL) ||
		    write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ends[0], text, 1), 1);
	t = open_live(pid, NULL);
	assert_int_equal(target_freeze(t, &err), PYCORE_ERR_PERMISSION);
	snprintf(number, sizeof(number), "process %d", tracer);
	assert_non_null(strstr(err.message, number));
	assert_states(pid, 't');

	held = open_live(pid, &o); /* as a debugger opens what it holds */
	freeze(held);
	assert_int_equal(held->n_threads, 2);
	reader_init(&r, held);
	assert_int_equal(reader_string(&r, (uint64_t)(uintptr_t)private_word, text, sizeof(text)),
			 strlen(private_word));
	assert_true(target_region_at(held, held->threads[1].sp)->flags & REGION_STACK);
	target_thaw(held);
	assert_states(pid, 't');
	assert_true(target_stopped_ms(held) == 0);
	reader_fini(&r);
	target_close(held);
	target_close(t);
	end(tracer);
	assert_true(runs(2));
	close(ends[0]);
	close(ends[1]);
	end(pid);
}

static void a_process_killed_while_stopped_is_gone(void **state)
{
	pid_t pid = start(run_threads, 4);
	struct target *t = open_live(pid, NULL);
	int status;
	char c[8];

	freeze(t);
	kill(pid, SIGKILL);
	for (int ms = 0; ms < 2000 && !t->gone; ms++) {
		t->ops->read(t, (uint64_t)(uintptr_t)private_word, c, sizeof(c));
		pause_ms(1);
	}
	assert_true(t->gone);
	target_thaw(t);
	/* It is our child: its end is for us to hear of, and not for the library. */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	target_close(t);
}

static void a_process_that_ends_before_it_is_stopped_is_gone(void **state)
{
	pid_t pid = start(run_threads, 2);
	struct target *t = open_live(pid, NULL);
	struct pycore_error err = { 0 };

	end(pid);
	assert_int_equal(target_freeze(t, &err), PYCORE_ERR_GONE);
	assert_true(err.message[0]);
	target_close(t);
}

static void run_until_exit(unsigned n)
{
	pthread_t t;

	for (unsigned i = 0; i < n; i++)
		pthread_create(&t, NULL, spin, &shared->count[i]);
	atomic_store(&shared->ready, 1);
	pause_ms(3);
	_exit(7);
}

static void a_process_that_ends_while_it_is_stopped_leaves_its_status(void **state)
{
	for (int i = 0; i < 30; i++) {
		pid_t pid = start(run_until_exit, 4);
		struct pycore_error err = { 0 };
		struct target *t;
		int status = 0;

		if (target_open_live(&t, pid, NULL, NULL, NULL, &err) == 0) {
			while (target_freeze(t, &err) == 0)
				target_thaw(t);
			assert_int_equal(err.status, PYCORE_ERR_GONE);
			target_close(t);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 7);
	}
}

static void run_leaderless(unsigned n)
{
	pthread_t t;

	for (unsigned i = 0; i < n; i++)
		pthread_create(&t, NULL, spin, &shared->count[i]);
	atomic_store(&shared->ready, 1);
	pthread_exit(NULL);
}

static void a_process_whose_first_thread_has_ended_is_stopped(void **state)
{
	pid_t pid = start(run_leaderless, 3);
	struct pycore_error err = { 0 };
	struct target *t;
	char text[16];

	pause_ms(20);
	/* The kernel shows neither program nor map of such a process by its own number. */
	if (target_open_live(&t, pid, NULL, NULL, NULL, &err)) {
		assert_true(err.message[0]);
	} else {
		freeze(t);
		assert_int_equal(t->n_threads, 3);
		target_close(t);
	}
	states(pid, text, sizeof(text));
	assert_null(strchr(text, 't'));
	assert_true(runs(3));
	end(pid);
}

static void run_vfork(unsigned n)
{
	pid_t pid;

	atomic_store(&shared->ready, 1);
	pid = vfork();
	if (!pid) {
		struct timespec ts = { 0, 700000000 };

		nanosleep(&ts, NULL);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	run_threads(n);
}

static void a_thread_that_cannot_be_stopped_is_not_waited_for(void **state)
{
	pid_t pid = start(run_vfork, 1);
	struct target *t = open_live(pid, NULL);
	struct timespec a, b;

	pause_ms(30);
	clock_gettime(CLOCK_MONOTONIC, &a);
	freeze(t);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 400);
	assert_int_equal(n_warnings, 1);
	assert_int_equal(t->n_threads, 1);
	target_thaw(t);
	assert_true(runs(1));
	target_close(t);
	end(pid);
}

static void a_process_read_without_stopping_runs_on(void **state)
{
	pid_t pid = start(run_threads, 2);
	struct pycore_options o = { .size = sizeof(o), .no_freeze = true };
	struct target *t = open_live(pid, &o);
	struct reader r;
	char text[64];

	freeze(t);
	assert_true(runs(2));
	assert_int_equal(t->n_threads, 2);
	reader_init(&r, t);
	assert_true(reader_string(&r, (uint64_t)(uintptr_t)private_word, text, sizeof(text)) > 0);
	reader_fini(&r);
	target_thaw(t);
	assert_true(target_stopped_ms(t) == 0);
	target_close(t);
	end(pid);
}

static void freeze_and_thaw_may_be_in_different_threads(void **state)
{
	pid_t pid = start(run_threads, 2);
	struct target *t = open_live(pid, NULL);
	pthread_t thread;

	freeze(t);
	assert_int_equal(pthread_create(&thread, NULL, (void *(*)(void *))(void *)target_thaw, t), 0);
	pthread_join(thread, NULL);
	assert_true(runs(2));
	target_close(t);
	end(pid);
}

static void assert_refused(pid_t pid, int status, const char *word)
{
	struct pycore_error err = { 0 };
	struct target *t = (struct target *)1;

	assert_int_equal(target_open_live(&t, pid, NULL, NULL, NULL, &err), status);
	assert_null(t);
	if (!strstr(err.message, word))
		fail_msg("'%s' does not tell of '%s'", err.message, word);
}

static pid_t other_thread(pid_t pid)
{
	char path[64];
	struct dirent *e;
	pid_t tid = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		if (atoi(e->d_name) && atoi(e->d_name) != pid)
			tid = atoi(e->d_name);
	}
	if (dir)
		closedir(dir);
	return tid;
}

static void what_is_no_process_is_refused_in_one_line(void **state)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	pause_ms(20);
	assert_refused(pid, PYCORE_ERR_OPEN, "ended already");
	waitpid(pid, NULL, 0);
	assert_refused(pid, PYCORE_ERR_OPEN, "no process");
	assert_refused(0, PYCORE_ERR_ARGUMENT, "not the number");
	assert_refused(-5, PYCORE_ERR_ARGUMENT, "not the number");
	pid = start(run_threads, 2);
	assert_refused(other_thread(pid), PYCORE_ERR_OPEN, "is a thread of process");
	end(pid);
}

static void no_permission_names_the_setting(void **state)
{
	pid_t pid, child;
	int status;

	if (geteuid())
		skip();
	pid = start(run_threads, 1);
	child = fork();
	if (!child) {
		struct pycore_error err = { 0 };
		struct target *t;

		if (setgid(65534) || setuid(65534) ||
		    target_open_live(&t, pid, NULL, NULL, NULL, &err) != PYCORE_ERR_PERMISSION)
			_exit(1);
		_exit(strstr(err.message, "ptrace_scope") || strstr(err.message, "user 0") ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(runs(1));
	end(pid);
}

static int make_shared(void **state)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_thread_stops_and_runs_on),
		cmocka_unit_test(closing_releases),
		cmocka_unit_test(memory_of_a_stopped_process_is_read),
		cmocka_unit_test(a_read_ends_where_memory_ends),
		cmocka_unit_test(threads_that_come_and_go_meanwhile_stop_too),
		cmocka_unit_test(a_process_stopped_by_a_signal_stays_stopped),
		cmocka_unit_test(no_signal_gets_lost),
		cmocka_unit_test(a_signal_on_its_way_when_a_thread_stops_is_given_back),
		cmocka_unit_test(our_death_releases_the_target),
		cmocka_unit_test(another_tracer_is_named),
		cmocka_unit_test(a_process_killed_while_stopped_is_gone),
		cmocka_unit_test(a_process_that_ends_before_it_is_stopped_is_gone),
		cmocka_unit_test(a_process_that_ends_while_it_is_stopped_leaves_its_status),
		cmocka_unit_test(a_process_whose_first_thread_has_ended_is_stopped),
		cmocka_unit_test(a_thread_that_cannot_be_stopped_is_not_waited_for),
		cmocka_unit_test(a_process_read_without_stopping_runs_on),
		cmocka_unit_test(freeze_and_thaw_may_be_in_different_threads),
		cmocka_unit_test(what_is_no_process_is_refused_in_one_line),
		cmocka_unit_test(no_permission_names_the_setting),
	};

	return cmocka_run_group_tests(tests, make_shared, NULL);
}
