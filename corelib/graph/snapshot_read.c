/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/error.h"
#include "graph/snapshot_kept.h"

/*
 * Whatever the numbers of the file say, no more is taken than its bytes can unpack to (a
 * block of zstd is 4 bytes at least, and 128 KiB at most), nor than this machine has.
 */
enum {
	MOST_RATIO = 1 << 15,
	MOST_SMALL = 1 << 20,
	OBJECT_MEMORY = 64, /* about what a sealed graph takes for each */
	REFERENCE_MEMORY = 12,
	IN_ROOM = 1 << 16,
	OUT_ROOM = 1 << 17,
	LONGEST_TEXT = 1 << 16,
};

struct input {
	int fd;
	uint64_t at, size; /* of the file */
	uint64_t left;     /* that may still be unpacked */
	uint64_t memory;   /* that may still be taken */
	ZSTD_DCtx *unpacker;
	ZSTD_inBuffer in;
	bool ended;        /* the frame is complete */
	int rc;            /* of the first failure */
	size_t n, next;    /* bytes in out, and the one to come */
	unsigned char packed[IN_ROOM], out[OUT_ROOM];
};

static bool fail(struct input *f, int rc)
{
	if (!f->rc)
		f->rc = rc;
	return false;
}

static bool read_packed(struct input *f)
{
	uint64_t left = f->size - f->at;
	ssize_t n;

	if (!left)
		return fail(f, PYCORE_ERR_DAMAGED); /* cut short */
	do
		n = pread(f->fd, f->packed, left < IN_ROOM ? (size_t)left : IN_ROOM, (off_t)f->at);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return fail(f, PYCORE_ERR_DAMAGED);
	f->at += (uint64_t)n;
	f->in = (ZSTD_inBuffer){ f->packed, (size_t)n, 0 };
	return true;
}

/* More unpacked bytes; or, at the end of the frame, none. */
static bool refill(struct input *f)
{
	f->n = f->next = 0;
	while (!f->n && !f->ended && !f->rc) {
		ZSTD_outBuffer out = { f->out, OUT_ROOM, 0 };
		size_t rc;

		if (f->in.pos == f->in.size && !read_packed(f))
			return false;
		rc = ZSTD_decompressStream(f->unpacker, &out, &f->in);
		if (ZSTD_isError(rc) || out.pos > f->left)
			return fail(f, PYCORE_ERR_DAMAGED);
		f->ended = !rc;
		f->left -= out.pos;
		f->n = out.pos;
	}
	return f->n > 0;
}

static inline bool byte(struct input *f, unsigned char *out)
{
	if (f->next == f->n && !refill(f))
		return fail(f, PYCORE_ERR_DAMAGED);
	*out = f->out[f->next++];
	return true;
}

/* A number that is at most @p most. */
static bool number(struct input *f, uint64_t most, uint64_t *out)
{
	unsigned char b = 0;
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (!byte(f, &b))
			return false;
		if (shift == 63 && b > 1)
			return fail(f, PYCORE_ERR_DAMAGED);
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			break;
	}
	*out = v;
	return v <= most || fail(f, PYCORE_ERR_DAMAGED);
}

/* How many things, of @p least bytes each, there are: no more than there can be bytes of them. */
static bool amount(struct input *f, uint64_t least, uint64_t *out)
{
	uint64_t most = (f->left + (f->n - f->next)) / least;

	return number(f, most < WHOLE_NONE - 1 ? most : WHOLE_NONE - 1, out);
}

/* Memory for @p n things of @p size bytes, or more than there is. */
static bool take(struct input *f, uint64_t n, uint64_t size)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > f->memory)
		return fail(f, PYCORE_ERR_NOMEM);
	f->memory -= bytes;
	return true;
}

static bool text(struct input *f, struct arena *a, const char **out)
{
	uint64_t len;
	char *s;

	if (!number(f, LONGEST_TEXT, &len) || !take(f, len + 1, 1))
		return false;
	*out = s = arena_alloc(a, (size_t)len + 1);
	if (!s)
		return fail(f, PYCORE_ERR_NOMEM);
	for (size_t i = 0; i < len; i++) {
		unsigned char b;

		if (!byte(f, &b))
			return false;
		s[i] = (char)b;
	}
	return strlen(s) == len || fail(f, PYCORE_ERR_DAMAGED);
}

static bool read_types(struct input *f, struct whole *w)
{
	uint64_t n;

	if (!amount(f, 4, &n) || !take(f, n, sizeof(struct whole_type)))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		struct whole_type type;
		uint64_t flags, hidden;

		if (!text(f, &w->arena, &type.name) || !number(f, UINT64_MAX, &type.address) ||
		    !number(f, WHOLE_TYPE_FLAGS, &flags) || !number(f, UINT32_MAX, &hidden))
			return false;
		type.flags = (uint8_t)flags;
		type.hidden = (uint32_t)hidden;
		if (!vec_push(&w->types, type))
			return fail(f, PYCORE_ERR_NOMEM);
	}
	return n > 0 || fail(f, PYCORE_ERR_DAMAGED);
}

