/* SPDX-License-Identifier: MIT */
#include <gelf.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/user.h>

#include "target/private.h"

/* More than this of anything is damage: no process has a million threads or mapped files. */
enum { MAX_ITEMS = 1 << 20 };

/* The general registers of x86-64, as struct user_regs_struct numbers them. */
enum { REG_PC = 16, REG_SP = 19, REG_FS_BASE = 21 };

_Static_assert(offsetof(struct user_regs_struct, rip) == 8 * REG_PC, "registers");
_Static_assert(offsetof(struct user_regs_struct, rsp) == 8 * REG_SP, "registers");
_Static_assert(offsetof(struct user_regs_struct, fs_base) == 8 * REG_FS_BASE, "registers");

static bool take_status(struct notes *n, const unsigned char *desc, size_t len)
{
	struct native_thread thread;
	prstatus_t s;

	if (len < sizeof(s) || n->threads.n >= MAX_ITEMS)
		return false;
	memcpy(&s, desc, sizeof(s));
	thread = (struct native_thread){
		.tid = (uint32_t)s.pr_pid,
		.signal = s.pr_cursig,
		.pc = s.pr_reg[REG_PC],
		.sp = s.pr_reg[REG_SP],
		.fs_base = s.pr_reg[REG_FS_BASE],
	};
	return vec_push(&n->threads, thread);
}

static bool take_process(struct target *t, const unsigned char *desc, size_t len)
{
	prpsinfo_t p;
	size_t end;

	if (len < sizeof(p))
		return false;
	memcpy(&p, desc, sizeof(p));
	t->process.pid = (uint32_t)p.pr_pid;
	end = strnlen(p.pr_psargs, sizeof(p.pr_psargs));
	while (end && p.pr_psargs[end - 1] == ' ')
		end--;
	t->process.command = end ? arena_strndup(&t->arena, p.pr_psargs, end) :
				   arena_strndup(&t->arena, p.pr_fname,
						 strnlen(p.pr_fname, sizeof(p.pr_fname)));
	return true;
}

static bool take_siginfo(struct notes *n, const unsigned char *desc, size_t len)
{
	siginfo_t info;

	if (len < sizeof(info))
		return false;
	memcpy(&info, desc, sizeof(info));
	n->si_signal = info.si_signo;
	n->si_code = info.si_code;
	n->si_address = (uint64_t)(uintptr_t)info.si_addr;
	return true;
}

static bool take_auxv(struct notes *n, const unsigned char *desc, size_t len)
{
	for (size_t at = 0; len - at >= sizeof(Elf64_auxv_t); at += sizeof(Elf64_auxv_t)) {
		Elf64_auxv_t a;

		memcpy(&a, desc + at, sizeof(a));
		if (a.a_type == AT_NULL)
			break;
		if (a.a_type == AT_ENTRY)
			n->entry = a.a_un.a_val;
		else if (a.a_type == AT_PHDR)
			n->phdr = a.a_un.a_val;
		else if (a.a_type == AT_EXECFN)
			n->execfn = a.a_un.a_val;
		else if (a.a_type == AT_RANDOM)
			n->random = a.a_un.a_val;
	}
	return true;
}

/* count, page size, then start, end, offset in pages of each; then the names in the same order. */
static bool take_files(struct notes *n, struct target *t, const unsigned char *desc, size_t len)
{
	uint64_t head[2], row[3];
	size_t name, room;

	if (len < sizeof(head))
		return false;
	memcpy(head, desc, sizeof(head));
	room = (len - sizeof(head)) / sizeof(row);
	if (head[0] > room || head[0] > MAX_ITEMS)
		return false;
	name = sizeof(head) + (size_t)head[0] * sizeof(row);
	for (size_t i = 0; i < head[0]; i++) {
		const char *text = (const char *)desc + name;
		size_t size = strnlen(text, len - name);
		struct note_file f;

		if (size == len - name)
			return false;
		memcpy(row, desc + sizeof(head) + i * sizeof(row), sizeof(row));
		name += size + 1;
		f = (struct note_file){ .start = row[0], .end = row[1] };
		if (f.start >= f.end || __builtin_mul_overflow(row[2], head[1], &f.offset))
			continue;
		/* One file's rows follow each other: one copy of its name will do. */
		if (n->files.n && !strcmp(n->files.items[n->files.n - 1].path, text))
			f.path = n->files.items[n->files.n - 1].path;
		else
			f.path = arena_strndup(&t->arena, text, size);
		if (!f.path || !vec_push(&n->files, f))
			return false;
	}
	return true;
}

static void take(struct notes *n, struct target *t, uint32_t type, const unsigned char *desc,
		 size_t len)
{
	bool ok = true;

	switch (type) {
	case NT_PRSTATUS:
		ok = take_status(n, desc, len);
		break;
	case NT_PRPSINFO:
		ok = take_process(t, desc, len);
		break;
	case NT_SIGINFO:
		/* The kernel writes it once, gdb for each thread, that of the signal first. */
		ok = n->si_signal || take_siginfo(n, desc, len);
		break;
	case NT_AUXV:
		ok = take_auxv(n, desc, len);
		break;
	case NT_FILE:
		ok = n->files.n || take_files(n, t, desc, len);
		break;
	}
	n->damaged |= !ok;
}

void notes_parse(struct notes *n, struct target *t, Elf_Data *data)
{
	size_t at = 0, name, desc, next;
	GElf_Nhdr h;

	while (at < data->d_size && (next = gelf_getnote(data, at, &h, &name, &desc))) {
		const unsigned char *bytes = data->d_buf;

		if (h.n_namesz >= 5 && !memcmp(bytes + name, "CORE", 5))
			take(n, t, h.n_type, bytes + desc, h.n_descsz);
		at = next;
	}
	n->damaged |= at < data->d_size;
}

void notes_fini(struct notes *n)
{
	vec_free(&n->threads);
	vec_free(&n->files);
}
