/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "base/buf.h"
#include "graph/growth.h"
#include "graph/snapshot.h"
#include "graph/way.h"

#define BASE UINT64_C(0x7f0000001000)
#define GIANT (UINT64_C(5) << 32)
#define GIANT_ITEMS (UINT32_C(1) << 30)

enum { OBJECTS = 60, REFERENCES = 150, TYPES = 4 };

static struct audit_excess excess[] = { { 3, 100, false }, { 59, UINT32_MAX, true } };
static struct pycore_size_class sizes[] = { { 16, 2, 300, 206 }, { 512, 1, GIANT, 0 } };
static struct pycore_free_list lists[] = { { "dict keys", 80 } };
static struct audit_cycle cycles[] = { { 31, 2, GIANT, 1, 32 }, { 33, 1, 64, 0, WHOLE_NONE } };
static uint32_t uncollectable[] = { 0, 59 };

static const struct snapshot_facts facts = {
	"3.11.7", "release", 1234, 0x5500,
	.blocks = { .live = GIANT, .unreadable = 7, .gc_partial = true, .pools = 3 },
	.tally = { { sizes, 2, 2 }, { lists, 1, 1 } },
	.audit = { { excess, 2, 2 }, { cycles, 2, 2 }, { uncollectable, 2, 2 }, 5 },
};

static struct label_entry entries[] = {
	{ "x", LABEL_ATTR, false },	 { "f_code", LABEL_FIELD, false }, { NULL, LABEL_KEY, false },
	{ "it's", LABEL_KEY, false },	 { "name", LABEL_KEY, false },	   { NULL, LABEL_IS_KEY, false },
	{ "slot", LABEL_ATTR, true },	 { "a", LABEL_ATTR_KEY, false },   { NULL, LABEL_NONE, true },
	{ "__mro__", LABEL_ATTR, false }, { "__dict__", LABEL_ATTR, false },
};
enum { ENTRIES = sizeof(entries) / sizeof(entries[0]) };
static uint32_t codes[REFERENCES];
static struct labels labels = { .of = codes, .entries = { entries, ENTRIES, ENTRIES } };
static const char *const names[TYPES] = { "dict", "app.Node", "str", "app.Node" };
static int64_t counts[OBJECTS];

static uint64_t address_of(void *arg, uint32_t object)
{
	return BASE + 48 * object + (object > OBJECTS / 2 ? GIANT : 0);
}

static uint32_t number_of(void *arg, uint64_t address)
{
	const struct whole *w = arg;

	for (uint32_t i = 0; i < w->n; i++) {
		if (address_of(arg, i) == address)
			return i;
	}
	return WHOLE_NONE;
}

static void put_references(struct whole *w, uint32_t n)
{
	struct links *f = &w->objects.forward;

	assert_int_equal(links_room(f, w->n, REFERENCES), 0);
	for (uint32_t i = 0; i < REFERENCES; i++)
		f->start[1 + i * i % 40 % n]++;
	assert_int_equal(links_sum(f->start, w->n), 0);
	for (uint32_t i = 0; i < REFERENCES; i++)
		f->to[i] = i * 7 % n;
}

