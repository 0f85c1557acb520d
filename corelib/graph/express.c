/* SPDX-License-Identifier: MIT */
#include "graph/express.h"
#include "graph/seek.h"
#include "object/behind.h"

#include <stdio.h>

/*
 * Each step wraps or extends the text so far. What is written must evaluate to the
 * very object, so attributes that a class might answer for are looked up in __dict__,
 * and what has no key or index of its own is told by its id.
 */

/* Deeper frames are a recursion: no one counts f_back. */
#define MOST_BACK 64

static int rank_of(enum label_kind kind)
{
	switch (kind) {
	case LABEL_ATTR:
	case LABEL_ATTR_KEY:
	case LABEL_INDEX:
		return 4;
	case LABEL_KEY:
	case LABEL_LOCAL:
		return 3;
	case LABEL_IS_KEY:
	case LABEL_FIELD:
		return 2;
	default:
		return 1;
	}
}

int seek_meet(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct seek *s = arg;
	int rank = rank_of(label->kind);

	if (to != s->to || !edge_holds(kind, label) || rank <= s->rank)
		return 0;
	s->label = *label;
	s->kind = kind;
	s->rank = rank;
	return rank == 4; /* no better one can come */
}

static uint64_t address_of(const struct express *e, uint32_t object)
{
	return e->w->source.address(e->w->source.arg, object);
}

static const struct whole_type *type_of(const struct express *e, uint32_t object)
{
	return &e->w->types.items[e->w->objects.type[object]];
}

static bool class_has(const struct express *e, uint32_t object, const char *name, bool python_only)
{
	return e->ops->class_has(e->arg, e->w->objects.type[object], name, python_only);
}

static bool seek(const struct express *e, uint32_t from, uint32_t to, struct seek *out)
{
	*out = (struct seek){ .to = address_of(e, to) };
	e->ops->edges(e->arg, from, seek_meet, out);
	return out->rank > 0;
}

/* Put @p before before all that there is, and @p after behind it. */
static void wrap(struct buf *out, const char *before, const char *after)
{
	struct buf whole = { 0 };

	buf_puts(&whole, before);
	buf_puts(&whole, out->text ? out->text : "");
	buf_puts(&whole, after);
	buf_free(out);
	*out = whole;
}

static void wrap_by_id(struct buf *out, const char *before, const char *middle, uint64_t id)
{
	char after[80];

	snprintf(after, sizeof(after), "%s == 0x%llx)", middle, (unsigned long long)id);
	wrap(out, before, after);
}

static bool is_keyword(const char *name)
{
	static const char *const words[] = {
		"False", "None", "True", "and", "as", "assert", "async", "await", "break", "class",
		"continue", "def", "del", "elif", "else", "except", "exec", "finally", "for",
		"from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or",
		"pass", "print", "raise", "return", "try", "while", "with", "yield",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(words[i], name))
			return true;
	}
	return false;
}

/* In ASCII alone: of others Python may take another one for the same. */
static bool is_identifier(const char *name)
{
	const char *p = name;

	for (; *p; p++) {
		bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_';

		if (!letter && !(p > name && *p >= '0' && *p <= '9'))
			return false;
	}
	return p > name && !is_keyword(name);
}

static bool is_type(const struct express *e, uint32_t object)
{
	return type_of(e, object)->flags & WHOLE_CLASSES;
}

/* @p dict: the object whose item it is, or WHOLE_NONE for a __dict__ */
static void write_item(const struct express *e, uint32_t dict, uint64_t key)
{
	struct buf text = { 0 };

	if (!e->values)
		buf_puts(e->out, "[...]");
	else if (!e->ops->key(e->arg, key, &text))
		wrap_by_id(e->out, "next(v for k, v in ", ".items() if id(k)", key);
	else if (dict != WHOLE_NONE && class_has(e, dict, "__getitem__", true)) {
		wrap(e->out, "dict.__getitem__(", ", ");
		buf_printf(e->out, "%s)", text.text);
	} else {
		buf_printf(e->out, "[%s]", text.text);
	}
	buf_free(&text);
}

