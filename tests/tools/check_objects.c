/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/vec.h"
#include "object/value.h"

/*
 * check_objects PID zoo.txt: compare what the decoders read of a process that
 * stays with what it wrote of itself (programs/zoo.py).
 */

struct process {
	struct target target;
	int memory;
};

static size_t memory_read(struct target *t, uint64_t addr, void *buf, size_t len)
{
	struct process *p = (struct process *)t;
	ssize_t n = pread(p->memory, buf, len, (off_t)addr);

	/* Some at a time: a range that is cut by an unmapped page gives what is before it. */
	while (n < 0 && len > 4096) {
		len = 4096 - (addr & 4095);
		n = pread(p->memory, buf, len, (off_t)addr);
	}
	return n > 0 ? (size_t)n : 0;
}

static const struct target_ops ops = { .read = memory_read };

struct seen_edge {
	uint64_t to;
	enum edge_kind kind;
	struct label label;
};

/* As doc/references.md names them. */
struct extra_kind {
	char text[80];
};

struct check {
	struct ctx c;
	VEC(struct seen_edge) edges;
	VEC(uint64_t) referents;
	VEC(struct extra_kind) extra_kinds;
	FILE *counts;      /* of references, in the order of the objects */
	struct map counting; /* objects that counting itself refers to */
	int64_t asking;    /* references that counting itself adds */
	struct object o;
	bool valid;
	char name[256];
	unsigned long excess, objects, wrong_type, wrong_size, missing, extra, wrong_repr, dangling,
		wrong_tracked, wrong_refcount, guesses, needless, unknown;
	bool verbose;
};

static int note(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct check *k = arg;
	struct seen_edge edge = { to, kind, *label };

	if (!vec_push(&k->edges, edge))
		abort();
	return 0;
}

static void describe(struct check *k, const char *what)
{
	printf("%s: %s at %#llx (%s)", what, k->name, (unsigned long long)k->o.address,
	       k->o.type ? k->o.type->name : "?");
}

static void start_object(struct check *k, const char *line)
{
	unsigned long long address, type, size;
	int64_t count, refcount;
	uint64_t bytes;
	int tracked, status;

	k->valid = false;
	k->edges.n = 0;
	if (sscanf(line, "O %llx %llx %llu %d %255[^\n]", &address, &type, &size, &tracked,
		   k->name) != 5 || fread(&refcount, sizeof(refcount), 1, k->counts) != 1) {
		printf("bad line: %s\n", line);
		exit(2);
	}
	k->objects++;
	status = object_at(&k->c, address, &k->o);
	if (status || k->o.type->address != type || strcmp(k->o.type->name, k->name)) {
		k->wrong_type++;
		describe(k, "type");
		printf(" status %d, type %#llx\n", status, type);
		if (status)
			return;
	}
	k->valid = true;
	status = object_sizeof(&k->c, k->o, &bytes);
	/* numpy's static dtype classes say they are tracked, though nothing stands before them. */
	if ((status || bytes != size) && size && strcmp(k->name, "numpy._DTypeMeta")) {
		k->wrong_size++;
		describe(k, "size");
		printf(" status %d, %llu, should be %llu\n", status, (unsigned long long)bytes, size);
	}
	if (object_gc_tracked(&k->c, k->o) != !!tracked) {
		k->wrong_tracked++;
		if (k->verbose) {
			describe(k, "tracked");
			printf(" should be %d\n", tracked);
		}
	}
	status = object_refcount(&k->c, address, &count);
	refcount -= k->asking;
	if (status || (count != -1 && count != refcount && !map_get(&k->counting, address))) {
		k->wrong_refcount++;
		describe(k, "refcount");
		printf(" %lld, should be %lld\n", (long long)count, (long long)refcount);
	}
	status = object_edges(&k->c, k->o, note, k);
	if (status) {
		describe(k, "edges");
		printf(" status %d\n", status);
		k->missing++;
	}
}

/* What a label is, whatever it is of: one kind for all keys of dicts. */
static void kind_text(const struct label *label, char *out, size_t size)
{
	switch (label->kind) {
	case LABEL_ATTR:
		snprintf(out, size, ".%s", label->text);
		break;
	case LABEL_FIELD:
		snprintf(out, size, "%s", label->text);
		break;
	case LABEL_ATTR_KEY:
		snprintf(out, size, "attribute");
		break;
	case LABEL_LOCAL:
		snprintf(out, size, "local variable");
		break;
	case LABEL_IS_KEY:
		snprintf(out, size, "key");
		break;
	default:
		snprintf(out, size, "item");
		break;
	}
}