/* The first @p n of the objects, with types from @p first_type on. */
static void make(struct whole *w, uint32_t n, uint32_t first_type)
{
	static const struct whole_root roots[] = {
		{ .object = 0, .kind = ROOT_MODULE, .name = "module app",
		  .expression = "sys.modules['app']" },
		{ .object = 9, .kind = ROOT_LOCAL, .name = "thread 12 w1: f() local 'row'",
		  .local = "row", .address = BASE - 8, .frame = 1 },
		{ .object = 10, .kind = ROOT_FRAME, .name = "thread 12 w1: f()", .itself = true,
		  .frame = 2 },
		{ .object = 11, .kind = ROOT_THREAD, .name = "thread 12 w1: dict", .field = "dict" },
		{ .object = 12, .kind = ROOT_ASYNCIO, .name = "thread 12 w1: running loop",
		  .local = "self", .address = BASE - 16, .field = "running loop" },
		{ .object = 14, .kind = ROOT_INTERNED }, { .object = 30, .kind = ROOT_NATIVE },
		{ .object = 31, .kind = ROOT_GARBAGE },
	};
	static const struct root_frame frames[] = { { BASE + 5, 0 }, { UINT64_MAX, 3 } };

	*w = (struct whole){ .jobs = 1 };
	assert_int_equal(whole_init(w, n), 0);
	for (uint32_t i = 0; i < TYPES; i++)
		assert_true(vec_push(&w->types, ((struct whole_type){ names[i], address_of(NULL, i * 4),
								      i * 41 & WHOLE_TYPE_FLAGS, i * GIANT_ITEMS })));
	for (uint32_t i = 0; i < REFERENCES; i++)
		codes[i] = i % 4 ? LABELS_INDEX | (i % 7 ? i : UINT32_MAX) : i / 4 % (ENTRIES + 1);
	for (uint32_t i = 0; i < n; i++) {
		w->objects.type[i] = (first_type + i * i) % TYPES;
		w->objects.flags[i] = i % 16;
		assert_true(whole_set_bytes(w, i, i % 20 ? 16 + i : GIANT + i));
		counts[i] = i % 5 == 0 ? -1 : i % 7 == 0 ? SNAPSHOT_NO_COUNT : i;
	}
	put_references(w, n);
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		assert_true(vec_push(&w->roots, roots[i]));
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		assert_true(vec_push(&w->frames, frames[i]));
	w->source = (struct whole_source){ .arg = w, .address = address_of, .number = number_of };
	assert_int_equal(whole_seal(w, (struct whole_progress){ 0 }), 0);
}

static bool put(void *arg, const void *bytes, size_t len)
{
	buf_add(arg, bytes, len);
	return true;
}

static void write_numbers(const struct whole *w, struct buf *out)
{
	*out = (struct buf){ 0 };
	assert_true(snapshot_write(w, &facts, counts, &labels, put, out));
	assert_false(out->failed);
}

/* A file of these numbers. @return its size */
static size_t pack(const struct buf *numbers, unsigned char *file, size_t room)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t len;

	memcpy(file, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_LEN);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	len = ZSTD_compress2(c, file + SNAPSHOT_MAGIC_LEN, room - SNAPSHOT_MAGIC_LEN,
			     numbers->text, numbers->len);
	assert_false(ZSTD_isError(len));
	ZSTD_freeCCtx(c);
	return SNAPSHOT_MAGIC_LEN + len;
}

static struct pycore_error err;

static bool check_facts = true;

static void assert_facts(const struct snapshot_facts *got)
{
	const struct audit *a = &got->audit, *b = &facts.audit;

	assert_string_equal(got->python, facts.python);
	assert_string_equal(got->build, facts.build);
	assert_int_equal(got->pid, facts.pid);
	assert_int_equal(got->runtime, facts.runtime);
	assert_memory_equal(&got->blocks, &facts.blocks, sizeof(facts.blocks));
	assert_int_equal(got->tally.sizes.n, 2);
	assert_memory_equal(got->tally.sizes.items, sizes, sizeof(sizes));
	assert_int_equal(got->tally.lists.n, 1);
	assert_int_equal(got->tally.lists.items[0].count, 80);
	assert_int_equal(a->unread, b->unread);
	assert_int_equal(a->excess.n, b->excess.n);
	for (size_t i = 0; i < a->excess.n; i++) {
		assert_int_equal(a->excess.items[i].object, excess[i].object);
		assert_int_equal(a->excess.items[i].references, excess[i].references);
		assert_int_equal(a->excess.items[i].unheld, excess[i].unheld);
	}
	assert_int_equal(a->cycles.n, b->cycles.n);
	assert_memory_equal(a->cycles.items, cycles, sizeof(cycles));
	assert_int_equal(a->uncollectable.n, b->uncollectable.n);
	assert_memory_equal(a->uncollectable.items, uncollectable, sizeof(uncollectable));
}

static int read_file(const unsigned char *file, size_t len, struct whole *out)
{
	int fd = memfd_create("snapshot", MFD_CLOEXEC), rc;
	struct snapshot_facts got;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, len), len);
	err = (struct pycore_error){ 0 };
	rc = snapshot_read(out, &got, fd, len, "base.pysnap", (struct whole_progress){ 0 }, &err);
	close(fd);
	if (!rc && check_facts)
		assert_facts(&got);
	snapshot_facts_fini(&got);
	return rc;
}

