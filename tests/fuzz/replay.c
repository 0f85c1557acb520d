/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"

/*
 * Runs a fuzz target over the files and directories that are named, and over
 * each file cut short: a fuzzer is not needed. "make check" names none; then it
 * is the corpus that has the program's name.
 */

static size_t done;

static void try(const unsigned char *bytes, size_t len)
{
	unsigned char *copy = malloc(len ? len : 1); /* as large as said: a sanitizer sees the end */

	if (!copy)
		abort();
	memcpy(copy, bytes, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static int replay_file(const char *path)
{
	static unsigned char bytes[1 << 20];
	FILE *f = fopen(path, "r");
	size_t len;

	if (!f) {
		perror(path);
		return 1;
	}
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	for (size_t i = 0; i <= 16; i++)
		try(bytes, len * i / 16);
	done++;
	return 0;
}

static int replay(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	char name[4096];
	int rc = 0;

	if (!dir)
		return replay_file(path);
	while ((e = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.')
			rc |= replay_file(name);
	}
	closedir(dir);
	return rc;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir"), *name = strrchr(argv[0], '/');
	char path[4096];
	int rc = 0;

	for (int i = 1; i < argc; i++)
		rc |= replay(argv[i]);
	if (argc == 1) {
		name = name ? name + 1 : argv[0];
		if (!strncmp(name, "lt-", 3)) /* libtool's */
			name += 3;
		snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".", name);
		rc |= replay(path);
	}
	printf("%zu files\n", done);
	return rc || !done;
}
