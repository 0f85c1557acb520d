/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "graph/audit.h"
#include "session/whole.h"

/* What is wrong with the objects of one name of types. */
struct row {
	const char *name;
	uint64_t excess, unheld, references;
	uint64_t garbage, bytes;
	uint64_t *examples;
	size_t n_examples;
};

struct work {
	struct pycore *s;
	const struct whole *w;
	const struct audit *found;
	size_t limit;
	bool *wanted;      /* by type */
	uint32_t *row_of;  /* by type */
	struct row *rows;
	size_t n_rows;
	struct pycore_audit *out;
};

static int no_memory(struct pycore_error *err)
{
	return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the audit");
}

static uint64_t address_of(const struct work *k, uint32_t object)
{
	return k->w->source.address(k->w->source.arg, object);
}

static const char *type_of(const struct work *k, uint32_t object)
{
	return k->w->types.items[k->w->objects.type[object]].name;
}

struct named {
	const char *name;
	uint32_t type;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* A row for each name of types: several may have one. */
static int make_rows(struct work *k)
{
	size_t n = k->w->types.n;
	struct named *sorted = calloc(n + 1, sizeof(*sorted));

	k->row_of = calloc(n + 1, sizeof(*k->row_of));
	k->rows = calloc(n + 1, sizeof(*k->rows));
	if (!sorted || !k->row_of || !k->rows) {
		free(sorted);
		return PYCORE_ERR_NOMEM;
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct named){ k->w->types.items[i].name, (uint32_t)i };
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (size_t i = 0; i < n; i++) {
		if (!i || strcmp(sorted[i].name, sorted[i - 1].name))
			k->rows[k->n_rows++].name = sorted[i].name;
		k->row_of[sorted[i].type] = (uint32_t)k->n_rows - 1;
	}
	free(sorted);
	return 0;
}

static int choose_types(struct work *k, const char *type, struct pycore_error *err)
{
	struct type_selection selection;
	int rc;

	k->wanted = calloc(k->w->types.n + 1, sizeof(*k->wanted));
	if (!k->wanted)
		return no_memory(err);
	if (!type) {
		memset(k->wanted, 1, k->w->types.n);
		return 0;
	}
	rc = select_instances(k->s, k->s->heap, type, NULL, NULL, &selection, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < k->w->types.n; i++)
		k->wanted[i] = map_get(&selection.types, k->w->types.items[i].address) != NULL;
	selection_fini(&selection);
	return 0;
}

static struct row *row_at(const struct work *k, uint32_t object)
{
	uint32_t type = k->w->objects.type[object];

	return k->wanted[type] ? &k->rows[k->row_of[type]] : NULL;
}

static void count_garbage(struct work *k)
{
	for (uint32_t i = 0; i < k->w->n; i++) {
		struct row *row = whole_phase(k->w, i) == PHASES ? row_at(k, i) : NULL;

		if (!row)
			continue;
		row->garbage++;
		row->bytes += whole_bytes(k->w, i);
	}
}

static int most_references(const void *a, const void *b)
{
	const struct audit_excess *x = a, *y = b;

	if (x->references != y->references)
		return x->references < y->references ? 1 : -1;
	return (x->object > y->object) - (x->object < y->object);
}

static int add_example(struct work *k, struct row *row, uint32_t object)
{
	size_t room = k->limit && k->limit < row->excess ? k->limit : row->excess;

	if (row->n_examples == room)
		return 0;
	if (!row->examples)
		row->examples = arena_array(&k->s->arena, room, sizeof(*row->examples));
	if (!row->examples)
		return PYCORE_ERR_NOMEM;
	row->examples[row->n_examples++] = address_of(k, object);
	return 0;
}

static int add_excess(struct work *k)
{
	size_t n = k->found->excess.n;
	struct audit_excess *sorted = calloc(n + 1, sizeof(*sorted));
	int rc = 0;

	if (!sorted)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		struct row *row = row_at(k, k->found->excess.items[i].object);

		sorted[i] = k->found->excess.items[i];
		if (!row)
			continue;
		row->excess++;
		row->unheld += sorted[i].unheld;
		row->references += sorted[i].references;
		k->out->excess_objects++;
		k->out->excess_references += sorted[i].references;
	}
	qsort(sorted, n, sizeof(*sorted), most_references);
	for (size_t i = 0; i < n && !rc; i++) {
		struct row *row = row_at(k, sorted[i].object);

		rc = row ? add_example(k, row, sorted[i].object) : 0;
	}
	free(sorted);
	return rc;
}

static int by_references(const void *a, const void *b)
{
	const struct pycore_excess *x = a, *y = b;

	if (x->references != y->references)
		return x->references < y->references ? 1 : -1;
	return strcmp(x->type, y->type);
}