/* Say once that there are references of a kind that the collector does not tell of. */
static void note_extra(struct check *k, const struct label *label)
{
	struct extra_kind kind = { { 0 } };

	kind_text(label, kind.text, sizeof(kind.text));
	for (size_t i = 0; i < k->extra_kinds.n; i++) {
		if (!strcmp(k->extra_kinds.items[i].text, kind.text))
			return;
	}
	if (!vec_push(&k->extra_kinds, kind))
		abort();
	printf("beyond: %s | %s\n", kind.text, k->name);
}

static bool has_edge(const struct check *k, uint64_t to)
{
	for (size_t i = 0; i < k->edges.n; i++) {
		if (k->edges.items[i].to == to && k->edges.items[i].kind != EDGE_WEAK)
			return true;
	}
	return false;
}

static bool has_referent(const struct check *k, uint64_t to)
{
	for (size_t i = 0; i < k->referents.n; i++) {
		if (k->referents.items[i] == to)
			return true;
	}
	return false;
}

/* As the heap's walk judges: a word that happens to point to a type is no count. */
static bool is_live(struct check *k, uint64_t address)
{
	struct object o;
	int64_t count;

	return !object_at(&k->c, address, &o) && !object_refcount(&k->c, address, &count) &&
	       count && count < 1 << 30;
}

/* A type, or part of one, that only its C code knows. */
static bool is_unknown(const struct type *t)
{
	return t->decoder == &pycore_dec_generic || t->scan_from < t->scan_to || t->scan_items;
}

/* Modules have C structs, frames that run have values which nobody counts. */
static bool may_guess(const char *name)
{
	return !strcmp(name, "module") || !strcmp(name, "numpy.ndarray") || !strcmp(name, "frame") || strstr(name, "generator") ||
	       !strcmp(name, "coroutine");
}

static void show_edge(struct check *k, const struct seen_edge *e)
{
	struct buf text = { NULL };

	value_label(&k->c, &e->label, &text);
	buf_puts(&text, " -> ");
	value_repr(&k->c, e->to, &text, 1, 60);
	printf(" %#llx %s\n", (unsigned long long)e->to, text.text ? text.text : "");
	buf_free(&text);
}

/*
 * Where another object of the same holder gives the reference: a cache's elements, a
 * dict that shares an instance's values. And what only C code can find.
 */
static bool is_elsewhere(struct check *k, uint64_t to)
{
	static const char *const opaque[] = { "module", "PyCapsule" };
	size_t n = k->edges.n;
	bool found = false;

	for (size_t i = 0; i < sizeof(opaque) / sizeof(*opaque); i++) {
		if (!strncmp(k->name, opaque[i], strlen(opaque[i])))
			return true;
	}
	for (size_t i = 0; i < n && !found; i++) {
		const struct seen_edge e = k->edges.items[i];
		struct object via;

		if (!e.label.text || (strcmp(e.label.text, "__dict__") &&
				      strcmp(e.label.text, "cached result")))
			continue;
		if (!object_at(&k->c, e.to, &via))
			object_edges(&k->c, via, note, k);
		found = has_edge(k, to);
		k->edges.n = n;
	}
	return found;
}