/* Room for what was announced: memory is taken where it is written. */
static bool make_room(struct input *f, struct whole *w, uint32_t n, uint64_t references)
{
	struct kept *k;

	if (!take(f, n, OBJECT_MEMORY) || !take(f, references, REFERENCE_MEMORY))
		return false;
	k = calloc(1, sizeof(*k));
	if (!k)
		return fail(f, PYCORE_ERR_NOMEM);
	k->w = w;
	k->n = n;
	w->source = kept_source(k);
	k->labels.of = calloc((size_t)references + 1, sizeof(*k->labels.of));
	k->address = calloc((size_t)n + 1, sizeof(*k->address));
	k->count = calloc((size_t)n + 1, sizeof(*k->count));
	if (!k->address || !k->count || !k->labels.of || whole_init(w, n))
		return fail(f, PYCORE_ERR_NOMEM);
	return !links_room(&w->objects.forward, n, references) || fail(f, PYCORE_ERR_NOMEM);
}

static bool read_addresses(struct input *f, struct kept *k)
{
	uint64_t before = 0, step;

	for (uint32_t i = 0; i < k->n; i++) {
		if (!number(f, UINT64_MAX - before, &step))
			return false;
		if (!step)
			return fail(f, PYCORE_ERR_DAMAGED);
		k->address[i] = before += step;
	}
	return true;
}

static bool read_objects(struct input *f, struct whole *w, struct kept *k)
{
	uint64_t v;

	for (uint32_t i = 0; i < w->n; i++) {
		if (!number(f, w->types.n - 1, &v))
			return false;
		w->objects.type[i] = (uint32_t)v;
	}
	for (uint32_t i = 0; i < w->n; i++) {
		/* The address space is no bigger. */
		if (!number(f, UINT64_C(1) << 47, &v))
			return false;
		if (!whole_set_bytes(w, i, v))
			return fail(f, PYCORE_ERR_NOMEM);
	}
	for (uint32_t i = 0; i < w->n; i++) {
		if (!number(f, (1u << WHOLE_PHASE_SHIFT) - 1, &v))
			return false;
		w->objects.flags[i] = (uint8_t)v;
	}
	for (uint32_t i = 0; i < w->n; i++) {
		if (!number(f, INT64_MAX, &v))
			return false;
		k->count[i] = v > 1 ? (int64_t)v - 2 : v ? -1 : SNAPSHOT_NO_COUNT;
	}
	return true;
}

static bool read_references(struct input *f, struct whole *w, uint64_t most)
{
	struct links *l = &w->objects.forward;
	uint64_t v;

	for (uint32_t i = 0; i < w->n; i++) {
		if (!number(f, most - l->start[i], &v))
			return false;
		l->start[i + 1] = l->start[i] + (uint32_t)v;
	}
	if (l->start[w->n] != most)
		return fail(f, PYCORE_ERR_DAMAGED);
	for (uint32_t i = 0; i < w->n; i++) {
		for (uint32_t k = l->start[i]; k < l->start[i + 1]; k++) {
			uint64_t step;

			if (!number(f, UINT64_MAX, &v))
				return false;
			step = v >> 1;
			if (v & 1 ? step > i : step >= w->n - i)
				return fail(f, PYCORE_ERR_DAMAGED);
			l->to[k] = v & 1 ? i - (uint32_t)step : i + (uint32_t)step;
		}
	}
	return true;
}

static bool read_tally(struct input *f, struct arena *a, struct tally *t)
{
	uint64_t n;

	if (!amount(f, 4, &n) || !take(f, n, sizeof(struct pycore_size_class)))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		struct pycore_size_class c;

		if (!number(f, UINT64_MAX, &c.size) || !number(f, UINT64_MAX, &c.pools) ||
		    !number(f, UINT64_MAX, &c.live) || !number(f, UINT64_MAX, &c.free))
			return false;
		if (!vec_push(&t->sizes, c))
			return fail(f, PYCORE_ERR_NOMEM);
	}
	if (!amount(f, 2, &n) || !take(f, n, sizeof(struct pycore_free_list)))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		struct pycore_free_list list;

		if (!text(f, a, &list.type) || !number(f, UINT64_MAX, &list.count))
			return false;
		if (!vec_push(&t->lists, list))
			return fail(f, PYCORE_ERR_NOMEM);
	}
	return true;
}