/* As every reference's label is told: by name, and as text. */
struct told {
	const struct whole *w;
	uint32_t next;
};

static int assert_label(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct told *t = arg;
	enum edge_kind want_kind;
	struct label want = labels_label(&labels, t->next, &want_kind);
	struct buf got = { 0 };

	assert_int_equal(to, address_of(NULL, t->w->objects.forward.to[t->next]));
	assert_int_equal(kind, want_kind);
	assert_int_equal(label->kind, want.kind);
	assert_int_equal(label->index, want.index);
	assert_int_equal(label->key, want.key);
	if (want.text)
		assert_string_equal(label->text, want.text);
	t->w->source.label_text(t->w->source.arg, label, &got);
	if (codes[t->next] == 4 || codes[t->next] == 3)
		assert_string_equal(got.text, "[...]");
	if (codes[t->next] == 5)
		assert_string_equal(got.text, "['name']");
	if (codes[t->next] == 8)
		assert_string_equal(got.text, ".a");
	buf_free(&got);
	t->next++;
	return 0;
}

static void assert_text(const char *got, const char *want)
{
	assert_int_equal(!got, !want);
	if (want)
		assert_string_equal(got, want);
}

static void assert_names(const struct whole *w, const struct whole *back)
{
	struct told told = { .w = back };

	for (uint32_t i = 0; i < back->n; i++)
		assert_int_equal(back->source.edges(back->source.arg, i, assert_label, &told), 0);
	assert_int_equal(told.next, REFERENCES);
	for (size_t i = 0; i < w->types.n; i++) {
		assert_int_equal(back->types.items[i].flags, w->types.items[i].flags);
		assert_int_equal(back->types.items[i].hidden, w->types.items[i].hidden);
	}
	assert_int_equal(back->frames.n, w->frames.n);
	for (size_t i = 0; i < w->frames.n; i++) {
		assert_int_equal(back->frames.items[i].ident, w->frames.items[i].ident);
		assert_int_equal(back->frames.items[i].depth, w->frames.items[i].depth);
	}
	for (size_t i = 0; i < w->roots.n; i++) {
		const struct whole_root *a = &w->roots.items[i], *b = &back->roots.items[i];

		assert_text(b->local, a->local);
		assert_text(b->field, a->field);
		assert_text(b->expression, a->expression);
		assert_int_equal(b->address, a->address);
		assert_int_equal(b->itself, a->itself);
		assert_int_equal(b->frame, a->frame);
	}
	assert_string_equal(back->roots.items[0].name, "module app");
	/* What the thread is called is a value. */
	assert_string_equal(back->roots.items[1].name, "thread 12: f() local 'row'");
	assert_string_equal(back->roots.items[3].name, "thread 12: dict");
}

static void assert_alike(const struct whole *a, const struct whole *b)
{
	const struct links *x = &a->objects.forward, *y = &b->objects.forward;

	assert_int_equal(a->n, b->n);
	assert_int_equal(a->types.n, b->types.n);
	assert_int_equal(a->total_bytes, b->total_bytes);
	assert_memory_equal(x->start, y->start, (a->n + 1) * sizeof(*x->start));
	assert_memory_equal(x->to, y->to, x->start[a->n] * sizeof(*x->to));
	for (uint32_t i = 0; i < a->n; i++) {
		uint64_t address = address_of(NULL, i);
		int64_t count;

		assert_int_equal(b->source.address(b->source.arg, i), address);
		assert_int_equal(b->source.number(b->source.arg, address), i);
		assert_int_equal(b->source.number(b->source.arg, address + 8), WHOLE_NONE);
		assert_int_equal(a->objects.type[i], b->objects.type[i]);
		assert_int_equal(a->objects.flags[i], b->objects.flags[i]);
		assert_int_equal(whole_bytes(a, i), whole_bytes(b, i));
		assert_int_equal(whole_retained(a, i), whole_retained(b, i));
		if (counts[i] == SNAPSHOT_NO_COUNT) {
			assert_true(b->source.refcount(b->source.arg, i, &count) < 0);
			continue;
		}
		assert_int_equal(b->source.refcount(b->source.arg, i, &count), 0);
		assert_int_equal(count, counts[i]);
	}
}

