/* SPDX-License-Identifier: MIT */
#include "session/select.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/workers.h"

/* What one worker has found so far; with a limit, a heap whose root is what goes first. */
struct picker {
	struct pick *pick;
	struct reader reader;
	struct ctx c;
	uint64_t last_address;       /* of the type looked up last */
	const struct type *last_type; /* NULL: not wanted */
	VEC(struct picked) found;
	bool no_memory;
};

struct pick {
	const struct heap *h;
	const struct type_selection *selection;
	size_t limit;
	bool biggest;
	atomic_size_t found; /* by all workers in the chunks that are done */
	struct picker *pickers;
};

/* Whether @p a is listed before @p b. */
static bool comes_before(bool biggest, const struct picked *a, const struct picked *b)
{
	if (biggest && a->bytes != b->bytes)
		return a->bytes > b->bytes;
	return a->address < b->address;
}

static void sift_up(struct picked *heap, size_t at, bool biggest)
{
	struct picked moved = heap[at];

	while (at && comes_before(biggest, &heap[(at - 1) / 2], &moved)) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = moved;
}

static void sift_down(struct picked *heap, size_t n, bool biggest)
{
	struct picked moved = heap[0];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < n) {
		if (child + 1 < n && comes_before(biggest, &heap[child], &heap[child + 1]))
			child++;
		if (!comes_before(biggest, &moved, &heap[child]))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
}

static void offer(struct picker *p, const struct picked *object)
{
	const struct pick *pick = p->pick;

	if (!pick->limit || p->found.n < pick->limit) {
		if (!vec_push(&p->found, *object)) {
			p->no_memory = true;
			return;
		}
		if (pick->limit)
			sift_up(p->found.items, p->found.n - 1, pick->biggest);
	} else if (comes_before(pick->biggest, object, &p->found.items[0])) {
		p->found.items[0] = *object;
		sift_down(p->found.items, p->found.n, pick->biggest);
	}
}

static const struct type *wanted_type(struct picker *p, uint64_t address)
{
	const uint64_t *at;

	if (address == p->last_address)
		return p->last_type;
	at = map_get(&p->pick->selection->types, address);
	p->last_address = address;
	p->last_type = at ? (const struct type *)(uintptr_t)*at : NULL;
	return p->last_type;
}

static int look_at(void *arg, uint64_t address)
{
	struct picker *p = arg;
	struct picked object = { .address = address };
	uint64_t type;

	if (!reader_u64(&p->reader, address + L(p->c.l, PyObject, ob_type), &type) || !type)
		return 0;
	object.type = wanted_type(p, type);
	if (!object.type)
		return 0;
	if (p->pick->biggest)
		object_sizeof(&p->c, (struct object){ address, object.type }, &object.bytes);
	offer(p, &object);
	return p->no_memory;
}

static void pick_in_chunk(void *arg, size_t job, unsigned worker)
{
	struct pick *pick = arg;
	struct picker *p = &pick->pickers[worker];
	size_t before = p->found.n;

	/* Jobs come in order: whatever is in the chunks not begun comes after what was found. */
	if (p->no_memory || (!pick->biggest && pick->limit && pick->found >= pick->limit))
		return;
	index_chunk_each(pick->h->index.order.items[job], look_at, p);
	pick->found += p->found.n - before;
}

static int by_size(const void *a, const void *b)
{
	return comes_before(true, b, a) - comes_before(true, a, b);
}

static int by_address(const void *a, const void *b)
{
	return comes_before(false, b, a) - comes_before(false, a, b);
}

static bool gather(const struct pick *pick, unsigned workers, struct picked_list *out)
{
	for (unsigned i = 0; i < workers; i++) {
		const struct picker *p = &pick->pickers[i];

		if (p->no_memory)
			return false;
		for (size_t k = 0; k < p->found.n; k++) {
			if (!vec_push(&out->found, p->found.items[k]))
				return false;
		}
	}
	if (out->found.n)
		qsort(out->found.items, out->found.n, sizeof(*out->found.items),
		      pick->biggest ? by_size : by_address);
	if (pick->limit && out->found.n > pick->limit)
		out->found.n = pick->limit;
	return true;
}

int pick_objects(struct pycore *s, const struct heap *h, const struct type_selection *selection,
		 size_t limit, bool biggest, struct picked_list *out, struct pycore_error *err)
{
	struct pick pick = { h, selection, limit, biggest, 0, NULL };
	unsigned workers = workers_count(s->options.jobs);
	bool done;

	*out = (struct picked_list){ 0 };
	pick.pickers = calloc(workers, sizeof(*pick.pickers));
	if (!pick.pickers)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a list of objects");
	for (unsigned i = 0; i < workers; i++) {
		struct picker *p = &pick.pickers[i];

		p->pick = &pick;
		reader_init(&p->reader, s->target);
		p->c = session_ctx(s);
		p->c.r = &p->reader;
	}
	workers_run(workers, h->index.order.n, pick_in_chunk, &pick);
	done = gather(&pick, workers, out);
	for (unsigned i = 0; i < workers; i++) {
		reader_fini(&pick.pickers[i].reader);
		vec_free(&pick.pickers[i].found);
	}
	free(pick.pickers);
	if (done)
		return 0;
	picked_fini(out);
	return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a list of objects");
}

void picked_fini(struct picked_list *list)
{
	vec_free(&list->found);
}
