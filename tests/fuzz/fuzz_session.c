/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <jansson.h>
#include <pycore/pycore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * fuzz_session CORE FIRST COUNT [JOBS]: whole sessions on damaged copies of a core,
 * the same for the same seeds, without a process for each: a thousand take a minute
 * or two under the sanitizers. What a session may not do: crash, hang, take memory
 * without bound, or let control characters of the target's through.
 */

enum {
	MOST_HITS = 40,
	SECONDS = 60,      /* for one seed; the machine may be busy, and watched for its memory */
	MEGABYTES = 1500,  /* that all seeds of a worker take at most, the sanitizers' own included */
};

struct core {
	unsigned char *bytes; /* the original */
	size_t len;
	const Elf64_Phdr *headers;
	size_t n_headers;
	size_t weight; /* of writable bytes in the file */
};

static uint64_t state;

static uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? state % below : 0;
}

static bool is_writable(const struct core *c, const Elf64_Phdr *ph)
{
	return ph->p_type == PT_LOAD && ph->p_flags & PF_W && ph->p_offset < c->len &&
	       ph->p_filesz <= c->len - ph->p_offset && ph->p_filesz >= 4096;
}

/* The offset of a word of written memory that is not zero: most of it says something. */
static size_t pick_word(const struct core *c)
{
	size_t at = 0;

	for (unsigned tries = 0; tries < 100; tries++) {
		uint64_t place = draw(c->weight), word;

		for (size_t i = 0; i < c->n_headers; i++) {
			const Elf64_Phdr *ph = &c->headers[i];

			if (!is_writable(c, ph))
				continue;
			if (place < ph->p_filesz) {
				at = (ph->p_offset + place) & ~(size_t)7;
				break;
			}
			place -= ph->p_filesz;
		}
		memcpy(&word, c->bytes + at, 8);
		/* Pointers first of all. */
		if (word && (word >> 12 || tries > 20))
			break;
	}
	return at;
}

static uint64_t bad_word(const struct core *c, size_t at)
{
	uint64_t old, other;

	memcpy(&old, c->bytes + at, 8);
	memcpy(&other, c->bytes + pick_word(c), 8);
	switch (draw(10)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return UINT64_C(1) << draw(64);
	case 3:
		return old + 8 * (1 + draw(4));
	case 4:
		return old - 8;
	case 5:
		return old ^ UINT64_C(1) << draw(64);
	case 6:
		return draw(256);
	case 7:
		return UINT64_C(0x0a1b5b9b3c22265c); /* newline, escape, quotes, backslash */
	default:
		return other;
	}
}

/* @return the length that is left */
static size_t damage(const struct core *c, unsigned char *to)
{
	size_t hits = 1 + draw(MOST_HITS);

	for (size_t i = 0; i < hits; i++) {
		bool in_head = !draw(20);
		size_t at = in_head ? draw(65536 < c->len ? 65536 : c->len) & ~(size_t)7 : pick_word(c);
		uint64_t word = bad_word(c, at);

		if (at + 8 <= c->len)
			memcpy(to + at, &word, 8);
	}
	return draw(15) ? c->len : draw(c->len);
}

/* DOT has tabs of its own. */
struct output {
	struct {
		char *text;
		size_t len;
	} all;
	bool wrong;
};

