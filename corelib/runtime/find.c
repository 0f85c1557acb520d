/* SPDX-License-Identifier: MIT */
#include "runtime/find.h"

#include "runtime/version.h"

static bool find_in(struct reader *r, struct module *m, struct found *f)
{
	*f = (struct found){ .module = m };
	if (module_symbol(r->target, m, "_PyRuntime", &f->address, &f->size)) {
		f->by = "symbol";
		return true;
	}
	/* From 3.10 on the linker puts it in a section of its own, which strip leaves. */
	if (module_section(r->target, m, ".PyRuntime", &f->address, &f->size)) {
		f->by = "section";
		return true;
	}
	return false;
}

/* Whether it is where CPython usually is: to open every library takes long. */
static bool is_likely(const struct module *m)
{
	const char *base = m->path ? strrchr(m->path, '/') : NULL;

	return m->is_exe ||
	       (base && (!strncmp(base, "/libpython", 10) || !strncmp(base, "/python", 7)));
}

static int find_in_modules(struct reader *r, bool likely, found_fn *fn, void *ctx)
{
	struct target *t = r->target;

	/* The executable first: if it has a libpython's data copied, its copy is in use. */
	for (int exe = 1; exe >= 0; exe--) {
		for (size_t i = 0; i < t->n_modules; i++) {
			struct module *m = &t->modules[i];
			struct found f;
			int rc;

			if (m->is_exe != exe || is_likely(m) != likely || !m->is_elf)
				continue;
			rc = find_in(r, m, &f) ? fn(ctx, &f) : 0;
			if (rc)
				return rc;
		}
	}
	return 0;
}

int find_runtime(struct reader *r, found_fn *fn, void *ctx)
{
	int rc = find_in_modules(r, true, fn, ctx);

	if (!rc)
		rc = find_in_modules(r, false, fn, ctx);
	if (!rc)
		rc = scan_runtime(r, fn, ctx);
	return rc;
}