static int by_bytes(const void *a, const void *b)
{
	const struct pycore_garbage *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->type, y->type);
}

static int hand_out_rows(struct work *k)
{
	struct pycore_excess *excess = arena_array(&k->s->arena, k->n_rows + 1, sizeof(*excess));
	struct pycore_garbage *garbage = arena_array(&k->s->arena, k->n_rows + 1, sizeof(*garbage));

	if (!excess || !garbage)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < k->n_rows; i++) {
		const struct row *row = &k->rows[i];

		if (row->excess)
			excess[k->out->n_excess++] = (struct pycore_excess){
				.type = row->name,
				.objects = row->excess,
				.unheld = row->unheld,
				.references = row->references,
				.examples = row->examples,
				.n_examples = row->n_examples,
			};
		if (row->garbage)
			garbage[k->out->n_garbage++] = (struct pycore_garbage){
				row->name, row->garbage, row->bytes,
			};
	}
	qsort(excess, k->out->n_excess, sizeof(*excess), by_references);
	qsort(garbage, k->out->n_garbage, sizeof(*garbage), by_bytes);
	k->out->excess = excess;
	k->out->garbage = garbage;
	return 0;
}

static size_t within_limit(const struct work *k, size_t n)
{
	return k->limit && k->limit < n ? k->limit : n;
}

static int hand_out_cycles(struct work *k)
{
	size_t n = within_limit(k, k->found->cycles.n);
	struct pycore_cycle *cycles = arena_array(&k->s->arena, n + 1, sizeof(*cycles));

	if (!cycles)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct audit_cycle *from = &k->found->cycles.items[i];

		cycles[i] = (struct pycore_cycle){
			.address = address_of(k, from->first),
			.type = type_of(k, from->first),
			.objects = from->objects,
			.bytes = from->bytes,
			.finalizers = from->finalizers,
		};
		if (!from->finalizers)
			continue;
		cycles[i].finalizer = address_of(k, from->finalizer);
		cycles[i].finalizer_type = type_of(k, from->finalizer);
	}
	k->out->cycles = cycles;
	k->out->n_cycles = n;
	k->out->all_cycles = k->found->cycles.n;
	return 0;
}

static int hand_out_uncollectable(struct work *k)
{
	size_t n = within_limit(k, k->found->uncollectable.n);
	uint64_t *list = arena_array(&k->s->arena, n + 1, sizeof(*list));

	if (!list)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		list[i] = address_of(k, k->found->uncollectable.items[i]);
	k->out->uncollectable = list;
	k->out->n_uncollectable = n;
	k->out->all_uncollectable = k->found->uncollectable.n;
	return 0;
}

static int hand_out(struct work *k, const char *type, struct pycore_error *err)
{
	int rc = choose_types(k, type, err);

	if (rc)
		return rc;
	k->out = arena_alloc(&k->s->arena, sizeof(*k->out));
	if (!k->out)
		return no_memory(err);
	*k->out = (struct pycore_audit){ 0 };
	rc = make_rows(k);
	if (!rc) {
		count_garbage(k);
		rc = add_excess(k);
	}
	if (!rc)
		rc = hand_out_rows(k);
	if (!rc)
		rc = hand_out_cycles(k);
	if (!rc)
		rc = hand_out_uncollectable(k);
	return rc ? no_memory(err) : 0;
}

static int audit(struct work *k, const struct pycore_audit_query *q, struct pycore_error *err)
{
	struct ctx c = session_ctx(k->s);
	struct audit found = k->s->facts.audit; /* of a snapshot */
	int rc = k->s->target ? audit_run(k->w, &c, k->s->heap, &found) : 0;

	k->found = &found;
	k->limit = q->limit;
	if (rc)
		rc = no_memory(err);
	else
		rc = hand_out(k, q->type, err);
	if (!rc && found.unread)
		session_warnf(k->s, "the reference counts of %llu objects could not be read",
			      (unsigned long long)found.unread);
	if (k->s->target)
		audit_fini(&found);
	free(k->wanted);
	free(k->row_of);
	free(k->rows);
	return rc;
}

int pycore_get_audit(struct pycore *s, const struct pycore_audit_query *query,
		     const struct pycore_audit **out, struct pycore_error *err)
{
	struct work k = { .s = s };
	struct pycore_audit_query q;
	int rc = session_take(&q, sizeof(q), query, "pycore_audit_query", err);

	if (!rc)
		rc = session_can_answer(s, "references", err);
	if (!rc)
		rc = session_whole(s, &k.w, err);
	if (!rc)
		rc = audit(&k, &q, err);
	if (rc)
		return rc;
	*out = k.out;
	return session_check_read(s, "references", err);
}
