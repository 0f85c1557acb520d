/* SPDX-License-Identifier: MIT */
#include "runtime/find.h"

#include "runtime/version.h"

/*
 * CPython without a _PyRuntime (to 3.6) has the static interp_head; where that is says
 * the code of PyInterpreterState_Head(), which returns it: mov interp_head(%rip),%rax.
 */
static bool find_head(struct reader *r, struct module *m, uint64_t *address)
{
	enum { LONGEST = 4 + 4 + 7 + 3 };
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	static const uint8_t frame[] = { 0x55, 0x48, 0x89, 0xe5 }; /* push %rbp; mov %rsp,%rbp */
	static const uint8_t load[] = { 0x48, 0x8b, 0x05 }, by_pointer[] = { 0x48, 0x8b, 0x00 };
	uint8_t scratch[LONGEST];
	const uint8_t *code;
	uint64_t at;
	int32_t distance;

	if (!module_symbol(r->target, m, "PyInterpreterState_Head", &at, NULL))
		return false;
	code = reader_probe(r, at, LONGEST, scratch);
	if (code && !memcmp(code, endbr64, sizeof(endbr64))) {
		code += sizeof(endbr64);
		at += sizeof(endbr64);
	}
	if (code && !memcmp(code, frame, sizeof(frame))) {
		code += sizeof(frame);
		at += sizeof(frame);
	}
	if (!code || memcmp(code, load, sizeof(load)))
		return false;
	memcpy(&distance, code + sizeof(load), sizeof(distance));
	*address = at + 7 + (uint64_t)(int64_t)distance;
	/* Through the global offset table. */
	if (!memcmp(code + 7, by_pointer, sizeof(by_pointer)))
		return reader_probe_u64(r, *address, address);
	return true;
}

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
	if (find_head(r, m, &f->address)) {
		f->by = "symbol";
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
