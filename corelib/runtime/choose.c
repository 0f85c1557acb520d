/* SPDX-License-Identifier: MIT */
#include "runtime/choose.h"

#include <stdarg.h>
#include <stdio.h>

#include "runtime/checks.h"
#include "runtime/offsets.h"
#include "runtime/settle.h"
#include "runtime/version.h"

/* One place, and the tables tried on it. */
struct choice {
	struct runtime *rt;
	struct reader *r;
	const struct found *f;
	struct told told;
	bool seen_running;
	bool guessing; /* nothing told the version: the table tried is a guess */
	char why[120]; /* the first reason against the likeliest table */
	const char *other; /* static: why tables of another build were not taken; NULL: none was tried */
};

static const char *base_name(const struct choice *c)
{
	const char *path = c->f->module ? c->f->module->path : NULL;
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "the target";
}

/* Text that is put together piece by piece; what does not fit is left out. */
struct text {
	char *buf;
	size_t size, len;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->buf + t->len, t->size - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n < t->size - t->len ? (size_t)n : t->size - t->len - 1;
}

/* "3.9, 3.11, 3.13 to 3.15" after @p before; nothing if there are none. */
static void add_versions(struct text *t, const char *before, enum build_kind build)
{
	uint32_t last = 0;
	const struct layout *l;

	for (unsigned i = 0; (l = layout_at(i)); i++) {
		uint32_t version = l->version, step = 1 << 16;
		bool first, ends;

		if (l->build != build || version >> 16 == last)
			continue;
		first = !layout_find(version - step, build, NULL);
		ends = !layout_find(version + step, build, NULL);
		if (first || ends)
			add(t, "%s%u.%u", !first ? " to " : last ? ", " : before, version >> 24,
			    version >> 16 & 0xff);
		last = version >> 16;
	}
}

void choose_known(char *buf, size_t size)
{
	struct text t = { buf, size, 0 };

	buf[0] = '\0';
	add_versions(&t, "release builds of ", BUILD_RELEASE);
	add_versions(&t, ", debug builds of ", BUILD_DEBUG);
	add_versions(&t, ", free-threaded builds of ", BUILD_FREE_THREADED);
}

const char *choose_build(enum build_kind build)
{
	static const char *const builds[] = {
		[BUILD_RELEASE] = "", [BUILD_DEBUG] = "debug build of ",
		[BUILD_FREE_THREADED] = "free-threaded build of ",
	};

	return builds[build];
}

/* Whether the release is the table's own, or one known not to differ. */
static bool is_for(const struct layout *table, uint32_t version)
{
	bool exact;

	return layout_find(version, table->build, &exact) == table && exact;
}

/*
 * Believe it? What is static decides: lists and dicts may be damaged, in a core
 * of all places. A table for another release, or a place that only looks right,
 * must pass every check.
 */
static bool is_believable(const struct choice *c, const struct checks *k, bool exact)
{
	bool build_told = c->told.debug_sure || k->version;

	if (k->types == VERDICT_FAILED || !k->running)
		return false;
	/* Neighbouring releases differ in little: where sys is told them apart. */
	if (c->guessing && k->names != VERDICT_PASSED)
		return false;
	if (exact && !c->f->table)
		return (k->types == VERDICT_PASSED || k->threads == VERDICT_PASSED) &&
		       (build_told || k->states != VERDICT_FAILED);
	return k->types == VERDICT_PASSED && k->threads == VERDICT_PASSED &&
	       k->names != VERDICT_FAILED && k->states != VERDICT_FAILED;
}

/* The release: as told, or as sys.hexversion has it; false: the two do not agree. */
static bool settle_version(const struct choice *c, const struct checks *k, struct told *out)
{
	*out = c->told;
	if (!k->version)
		return true;
	if (!c->told.minor_only)
		return k->version == c->told.version;
	if (k->version >> 16 != c->told.version >> 16)
		return false;
	out->version = k->version;
	out->minor_only = false;
	out->source = "sys.hexversion";
	return true;
}