static bool read_frames(struct input *f, struct whole *w)
{
	uint64_t n, depth;

	if (!amount(f, 2, &n) || !take(f, n, sizeof(struct root_frame)))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		struct root_frame frame;

		if (!number(f, UINT64_MAX, &frame.ident) || !number(f, UINT32_MAX, &depth))
			return false;
		frame.depth = (uint32_t)depth;
		if (!vec_push(&w->frames, frame))
			return fail(f, PYCORE_ERR_NOMEM);
	}
	return true;
}

static bool read_name(struct input *f, struct arena *a, size_t n_frames, struct whole_root *root)
{
	uint64_t bits, frame;

	if (!number(f, 63, &bits) || !number(f, n_frames, &frame))
		return false;
	root->itself = bits & 8;
	root->frame = (uint32_t)frame;
	return (!(bits & 1) || text(f, a, &root->name)) &&
	       (!(bits & 2) || text(f, a, &root->local)) &&
	       (!(bits & 4) || text(f, a, &root->expression)) &&
	       (!(bits & 16) || number(f, UINT64_MAX, &root->address)) &&
	       (!(bits & 32) || text(f, a, &root->field));
}

static bool read_roots(struct input *f, struct whole *w)
{
	uint64_t n, object, kind;

	if (!amount(f, 2, &n) || !take(f, n, sizeof(struct whole_root)))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		struct whole_root root = { .object = 0 };

		if (!number(f, w->n - 1, &object) || !number(f, ROOT_KINDS - 1, &kind))
			return false;
		root.object = (uint32_t)object;
		root.kind = (uint8_t)kind;
		if (!vec_push(&w->roots, root))
			return fail(f, PYCORE_ERR_NOMEM);
	}
	for (uint64_t i = 0; i < n; i++) {
		if (!read_name(f, &w->arena, w->frames.n, &w->roots.items[i]))
			return false;
	}
	return true;
}

static bool read_entries(struct input *f, struct labels *l)
{
	uint64_t n, bits;

	if (!amount(f, 1, &n) || n > LABELS_MOST || !take(f, n, sizeof(struct label_entry)))
		return fail(f, PYCORE_ERR_DAMAGED);
	for (uint64_t i = 0; i < n; i++) {
		struct label_entry e = { .text = NULL };

		if (!number(f, (uint64_t)LABEL_LOCAL << 2 | 3, &bits))
			return false;
		e.kind = (uint8_t)(bits >> 2);
		e.guess = bits & 2;
		if (bits & 1 && !text(f, &l->arena, &e.text))
			return false;
		if ((e.kind == LABEL_ATTR || e.kind == LABEL_FIELD) && !e.text)
			return fail(f, PYCORE_ERR_DAMAGED);
		if (!vec_push(&l->entries, e))
			return fail(f, PYCORE_ERR_NOMEM);
	}
	return true;
}

static bool read_labels(struct input *f, const struct whole *w, struct labels *l)
{
	const struct links *links = &w->objects.forward;
	uint64_t v;

	if (!read_entries(f, l))
		return false;
	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t next = LABELS_INDEX;

		for (uint32_t k = links->start[i]; k < links->start[i + 1]; k++) {
			if (!number(f, UINT32_MAX, &v))
				return false;
			if (v & 1)
				l->of[k] = LABELS_INDEX | (uint32_t)(v >> 1);
			else if (v == SNAPSHOT_NEXT)
				l->of[k] = next;
			else
				l->of[k] = (uint32_t)(v >> 1) - 1;
			if (l->of[k] & LABELS_INDEX)
				next = LABELS_INDEX | ((l->of[k] + 1) & ~LABELS_INDEX);
			else if (l->of[k] > l->entries.n)
				return fail(f, PYCORE_ERR_DAMAGED);
		}
	}
	return true;
}

static bool read_excess(struct input *f, uint32_t n_objects, struct audit *a)
{
	uint64_t n, object, v;

	if (!amount(f, 2, &n) || !take(f, n, sizeof(struct audit_excess)))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		struct audit_excess e;

		if (!number(f, n_objects - 1, &object) || !number(f, UINT64_C(1) << 33, &v))
			return false;
		e = (struct audit_excess){ (uint32_t)object, (uint32_t)(v >> 1), v & 1 };
		if (!vec_push(&a->excess, e))
			return fail(f, PYCORE_ERR_NOMEM);
	}
	return true;
}

static bool read_cycles(struct input *f, uint32_t n_objects, struct audit *a)
{
	uint64_t n;

	if (!amount(f, 5, &n) || !take(f, n, sizeof(struct audit_cycle)))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t first, objects, bytes, finalizers, finalizer;
		struct audit_cycle c;

		if (!number(f, n_objects - 1, &first) || !number(f, n_objects, &objects) ||
		    !number(f, UINT64_MAX, &bytes) || !number(f, n_objects, &finalizers) ||
		    !number(f, n_objects - 1, &finalizer))
			return false;
		c = (struct audit_cycle){
			.first = (uint32_t)first, .objects = (uint32_t)objects, .bytes = bytes,
			.finalizers = (uint32_t)finalizers,
			.finalizer = finalizers ? (uint32_t)finalizer : WHOLE_NONE,
		};
		if (!vec_push(&a->cycles, c))
			return fail(f, PYCORE_ERR_NOMEM);
	}
	return true;
}

