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
		  !memcmp(magic, SNAPSHOT_MAGIC, sizeof(magic));

	if (fd >= 0)
		close(fd);
	return is;
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
	} else {
		rc = snapshot_read(s->whole, &s->facts, fd, (uint64_t)st.st_size, path, progress,
				   err);
	}
	if (fd >= 0)
		close(fd);
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

static int write_file(struct pycore *s, const struct whole *w, const int64_t *counts,
		      struct sink *sink, struct pycore_error *err)
{
	struct pycore_info info;
	struct snapshot_facts facts;
	int rc = pycore_get_info(s, &info, err);

	if (rc)
		return rc;
	facts = (struct snapshot_facts){ info.python, info.build, info.pid, info.runtime };
	if (!sink_put(sink, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_LEN))
		return sink_failed(sink, err);
	rc = sink_pack(sink, UINT64_MAX, workers_count(s->options.jobs), err);
	if (rc)
		return rc;
	if (!snapshot_write(w, &facts, counts, put, sink))
		return sink_failed(sink, err);
	return sink_finish(sink, err);
}

static int write_to(struct pycore *s, struct sink *sink, struct pycore_snapshot_result *out,
		    struct pycore_error *err)
{
	const struct whole *w;
	int64_t *counts;
	int rc = session_whole(s, &w, err);

	if (rc)
		return rc;
	counts = read_counts(w);
	if (!counts)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a snapshot");
	if (s->target)
		rc = session_check_read(s, "reference counts", err);
	pycore_thaw(s);
	if (!rc)
		rc = write_file(s, w, counts, sink, err);
	free(counts);
	if (!rc && out) {
		out->bytes = sink->size;
		out->objects = w->n;
		out->references = w->objects.forward.start[w->n];
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
