/* SPDX-License-Identifier: MIT */
#include "graph/snapshot_kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/search.h"
#include "graph/express.h"
#include "graph/seek.h"

/* For one expression: a file may say that all classes are of all others' kind. */
#define MOST_LOOKS (UINT64_C(1) << 20)

static uint64_t address_of(void *arg, uint32_t object)
{
	const struct kept *k = arg;

	return object < k->n ? k->address[object] : 0;
}

static uint32_t number_of(void *arg, uint64_t address)
{
	const struct kept *k = arg;
	size_t at = COUNT_BEFORE(k->n, i, k->address[i] < address);

	return at < k->n && k->address[at] == address ? (uint32_t)at : WHOLE_NONE;
}

int kept_refcount(void *arg, uint32_t object, int64_t *out)
{
	const struct kept *k = arg;

	*out = k->count[object];
	return *out == SNAPSHOT_NO_COUNT ? PYCORE_ERR_NOT_FOUND : 0;
}

static int edges_of(void *arg, uint32_t object, edge_fn *fn, void *fn_arg)
{
	const struct kept *k = arg;
	const struct links *f = &k->w->objects.forward;
	int rc = 0;

	for (uint32_t i = f->start[object]; i < f->start[object + 1] && !rc; i++) {
		enum edge_kind kind;
		struct label label = labels_label(&k->labels, i, &kind);

		rc = fn(fn_arg, k->address[f->to[i]], kind, &label);
	}
	return rc;
}

static void text_of(void *arg, const struct label *label, struct buf *out)
{
	const struct kept *k = arg;

	labels_text(&k->labels, label, out);
}

static int label_of(void *arg, uint32_t from, uint32_t to, struct buf *out)
{
	struct seek s = { .to = address_of(arg, to) };

	edges_of(arg, from, seek_meet, &s);
	if (!s.rank)
		return PYCORE_ERR_NOT_FOUND;
	text_of(arg, &s.label, out);
	if (s.kind == EDGE_GUESS)
		buf_putc(out, '?');
	return 0;
}

static void edges_to_write(void *arg, uint32_t object, edge_fn *fn, void *fn_arg)
{
	edges_of(arg, object, fn, fn_arg);
}

static bool name_of(void *arg, uint64_t key, struct buf *out)
{
	const struct kept *k = arg;
	const char *name = key && key <= k->labels.entries.n ? k->labels.entries.items[key - 1].text
							      : NULL;

	/* It was no name, or too long a one. */
	if (!name || !strcmp(name, "?"))
		return false;
	buf_puts(out, name);
	return !out->failed && out->text;
}

/* What an object refers to by that attribute, WHOLE_NONE: nothing, or it is not known. */
static uint32_t attribute_of(struct kept *k, uint32_t object, const char *name)
{
	const struct links *f = &k->w->objects.forward;

	for (uint32_t i = f->start[object]; i < f->start[object + 1] && k->looks; i++, k->looks--) {
		enum edge_kind kind;
		struct label label = labels_label(&k->labels, i, &kind);

		if (label.kind == LABEL_ATTR && kind == EDGE_OWNED && !strcmp(label.text, name))
			return f->to[i];
	}
	return WHOLE_NONE;
}

/* Whether a dict has the key, all of whose keys are names. */
static bool has_key(struct kept *k, uint32_t dict, const char *name)
{
	const struct links *f = &k->w->objects.forward;

	for (uint32_t i = f->start[dict]; i < f->start[dict + 1] && k->looks; i++, k->looks--) {
		enum edge_kind kind;
		struct label label = labels_label(&k->labels, i, &kind);

		if (label.kind == LABEL_KEY && label.key <= k->labels.entries.n &&
		    !strcmp(k->labels.entries.items[label.key - 1].text, name))
			return true;
	}
	return !k->looks;
}

/* Whether a class statement has made the class; true where that is not known. */
static bool is_python(struct kept *k, uint32_t class)
{
	const struct whole *w = k->w;

	for (size_t i = 0; i < w->types.n && k->looks; i++, k->looks--) {
		if (w->types.items[i].address == k->address[class])
			return w->types.items[i].flags & WHOLE_PYTHON;
	}
	return true;
}

static bool class_itself_has(struct kept *k, uint32_t class, const char *name, bool python_only)
{
	uint32_t dict;

	if (python_only && !is_python(k, class))
		return false;
	dict = attribute_of(k, class, "__dict__");
	return dict == WHOLE_NONE || has_key(k, dict, name);
}

static bool class_has(void *arg, uint32_t type, const char *name, bool python_only)
{
	struct kept *k = arg;
	const struct links *f = &k->w->objects.forward;
	uint32_t class = number_of(k, k->w->types.items[type].address);
	uint32_t mro = class == WHOLE_NONE ? WHOLE_NONE : attribute_of(k, class, "__mro__");

	/* Names that there was no room for are not told. */
	if (mro == WHOLE_NONE || k->labels.entries.n >= LABELS_MOST)
		return true;
	for (uint32_t i = f->start[mro]; i < f->start[mro + 1]; i++) {
		if (class_itself_has(k, f->to[i], name, python_only))
			return true;
	}
	return !k->looks;
}

static bool reaches(void *arg, uint32_t object, uint64_t index)
{
	struct kept *k = arg;
	const struct links *f = &k->w->objects.forward;
	uint64_t items = 0;

	for (uint32_t i = f->start[object]; i < f->start[object + 1]; i++) {
		enum edge_kind kind;
		struct label label = labels_label(&k->labels, i, &kind);

		if (label.kind == LABEL_INDEX && label.index >= items)
			items = label.index + 1;
	}
	return index + k->w->types.items[k->w->objects.type[object]].hidden < items;
}

/* Keys are not told: as they are not with --redact. */
static int expression_of(void *arg, const struct whole_root *root, const uint32_t *steps, size_t n,
			 bool values, struct buf *out, size_t *bad)
{
	static const struct express_ops ops = {
		.edges = edges_to_write,
		.name = name_of,
		.class_has = class_has,
		.reaches = reaches,
	};
	struct kept *k = arg;
	const struct express e = { .w = k->w, .ops = &ops, .arg = k, .out = out };

	(void)values;
	k->looks = MOST_LOOKS;
	return express_way(&e, root, steps, n, bad);
}

static void kept_free(void *arg)
{
	struct kept *k = arg;

	labels_fini(&k->labels);
	free(k->address);
	free(k->count);
	free(k);
}

struct whole_source kept_source(struct kept *k)
{
	return (struct whole_source){
		.arg = k, .free = kept_free, .address = address_of, .number = number_of,
		.label = label_of, .edges = edges_of, .label_text = text_of,
		.expression = expression_of,
	};
}

const struct labels *snapshot_labels(const struct whole *w)
{
	const struct kept *k = w->source.arg;

	return &k->labels;
}
