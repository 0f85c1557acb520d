/* SPDX-License-Identifier: MIT */
#include "runtime/runtime.h"

#include "runtime/choose.h"
#include "runtime/find.h"
#include "runtime/version.h"

static bool load(const struct layout *l, struct reader *r, uint64_t addr, unsigned field,
		 uint64_t *out, bool quiet)
{
	const struct field *f = &l->field[field];
	uint64_t word = 0;
	const void *p;

	if (!f->present || !f->width || f->width > sizeof(word) || addr > UINT64_MAX - f->offset)
		return false;
	addr += f->offset;
	p = quiet ? reader_probe(r, addr, f->width, &word) : reader_view(r, addr, f->width, &word);
	if (!p)
		return false;
	if (p != &word)
		memcpy(&word, p, f->width); /* x86-64 only: the low bytes come first */
	*out = word;
	return true;
}

bool runtime_load(const struct layout *l, struct reader *r, uint64_t addr, unsigned field,
		  uint64_t *out)
{
	return load(l, r, addr, field, out, false);
}

bool runtime_probe(const struct layout *l, struct reader *r, uint64_t addr, unsigned field,
		   uint64_t *out)
{
	return load(l, r, addr, field, out, true);
}

/* What came of the places offered so far. */
struct search {
	struct runtime *rt;
	struct reader *r;
	struct pycore_error why; /* of the first place that was not it */
};

static int consider(void *ctx, const struct found *f)
{
	struct search *s = ctx;
	struct pycore_error why = { 0 };
	int rc = choose_layout(s->rt, s->r, f, &why);

	/* What a scan took for an interpreter explains nothing. */
	if (rc <= 0 && !f->table && (rc < 0 || !s->why.status))
		s->why = why;
	return rc;
}

/* Nowhere: is it no Python, or one that is too old to have a _PyRuntime? */
static int nowhere(struct reader *r, struct pycore_error *err)
{
	const struct process_info *process = &r->target->process;
	const char *what = process->exe ? process->exe : process->command ? process->command : "it";
	char known[CHOOSE_KNOWN_MOST], version[24];
	struct told told;

	if (!version_of_modules(r->target, &told))
		return pycore_fail(err, PYCORE_ERR_NOT_PYTHON,
				   "no CPython in the target (%.80s): no symbol _PyRuntime or section "
				   ".PyRuntime in its files, and none found by a scan of its data",
				   what);
	version_text(told.version, true, version, sizeof(version));
	choose_known(known, sizeof(known));
	if (layout_find(told.version, told.build, NULL))
		return pycore_fail(err, PYCORE_ERR_UNSUPPORTED,
				   "CPython %s by its files' names, but its _PyRuntime was not found; "
				   "if the executable is elsewhere: --exe, --sysroot", version);
	return pycore_fail(err, PYCORE_ERR_UNSUPPORTED,
			   "%sCPython %s: no layout is known for it; %s can be read",
			   choose_build(told.build), version, known);
}

int runtime_find(struct runtime *rt, struct reader *r, struct pycore_error *err)
{
	struct target *t = r->target;
	struct search s = { .rt = rt, .r = r };
	int rc = find_runtime(r, consider, &s);

	if (rc <= 0 && t->kind == TARGET_LIVE) {
		/* It may have been changing what was looked at: once more. */
		reader_forget(r);
		s.why.status = 0;
		rc = find_runtime(r, consider, &s);
	}
	/* What was copied from a process that still runs is of no use later. */
	if (t->kind == TARGET_LIVE)
		reader_forget(r);
	if (rc > 0)
		return 0;
	if (!s.why.status)
		return nowhere(r, err);
	if (err)
		*err = s.why;
	return s.why.status;
}
