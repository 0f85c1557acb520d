/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <gelf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "target/private.h"
#include "target/unpack.h"

enum { MAX_NOTES = 256 << 20 };

static bool core_piece(struct target *t, uint64_t addr, struct piece *out)
{
	const struct file_piece *p = pieces_at(&((struct core *)t)->pieces, addr);

	if (!p || !p->host)
		return false;
	*out = (struct piece){ p->start, p->len, p->host };
	return true;
}

static size_t core_read(struct target *t, uint64_t addr, void *buf, size_t len)
{
	return pieces_read(&((struct core *)t)->pieces, addr, buf, len);
}

static uint64_t core_skip(struct target *t, uint64_t addr, uint64_t end)
{
	return pieces_skip(&((struct core *)t)->pieces, addr, end);
}

static void core_close(struct target *t)
{
	struct core *c = (struct core *)t;

	vec_free(&c->segments);
	vec_free(&c->pieces.list);
	notes_fini(&c->notes);
	if (c->elf)
		elf_end(c->elf);
	target_teardown(t);
	file_close(&c->file);
	free(c);
}

static const struct target_ops core_ops = {
	.piece = core_piece,
	.read = core_read,
	.skip = core_skip,
	.close = core_close,
};

static int open_file(struct core *c, const char *path, struct pycore_error *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return pycore_fail_errno(err, PYCORE_ERR_OPEN, errno, "cannot open %.160s", path);
	if (S_ISDIR(st.st_mode))
		return pycore_fail(err, PYCORE_ERR_OPEN,
				   "%.160s is a directory: name the core file in it", path);
	if (!S_ISREG(st.st_mode))
		return pycore_fail(err, PYCORE_ERR_OPEN,
				   "%.160s is not a regular file: save the core to a file first", path);
	if (!st.st_size)
		return pycore_fail(err, PYCORE_ERR_FORMAT,
				   "%.120s is empty: no core was written; look at 'ulimit -c' and for a full disk",
				   path);
	errno = 0;
	if (!file_open(&c->file, NULL, path))
		return pycore_fail_errno(err,
					 errno == EACCES || errno == EPERM ? PYCORE_ERR_PERMISSION
									   : PYCORE_ERR_OPEN,
					 errno, "cannot open %.160s", path);
	c->base.written_at = c->file.mtime;
	return 0;
}

/* A compressed core is read from a copy, unpacked. */
static int unpack(struct core *c, const char *path, struct pycore_error *err)
{
	unsigned char head[8];
	const struct codec *codec = codec_of(head, file_read(&c->file, 0, head, sizeof(head)));
	struct unpacked got;
	int rc;

	if (!codec)
		return 0;
	rc = unpack_core(&c->base, &c->file, codec, path, &got, err);
	if (rc)
		return rc;
	c->unpack_lost = got.length < got.wanted && (got.cut || got.damaged);
	if (got.damaged && !c->unpack_lost)
		target_warn(&c->base, "%s is damaged: its checksum is wrong, and what is read may be, too",
			    path);
	else if (c->unpack_lost)
		target_warn(&c->base, "%s is %s: %.1f of %.1f MiB could be unpacked", path,
			    got.cut ? "cut short" : "damaged", (double)got.length / 1048576,
			    (double)got.wanted / 1048576);
	return 0;
}

/* See that it is a core, and one that this library reads. */
static int check_header(struct core *c, const char *path, struct pycore_error *err)
{
	GElf_Ehdr eh;

	elf_version(EV_CURRENT);
	c->elf = elf_begin(c->file.fd, ELF_C_READ, NULL);
	if (!c->elf || elf_kind(c->elf) != ELF_K_ELF || !gelf_getehdr(c->elf, &eh))
		return pycore_fail(err, PYCORE_ERR_FORMAT,
				   "%.120s is not an ELF core file: give the core that the kernel or gcore wrote",
				   path);
	if (eh.e_type == ET_EXEC || eh.e_type == ET_DYN)
		return pycore_fail(err, PYCORE_ERR_FORMAT,
				   "%.100s is a program or library, not a core: give the core file, and this one with --exe",
				   path);
	if (eh.e_type != ET_CORE)
		return pycore_fail(err, PYCORE_ERR_FORMAT,
				   "%.120s is an ELF file but not a core: give the core file", path);
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh.e_machine != EM_X86_64)
		return pycore_fail(err, PYCORE_ERR_FORMAT,
				   "%.100s is the core of another kind of machine (ELF machine %u, "
				   "%s-bit): only 64-bit x86 is read",
				   path, eh.e_machine, eh.e_ident[EI_CLASS] == ELFCLASS32 ? "32" : "64");
	return 0;
}

