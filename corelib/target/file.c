/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <errno.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "target/private.h"

/* O_NONBLOCK: the name may be anybody's FIFO or terminal by now. */
#define FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static bool climbs(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2) {
		if ((p == path || p[-1] == '/') && (p[2] == '/' || !p[2]))
			return true;
	}
	return false;
}

static int open_below(const char *root, const char *path)
{
	struct open_how how = { .flags = FLAGS, .resolve = RESOLVE_IN_ROOT };
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (dir < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	/* Linux before 5.6, or a sandbox that does not know the call. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM) && !climbs(path))
		fd = openat(dir, path + strspn(path, "/"), FLAGS);
	close(dir);
	return fd;
}

bool file_open(struct file *f, const char *root, const char *path)
{
	struct stat st;

	*f = (struct file){ 0 };
	/* Opening a device can do things: look before. */
	if (!root && (stat(path, &st) < 0 || !S_ISREG(st.st_mode)))
		return false;
	f->fd = root ? open_below(root, path) : open(path, FLAGS);
	f->open = f->fd >= 0;
	if (!f->open)
		return false;
	if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		file_close(f);
		return false;
	}
	f->size = (uint64_t)st.st_size;
	f->mtime = st.st_mtime;
	return true;
}

/* In memory, a hole that is looked at through a mapping takes room, and may find none: SIGBUS. */
static bool has_holes_in_memory(const struct file *f)
{
	struct statfs fs;
	struct stat st;

	return !fstatfs(f->fd, &fs) && fs.f_type == TMPFS_MAGIC && !fstat(f->fd, &st) &&
	       (uint64_t)st.st_blocks * 512 < f->size;
}

bool file_map(struct file *f)
{
	void *p;

	if (f->map)
		return true;
	if (!f->size || f->size > SIZE_MAX / 2 || has_holes_in_memory(f))
		return false;
	p = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, f->fd, 0);
	if (p == MAP_FAILED)
		return false;
	f->map = p;
	return true;
}

size_t file_read(const struct file *f, uint64_t offset, void *buf, size_t len)
{
	size_t done = 0;

	if (offset >= f->size)
		return 0;
	if (len > f->size - offset)
		len = (size_t)(f->size - offset);
	if (f->map) {
		memcpy(buf, f->map + offset, len);
		return len;
	}
	while (done < len) {
		ssize_t n = pread(f->fd, (char *)buf + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

uint64_t file_data_from(const struct file *f, uint64_t offset)
{
	off_t at = lseek(f->fd, (off_t)offset, SEEK_DATA);

	if (at >= 0 && (uint64_t)at >= offset)
		return (uint64_t)at;
	/* ENXIO: there is none. Of other failures nothing is known. */
	return errno == ENXIO ? UINT64_MAX : offset;
}

void file_shut(struct file *f)
{
	if (f->open)
		close(f->fd);
	f->open = false;
}

void file_close(struct file *f)
{
	if (f->map)
		munmap((void *)f->map, f->size);
	file_shut(f);
	*f = (struct file){ 0 };
}