/* An attribute of the instance's own, not what its class might give for the name. */
static void write_attribute(const struct express *e, uint32_t from, uint64_t key)
{
	struct buf name = { 0 };
	bool fine = e->ops->name(e->arg, key, &name) && is_identifier(name.text) &&
		    !is_type(e, from) && !class_has(e, from, name.text, false);

	if (fine) {
		buf_printf(e->out, ".%s", name.text);
	} else {
		buf_puts(e->out, ".__dict__");
		write_item(e, WHOLE_NONE, key);
	}
	buf_free(&name);
}

static void write_index(const struct express *e, uint32_t from, uint64_t index)
{
	uint8_t flags = type_of(e, from)->flags;
	const char *base = flags & WHOLE_LISTS ? "list" : flags & WHOLE_TUPLES ? "tuple" : NULL;
	char before[32];

	if (base && class_has(e, from, "__getitem__", true)) {
		snprintf(before, sizeof(before), "%s.__getitem__(", base);
		wrap(e->out, before, ", ");
		buf_printf(e->out, "%llu)", (unsigned long long)index);
	} else {
		buf_printf(e->out, "[%llu]", (unsigned long long)index);
	}
}

/* What is an attribute of that name in Python too, and gives the same object. */
static bool is_attribute(const char *text)
{
	static const char *const names[] = {
		"__code__", "__globals__", "__builtins__", "__defaults__", "__kwdefaults__",
		"__closure__", "__doc__", "__name__", "__qualname__", "__module__",
		"__annotations__", "__annotate__", "__type_params__", "__func__", "__self__",
		"__objclass__", "__wrapped__", "__callback__", "cell_contents", "fget", "fset",
		"fdel", "co_consts", "co_names", "co_filename", "co_name", "co_qualname",
		"co_exceptiontable", "f_back", "f_code", "f_builtins", "f_globals", "f_trace",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i], text))
			return true;
	}
	return false;
}

/* "gi", "cr" or "ag", with which a generator's attributes begin; NULL: it is none. */
static const char *generator_prefix(const struct express *e, uint32_t object)
{
	const char *type = type_of(e, object)->name;

	if (!strcmp(type, "generator"))
		return "gi";
	if (!strcmp(type, "coroutine"))
		return "cr";
	return strcmp(type, "async_generator") ? NULL : "ag";
}

static bool write_field(const struct express *e, uint32_t from, const char *text, uint32_t to)
{
	const char *prefix = generator_prefix(e, from);

	if (!strcmp(text, "element")) {
		wrap_by_id(e->out, "next(x for x in ", " if id(x)", address_of(e, to));
		return true;
	}
	if (prefix && (!strcmp(text, "gi_frame") || !strcmp(text, "gi_code"))) {
		buf_printf(e->out, ".%s%s", prefix, text + 2);
		return true;
	}
	if (!is_attribute(text))
		return false;
	buf_printf(e->out, ".%s", text);
	return true;
}

/* A variable of a frame; f_locals has what is in a cell, not the cell. @return steps made */
static size_t write_local(const struct express *e, const char *frame, const char *name,
			  const uint32_t *steps, size_t n)
{
	size_t made = 1;

	if (!strcmp(type_of(e, steps[0])->name, "cell")) {
		if (n < 2)
			return 0;
		made = 2;
	}
	buf_printf(e->out, "%s.f_locals['%s']", frame, name);
	return made;
}

static size_t write_local_of(const struct express *e, uint32_t from, const struct label *label,
			     const uint32_t *steps, size_t n)
{
	const char *prefix = generator_prefix(e, from);
	struct buf name = { 0 };
	char frame[16] = "";
	size_t made = 0;

	if (prefix)
		snprintf(frame, sizeof(frame), ".%s_frame", prefix);
	/* Comprehensions' hidden arguments are named ".0". */
	if (e->ops->name(e->arg, label->key, &name) && !strchr(name.text, '\''))
		made = write_local(e, frame, name.text, steps, n);
	buf_free(&name);
	return made;
}

