/* SPDX-License-Identifier: MIT */
#include "runtime/choose.h"

#include <stdio.h>

#include "runtime/checks.h"
#include "runtime/offsets.h"
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
};

static const char *base_name(const struct choice *c)
{
	const char *path = c->f->module ? c->f->module->path : NULL;
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "the target";
}

void choose_known(char *buf, size_t size)
{
	const struct layout *l, *next = NULL;
	uint32_t last = 0;
	size_t len = 0;

	for (unsigned i = 0; (l = layout_at(i)); i++) {
		const char *before = !last ? "" : ", ";
		int n;

		if (l->version >> 16 == last)
			continue;
		next = NULL;
		for (unsigned k = i + 1; !next && layout_at(k); k++)
			if (layout_at(k)->version >> 16 != l->version >> 16)
				next = layout_at(k);
		if (last && !next)
			before = " and ";
		last = l->version >> 16;
		n = snprintf(buf + len, size - len, "%s%u.%u", before, last >> 8, last & 0xff);
		if (n < 0 || (size_t)n >= size - len)
			return;
		len += (size_t)n;
	}
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
	if (k->types == VERDICT_FAILED || !k->running)
		return false;
	/* Neighbouring releases differ in little: where sys is told them apart. */
	if (c->guessing && k->names != VERDICT_PASSED)
		return false;
	if (exact && !c->f->table)
		return k->types == VERDICT_PASSED || k->threads == VERDICT_PASSED;
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
		.verified = !told->minor_only && is_for(table, told->version),
		.version = told->version,
		.build = told->build,
		.address = c->f->address,
		.module = c->f->module,
		.found_by = c->f->by,
		.version_source = told->source,
		.type_type = k->type_type,
	};
	if (FACT(l, GIL) == GIL_CURRENT_THREAD)
		find_statics(c, &rt->statics);
	version_text(told->version, told->minor_only, rt->version_text, sizeof(rt->version_text));
}

static bool try_layout(struct choice *c, const struct layout *l, const struct layout *table)
{
	struct checks k;
	struct told told;
	bool agree;

	checks_run(&k, l, c->r, c->f->module, c->f->address);
	c->seen_running |= k.running;
	agree = settle_version(c, &k, &told);
	if (agree && is_believable(c, &k, !told.minor_only && is_for(table, told.version))) {
		fill(c, l, table, &k, &told);
		return true;
	}
	if (!agree && !c->why[0])
		snprintf(c->why, sizeof(c->why), "sys.hexversion is 0x%x, %s says 0x%x", k.version,
			 c->told.source, c->told.version);
	if (!c->why[0])
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

/* The likeliest table first, then the others of that minor version. */
static bool try_minor(struct choice *c)
{
	const struct layout *best = layout_find(c->told.version, c->told.build, NULL), *l;

	if (c->f->table && c->told.minor_only)
		best = c->f->table;
	if (best && try_table(c, best))
		return true;
	for (unsigned i = 0; (l = layout_at(i)); i++)
		if (l != best && l->build == c->told.build &&
		    l->version >> 16 == c->told.version >> 16 && try_table(c, l))
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
		if (try_table(c, l))
			return true;
	}
	c->guessing = false;
	c->told = (struct told){ 0 };
	return false;
}

static int refuse(const struct choice *c, struct pycore_error *err)
{
	static const char *const builds[] = {
		[BUILD_RELEASE] = "", [BUILD_DEBUG] = "debug build of ",
		[BUILD_FREE_THREADED] = "free-threaded build of ",
	};
	char known[64] = "", version[24];

	choose_known(known, sizeof(known));
	version_text(c->told.version, c->told.minor_only, version, sizeof(version));
	return pycore_fail(err, PYCORE_ERR_UNSUPPORTED,
			   "%sCPython %s (%.80s): no layout is known for it; "
			   "release builds of %s can be read",
			   builds[c->told.build], version, base_name(c), known);
}

static void explain(const struct choice *c, struct pycore_error *err)
{
	char version[24] = "of unknown version";

	if (c->told.version)
		version_text(c->told.version, c->told.minor_only, version, sizeof(version));
	if (!c->seen_running)
		pycore_fail(err, PYCORE_ERR_NOT_PYTHON,
			    "CPython %s is loaded (%.80s) but no interpreter is running in it: "
			    "it has not started yet, or has ended", version, base_name(c));
	else
		pycore_fail(err, PYCORE_ERR_UNSUPPORTED,
			    "CPython %s (%.80s) does not look as any table for it says: %s",
			    version, base_name(c), c->why[0] ? c->why : "nothing could be checked");
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