static void what_is_read_is_what_was_written(void **state)
{
	unsigned char file[8192];
	struct buf numbers, again;
	struct whole w, back;

	make(&w, OBJECTS, 0);
	write_numbers(&w, &numbers);
	assert_int_equal(read_file(file, pack(&numbers, file, sizeof(file)), &back), 0);
	assert_alike(&w, &back);
	assert_names(&w, &back);
	write_numbers(&back, &again);
	assert_int_equal(again.len, numbers.len);
	assert_memory_equal(again.text, numbers.text, numbers.len);
	whole_fini(&back);
	whole_fini(&w);
	buf_free(&numbers);
	buf_free(&again);
}

static void a_file_cut_or_lengthened_anywhere_is_refused(void **state)
{
	unsigned char file[8192];
	struct buf numbers;
	struct whole w, back;
	size_t len;

	make(&w, OBJECTS, 0);
	write_numbers(&w, &numbers);
	len = pack(&numbers, file, sizeof(file));
	for (size_t cut = 0; cut < len; cut++) {
		assert_int_equal(read_file(file, cut, &back), PYCORE_ERR_DAMAGED);
		assert_non_null(strstr(err.message, "base.pysnap is a damaged snapshot"));
	}
	file[len] = 0;
	assert_int_equal(read_file(file, len + 1, &back), PYCORE_ERR_DAMAGED);
	for (size_t cut = 0, all = numbers.len; cut < all; cut++) {
		numbers.len = cut;
		assert_int_equal(read_file(file, pack(&numbers, file, sizeof(file)), &back),
				 PYCORE_ERR_DAMAGED);
		numbers.len = all;
	}
	whole_fini(&w);
	buf_free(&numbers);
}

static void a_bit_flipped_in_the_file_is_refused_or_changes_nothing(void **state)
{
	unsigned char file[8192];
	struct buf numbers;
	struct whole w, back;
	size_t len, refused = 0;

	make(&w, OBJECTS, 0);
	write_numbers(&w, &numbers);
	len = pack(&numbers, file, sizeof(file));
	for (size_t bit = 8 * SNAPSHOT_MAGIC_LEN; bit < 8 * len; bit++) {
		file[bit / 8] ^= 1u << bit % 8;
		if (read_file(file, len, &back)) {
			refused++;
		} else {
			assert_alike(&w, &back);
			whole_fini(&back);
		}
		file[bit / 8] ^= 1u << bit % 8;
	}
	assert_true(refused > 7 * (len - SNAPSHOT_MAGIC_LEN));
	whole_fini(&w);
	buf_free(&numbers);
}

static int say(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	const struct whole *w = arg;
	struct buf text = { 0 };

	w->source.label_text(w->source.arg, label, &text);
	buf_free(&text);
	return 0;
}

/* The expression may be anything, too. */
static void ask_for_ways(const struct whole *w, uint32_t object)
{
	const struct way_query query = { .most = 3 };
	struct arena arena = { 0 };
	struct ways ways;

	assert_int_equal(way_find(w, object, &query, &arena, &ways), 0);
	ways_fini(&ways);
	arena_free(&arena);
}

static void any_number_may_be_wrong(void **state)
{
	unsigned char file[8192];
	struct buf numbers;
	struct whole w, back;
	size_t refused = 0, taken = 0;

	make(&w, OBJECTS, 0);
	write_numbers(&w, &numbers);
	check_facts = false;
	for (size_t bit = 8 * 20; bit < 8 * numbers.len; bit++) {
		numbers.text[bit / 8] ^= 1 << bit % 8;
		if (read_file(file, pack(&numbers, file, sizeof(file)), &back)) {
			refused++;
		} else {
			taken++;
			for (uint32_t i = 0; i < back.n; i++) {
				assert_true(whole_retained(&back, i) <= back.total_bytes);
				back.source.edges(back.source.arg, i, say, &back);
			}
			ask_for_ways(&back, bit % back.n);
			whole_fini(&back);
		}
		numbers.text[bit / 8] ^= 1 << bit % 8;
	}
	check_facts = true;
	assert_true(refused > 500 && taken > 500);
	whole_fini(&w);
	buf_free(&numbers);
}

