/* SPDX-License-Identifier: MIT */
#include "capture/notes_out.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/xsave.h"

enum { MOST_AUXV = 65536, PAGE = 4096 };

_Static_assert(sizeof(((prstatus_t *)0)->pr_reg) == sizeof(struct user_regs_struct), "registers");

static void pad(struct buf *out)
{
	while (!out->failed && out->len % 4)
		buf_putc(out, 0);
}

static void add_note(struct buf *out, const char *name, uint32_t type, const void *desc, size_t len)
{
	Elf64_Nhdr h = {
		.n_namesz = (Elf64_Word)strlen(name) + 1,
		.n_descsz = (Elf64_Word)len,
		.n_type = type,
	};

	buf_add(out, &h, sizeof(h));
	buf_add(out, name, h.n_namesz);
	pad(out);
	buf_add(out, desc, len);
	pad(out);
}

static void read_auxv(struct process_facts *facts, int proc_fd)
{
	if (!proc_read(proc_fd, "auxv", MOST_AUXV, &facts->auxv))
		return;
	for (size_t at = 0; facts->auxv.len - at >= sizeof(Elf64_auxv_t); at += sizeof(Elf64_auxv_t)) {
		Elf64_auxv_t a;

		memcpy(&a, facts->auxv.text + at, sizeof(a));
		if (a.a_type == AT_NULL)
			break;
		if (a.a_type == AT_SYSINFO_EHDR)
			facts->vdso = a.a_un.a_val;
		if (a.a_type == AT_RANDOM)
			facts->random = a.a_un.a_val;
	}
}

/* "pid (name) state ppid pgrp session ..."; the name may have anything in it. */
static void read_stat(prpsinfo_t *info, int proc_fd)
{
	struct buf b = { 0 };
	char *name, *rest;
	int ppid, pgrp, sid;
	unsigned long flags;
	long nice;
	char state;

	if (proc_read(proc_fd, "stat", 4096, &b) && b.len && (name = strchr(b.text, '(')) &&
	    (rest = strrchr(b.text, ')'))) {
		*rest = 0;
		snprintf(info->pr_fname, sizeof(info->pr_fname), "%s", name + 1);
		if (sscanf(rest + 1, " %c %d %d %d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d %*d %ld",
			   &state, &ppid, &pgrp, &sid, &flags, &nice) == 6) {
			info->pr_sname = state;
			info->pr_ppid = ppid;
			info->pr_pgrp = pgrp;
			info->pr_sid = sid;
			info->pr_flag = flags;
			info->pr_nice = (char)nice;
		}
	}
	buf_free(&b);
}

void facts_read(struct process_facts *facts, const struct target *t)
{
	prpsinfo_t *info = &facts->info;
	pid_t pid = (pid_t)t->process.pid;
	int fd = target_proc_fd(t);
	long id;

	read_auxv(facts, fd);
	read_stat(info, fd);
	info->pr_pid = pid;
	id = live_status(fd, pid, "\nUid:");
	info->pr_uid = id < 0 ? 0 : (unsigned)id;
	id = live_status(fd, pid, "\nGid:");
	info->pr_gid = id < 0 ? 0 : (unsigned)id;
	if (t->process.command)
		strncpy(info->pr_psargs, t->process.command, sizeof(info->pr_psargs) - 1);
}

void facts_fini(struct process_facts *facts)
{
	buf_free(&facts->auxv);
}

/* Of a thread that never stopped it is known where it is, at best. */
static void add_thread(struct buf *out, const struct native_thread *thread,
		       const prpsinfo_t *info)
{
	const struct thread_registers *r = thread->registers;
	struct user_regs_struct regs = { .rip = thread->pc, .rsp = thread->sp,
					 .fs_base = thread->fs_base };
	prstatus_t s = {
		.pr_pid = (pid_t)thread->tid,
		.pr_ppid = info->pr_ppid,
		.pr_pgrp = info->pr_pgrp,
		.pr_sid = info->pr_sid,
	};

	if (r && r->has_general)
		regs = r->general;
	memcpy(s.pr_reg, &regs, sizeof(regs));
	s.pr_fpvalid = r && r->has_floating;
	add_note(out, "CORE", NT_PRSTATUS, &s, sizeof(s));
}

static void add_more_registers(struct buf *out, const struct thread_registers *r)
{
	unsigned char standard[XSAVE_MOST];
	size_t len;

	if (r && r->has_floating)
		add_note(out, "CORE", NT_PRFPREG, &r->floating, sizeof(r->floating));
	len = r && r->extended ? xsave_standard(standard, r->extended, r->extended_len) : 0;
	if (len)
		add_note(out, "LINUX", NT_X86_XSTATE, standard, len);
}

/* As fs/binfmt_elf.c fill_files_note(): numbers of all, then names of all. */
static void add_files(struct buf *out, const struct target *t)
{
	struct buf rows = { 0 }, names = { 0 };
	uint64_t head[2] = { 0, PAGE };

	for (size_t i = 0; i < t->n_regions; i++) {
		const struct region *r = &t->regions[i];
		uint64_t row[3] = { r->start, r->end, r->file_offset / PAGE };

		if (!r->path)
			continue;
		head[0]++;
		buf_add(&rows, row, sizeof(row));
		buf_add(&names, r->path, strlen(r->path) + 1);
	}
	if (head[0]) {
		struct buf note = { 0 };

		buf_add(&note, head, sizeof(head));
		buf_add(&note, rows.text, rows.len);
		buf_add(&note, names.text, names.len);
		out->failed |= rows.failed || names.failed || note.failed;
		if (!out->failed)
			add_note(out, "CORE", NT_FILE, note.text, note.len);
		buf_free(&note);
	}
	buf_free(&rows);
	buf_free(&names);
}

void notes_out(struct buf *out, const struct target *t, const struct process_facts *facts)
{
	siginfo_t none = { 0 };

	/* The kernel's order: the first thread, what is told of all, then the other threads. */
	for (size_t i = 0; i < t->n_threads; i++) {
		const struct thread_registers *r = t->threads[i].registers;

		add_thread(out, &t->threads[i], &facts->info);
		if (!i) {
			add_note(out, "CORE", NT_PRPSINFO, &facts->info, sizeof(facts->info));
			add_note(out, "CORE", NT_SIGINFO, r && r->has_info ? &r->info : &none,
				 sizeof(none));
			if (facts->auxv.len)
				add_note(out, "CORE", NT_AUXV, facts->auxv.text, facts->auxv.len);
			add_files(out, t);
		}
		add_more_registers(out, r);
	}
}
