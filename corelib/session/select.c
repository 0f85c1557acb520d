/* SPDX-License-Identifier: MIT */
#include "session/select.h"

#include <stdlib.h>

#include "session/match.h"

#define MOST_NAMES_TOLD 10
#define CLOSEST_TOLD 3

/* Sorted names without repeats of all types that were met. */
struct name_list {
	VEC(const char *) names;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool sort_names(struct name_list *list)
{
	size_t kept = 0;

	if (!list->names.n)
		return true;
	qsort(list->names.items, list->names.n, sizeof(*list->names.items), by_text);
	for (size_t i = 1; i < list->names.n; i++) {
		if (strcmp(list->names.items[kept], list->names.items[i]))
			list->names.items[++kept] = list->names.items[i];
	}
	list->names.n = kept + 1;
	return true;
}

static bool list_names(const struct type_table *types, struct name_list *out)
{
	out->names.n = 0;
	for (size_t i = 0; i < types->types.n; i++) {
		if (!vec_push(&out->names, types->types.items[i]->name))
			return false;
	}
	return sort_names(out);
}

/* A class without instances is an object that nobody has looked at as a type yet. */
static int meet_type(void *arg, uint64_t address)
{
	struct pycore *s = arg;
	struct ctx c = session_ctx(s);
	struct object o;

	if (!object_at(&c, address, &o) && o.type->flags & TPFLAGS_TYPE)
		type_at(c.types, c.r, address);
	return 0;
}

static int tell_closest(const char *pattern, const struct name_list *list,
			struct pycore_error *err)
{
	const char *closest[CLOSEST_TOLD];
	struct buf text = { 0 };
	size_t n = match_closest(pattern, list->names.items, list->names.n, closest, CLOSEST_TOLD);

	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i ? ", " : "; did you mean ", closest[i]);
	if (n)
		buf_putc(&text, '?');
	pycore_fail(err, PYCORE_ERR_NOT_FOUND, "no type is named %s%s", pattern,
		    text.text && !text.failed ? text.text : "");
	buf_free(&text);
	return PYCORE_ERR_NOT_FOUND;
}

static void warn_of_many(struct pycore *s, const char *pattern, const struct type_selection *sel)
{
	struct buf text = { 0 };

	buf_printf(&text, "several types are named %s, and all are meant: ", pattern);
	for (size_t i = 0; i < sel->n_names && i < MOST_NAMES_TOLD; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", sel->names[i]);
	if (sel->n_names > MOST_NAMES_TOLD)
		buf_printf(&text, " and %zu more", sel->n_names - MOST_NAMES_TOLD);
	if (text.text && !text.failed)
		session_note(s, text.text);
	buf_free(&text);
}

/* Whether a name is wanted: by the pattern, if there is one, then by the globs. */
struct wish {
	enum match_kind kind;
	const char *pattern;
	const char *const *include, *const *exclude;
};

static bool is_wanted(const struct wish *w, const char *name)
{
	if (w->pattern && !match_name(w->kind, w->pattern, name))
		return false;
	if (w->include && *w->include && !match_any(w->include, name))
		return false;
	return !match_any(w->exclude, name);
}

static bool take_types(const struct heap *h, const struct wish *w, struct type_selection *out)
{
	const struct type_table *types = h->types;

	for (size_t i = 0; i < types->types.n; i++) {
		const struct type *type = types->types.items[i];
		uint64_t *at;

		if (!is_wanted(w, type->name))
			continue;
		at = map_put(&out->types, type->address, NULL);
		if (!at)
			return false;
		*at = (uintptr_t)type;
		if (type->number < h->n_counts)
			out->total += h->counts[type->number].count;
	}
	return true;
}

static bool take_names(struct pycore *s, const struct name_list *list, const struct wish *w,
		       struct type_selection *out)
{
	out->names = arena_array(&s->arena, list->names.n, sizeof(*out->names));
	if (!out->names)
		return false;
	for (size_t i = 0; i < list->names.n; i++) {
		if (is_wanted(w, list->names.items[i]))
			out->names[out->n_names++] = list->names.items[i];
	}
	return true;
}

int select_types(struct pycore *s, const struct heap *h, const char *pattern,
		 const char *const *include, const char *const *exclude,
		 struct type_selection *out, struct pycore_error *err)
{
	struct wish w = { .pattern = pattern, .include = include, .exclude = exclude };
	struct name_list list = { 0 };
	int rc = 0;

	*out = (struct type_selection){ 0 };
	if (!list_names(h->types, &list))
		goto no_memory;
	if (pattern)
		w.kind = match_kind_of(pattern, list.names.items, list.names.n);
	if (pattern && !w.kind) {
		index_each(&h->index, meet_type, s);
		if (!list_names(h->types, &list))
			goto no_memory;
		w.kind = match_kind_of(pattern, list.names.items, list.names.n);
	}
	if (pattern && !w.kind) {
		rc = tell_closest(pattern, &list, err);
		goto out;
	}
	if (!take_names(s, &list, &w, out) || !take_types(h, &w, out))
		goto no_memory;
	if (w.kind == MATCH_BARE && out->n_names > 1)
		warn_of_many(s, pattern, out);
	goto out;
no_memory:
	rc = pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the names of types");
out:
	vec_free(&list.names);
	if (rc)
		selection_fini(out);
	return rc;
}

void selection_fini(struct type_selection *selection)
{
	map_free(&selection->types);
}

int select_instances(struct pycore *s, const struct heap *h, const char *pattern,
		     const char *const *include, const char *const *exclude,
		     struct type_selection *out, struct pycore_error *err)
{
	int rc = select_types(s, h, pattern, include, exclude, out, err);

	if (rc || !pattern || out->total)
		return rc;
	selection_fini(out);
	return pycore_fail(err, PYCORE_ERR_NOT_FOUND,
			   "no live object of type %s: there is the type, but no instance", pattern);
}