static bool read_audit(struct input *f, uint32_t n_objects, struct audit *a)
{
	uint64_t n, object;

	if (!number(f, UINT64_MAX, &a->unread) || !read_excess(f, n_objects, a) ||
	    !read_cycles(f, n_objects, a) || !amount(f, 1, &n) ||
	    !take(f, n, sizeof(*a->uncollectable.items)))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		if (!number(f, n_objects - 1, &object))
			return false;
		if (!vec_push(&a->uncollectable, (uint32_t)object))
			return fail(f, PYCORE_ERR_NOMEM);
	}
	return true;
}

static bool read_blocks(struct input *f, struct pycore_blocks *b)
{
	uint64_t all[SNAPSHOT_BLOCKS];

	for (size_t i = 0; i < SNAPSHOT_BLOCKS; i++) {
		if (!number(f, UINT64_MAX, &all[i]))
			return false;
	}
	snapshot_blocks(b, all, false);
	return true;
}

/* The sum at the end of the frame is right, and nothing comes after it. */
static bool read_end(struct input *f)
{
	if (f->next < f->n || refill(f) || f->rc || !f->ended || f->in.pos < f->in.size ||
	    f->at < f->size)
		return fail(f, PYCORE_ERR_DAMAGED);
	return true;
}

static bool read_all(struct input *f, struct whole *w, struct snapshot_facts *facts)
{
	uint64_t n, references;

	if (!text(f, &w->arena, &facts->python) || !text(f, &w->arena, &facts->build) ||
	    !number(f, UINT64_MAX, &facts->pid) || !number(f, UINT64_MAX, &facts->runtime) ||
	    !read_blocks(f, &facts->blocks) || !read_tally(f, &w->arena, &facts->tally) ||
	    !read_types(f, w) || !amount(f, SNAPSHOT_LEAST_OBJECT, &n) ||
	    !amount(f, 1, &references))
		return false;
	if (!n)
		return fail(f, PYCORE_ERR_DAMAGED);
	return make_room(f, w, (uint32_t)n, references) && read_addresses(f, w->source.arg) &&
	       read_objects(f, w, w->source.arg) && read_references(f, w, references) &&
	       read_frames(f, w) && read_roots(f, w) &&
	       read_labels(f, w, &((struct kept *)w->source.arg)->labels) &&
	       read_audit(f, w->n, &facts->audit) && read_end(f);
}

static int read_file(struct input *f, struct whole *w, struct snapshot_facts *facts,
		     struct whole_progress progress)
{
	int rc;

	f->unpacker = ZSTD_createDCtx();
	if (!f->unpacker)
		return PYCORE_ERR_NOMEM;
	if (!read_all(f, w, facts))
		return f->rc;
	/* What C code holds is among the roots of the file: it is not to be guessed anew. */
	rc = whole_seal(w, progress);
	w->source.refcount = kept_refcount;
	return rc;
}

void snapshot_facts_fini(struct snapshot_facts *f)
{
	audit_fini(&f->audit);
	tally_fini(&f->tally);
	*f = (struct snapshot_facts){ 0 };
}

int snapshot_read(struct whole *w, struct snapshot_facts *facts, int fd, uint64_t size,
		  const char *name, struct whole_progress progress, struct pycore_error *err)
{
	struct input *f = calloc(1, sizeof(*f));
	int rc;

	*w = (struct whole){ 0 };
	*facts = (struct snapshot_facts){ 0 };
	if (!f)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a snapshot");
	f->fd = fd;
	f->size = size;
	f->at = size < SNAPSHOT_MAGIC_LEN ? size : SNAPSHOT_MAGIC_LEN;
	if (__builtin_mul_overflow(size, (uint64_t)MOST_RATIO, &f->left) ||
	    f->left > UINT64_MAX - MOST_SMALL)
		f->left = UINT64_MAX - MOST_SMALL;
	f->left += MOST_SMALL;
	f->memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	rc = read_file(f, w, facts, progress);
	ZSTD_freeDCtx(f->unpacker);
	free(f);
	if (!rc)
		return 0;
	whole_fini(w);
	snapshot_facts_fini(facts);
	if (rc == PYCORE_ERR_NOMEM)
		return pycore_fail(err, rc, "no memory for the snapshot %.120s", name);
	return pycore_fail(err, rc,
			   "%.120s is a damaged snapshot: it was cut short or changed; make it anew",
			   name);
}
