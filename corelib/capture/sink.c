/* SPDX-License-Identifier: MIT */
#include "capture/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "base/error.h"

enum {
	BLOCK = 4096,
	MODE = 0666, /* less the caller's umask: a file as any other of theirs */
	NAMES = 100, /* that are tried */
	DROP_BYTES = 8 << 20,
	RESERVE_BYTES = 1 << 18,
	ZEROS = 1 << 16,
};

static bool fail(struct sink *s)
{
	if (!s->error)
		s->error = errno ? errno : EIO;
	return false;
}

int sink_failed(const struct sink *s, struct pycore_error *err)
{
	const char *hint = "";

	if (s->error == ENOSPC || s->error == EDQUOT)
		hint = ": the disk is full; the process runs on, and no file is left "
		       "(another place with -o, or --compress zstd)";
	else if (s->error == EFBIG)
		hint = ": look at 'ulimit -f'; no file is left";
	else if (s->error == EEXIST)
		hint = ": it is not written over; remove it, or give another name with -o";
	return pycore_fail(err, PYCORE_ERR_OUTPUT, "cannot write %.100s: %s%s", s->path,
			   strerror(s->error), hint);
}

static bool split(struct sink *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;

	s->path = strdup(path);
	s->name = strdup(slash ? slash + 1 : path);
	dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!s->path || !s->name || !dir) {
		free(dir);
		errno = ENOMEM;
		return fail(s);
	}
	errno = EISDIR;
	if (!*s->name || !strcmp(s->name, ".") || !strcmp(s->name, "..")) {
		free(dir);
		return fail(s);
	}
	s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	return s->dir >= 0 || fail(s);
}

