/* SPDX-License-Identifier: MIT */
#include "target/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MIB ((double)(1 << 20))
#define MOST (UINT64_C(1) << 40) /* no core is as long; a bomb would be */
#define RESERVE (UINT64_C(64) << 20) /* of the disk's room, for others */

enum {
	IN_BYTES = 256 << 10,
	OUT_BYTES = 1 << 20,
	MOST_HEADERS = 16 << 20, /* the end of the program headers: 65,535 of them take 4 MB */
};

struct unpack {
	struct target *target;
	const struct codec *codec;
	const struct file *from;
	const char *path, *dir;
	void *state;
	unsigned char *in, *out;
	uint64_t read; /* of the compressed file */
	int fd;
	bool dry;        /* only count what would be written */
	uint64_t length; /* unpacked so far */
	uint64_t data;   /* bytes of it that take room */
	uint64_t wanted; /* 0: not known yet */
	bool sized;      /* wanted has been looked for */
	bool tight;      /* there is no room for as much, unless most of it is holes */
};

/* Where two names must fit into a line. */
static const char *base_name(const struct unpack *u)
{
	const char *slash = strrchr(u->path, '/');

	return slash ? slash + 1 : u->path;
}

static int no_room(struct unpack *u, uint64_t need, uint64_t room, struct pycore_error *err)
{
	return pycore_fail(err, PYCORE_ERR_OPEN,
			   "%.50s takes %.1f MiB unpacked, %.1f MiB are free in %.110s: "
			   "set TMPDIR to a larger folder",
			   base_name(u), (double)need / MIB, (double)room / MIB, u->dir);
}

static int write_failed(struct unpack *u, struct pycore_error *err)
{
	return pycore_fail_errno(err, PYCORE_ERR_OPEN, errno,
				 "cannot unpack %.50s in %.110s (TMPDIR can be another folder)",
				 base_name(u), u->dir);
}

/* The first bytes must be those of a core: no disk is filled with anything else. */
static int check_magic(struct unpack *u, struct pycore_error *err)
{
	Elf64_Ehdr eh;

	memcpy(&eh, u->out, sizeof(eh));
	if (!memcmp(eh.e_ident, ELFMAG, SELFMAG) && eh.e_type == ET_CORE)
		return 0;
	return pycore_fail(err, PYCORE_ERR_FORMAT,
			   "%.120s is compressed (%s), but holds no ELF core: give the core that "
			   "the kernel or gcore wrote",
			   u->path, u->codec->name);
}

/* How long a core with these headers is; 0: they do not tell. */
static uint64_t core_length(const struct unpack *u, const Elf64_Ehdr *eh)
{
	uint64_t length = eh->e_shoff, end;
	Elf64_Phdr ph;

	if (eh->e_phentsize != sizeof(ph) || eh->e_phnum == PN_XNUM ||
	    __builtin_add_overflow(length, (uint64_t)eh->e_shnum * eh->e_shentsize, &length))
		return 0;
	for (size_t i = 0; i < eh->e_phnum; i++) {
		if (pread(u->fd, &ph, sizeof(ph), (off_t)(eh->e_phoff + i * sizeof(ph))) != sizeof(ph) ||
		    __builtin_add_overflow(ph.p_offset, ph.p_filesz, &end))
			return 0;
		if (ph.p_filesz && end > length)
			length = end;
	}
	return length;
}

static uint64_t free_room(const struct unpack *u)
{
	struct statvfs st;
	uint64_t room;

	if (fstatvfs(u->fd, &st) < 0 || __builtin_mul_overflow(st.f_bavail, st.f_frsize, &room))
		return UINT64_MAX;
	return room > RESERVE ? room - RESERVE : 0;
}