static void a_claim_of_more_than_can_be_there_takes_no_memory(void **state)
{
	/* No names, pid and runtime 0, one type; then 2^32 - 3 objects, in a file of some bytes. */
	static char claim[] = "\6" "3.11.7" "\7" "release" "\xd2\x09" "\x80\xaa\x01"
			      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" "\1\1x\0\0\0" "\xfd\xff\xff\xff\x0f\0\0";
	struct buf numbers = { .text = claim, .len = sizeof(claim) - 1 };
	unsigned char file[200];
	struct whole back;

	assert_int_equal(read_file(file, pack(&numbers, file, sizeof(file)), &back),
			 PYCORE_ERR_DAMAGED);
}

static const struct pycore_growth_row *row_of(const struct pycore_growth *g, const char *type)
{
	for (size_t i = 0; i < g->n_rows; i++) {
		if (!strcmp(g->rows[i].type, type))
			return &g->rows[i];
	}
	fail_msg("no row %s", type);
	return NULL;
}

static void types_of_one_name_are_one_row_that_retains_their_union(void **state)
{
	struct pycore_growth growth;
	struct arena arena = { 0 };
	const struct whole *wholes[2];
	const struct pycore_growth_row *row;
	uint64_t sums[2] = { 0 }, bytes = 0, count = 0;
	uint32_t group[TYPES] = { 0, 1, 0, 1 };
	struct whole a, b;

	make(&a, 40, 0);
	make(&b, OBJECTS, 0);
	wholes[0] = &a;
	wholes[1] = &b;
	assert_int_equal(growth_find(wholes, 2, &arena, &growth), 0);
	assert_int_equal(whole_sum_types(&b, group, 2, sums), 0);
	row = row_of(&growth, "app.Node");
	for (uint32_t i = 0; i < b.n; i++) {
		count += b.objects.type[i] % 2;
		bytes += b.objects.type[i] % 2 ? whole_bytes(&b, i) : 0;
	}
	assert_int_equal(row->b.count, count);
	assert_int_equal(row->b.bytes, bytes);
	assert_int_equal(row->b.retained, sums[1]);
	assert_int_equal(growth.a.count, 40);
	assert_int_equal(growth.b.count, OBJECTS);
	assert_int_equal(growth.b.bytes, b.total_bytes);
	assert_false(growth.third);
	arena_free(&arena);
	whole_fini(&a);
	whole_fini(&b);
}

/* Of B, objects 40 to 59 came after A; C has 0 to 49. */
static void what_came_after_a_and_is_in_c_is_kept(void **state)
{
	struct pycore_growth growth;
	struct arena arena = { 0 };
	const struct whole *wholes[3];
	struct whole a, b, c;

	make(&a, 40, 0);
	make(&b, OBJECTS, 0);
	make(&c, 50, 0);
	wholes[0] = &a;
	wholes[1] = &b;
	wholes[2] = &c;
	assert_int_equal(growth_find(wholes, 3, &arena, &growth), 0);
	assert_true(growth.third);
	assert_int_equal(growth.kept, 10);
	whole_fini(&c);
	/* Another type at the same address is another object. */
	make(&c, OBJECTS, 1);
	assert_int_equal(growth_find(wholes, 3, &arena, &growth), 0);
	assert_int_equal(growth.kept, 0);
	arena_free(&arena);
	whole_fini(&a);
	whole_fini(&b);
	whole_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_is_what_was_written),
		cmocka_unit_test(a_file_cut_or_lengthened_anywhere_is_refused),
		cmocka_unit_test(a_bit_flipped_in_the_file_is_refused_or_changes_nothing),
		cmocka_unit_test(any_number_may_be_wrong),
		cmocka_unit_test(a_claim_of_more_than_can_be_there_takes_no_memory),
		cmocka_unit_test(types_of_one_name_are_one_row_that_retains_their_union),
		cmocka_unit_test(what_came_after_a_and_is_in_c_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