static void check_referents(struct check *k, const char *line)
{
	char *end;

	k->referents.n = 0;
	for (line += 1; *line == ' '; line = end) {
		uint64_t to = strtoull(line + 1, &end, 16);

		if (end == line + 1)
			break;
		if (!vec_push(&k->referents, to))
			abort();
	}
	if (!k->valid)
		return;
	for (size_t i = 0; i < k->referents.n; i++) {
		if (!has_edge(k, k->referents.items[i]) &&
		    !is_elsewhere(k, k->referents.items[i])) {
			struct seen_edge e = { k->referents.items[i], 0, { 0 } };

			/* What is behind a pointer in an unknown struct cannot be known. */
			if (is_unknown(k->o.type)) {
				k->unknown++;
				continue;
			}
			k->missing++;
			describe(k, "missing");
			show_edge(k, &e);
		}
	}
	for (size_t i = 0; i < k->edges.n; i++) {
		const struct seen_edge *e = &k->edges.items[i];
		struct object to;

		if (e->kind == EDGE_GUESS && is_live(k, e->to)) {
			bool needless = !is_unknown(k->o.type) && !may_guess(k->o.type->name);

			k->guesses++;
			k->needless += needless;
			if (needless || k->verbose) {
				describe(k, "guess");
				show_edge(k, e);
			}
		}
		if (e->kind != EDGE_OWNED || has_referent(k, e->to))
			continue;
		k->extra++;
		note_extra(k, &e->label);
		if (object_at(&k->c, e->to, &to)) {
			k->dangling++;
			describe(k, "dangling");
			show_edge(k, e);
		} else if (k->verbose) {
			describe(k, "extra");
			show_edge(k, e);
		}
	}
}