static int take(void *ctx, const char *text, size_t len)
{
	struct output *o = ctx;
	char *more = realloc(o->all.text, o->all.len + len + 1);

	if (!more)
		abort();
	memcpy(more + o->all.len, text, len);
	o->all.text = more;
	o->all.len += len;
	for (size_t i = 0; i < len; i++)
		o->wrong |= ((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f;
	return 0;
}

static void ask(struct pycore *s, uint64_t seed, unsigned i)
{
	static const struct {
		const char *name, *type;
		int32_t format;
		bool locals;
	} questions[] = {
		{ "analyze", NULL, PYCORE_TEXT, false },   { "bt", NULL, PYCORE_JSON, true },
		{ "objects", NULL, PYCORE_JSON, false },   { "verify", NULL, PYCORE_TEXT, false },
		{ "refs", "*", PYCORE_DOT, false },        { "bt", NULL, PYCORE_SVG, false },
		{ "heap-top", NULL, PYCORE_TEXT, false },  { "info", NULL, PYCORE_JSON, false },
		{ "objects", "dict", PYCORE_TEXT, false }, { "refs", "list", PYCORE_JSON, false },
		{ "bt", NULL, PYCORE_TEXT, true },         { "verify", NULL, PYCORE_JSON, false },
		{ "audit", NULL, PYCORE_TEXT, false },     { "audit", "dict", PYCORE_JSON, false },
	};
	size_t n = (seed * 3 + i) % (sizeof(questions) / sizeof(questions[0]));
	struct pycore_report_options options = {
		.size = sizeof(options),
		.format = questions[n].format,
		.type = questions[n].type,
		.locals = questions[n].locals,
		.limit = -1,
	};
	struct output o = { .wrong = false };
	struct pycore_error err = { 0 };
	int rc = pycore_report(s, questions[n].name, &options, take, &o, &err);
	json_t *parsed = NULL;

	if (rc < 0 && !err.message[0])
		abort(); /* without a word */
	if (rc >= 0 && options.format == PYCORE_JSON) {
		parsed = json_loadb(o.all.text, o.all.len, 0, NULL);
		o.wrong |= !parsed;
	}
	if (o.wrong) {
		fprintf(stderr, "%s (format %d): control characters, or no JSON\n", questions[n].name,
			options.format);
		if (getenv("FUZZ_SHOW"))
			fwrite(o.all.text, 1, o.all.len, stderr);
		abort();
	}
	json_decref(parsed);
	free(o.all.text);
}

static void session(const struct core *c, unsigned char *copy, uint64_t seed)
{
	struct pycore_options options = { .size = sizeof(options), .jobs = 1, .map_files = seed & 1 };
	struct pycore_error err = { 0 };
	struct pycore *s;
	char path[64];
	size_t len;
	int fd = memfd_create("core", MFD_CLOEXEC);

	state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	memcpy(copy, c->bytes, c->len);
	len = damage(c, copy);
	if (fd < 0 || (len && write(fd, copy, len) != (ssize_t)len))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (pycore_open_core(&s, path, &options, &err) == 0) {
		for (unsigned i = 0; i < 3; i++)
			ask(s, seed, i);
		pycore_close(s);
	} else if (!err.message[0]) {
		abort();
	}
	close(fd);
}

/* Every jobs-th seed. */
static void work(const struct core *c, uint64_t first, uint64_t count, unsigned me, unsigned jobs,
		 volatile uint64_t *now)
{
	unsigned char *copy = malloc(c->len);
	struct rusage usage;

	for (uint64_t seed = first + me; copy && seed < first + count; seed += jobs) {
		*now = seed;
		alarm(SECONDS);
		session(c, copy, seed);
		getrusage(RUSAGE_SELF, &usage);
		if (usage.ru_maxrss / 1024 > MEGABYTES) {
			fprintf(stderr, "%ld MB of memory\n", usage.ru_maxrss / 1024);
			abort();
		}
	}
	free(copy);
	exit(copy ? 0 : 1);
}

static int read_core(const char *path, struct core *c)
{
	FILE *f = fopen(path, "r");
	const Elf64_Ehdr *eh;
	struct stat st;

	if (!f || fstat(fileno(f), &st)) {
		perror(path);
		return -1;
	}
	c->len = (size_t)st.st_size;
	c->bytes = malloc(c->len);
	if (!c->bytes || c->len < sizeof(*eh) || fread(c->bytes, 1, c->len, f) != c->len)
		return -1;
	fclose(f);
	eh = (const Elf64_Ehdr *)c->bytes;
	if (eh->e_phoff > c->len || eh->e_phnum > (c->len - eh->e_phoff) / sizeof(Elf64_Phdr))
		return -1;
	c->headers = (const Elf64_Phdr *)(c->bytes + eh->e_phoff);
	c->n_headers = eh->e_phnum;
	for (size_t i = 0; i < c->n_headers; i++)
		c->weight += is_writable(c, &c->headers[i]) ? c->headers[i].p_filesz : 0;
	return c->weight ? 0 : -1;
}

int main(int argc, char **argv)
{
	unsigned jobs = argc > 4 ? (unsigned)atoi(argv[4]) : 1;
	volatile uint64_t *now = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				      -1, 0);
	struct core c = { NULL };
	pid_t pids[64];
	int status, failed = 0;

	if (argc < 4 || !jobs || jobs > 64 || now == MAP_FAILED || read_core(argv[1], &c)) {
		fprintf(stderr, "usage: fuzz_session CORE FIRST COUNT [JOBS]\n");
		return 64;
	}
	for (unsigned i = 0; i < jobs; i++) {
		pids[i] = fork();
		if (!pids[i])
			work(&c, strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10), i, jobs, &now[i]);
	}
	for (unsigned i = 0; i < jobs; i++) {
		if (waitpid(pids[i], &status, 0) == pids[i] && !status)
			continue;
		printf("FAIL seed %llu: %s %d\n", (unsigned long long)now[i],
		       WIFSIGNALED(status) ? "signal" : "status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		failed++;
	}
	printf("%s damaged cores from seed %s on, %d workers failed\n", argv[3], argv[2], failed);
	free(c.bytes);
	return failed != 0;
}