/*
 * Debug and release tables may not differ in anything that the checks look at: what sys
 * has decides, where no symbol does. @return NULL, or why the table is of another build
 */
static const char *other_build(const struct choice *c, const struct checks *k,
			       const struct layout *table)
{
	bool debug = table->build == BUILD_DEBUG;

	if (c->told.threads_sure &&
	    c->told.free_threaded != (table->build == BUILD_FREE_THREADED))
		return c->told.free_threaded ? "debug offsets say that it is free-threaded" :
					       "debug offsets say that it is not free-threaded";
	if (c->told.debug_sure)
		return debug == (c->told.build == BUILD_DEBUG) ? NULL : "symbols tell another build";
	if (!k->version || k->debug == debug)
		return NULL;
	return k->debug ? "it is a debug build: sys has gettotalrefcount"
			: "it is no debug build: sys has no gettotalrefcount";
}

/* How the build is known; NULL: by the checks of its table alone. */
static const char *build_source(const struct choice *c, const struct checks *k,
				const struct layout *table)
{
	if (c->told.debug_sure || !k->version)
		return c->told.build == table->build ? c->told.build_source : NULL;
	return table->build == BUILD_FREE_THREADED ? c->told.build_source : "sys.gettotalrefcount";
}

static void find_statics(struct choice *c, struct runtime_statics *out)
{
	const struct {
		const char *name;
		uint64_t *address;
	} all[] = {
		{ "_PyThreadState_Current", &out->current_thread },
		{ "_PyGC_generation0", &out->generation0 },
		{ "enabled", &out->gc_enabled },
		{ "collecting", &out->gc_collecting },
		{ "_Py_Finalizing", &out->finalizing },
	};

	for (size_t i = 0; c->f->module && i < sizeof(all) / sizeof(all[0]); i++)
		if (!module_symbol(c->r->target, c->f->module, all[i].name, all[i].address, NULL))
			*all[i].address = 0;
}

static void fill(struct choice *c, const struct layout *l, const struct layout *table,
		 const struct checks *k, const struct told *told)
{
	struct runtime *rt = c->rt;

	*rt = (struct runtime){
		.layout = *l,
		.table = table,
		.verified = !told->minor_only && !table->unverified && is_for(table, told->version),
		.version = told->version,
		.build = table->build,
		.build_source = build_source(c, k, table),
		.address = c->f->address,
		.module = c->f->module,
		.found_by = c->f->by,
		.version_source = told->source,
		.type_type = k->type_type,
	};
	settle_facts(&rt->layout, c->r, c->f->module, k->interp);
	if (FACT(l, GIL) == GIL_CURRENT_THREAD)
		find_statics(c, &rt->statics);
	version_text(told->version, told->minor_only, rt->version_text, sizeof(rt->version_text));
}

static bool try_layout(struct choice *c, const struct layout *l, const struct layout *table)
{
	struct checks k;
	struct told told;
	const char *other;
	bool agree;

	checks_run(&k, l, c->r, c->f->module, c->f->address);
	c->seen_running |= k.running;
	agree = settle_version(c, &k, &told);
	other = other_build(c, &k, table);
	if (agree && !other && is_believable(c, &k, !told.minor_only && is_for(table, told.version))) {
		fill(c, l, table, &k, &told);
		return true;
	}
	if (!agree && !c->why[0])
		snprintf(c->why, sizeof(c->why), "sys.hexversion is 0x%x, %s says 0x%x", k.version,
			 c->told.source, c->told.version);
	if (other)
		c->other = c->other ? c->other : other;
	else if (!c->why[0])
		snprintf(c->why, sizeof(c->why), "%s", k.why);
	return false;
}

static bool try_table(struct choice *c, const struct layout *table)
{
	struct layout l = *table;

	if (offsets_overlay(&l, c->r, c->f->address) && try_layout(c, &l, table))
		return true;
	/* Without: a table that is right needs no word of the target. */
	return try_layout(c, table, table);
}