static void check_repr(struct check *k, const char *hex)
{
	struct buf want = { NULL }, got = { NULL };
	unsigned byte;

	if (!k->valid)
		return;
	for (hex += 2; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		buf_putc(&want, (char)byte);
	value_repr(&k->c, k->o.address, &got, 8, 4000);
	if (got.len != want.len || memcmp(got.text, want.text, want.len)) {
		k->wrong_repr++;
		printf("repr: %s, should be %s\n", got.text, want.text);
	}
	buf_free(&want);
	buf_free(&got);
}

/* Every object that can be reached, and how many references to it were found. */
struct closure {
	struct check *k;
	struct map found;
	struct map listed; /* by what wrote the truth: one reference each */
	VEC(uint64_t) queue;
	bool uncounted; /* what the object in work refers to does not count it */
};

/* _PyObject_IMMORTAL_REFCNT of 3.11, 999999999: constants of code that is in the executable. */
#define FROZEN (INT64_C(1) << 29)

static int reach(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct closure *x = arg;
	struct object o;
	uint64_t *count;
	bool added;

	if (kind != EDGE_OWNED || object_at(&x->k->c, to, &o))
		return 0;
	count = map_put(&x->found, to, &added);
	if (!count || (added && !vec_push(&x->queue, to)))
		abort();
	*count += !x->uncounted;
	return 0;
}

static void add_found(struct closure *x, uint64_t address)
{
	bool added;

	if (!map_put(&x->found, address, &added) || (added && !vec_push(&x->queue, address)))
		abort();
	if (!map_put(&x->listed, address, NULL))
		abort();
}

/*
 * No object can have more references than it counts; but for interned strings, which
 * do not count those of the dict of them all, and for what stands in C code's data. In 3.11
 * some C code that Django uses lets go of None more often than it takes it: gc.get_referents
 * tells of all that refer to it, and they are more than it counts.
 */
static void check_counts(struct check *k, struct closure *x)
{
	unsigned long n = 0, exact = 0, excess = 0;

	for (size_t i = 0; i < x->queue.n; i++) {
		int64_t count = 0;

		object_refcount(&k->c, x->queue.items[i], &count);
		x->uncounted = count >= FROZEN && count < 2 * FROZEN;
		if (!object_at(&k->c, x->queue.items[i], &k->o))
			object_edges(&k->c, k->o, reach, x);
	}
	for (size_t i = 0; i < x->queue.n; i++) {
		uint64_t at = x->queue.items[i], found = *map_get(&x->found, at);
		int64_t count;

		if (object_at(&k->c, at, &k->o) || object_refcount(&k->c, at, &count) || count < 0)
			continue;
		count -= map_get(&x->listed, at) != NULL;
		n++;
		exact += found == (uint64_t)count;
		if (found <= (uint64_t)count || !strcmp(k->o.type->name, "NoneType") ||
		    k->o.type->flags & (TPFLAGS_UNICODE | TPFLAGS_TYPE | TPFLAGS_LONG))
			continue;
		excess++;
		if (excess < 40) {
			struct seen_edge e = { .to = at };

			printf("excess: %llu of %lld", (unsigned long long)found, (long long)count);
			show_edge(k, &e);
		}
	}
	printf("%lu objects with counts: %lu by references found, %lu less than those\n", n, exact,
	       excess);
	k->excess = excess;
}

static enum build_kind build_named(const char *name)
{
	if (!strcmp(name, "free-threaded"))
		return BUILD_FREE_THREADED;
	return !strcmp(name, "debug") ? BUILD_DEBUG : BUILD_RELEASE;
}

/* The last count is of an object that only one refers to. */
static bool open_counts(struct check *k, const char *truth)
{
	char path[4096];
	int64_t last;

	snprintf(path, sizeof(path), "%s.counts", truth);
	k->counts = fopen(path, "rb");
	if (!k->counts || fseek(k->counts, -(long)sizeof(last), SEEK_END) ||
	    fread(&last, sizeof(last), 1, k->counts) != 1) {
		fprintf(stderr, "check_objects: %s: %s\n", path, strerror(errno));
		return false;
	}
	rewind(k->counts);
	k->asking = last - 1;
	return true;
}

static void note_counting(struct check *k, const char *line)
{
	if (!map_put(&k->counting, strtoull(line + 1, NULL, 16), NULL))
		abort();
}

static bool open_all(struct check *k, struct process *p, struct runtime *rt, FILE *truth,
		     const char *pid)
{
	unsigned long long runtime, type;
	unsigned version;
	char path[64], build[16];
	const struct layout *l;
	bool exact;

	if (fscanf(truth, "L %llx %llx %x %15s\n", &runtime, &type, &version, build) != 4)
		return false;
	snprintf(path, sizeof(path), "/proc/%s/mem", pid);
	p->memory = open(path, O_RDONLY | O_CLOEXEC);
	p->target.ops = &ops;
	l = layout_find(version, build_named(build), &exact);
	if (p->memory < 0 || !l) {
		fprintf(stderr, "check_objects: %s: %s\n", path,
			l ? strerror(errno) : "no layout");
		return false;
	}
	rt->layout = *l;
	rt->table = l;
	rt->version = version;
	rt->address = runtime;
	rt->type_type = type;
	printf("layout %s%s\n", l->name, exact ? "" : " (nearest)");
	return true;
}

int main(int argc, char **argv)
{
	static struct process p;
	static struct runtime rt;
	static struct reader r;
	struct type_table types;
	struct check k = { .verbose = argc > 3 };
	struct closure x = { 0 };
	char *line = NULL;
	size_t size = 0;
	FILE *truth = argc > 2 ? fopen(argv[2], "r") : NULL;

	if (!truth || !open_counts(&k, argv[2]) || !open_all(&k, &p, &rt, truth, argv[1])) {
		fprintf(stderr, "usage: check_objects PID zoo.txt [-v]\n");
		return 2;
	}
	reader_init(&r, &p.target);
	if (type_table_init(&types, &rt))
		return 2;
	k.c = (struct ctx){ .l = &rt.layout, .r = &r, .types = &types };
	x.k = &k;
	while (getline(&line, &size, truth) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (*line == 'D') {
			note_counting(&k, line);
		} else if (*line == 'O') {
			start_object(&k, line);
			add_found(&x, k.o.address);
		} else if (*line == 'R') {
			check_referents(&k, line);
		} else if (*line == 'V') {
			check_repr(&k, line);
		}
	}
	check_counts(&k, &x);
	printf("%lu objects of %zu types; wrong: %lu types, %lu sizes, %lu references missing, "
	       "%lu dangling, %lu reprs, %lu tracked, %lu refcounts, %lu guesses; %lu references more "
	       "than the collector's, %lu guesses in all, %lu references that only C code knows; %llu faults\n",
	       k.objects, types.types.n, k.wrong_type, k.wrong_size, k.missing, k.dangling,
	       k.wrong_repr, k.wrong_tracked, k.wrong_refcount, k.needless, k.extra,
	       k.guesses, k.unknown,
	       (unsigned long long)r.faults);
	free(line);
	fclose(k.counts);
	map_free(&k.counting);
	map_free(&x.found);
	map_free(&x.listed);
	vec_free(&x.queue);
	vec_free(&k.edges);
	vec_free(&k.referents);
	vec_free(&k.extra_kinds);
	type_table_fini(&types);
	reader_fini(&r);
	fclose(truth);
	return k.objects < 1000 || k.wrong_type || k.wrong_size || k.missing || k.dangling ||
	       k.wrong_repr || k.wrong_tracked || k.wrong_refcount || k.excess ||
	       k.needless;
}
