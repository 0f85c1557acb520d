/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

/*
 * Runs a fuzz target over files, over each cut short, and over damaged copies, the same
 * each time: a fuzzer is not needed.
 *
 *	fuzz_NAME [-n TRIES] [-s SEED] [FILE or DIRECTORY...]
 *
 * "make check" names none; then it is the corpus that has the program's name. What the
 * target does not survive is left in fuzz_NAME.crash.
 */

enum {
	MOST_BYTES = 1 << 20,
	MOST_FILES = 1000,
	GROWTH = 1024, /* bytes that damage may add */
	SECONDS = 300, /* for all of it: it takes a few, and the machine may be busy */
};

struct file {
	char name[4096];
	uint8_t *bytes;
	size_t len;
};

static struct file *files[MOST_FILES];
static size_t n_files;

/* What is being tried. */
static const uint8_t *input;
static size_t input_len;
static char crash[4096];

static void save_input(void)
{
	static const char text[] = "\nthe input is in ";
	int fd = input ? open(crash, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666) : -1;

	if (fd < 0)
		return;
	if (write(fd, input, input_len) == (ssize_t)input_len &&
	    write(STDERR_FILENO, text, sizeof(text) - 1) > 0 &&
	    write(STDERR_FILENO, crash, strlen(crash)) > 0 && write(STDERR_FILENO, "\n", 1) > 0)
		input = NULL;
	close(fd);
}

static void on_signal(int number)
{
	save_input();
	signal(number, SIG_DFL);
	raise(number);
}

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void save_what_is_not_survived(void)
{
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
	if (__sanitizer_set_death_callback) {
		__sanitizer_set_death_callback(save_input);
		return;
	}
	signal(SIGSEGV, on_signal);
	signal(SIGBUS, on_signal);
	signal(SIGFPE, on_signal);
}

static void try(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1); /* as large as said: a sanitizer sees the end */

	if (!copy)
		abort();
	memcpy(copy, bytes, len);
	input = copy;
	input_len = len;
	LLVMFuzzerTestOneInput(copy, len);
	input = NULL;
	free(copy);
}

static int load_file(const char *path)
{
	struct file *f = n_files < MOST_FILES ? calloc(1, sizeof(*f)) : NULL;
	FILE *from = fopen(path, "r");

	if (!f || !from) {
		perror(path);
		exit(1);
	}
	snprintf(f->name, sizeof(f->name), "%s", path);
	f->bytes = malloc(MOST_BYTES);
	if (!f->bytes)
		abort();
	f->len = fread(f->bytes, 1, MOST_BYTES, from);
	fclose(from);
	files[n_files++] = f;
	return 0;
}

static int load(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	char name[4096];

	if (!dir)
		return load_file(path);
	while ((e = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.')
			load_file(name);
	}
	return closedir(dir);
}

static int by_name(const void *a, const void *b)
{
	const struct file *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void try_files(void)
{
	for (size_t i = 0; i < n_files; i++) {
		for (size_t part = 0; part <= 16; part++)
			try(files[i]->bytes, files[i]->len * part / 16);
	}
}

static void try_damaged(uint64_t seed, uint64_t tries)
{
	static uint8_t bytes[MOST_BYTES + GROWTH];

	for (uint64_t i = 0; i < tries; i++) {
		const struct file *f = files[(seed + i) % n_files];

		memcpy(bytes, f->bytes, f->len);
		try(bytes, fuzz_mutate(bytes, f->len, f->len + GROWTH, seed + i));
	}
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir"), *name = strrchr(argv[0], '/');
	uint64_t seed = 0, tries = fuzz_tries;
	char path[4096];
	int option;

	while ((option = getopt(argc, argv, "n:s:")) != -1) {
		if (option == '?')
			return 64;
		*(option == 'n' ? &tries : &seed) = strtoull(optarg, NULL, 10);
	}
	name = name ? name + 1 : argv[0];
	if (!strncmp(name, "lt-", 3)) /* libtool's */
		name += 3;
	snprintf(crash, sizeof(crash), "%s.crash", name);
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".", name);
	if (optind == argc)
		load(path);
	for (int i = optind; i < argc; i++)
		load(argv[i]);
	if (!n_files)
		return 1;
	qsort(files, n_files, sizeof(files[0]), by_name);
	save_what_is_not_survived();
	alarm(SECONDS);
	try_files();
	try_damaged(seed, tries);
	alarm(0);
	printf("%zu files, %llu damaged copies\n", n_files, (unsigned long long)tries);
	for (size_t i = 0; i < n_files; i++) {
		free(files[i]->bytes);
		free(files[i]);
	}
	return 0;
}
