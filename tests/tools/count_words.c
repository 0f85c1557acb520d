/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * count_words PID FILE: how many words of the memory of a process that stays are each
 * of the addresses in FILE, 8 bytes each. A line for each address: the count, and the
 * first words there. It knows nothing of Python, and nothing of libpycore.
 */

enum { FIRST = 4 };

struct wanted {
	uint64_t address;
	size_t place; /* in the file */
	uint64_t count;
};

static struct wanted *wanted;
static size_t n_wanted;

static int by_address(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static int by_place(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

static void note(uint64_t word)
{
	/* From 3.14 on the low bits say who counts the reference. */
	struct wanted key = { .address = word & ~UINT64_C(7) };
	struct wanted *found;

	if (key.address < wanted[0].address || key.address > wanted[n_wanted - 1].address)
		return;
	found = bsearch(&key, wanted, n_wanted, sizeof(key), by_address);
	if (found)
		found->count++;
}

static void count_range(int memory, uint64_t start, uint64_t end)
{
	static uint64_t words[1 << 16];

	while (start < end) {
		uint64_t most = end - start < sizeof(words) ? end - start : sizeof(words);
		ssize_t got = pread(memory, words, most, (off_t)start);

		if (got <= 0)
			return;
		for (ssize_t i = 0; i < got / 8; i++)
			note(words[i]);
		start += (uint64_t)got;
	}
}

static void print(int memory, const struct wanted *w)
{
	uint64_t words[FIRST] = { 0 };
	/* Where nothing can be read there are zeros. */
	ssize_t got = pread(memory, words, sizeof(words), (off_t)w->address);

	printf("%" PRIu64, w->count);
	for (size_t i = 0; i < FIRST; i++)
		printf(" %" PRIu64, got == sizeof(words) ? words[i] : 0);
	putchar('\n');
}

static int read_wanted(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint64_t address;

	if (!file)
		return -1;
	while (fread(&address, sizeof(address), 1, file) == 1) {
		if (!(n_wanted & (n_wanted - 1)))
			wanted = realloc(wanted, (n_wanted ? 2 * n_wanted : 1) * sizeof(*wanted));
		if (!wanted)
			abort();
		wanted[n_wanted] = (struct wanted){ .address = address, .place = n_wanted };
		n_wanted++;
	}
	fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	char path[64], line[512], access[8];
	uint64_t start, end;
	FILE *maps;
	int memory;

	if (argc != 3 || read_wanted(argv[2])) {
		fprintf(stderr, "usage: count_words PID FILE\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/proc/%s/mem", argv[1]);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%s/maps", argv[1]);
	maps = fopen(path, "r");
	if (memory < 0 || !maps) {
		perror(path);
		return 2;
	}
	if (n_wanted)
		qsort(wanted, n_wanted, sizeof(*wanted), by_address);
	while (n_wanted && fgets(line, sizeof(line), maps)) {
		/* Private, and no code. */
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &start, &end, access) == 3 &&
		    access[0] == 'r' && access[2] == '-' && access[3] == 'p')
			count_range(memory, start, end);
	}
	if (n_wanted)
		qsort(wanted, n_wanted, sizeof(*wanted), by_place);
	for (size_t i = 0; i < n_wanted; i++)
		print(memory, &wanted[i]);
	fclose(maps);
	free(wanted);
	return 0;
}
