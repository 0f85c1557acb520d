/* SPDX-License-Identifier: MIT */
#include "heap/place.h"
#include "session/detail.h"

/* Of all levels together: a depth that is too large ends here. */
#define MOST_FIELDS 200000u
/* So many entries are passed over to count what is left out. */
#define MOST_COUNTED (UINT64_C(1) << 32)

/* An object whose fields are wanted, and whose they are to be. */
struct todo {
	struct object o;
	struct pycore_field *of; /* NULL: the object that was asked for */
	uint32_t level;
};

struct fields {
	struct pycore *s;
	struct ctx c;
	const struct pycore_detail_query *q;
	struct map met; /* objects whose fields are told */
	VEC(struct todo) todo;
	size_t total;
	bool failed;

	/* Of the object in work. */
	VEC(struct pycore_field) list;
	uint64_t more, dict;
	uint64_t key, key_index; /* a dict's key, told before its value */
	bool has_key;
};

static const char *const kinds[] = {
	[EDGE_OWNED] = "owned",
	[EDGE_BORROWED] = "borrowed",
	[EDGE_WEAK] = "weak",
	[EDGE_GUESS] = "guess",
};

static int add(struct fields *f, uint64_t to, enum edge_kind kind, const struct label *label,
	       bool by_dict)
{
	struct pycore_field field = { .address = to, .kind = kinds[kind], .by_dict = by_dict };
	struct object o;

	if ((f->q->limit && f->list.n >= f->q->limit) || f->total >= MOST_FIELDS)
		return ++f->more >= MOST_COUNTED;
	if (label->kind == LABEL_KEY || label->kind == LABEL_ATTR_KEY)
		field.key = label->key;
	field.name = detail_label(f->s, label);
	field.type = object_at(&f->c, to, &o) < 0 ? "?" : o.type->name;
	if (f->q->values)
		field.value = detail_repr(f->s, to, DETAIL_REPR_DEPTH, DETAIL_REPR_BYTES);
	f->failed |= !field.name || !vec_push(&f->list, field);
	f->total++;
	return f->failed;
}

static int flush_key(struct fields *f)
{
	struct label label = { .kind = LABEL_IS_KEY, .index = f->key_index };
	bool had = f->has_key;

	f->has_key = false;
	return had ? add(f, f->key, EDGE_OWNED, &label, false) : 0;
}

static int meet(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct fields *f = arg;

	/* A key and its value are one field. */
	if (f->has_key && label->kind == LABEL_KEY && label->index == f->key_index)
		f->has_key = false;
	if (flush_key(f))
		return 1;
	if (label->kind == LABEL_IS_KEY && kind == EDGE_OWNED) {
		f->has_key = true;
		f->key = to;
		f->key_index = label->index;
		return 0;
	}
	if (kind == EDGE_GUESS && !spot_is_object(&f->c, to))
		return 0;
	if ((label->kind == LABEL_ATTR || label->kind == LABEL_FIELD) &&
	    strcmp(label->text, "__dict__") == 0)
		f->dict = to;
	return add(f, to, kind, label, false);
}

static int meet_attribute(void *arg, uint64_t key, uint64_t value)
{
	struct fields *f = arg;
	struct label label = { .kind = LABEL_KEY, .key = key };
	struct object o;

	if (object_at(&f->c, key, &o) == 0 && type_is_text(f->c.l, o.type))
		label.kind = LABEL_ATTR_KEY;
	return add(f, value, EDGE_OWNED, &label, true);
}

/*
 * Whether the fields of a field tell of the object, not of the whole program. The entries
 * of its dict are the owner's attributes, and told.
 */
static bool is_news(const struct pycore_field *field, const struct object *o)
{
	static const char *const others[] = { ".__dict__",   "__globals__", "__builtins__",
					      "f_globals", "f_builtins" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!field->by_dict && strcmp(field->name, others[i]) == 0)
			return false;
	}
	return !(o->type->flags & TPFLAGS_TYPE) && !o->type->leaf &&
	       strcmp(o->type->name, "module") != 0;
}

/* Mark what is told elsewhere; have the fields of the rest told, unless this is the last level. */
static void queue_next(struct fields *f, struct pycore_field *list, size_t n, uint32_t level)
{
	for (size_t i = 0; i < n && !f->failed; i++) {
		struct todo next = { .of = &list[i], .level = level };

		list[i].seen = map_get(&f->met, list[i].address);
		if (list[i].seen || level > f->q->depth ||
		    object_at(&f->c, list[i].address, &next.o) < 0 || !is_news(&list[i], &next.o))
			continue;
		f->failed |= !map_put(&f->met, list[i].address, NULL);
		f->failed |= !vec_push(&f->todo, next);
	}
}

static void expand(struct fields *f, struct todo t, struct pycore_detail *out)
{
	struct pycore_field *list;
	size_t n;

	f->list.n = 0;
	f->more = f->dict = 0;
	f->has_key = false;
	object_edges(&f->c, t.o, meet, f);
	flush_key(f);
	if (f->dict)
		value_dict_each(&f->c, f->dict, meet_attribute, f);
	n = f->list.n;
	list = arena_array(&f->s->arena, n + 1, sizeof(*list));
	f->failed |= !list;
	if (f->failed)
		return;
	if (n)
		memcpy(list, f->list.items, n * sizeof(*list));
	if (t.of) {
		t.of->fields = list;
		t.of->n_fields = n;
		t.of->more = f->more;
	} else {
		out->fields = list;
		out->n_fields = n;
		out->more_fields = f->more;
	}
	queue_next(f, list, n, t.level + 1);
}

int detail_fields(struct pycore *s, struct object o, const struct pycore_detail_query *q,
		  struct pycore_detail *out)
{
	struct fields f = { .s = s, .c = session_ctx(s), .q = q };
	struct todo first = { .o = o, .level = 1 };

	f.failed = !map_put(&f.met, o.address, NULL) || !vec_push(&f.todo, first);
	for (size_t at = 0; at < f.todo.n && !f.failed; at++)
		expand(&f, f.todo.items[at], out);
	map_free(&f.met);
	vec_free(&f.todo);
	vec_free(&f.list);
	return f.failed ? PYCORE_ERR_NOMEM : 0;
}