/* Once the headers are unpacked they say how long all of it is. */
static int learn_size(struct unpack *u, bool ended, struct pycore_error *err)
{
	Elf64_Ehdr eh;
	uint64_t headers;

	if (u->sized || u->dry || pread(u->fd, &eh, sizeof(eh), 0) != sizeof(eh))
		return 0;
	if (__builtin_add_overflow(eh.e_phoff, eh.e_phnum * sizeof(Elf64_Phdr), &headers))
		headers = UINT64_MAX;
	if (headers > u->length && headers <= MOST_HEADERS && !ended)
		return 0;
	u->sized = true;
	u->wanted = headers <= u->length ? core_length(u, &eh) : 0;
	if (u->wanted > MOST)
		return pycore_fail(err, PYCORE_ERR_FORMAT,
				   "%.120s claims to be %.0f GiB unpacked: it is damaged", u->path,
				   (double)u->wanted / 1024 / MIB);
	u->tight = u->wanted > u->length && u->wanted - u->length > free_room(u);
	return 0;
}

static bool write_all(int fd, const unsigned char *bytes, size_t len, uint64_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, bytes, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : ENOSPC;
			return false;
		}
		bytes += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return true;
}

static bool is_zero(const unsigned char *p, size_t len)
{
	return !p[0] && !memcmp(p, p + 1, len - 1);
}

/* Keep what was unpacked, but for its zero pages: a hole reads as zeros too. */
static bool keep(struct unpack *u, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t end = at;

		while (end < len) {
			size_t page = len - end < PAGE_BYTES ? len - end : PAGE_BYTES;

			if (is_zero(u->out + end, page))
				break;
			end += page;
		}
		u->data += end - at;
		if (end > at && !u->dry && !write_all(u->fd, u->out + at, end - at, u->length + at))
			return false;
		at = end < len ? end + PAGE_BYTES : len;
	}
	return true;
}

static int flush(struct unpack *u, size_t len, bool ended, struct pycore_error *err)
{
	uint64_t most = u->wanted ? u->wanted : MOST;
	int rc = 0;

	if (!u->length && !u->dry && len >= sizeof(Elf64_Ehdr))
		rc = check_magic(u, err);
	if (rc)
		return rc;
	if (u->length < most && !keep(u, most - u->length < len ? (size_t)(most - u->length) : len))
		return write_failed(u, err);
	u->length += len;
	return learn_size(u, ended, err);
}

static void tell_progress(const struct unpack *u)
{
	const struct target *t = u->target;

	if (t->progress)
		t->progress(t->progress_ctx, u->dry ? "looking for room" : "unpacking", u->read,
			    u->from->size);
}

/* Have something to read. @return whether there is */
static bool refill(struct unpack *u, struct codec_io *io)
{
	if (!io->in_left) {
		io->in = u->in;
		io->in_left = file_read(u->from, u->read, u->in, IN_BYTES);
		u->read += io->in_left;
	}
	return io->in_left > 0;
}

/*
 * Fill the buffer, or less of it at the end: then @return what ended it.
 * @p between: a stream has ended, and no other has begun
 */
static enum codec_status fill_buffer(struct unpack *u, struct codec_io *io, bool *between)
{
	io->out = u->out;
	io->out_left = OUT_BYTES;
	while (io->out_left) {
		bool more = refill(u, io);
		size_t room = io->out_left;
		enum codec_status status;

		if (!more && *between)
			return CODEC_END;
		status = u->codec->step(u->state, io);
		/* What follows a whole stream and is none is no part of the core. */
		if (status != CODEC_MORE && status != CODEC_END)
			return *between ? CODEC_END : status;
		*between = status == CODEC_END;
		if (!more && !*between && io->out_left == room)
			return CODEC_CUT;
	}
	return CODEC_MORE;
}