/* The likeliest table of a build first, then the others of that minor version. */
static bool try_build(struct choice *c, enum build_kind build)
{
	const struct layout *best = layout_find(c->told.version, build, NULL), *l;

	if (c->f->table && c->f->table->build == build && c->told.minor_only)
		best = c->f->table;
	if (best && try_table(c, best))
		return true;
	for (unsigned i = 0; best && (l = layout_at(i)); i++)
		if (l != best && l->build == build && l->version >> 16 == best->version >> 16 &&
		    try_table(c, l))
			return true;
	return false;
}

static bool try_minor(struct choice *c)
{
	if (try_build(c, c->told.build))
		return true;
	for (int build = BUILD_RELEASE; build <= BUILD_FREE_THREADED; build++)
		if (build != (int)c->told.build && try_build(c, (enum build_kind)build))
			return true;
	return false;
}

/* Nothing names the version: the table whose checks pass names it. */
static bool try_every_table(struct choice *c)
{
	const struct layout *l;

	c->guessing = true;
	for (unsigned i = 0; (l = layout_at(i)); i++) {
		if (layout_debug_offsets(l->version) ||
		    (c->f->size && c->f->size != L(l, _PyRuntimeState, sizeof)))
			continue;
		c->told.version = l->version;
		c->told.minor_only = true;
		c->told.source = "layout checks";
		c->told.build = c->told.debug_sure ? c->told.build : l->build;
		if (try_table(c, l))
			return true;
	}
	c->guessing = false;
	c->told = (struct told){ 0 };
	return false;
}

static int refuse(const struct choice *c, struct pycore_error *err)
{
	char known[CHOOSE_KNOWN_MOST], version[24];

	choose_known(known, sizeof(known));
	version_text(c->told.version, c->told.minor_only, version, sizeof(version));
	return pycore_fail(err, PYCORE_ERR_UNSUPPORTED,
			   "%sCPython %s (%.60s): no layout is known for it; %s can be read",
			   choose_build(c->told.build), version, base_name(c), known);
}

static void explain(const struct choice *c, struct pycore_error *err)
{
	char version[24] = "of unknown version";

	if (c->told.version)
		version_text(c->told.version, c->told.minor_only, version, sizeof(version));
	if (!c->seen_running && c->r->target->lost)
		pycore_fail(err, PYCORE_ERR_NOT_PYTHON,
			    "CPython %s is loaded (%.80s), but its state is in what is missing", version,
			    base_name(c));
	else if (!c->seen_running)
		pycore_fail(err, PYCORE_ERR_NOT_PYTHON,
			    "CPython %s is loaded (%.80s) but no interpreter is running in it: "
			    "it has not started yet, or has ended", version, base_name(c));
	else
		pycore_fail(err, PYCORE_ERR_UNSUPPORTED,
			    "%sCPython %s (%.40s) does not look as any table for it says: %s; "
			    "it takes a table made from its debug information",
			    choose_build(c->told.build), version, base_name(c),
			    c->why[0] ? c->why : c->other ? c->other : "nothing could be checked");
}

/*
 * A scan without a cookie goes by words that look like CPython's of some version:
 * that must be the version that the files' names tell, if they tell one.
 */
static bool suits_scan(struct choice *c)
{
	const struct layout *l = c->f->table;

	if (!c->told.version) {
		c->told = (struct told){ .version = l->version, .minor_only = true,
					 .source = "layout checks" };
		c->guessing = true;
	}
	return l->version >> 16 == c->told.version >> 16;
}

int choose_layout(struct runtime *rt, struct reader *r, const struct found *f,
		  struct pycore_error *err)
{
	struct choice c = { .rt = rt, .r = r, .f = f };
	bool done;

	version_tell(&c.told, r, f);
	if (f->table && !suits_scan(&c))
		return 0;
	if (c.told.version && !layout_find(c.told.version, c.told.build, NULL))
		return refuse(&c, err);
	done = c.told.version ? try_minor(&c) : try_every_table(&c);
	if (!done)
		explain(&c, err);
	return done;
}
