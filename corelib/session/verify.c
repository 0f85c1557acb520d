/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "heap/place.h"
#include "heap/verify.h"
#include "session/session.h"

static const char *place_text(struct pycore *s, const struct place *p, uint64_t address)
{
	switch (p->kind) {
	case PLACE_UNMAPPED:
		return NULL;
	case PLACE_UNREADABLE:
		return "memory that cannot be read";
	case PLACE_STATIC:
		return arena_printf(&s->arena, "data of %s", p->module->path);
	case PLACE_BLOCK:
		return arena_printf(&s->arena, "a block of %" PRIu64 " bytes at 0x%" PRIx64
				    ", no object", p->bytes, p->start);
	case PLACE_FREED:
		return arena_printf(&s->arena, "free memory, %" PRIu64 " bytes at 0x%" PRIx64,
				    p->bytes, p->start);
	case PLACE_POOL:
		return "the allocator's own";
	case PLACE_STACK:
		return "a stack";
	default:
		return arena_printf(&s->arena, "memory at 0x%" PRIx64, address);
	}
}

static const char *spot_text(struct pycore *s, uint64_t address, struct spot *spot)
{
	struct ctx c = session_ctx(s);
	const char *type;

	spot_find(&c, address, spot);
	type = spot->o.type ? spot->o.type->name : NULL;
	if (spot->kind == SPOT_OBJECT)
		return arena_printf(&s->arena, "%s at 0x%" PRIx64, type, spot->o.address);
	if (spot->kind == SPOT_KEPT && type)
		return arena_printf(&s->arena, "a %s at 0x%" PRIx64 " that was freed and is kept", type,
				    spot->o.address);
	if (spot->kind == SPOT_FREED && type)
		return arena_printf(&s->arena, "free memory, once a %s at 0x%" PRIx64, type,
				    spot->o.address);
	return place_text(s, &spot->place, address);
}

/* Its neighbours are known where blocks stand side by side. */
static void name_neighbours(struct pycore *s, const struct place *p, struct pycore_fault *out)
{
	struct spot spot;

	if (!p->bytes)
		return;
	out->before = spot_text(s, p->start - 1, &spot);
	out->after = spot_text(s, p->start + p->bytes, &spot);
}

static struct pycore_fault describe(struct pycore *s, const struct fault *f)
{
	uint64_t from = (f->at & ~UINT64_C(15)) - PYCORE_FAULT_BYTES / 2;
	struct pycore_fault out = {
		.kind = fault_kind_names[f->kind],
		.address = f->address,
		.at = f->at,
		.text = arena_strdup(&s->arena, f->text),
	};
	struct spot spot;

	out.what = spot_text(s, f->at, &spot);
	name_neighbours(s, &spot.place, &out);
	/* What is before it may be another mapping's, or nobody's. */
	for (unsigned skip = 0; skip < PYCORE_FAULT_BYTES && !out.n_bytes; skip += 16) {
		out.bytes_at = from + skip;
		out.n_bytes = reader_copy(&s->reader, from + skip, out.bytes,
					  PYCORE_FAULT_BYTES - skip);
	}
	return out;
}

static int make_verdict(struct pycore *s, const struct heap_verdict *found, size_t limit,
			const struct pycore_verdict **out, struct pycore_error *err)
{
	size_t n = limit && limit < found->faults.n ? limit : found->faults.n;
	struct pycore_verdict *v = arena_alloc(&s->arena, sizeof(*v));
	struct pycore_fault *faults = arena_array(&s->arena, n + 1, sizeof(*faults));
	struct pycore_checked *checked = arena_array(&s->arena, CHECK_KINDS, sizeof(*checked));

	if (!v || !faults || !checked)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the faults");
	for (size_t i = 0; i < n; i++) {
		faults[i] = describe(s, &found->faults.items[i]);
		if (!faults[i].text)
			return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the faults");
	}
	for (size_t i = 0; i < CHECK_KINDS; i++)
		checked[i] = (struct pycore_checked){ check_kind_names[i], found->checked[i] };
	*v = (struct pycore_verdict){
		.faults = faults,
		.n_faults = n,
		.total = found->n_faults,
		.checked = checked,
		.n_checked = CHECK_KINDS,
	};
	*out = v;
	return 0;
}

int pycore_verify(struct pycore *s, size_t limit, const struct pycore_verdict **out,
		  struct pycore_error *err)
{
	struct heap_verdict found = { .n_faults = 0 };
	struct ctx c = session_ctx(s);
	struct heap *h;
	int rc = session_can_read(s, "objects", err);

	if (!rc)
		rc = session_heap(s, &h, err);
	if (rc)
		return rc;
	rc = heap_verify(h, &c, &found, s->options.progress, s->options.progress_ctx);
	if (rc)
		rc = pycore_fail(err, rc, "no memory to verify the objects");
	else
		rc = make_verdict(s, &found, limit, out, err);
	if (found.uncounted)
		session_warnf(s, "%" PRIu64 " references lead to objects that the counts do not have",
			      found.uncounted);
	heap_verdict_fini(&found);
	return rc ? rc : session_check_read(s, "objects", err);
}