/* The __dict__ of an object, and what is in it. @return steps made */
static size_t write_dict_of(const struct express *e, uint32_t from, const uint32_t *steps, size_t n)
{
	struct seek s;

	if (n < 2 || !seek(e, steps[0], steps[1], &s) || s.label.kind != LABEL_KEY) {
		/* A class gives a proxy for it. */
		if (is_type(e, from))
			return 0;
		buf_puts(e->out, ".__dict__");
		return 1;
	}
	write_attribute(e, from, s.label.key);
	return 2;
}

/* @return steps made: those to steps[0], maybe steps[1]; 0: there is no way to write it */
static size_t write_plain(const struct express *e, uint32_t from, const struct seek *s,
			  const uint32_t *steps, size_t n)
{
	const struct label *label = &s->label;

	switch (label->kind) {
	case LABEL_ATTR:
		if (!strcmp(label->text, "__dict__"))
			return write_dict_of(e, from, steps, n);
		buf_printf(e->out, ".%s", label->text);
		return 1;
	case LABEL_ATTR_KEY:
		write_attribute(e, from, label->key);
		return 1;
	case LABEL_INDEX:
		if (type_of(e, from)->hidden && !e->ops->reaches(e->arg, from, label->index))
			return 0;
		write_index(e, from, label->index);
		return 1;
	case LABEL_KEY:
		write_item(e, from, label->key);
		return 1;
	case LABEL_IS_KEY:
		if (!(type_of(e, from)->flags & WHOLE_DICTS))
			return 0;
		wrap_by_id(e->out, "next(k for k in ", " if id(k)", address_of(e, steps[0]));
		return 1;
	case LABEL_LOCAL:
		return write_local_of(e, from, label, steps, n);
	case LABEL_FIELD:
		return write_field(e, from, label->text, steps[0]);
	default:
		return 0;
	}
}

/* Of its entries a profiler tells the collector nothing, and so does C code of guesses. */
static bool is_visited(const struct label *label)
{
	return label->kind != LABEL_FIELD || (strcmp(label->text, behind_label.text) != 0 &&
					      strcmp(label->text, "measured") != 0);
}

/* What the collector visits can be asked of it; of a class it does not visit everything. */
static bool write_referent(const struct express *e, uint32_t from, const struct seek *s,
			   uint32_t to)
{
	bool dict = s->label.kind == LABEL_ATTR && !strcmp(s->label.text, "__dict__");

	if (!(type_of(e, from)->flags & WHOLE_COLLECTED) || (is_type(e, from) && !dict) ||
	    !is_visited(&s->label))
		return false;
	wrap_by_id(e->out, "next(x for x in gc.get_referents(", ") if id(x)", address_of(e, to));
	return true;
}

static size_t write_step(const struct express *e, uint32_t from, const uint32_t *steps, size_t n)
{
	struct seek s;
	size_t made;

	if (!seek(e, from, steps[0], &s))
		return 0;
	made = s.kind == EDGE_GUESS ? 0 : write_plain(e, from, &s, steps, n);
	return made ? made : write_referent(e, from, &s, steps[0]);
}

static void write_frame(const struct express *e, const struct root_frame *f)
{
	buf_printf(e->out, "sys._current_frames()[%llu]", (unsigned long long)f->ident);
	for (uint32_t i = 0; i < f->depth; i++)
		buf_puts(e->out, ".f_back");
}

/* @return how many of the steps are written; 0: the root cannot be */
static size_t write_root(const struct express *e, const struct whole_root *root,
			 const uint32_t *steps, size_t n)
{
	const struct root_frame *f = root->frame && root->frame <= e->w->frames.n
					     ? &e->w->frames.items[root->frame - 1]
					     : NULL;

	if (root->expression) {
		buf_puts(e->out, root->expression);
		return 1;
	}
	if (!f || f->depth > MOST_BACK || (!root->local && !root->itself))
		return 0;
	write_frame(e, f);
	return root->itself ? 1 : write_local(e, "", root->local, steps, n);
}

int express_way(const struct express *e, const struct whole_root *root, const uint32_t *steps,
		size_t n, size_t *bad)
{
	size_t i = write_root(e, root, steps, n);

	*bad = 0;
	if (!i)
		return 1;
	while (i < n) {
		size_t made = write_step(e, steps[i - 1], steps + i, n - i);

		if (!made) {
			*bad = i;
			return 1;
		}
		i += made;
	}
	return 0;
}