static int run(struct unpack *u, struct unpacked *out, struct pycore_error *err)
{
	enum codec_status status = CODEC_MORE;
	struct codec_io io = { 0 };
	bool between = false;
	int rc = 0;

	u->read = u->length = u->data = 0;
	while (!rc && status == CODEC_MORE && !(u->tight && !u->dry)) {
		size_t len;

		tell_progress(u);
		status = fill_buffer(u, &io, &between);
		len = OUT_BYTES - io.out_left;
		if (len)
			rc = flush(u, len, status != CODEC_MORE, err);
		/* One buffer past the end is enough to see the stream's checksum. */
		if (u->length > (u->wanted ? u->wanted : MOST) + OUT_BYTES)
			break;
	}
	if (rc)
		return rc;
	if (status == CODEC_NOMEM)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory to unpack %.120s", u->path);
	if (status == CODEC_TOO_BIG)
		return pycore_fail(err, PYCORE_ERR_FORMAT,
				   "%.120s takes more than %d MiB of memory to unpack: do it with %s",
				   u->path, CODEC_MEMORY >> 20, u->codec->tool);
	out->damaged = status == CODEC_DAMAGED;
	out->cut = status == CODEC_CUT;
	return 0;
}

static int with_state(struct unpack *u, struct unpacked *out, struct pycore_error *err)
{
	int rc;

	u->state = u->codec->begin();
	if (!u->state)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory to unpack %.120s", u->path);
	rc = run(u, out, err);
	u->codec->end(u->state);
	return rc;
}

/*
 * There seems to be too little room: most of a big core may be zeros, which take
 * none. Unpack it once only to count.
 */
static int try_again(struct unpack *u, struct unpacked *out, struct pycore_error *err)
{
	uint64_t room;
	int rc;

	if (ftruncate(u->fd, 0) < 0)
		return write_failed(u, err);
	room = free_room(u);
	u->dry = true;
	rc = with_state(u, out, err);
	if (rc)
		return rc;
	if (u->data > room)
		return no_room(u, u->data, room, err);
	u->dry = u->tight = false;
	return with_state(u, out, err);
}

static int with_buffers(struct unpack *u, struct unpacked *out, struct pycore_error *err)
{
	int rc = with_state(u, out, err);

	if (!rc && u->tight)
		rc = try_again(u, out, err);
	if (rc)
		return rc;
	if (u->length < sizeof(Elf64_Ehdr) || (out->cut && !u->wanted))
		return pycore_fail(err, PYCORE_ERR_FORMAT,
				   "%.120s is damaged, or cut short within its headers: nothing of it "
				   "can be used",
				   u->path);
	if (!u->wanted && u->length > MOST)
		return pycore_fail(err, PYCORE_ERR_FORMAT, "%.120s is too long unpacked", u->path);
	out->wanted = u->wanted;
	out->length = u->wanted && u->length > u->wanted ? u->wanted : u->length;
	return ftruncate(u->fd, (off_t)out->length) < 0 ? write_failed(u, err) : 0;
}

/* A file without a name; where the file system knows none, one whose name is gone at once. */
static int open_unnamed(const char *dir)
{
	char name[4096];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	if ((size_t)snprintf(name, sizeof(name), "%s/pycore.XXXXXX", dir) >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

int unpack_core(struct target *t, struct file *f, const struct codec *codec, const char *path,
		struct unpacked *out, struct pycore_error *err)
{
	struct unpack u = {
		.target = t,
		.codec = codec,
		.from = f,
		.path = path,
		.dir = t->unpack_dir ? t->unpack_dir : "/var/tmp",
	};
	int rc;

	*out = (struct unpacked){ 0 };
	if (!codec->begin)
		return pycore_fail(err, PYCORE_ERR_FORMAT,
				   "%.120s is compressed: unpack it with %s and open the result", path,
				   codec->tool);
	u.fd = open_unnamed(u.dir);
	if (u.fd < 0)
		return write_failed(&u, err);
	u.in = malloc(IN_BYTES);
	u.out = malloc(OUT_BYTES);
	rc = u.in && u.out ? with_buffers(&u, out, err) :
			     pycore_fail(err, PYCORE_ERR_NOMEM, "no memory to unpack %.120s", path);
	free(u.in);
	free(u.out);
	if (rc) {
		close(u.fd);
		return rc;
	}
	close(f->fd);
	f->fd = u.fd;
	f->size = out->length;
	return 0;
}