static uint32_t region_flags(uint32_t p_flags)
{
	return (p_flags & PF_R ? REGION_READ : 0) | (p_flags & PF_W ? REGION_WRITE : 0) |
	       (p_flags & PF_X ? REGION_EXEC : 0);
}

/* @return whether it makes sense */
static bool take_load(struct core *c, const GElf_Phdr *ph)
{
	struct segment s = {
		.start = ph->p_vaddr,
		.filesz = ph->p_filesz < ph->p_memsz ? ph->p_filesz : ph->p_memsz,
		.offset = ph->p_offset,
		.flags = region_flags(ph->p_flags),
	};

	if (!ph->p_memsz)
		return true;
	if (__builtin_add_overflow(ph->p_vaddr, ph->p_memsz, &s.end))
		return false;
	return vec_push(&c->segments, s) && ph->p_filesz <= ph->p_memsz;
}

static bool take_notes(struct core *c, const GElf_Phdr *ph)
{
	uint64_t size = ph->p_filesz;
	Elf_Data *data;

	if (ph->p_offset >= c->file.size || size > c->file.size - ph->p_offset) {
		c->notes_cut = true;
		size = ph->p_offset < c->file.size ? c->file.size - ph->p_offset : 0;
	}
	if (size > MAX_NOTES)
		size = MAX_NOTES;
	if (!size)
		return true;
	data = elf_getdata_rawchunk(c->elf, (int64_t)ph->p_offset, size,
				    ph->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	if (!data || !data->d_buf)
		return false;
	notes_parse(&c->notes, &c->base, data);
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Sort, and cut what overlaps: the first comer keeps it. */
static bool sort_segments(segment_vec *v)
{
	uint64_t end = 0;
	bool clean = true;
	size_t n = 0;

	if (v->n)
		qsort(v->items, v->n, sizeof(*v->items), by_start);
	for (size_t i = 0; i < v->n; i++) {
		struct segment s = v->items[i];
		uint64_t over = s.start < end ? end - s.start : 0;

		clean &= !over;
		if (over >= s.end - s.start)
			continue;
		s.start += over;
		s.filesz -= over < s.filesz ? over : s.filesz;
		/* A wrong offset is caught when its bytes are looked for in the file. */
		s.offset += over;
		end = s.end;
		v->items[n++] = s;
	}
	v->n = n;
	return clean;
}

static int read_headers(struct core *c, const char *path, struct pycore_error *err)
{
	bool clean = true;
	size_t n, i;
	GElf_Phdr ph;

	if (elf_getphdrnum(c->elf, &n) < 0)
		n = 0;
	for (i = 0; i < n && gelf_getphdr(c->elf, (int)i, &ph); i++) {
		if (ph.p_type == PT_LOAD)
			clean &= take_load(c, &ph);
		else if (ph.p_type == PT_NOTE)
			clean &= take_notes(c, &ph);
	}
	clean &= i == n && sort_segments(&c->segments);
	if (!c->segments.n)
		return pycore_fail(err, PYCORE_ERR_FORMAT,
				   "%.120s holds no memory (cut short within its headers?): make the core again",
				   path);
	if (c->notes_cut)
		c->base.lost = "the core is cut short (its notes are missing)";
	if (c->notes_cut)
		target_warn(&c->base, "%s is cut short: what it tells of threads and mapped files is missing",
			    path);
	else
		clean &= !c->notes.damaged;
	if (!clean)
		target_warn(&c->base, "%s is damaged: some of its headers make no sense and were left out",
			    path);
	return 0;
}

static int take_segments(struct core *c, const char *path, struct pycore_error *err)
{
	uint64_t left = c->file.size;
	bool twice = false;

	for (size_t i = 0; i < c->segments.n; i++) {
		const struct segment *s = &c->segments.items[i];
		struct file_piece piece;
		uint64_t have = 0;

		if (s->offset < c->file.size)
			have = c->file.size - s->offset;
		if (have > s->filesz)
			have = s->filesz;
		/* No byte of a true core is at two addresses: a lie could make a lot of a few. */
		if (have > left) {
			have = left;
			twice = true;
		}
		left -= have;
		piece = (struct file_piece){
			.start = s->start,
			.len = have,
			.file = &c->file,
			.offset = s->offset,
		};
		if (!pieces_add(&c->pieces, piece))
			return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the segments of %.120s",
					   path);
	}
	pieces_sort(&c->pieces);
	if (twice)
		target_warn(&c->base, "%s is damaged: its headers put the same bytes at many addresses",
			    path);
	return 0;
}

static const char *path_at(const struct core *c, uint64_t addr)
{
	for (size_t i = 0; addr && i < c->notes.files.n; i++) {
		const struct note_file *f = &c->notes.files.items[i];

		if (addr >= f->start && addr < f->end)
			return f->path;
	}
	return NULL;
}

static void describe_process(struct core *c)
{
	struct process_info *p = &c->base.process;
	struct notes *n = &c->notes;

	p->exe = path_at(c, n->entry);
	if (!p->exe)
		p->exe = path_at(c, n->phdr);
	c->base.threads = n->threads.items;
	c->base.n_threads = n->threads.n;
	if (!n->threads.n)
		return;
	/*
	 * The kernel tells the deadly signal in the status of every thread, and
	 * writes the thread that took it first; so does gdb, which leaves SIGSTOP
	 * or SIGTRAP of its own making in a process that is well.
	 */
	for (size_t i = 1; i < n->threads.n; i++)
		n->threads.items[i].signal = 0;
	if (n->threads.items[0].signal == SIGSTOP)
		n->threads.items[0].signal = 0;
	p->signal = n->threads.items[0].signal;
	if (!p->pid)
		p->pid = n->threads.items[0].tid;
	if (!p->signal)
		return;
	p->signal_tid = n->threads.items[0].tid;
	if ((p->signal == SIGSEGV || p->signal == SIGBUS) && n->si_signal == p->signal && n->si_code > 0)
		p->fault_address = n->si_address;
}

/* What a process's own map calls [heap]: the first anonymous memory after the program. */
static void mark_heap(struct target *t)
{
	const uint64_t most = UINT64_C(1) << 30; /* how far the kernel moves it at random */
	uint64_t end = 0;

	for (size_t i = 0; i < t->n_modules; i++) {
		if (t->modules[i].is_exe)
			end = t->modules[i].end;
	}
	for (size_t i = 0; end && i < t->n_regions; i++) {
		struct region *r = &t->regions[i];

		if (r->start < end)
			continue;
		if (r->path || r->start - end > most)
			return;
		if (!(r->flags & REGION_WRITE))
			continue;
		r->flags |= REGION_HEAP;
		return;
	}
}

static void mark_regions(struct core *c)
{
	mark_heap(&c->base);
	target_mark(&c->base, c->notes.execfn, REGION_STACK);
	target_mark(&c->base, c->notes.random, REGION_STACK);
	for (size_t i = 0; i < c->base.n_threads; i++)
		target_mark(&c->base, c->base.threads[i].sp, REGION_STACK);
}

/* It was asked for by name, so that it cannot be had is an error and not a warning. */
static int check_exe(const char *path, struct pycore_error *err)
{
	struct file f;

	if (!path)
		return 0;
	errno = 0;
	if (!file_open(&f, NULL, path))
		return pycore_fail_errno(err, PYCORE_ERR_OPEN, errno ? errno : EINVAL,
					 "cannot open the executable %.140s", path);
	file_close(&f);
	return 0;
}

static int core_load(struct core *c, const char *path, struct pycore_error *err)
{
	int rc = open_file(c, path, err);

	if (!rc)
		rc = unpack(c, path, err);
	if (!rc)
		rc = check_header(c, path, err);
	if (!rc)
		rc = read_headers(c, path, err);
	if (rc)
		return rc;
	elf_end(c->elf);
	c->elf = NULL;
	if (c->base.map_files)
		file_map(&c->file);
	rc = take_segments(c, path, err);
	if (rc)
		return rc;
	describe_process(c);
	if (!core_regions(c) || !modules_build(&c->base) || !core_fill(c))
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the regions of %.120s", path);
	mark_regions(c);
	core_tell_lost(c, path);
	return 0;
}

int target_open_core(struct target **out, const char *path, const struct pycore_options *options,
		     warn_fn *warn, void *warn_ctx, struct pycore_error *err)
{
	struct core *c = calloc(1, sizeof(*c));
	int rc;

	*out = NULL;
	if (!c)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a target");
	target_setup(&c->base, &core_ops, TARGET_CORE, options, warn, warn_ctx);
	c->base.path = arena_strdup(&c->base.arena, path);
	rc = check_exe(c->base.exe_override, err);
	if (!rc)
		rc = core_load(c, path, err);
	if (rc) {
		target_close(&c->base);
		return rc;
	}
	*out = &c->base;
	return 0;
}