static bool open_named(struct sink *s)
{
	struct timespec now;

	for (unsigned i = 0; i < NAMES; i++) {
		clock_gettime(CLOCK_REALTIME, &now);
		free(s->beside);
		if (asprintf(&s->beside, ".%.200s.%lx", s->name,
			     (unsigned long)now.tv_nsec * 1000 + i) < 0) {
			s->beside = NULL;
			errno = ENOMEM;
			return fail(s);
		}
		s->fd = openat(s->dir, s->beside,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
		if (s->fd >= 0)
			return true;
		if (errno != EEXIST)
			break;
	}
	free(s->beside);
	s->beside = NULL;
	return fail(s);
}

int sink_open(struct sink *s, const char *path, struct pycore_error *err)
{
	struct statfs disk;
	struct stat st;

	*s = (struct sink){ .open = true, .dir = -1, .fd = -1 };
	if (!split(s, path))
		return s->path ? sink_failed(s, err) :
				 pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a file name");
	/* Told now, before a process is stopped for it. */
	if (!fstatat(s->dir, s->name, &st, AT_SYMLINK_NOFOLLOW)) {
		errno = EEXIST;
		fail(s);
		return sink_failed(s, err);
	}
	/* A file without a name is gone with us, whatever we die of. */
	s->fd = openat(s->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, MODE);
	if (s->fd < 0 && !open_named(s))
		return sink_failed(s, err);
	s->reserve = !fstatfs(s->fd, &disk) && disk.f_type == EXT4_SUPER_MAGIC;
	return 0;
}

int sink_pack(struct sink *s, uint64_t size, unsigned workers, struct pycore_error *err)
{
	s->packer = ZSTD_createCCtx();
	s->room = ZSTD_CStreamOutSize() * 8;
	s->packed = malloc(s->room);
	if (!s->packer || !s->packed)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory to compress with");
	ZSTD_CCtx_setParameter(s->packer, ZSTD_c_compressionLevel, 1);
	ZSTD_CCtx_setParameter(s->packer, ZSTD_c_checksumFlag, 1);
	/* A libzstd without threads says no, and packs in this one. */
	if (workers > 1)
		ZSTD_CCtx_setParameter(s->packer, ZSTD_c_nbWorkers, (int)workers);
	ZSTD_CCtx_setPledgedSrcSize(s->packer, size);
	return 0;
}

/* Take little of the cache: a group that is short of memory pays for it, too. */
static void drop_behind(struct sink *s)
{
	uint64_t len = s->size - s->dropped;

	if (!s->drop || len < DROP_BYTES)
		return;
	sync_file_range(s->fd, (off64_t)s->dropped, (off64_t)len,
			SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				SYNC_FILE_RANGE_WAIT_AFTER);
	posix_fadvise(s->fd, (off_t)s->dropped, (off_t)len, POSIX_FADV_DONTNEED);
	s->dropped = s->size;
}

void sink_past_cache(struct sink *s, bool past)
{
	int flags = fcntl(s->fd, F_GETFL);

	s->past = past && !s->packer && flags >= 0 && !fcntl(s->fd, F_SETFL, flags | O_DIRECT);
	if (!s->past && flags >= 0)
		fcntl(s->fd, F_SETFL, flags & ~O_DIRECT);
}

/*
 * ext4 reserves space page by page as the cache is written to, which takes longer than the
 * copy itself. Where it cannot be had, the write tells why.
 */
static void reserve(struct sink *s, size_t len)
{
	if (!s->reserve || len < RESERVE_BYTES)
		return;
	s->reserve = !fallocate(s->fd, FALLOC_FL_KEEP_SIZE, (off_t)s->size, (off_t)len);
}

static bool write_all(struct sink *s, const unsigned char *bytes, size_t len)
{
	reserve(s, len);
	while (len) {
		ssize_t n = pwrite(s->fd, bytes, len, (off_t)s->size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EINVAL && s->past) {
			sink_past_cache(s, false);
			continue;
		}
		if (n <= 0) {
			errno = n ? errno : ENOSPC;
			return fail(s);
		}
		bytes += n;
		len -= (size_t)n;
		s->size += (uint64_t)n;
	}
	drop_behind(s);
	return true;
}

static bool is_zero(const unsigned char *p, size_t len)
{
	uint64_t first;

	if (len < sizeof(first))
		return false;
	memcpy(&first, p, sizeof(first));
	return !first && !memcmp(p, p + sizeof(first), len - sizeof(first));
}

/* Blocks of zeros are left out: the file reads as zero there. */
static bool put_sparse(struct sink *s, const unsigned char *bytes, size_t len)
{
	size_t from = 0, at = 0;

	for (; at < len; at += BLOCK) {
		size_t n = len - at < BLOCK ? len - at : BLOCK;

		if (n < BLOCK || !is_zero(bytes + at, n))
			continue;
		if (!write_all(s, bytes + from, at - from))
			return false;
		s->size += BLOCK;
		from = at + BLOCK;
	}
	return from >= len || write_all(s, bytes + from, len - from);
}

static bool put_packed(struct sink *s, const void *bytes, size_t len, ZSTD_EndDirective end)
{
	ZSTD_inBuffer in = { bytes, len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { s->packed, s->room, 0 };

		left = ZSTD_compressStream2(s->packer, &out, &in, end);
		if (ZSTD_isError(left)) {
			errno = ENOMEM;
			return fail(s);
		}
		if (!write_all(s, s->packed, out.pos))
			return false;
	} while (in.pos < in.size || (end == ZSTD_e_end && left));
	return true;
}

bool sink_put(struct sink *s, const void *bytes, uint64_t len)
{
	if (s->error)
		return false;
	s->at += len;
	return s->packer ? put_packed(s, bytes, (size_t)len, ZSTD_e_continue) :
			   put_sparse(s, bytes, (size_t)len);
}

bool sink_skip(struct sink *s, uint64_t len)
{
	static const unsigned char zeros[ZEROS];

	if (s->error)
		return false;
	s->at += len;
	if (!s->packer) {
		s->size += len;
		return true;
	}
	for (; len; len -= len < ZEROS ? len : ZEROS) {
		if (!put_packed(s, zeros, len < ZEROS ? (size_t)len : ZEROS, ZSTD_e_continue))
			return false;
	}
	return true;
}

bool sink_put_stretch(struct sink *s, const struct plan *plan, const struct stretch *stretch,
		    const unsigned char *bytes)
{
	const struct run *run = plan->runs.items + stretch->run;
	uint64_t skip = stretch->skip;

	for (uint64_t left = stretch->span; left && !s->error; run++) {
		uint64_t len = run->end - run->start - skip;

		skip = 0;
		if (run->kind == RUN_ABSENT)
			continue;
		if (len > left)
			len = left;
		left -= len;
		if (run->kind == RUN_ZERO) {
			sink_skip(s, len);
			continue;
		}
		sink_put(s, bytes, len);
		bytes += len;
	}
	return !s->error;
}

/* A name that somebody else has taken meanwhile stays theirs. */
static bool give_name(struct sink *s)
{
	char self[40];

	if (!s->beside) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", s->fd);
		return !linkat(AT_FDCWD, self, s->dir, s->name, AT_SYMLINK_FOLLOW) || fail(s);
	}
	/* A disk of another machine may tell no earlier than here that it is full. */
	if (close(s->fd) && errno != EINTR) {
		s->fd = -1;
		return fail(s);
	}
	s->fd = -1;
	if (renameat2(s->dir, s->beside, s->dir, s->name, RENAME_NOREPLACE)) {
		if (errno != EINVAL || linkat(s->dir, s->beside, s->dir, s->name, 0))
			return fail(s);
		unlinkat(s->dir, s->beside, 0);
	}
	free(s->beside);
	s->beside = NULL;
	return true;
}

int sink_finish(struct sink *s, struct pycore_error *err)
{
	if (!s->error && s->packer)
		put_packed(s, NULL, 0, ZSTD_e_end);
	if (!s->error && !s->packer && ftruncate(s->fd, (off_t)s->size))
		fail(s);
	if (s->error || !give_name(s))
		return sink_failed(s, err);
	return 0;
}

void sink_close(struct sink *s)
{
	if (!s->open)
		return;
	if (s->fd >= 0)
		close(s->fd);
	if (s->beside)
		unlinkat(s->dir, s->beside, 0);
	if (s->dir >= 0)
		close(s->dir);
	ZSTD_freeCCtx(s->packer);
	free(s->packed);
	free(s->beside);
	free(s->name);
	free(s->path);
	*s = (struct sink){ 0 };
}
