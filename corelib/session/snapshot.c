/* SPDX-License-Identifier: MIT */
#include "session/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pycore/growth.h>

#include "base/workers.h"
#include "capture/sink.h"
#include "session/whole.h"

bool is_snapshot(const char *path)
{
	char magic[SNAPSHOT_MAGIC_LEN] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is = fd >= 0 && pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
		  !memcmp(magic, SNAPSHOT_MAGIC, SNAPSHOT_KIND_LEN);

	if (fd >= 0)
		close(fd);
	return is;
}

static bool is_ours(int fd)
{
	char magic[SNAPSHOT_MAGIC_LEN] = "";

	return pread(fd, magic, sizeof(magic), 0) != sizeof(magic) ||
	       !memcmp(magic, SNAPSHOT_MAGIC, sizeof(magic));
}

/* What the graph has of types, as a heap that has been counted. */
static int stand_in(struct pycore *s)
{
	const struct whole *w = s->whole;
	struct heap *h = calloc(1, sizeof(*h));
	struct type *types = arena_array(&s->arena, w->types.n, sizeof(*types));

	s->heap = h;
	if (h)
		h->counts = calloc(w->types.n, sizeof(*h->counts));
	if (!h || !h->counts || !types)
		return PYCORE_ERR_NOMEM;
	h->types = &s->types;
	h->n_counts = w->types.n;
	h->blocks = s->facts.blocks;
	h->tally = s->facts.tally;
	s->facts.tally = (struct tally){ 0 };
	for (size_t i = 0; i < w->types.n; i++) {
		types[i].name = w->types.items[i].name;
		types[i].address = w->types.items[i].address;
		types[i].number = (uint32_t)i;
		if (!vec_push(&s->types.types, &types[i]))
			return PYCORE_ERR_NOMEM;
	}
	for (uint32_t i = 0; i < w->n; i++) {
		struct heap_type_count *count = &h->counts[w->objects.type[i]];

		count->count++;
		count->bytes += whole_bytes(w, i);
		count->gc += (w->objects.flags[i] & OBJECT_TRACKED) != 0;
	}
	return 0;
}

int open_snapshot(struct pycore *s, const char *path, struct pycore_error *err)
{
	struct whole_progress progress = { s->options.progress, s->options.progress_ctx };
	struct stat st;
	int fd, rc;

	s->snapshot = arena_strdup(&s->arena, path);
	s->whole = calloc(1, sizeof(*s->whole));
	if (!s->snapshot || !s->whole)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a snapshot");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		rc = pycore_fail_errno(err, PYCORE_ERR_OPEN, errno, "%.120s", path);
	} else if (!is_ours(fd)) {
		rc = pycore_fail(err, PYCORE_ERR_OPEN,
				 "%.120s is a snapshot that another version of pycore made: make it "
				 "anew", path);
	} else {
		rc = snapshot_read(s->whole, &s->facts, fd, (uint64_t)st.st_size, path, progress,
				   err);
	}
	if (fd >= 0)
		close(fd);
	if (!rc && stand_in(s))
		rc = pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a snapshot");
	return rc;
}

/* Read what is left to read, so that the process can run on. */
static int64_t *read_counts(const struct whole *w)
{
	int64_t *counts = calloc((size_t)w->n + 1, sizeof(*counts));

	for (uint32_t i = 0; counts && i < w->n; i++) {
		if (!w->source.refcount || w->source.refcount(w->source.arg, i, &counts[i]))
			counts[i] = SNAPSHOT_NO_COUNT;
	}
	return counts;
}

static bool put(void *arg, const void *bytes, size_t len)
{
	return sink_put(arg, bytes, len);
}

/* All that there is beside the graph. */
struct contents {
	const struct whole *w;
	struct snapshot_facts facts;
	const struct labels *labels;
	struct labels read; /* what they are, but for those of a snapshot */
	int64_t *counts;
};

/* What is in memory; of a snapshot, what was there when it was made. */
static int read_memory(struct pycore *s, struct contents *o)
{
	struct ctx c = session_ctx(s);
	int rc;

	o->labels = &o->read;
	if (s->target) {
		rc = labels_read(o->w, &c, s->heap, &o->read);
		return rc ? rc : audit_run(o->w, &c, s->heap, &o->facts.audit);
	}
	o->labels = snapshot_labels(o->w);
	o->facts.audit = s->facts.audit;
	return 0;
}

static int read_contents(struct pycore *s, struct contents *o, struct pycore_error *err)
{
	struct pycore_info info;
	int rc = pycore_get_info(s, &info, err);

	if (rc)
		return rc;
	o->facts.python = info.python;
	o->facts.build = info.build;
	o->facts.pid = info.pid;
	o->facts.runtime = info.runtime;
	o->facts.blocks = s->heap->blocks;
	o->facts.tally = s->heap->tally;
	o->counts = read_counts(o->w);
	rc = o->counts ? read_memory(s, o) : PYCORE_ERR_NOMEM;
	if (rc)
		return pycore_fail(err, rc, "no memory for a snapshot");
	return session_check_read(s, "references", err);
}

static void contents_fini(struct pycore *s, struct contents *o)
{
	if (s->target)
		audit_fini(&o->facts.audit);
	labels_fini(&o->read);
	free(o->counts);
}

static int write_file(struct pycore *s, const struct contents *o, struct sink *sink,
		      struct pycore_error *err)
{
	int rc;

	if (!sink_put(sink, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_LEN))
		return sink_failed(sink, err);
	rc = sink_pack(sink, UINT64_MAX, workers_count(s->options.jobs), err);
	if (rc)
		return rc;
	if (!snapshot_write(o->w, &o->facts, o->counts, o->labels, put, sink))
		return sink_failed(sink, err);
	return sink_finish(sink, err);
}

static int write_to(struct pycore *s, struct sink *sink, struct pycore_snapshot_result *out,
		    struct pycore_error *err)
{
	struct contents o = { .counts = NULL };
	int rc = session_can_answer(s, "references", err);

	if (!rc)
		rc = session_whole(s, &o.w, err);
	if (!rc)
		rc = read_contents(s, &o, err);
	pycore_thaw(s);
	if (!rc)
		rc = write_file(s, &o, sink, err);
	contents_fini(s, &o);
	if (!rc && out) {
		out->bytes = sink->size;
		out->objects = o.w->n;
		out->references = o.w->objects.forward.start[o.w->n];
	}
	return rc;
}

int pycore_write_snapshot(struct pycore *s, const char *path, struct pycore_snapshot_result *out,
			  struct pycore_error *err)
{
	struct sink sink = { .open = false };
	int rc;

	if (out)
		*out = (struct pycore_snapshot_result){ 0 };
	if (!path || !*path)
		return pycore_fail(err, PYCORE_ERR_ARGUMENT, "no name for the snapshot");
	rc = sink_open(&sink, path, err);
	if (!rc)
		rc = write_to(s, &sink, out, err);
	sink_close(&sink);
	return rc;
}
