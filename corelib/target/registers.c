/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "target/private.h"

enum { MOST_EXTENDED = 65536 }; /* AMX, the biggest yet, takes 11 KiB */

static bool read_set(pid_t tid, int type, void *buf, size_t *len)
{
	struct iovec iov = { buf, *len };

	if (ptrace(PTRACE_GETREGSET, tid, (void *)(long)type, &iov) < 0)
		return false;
	*len = iov.iov_len;
	return true;
}

struct thread_registers *registers_read(struct target *t, pid_t tid, int signal)
{
	struct thread_registers *r = arena_alloc(&t->arena, sizeof(*r));
	unsigned char extended[MOST_EXTENDED];
	size_t len = sizeof(r->general);

	if (!r)
		return NULL;
	r->has_general = read_set(tid, NT_PRSTATUS, &r->general, &len);
	len = sizeof(r->floating);
	r->has_floating = read_set(tid, NT_PRFPREG, &r->floating, &len);
	len = sizeof(extended);
	if (read_set(tid, NT_X86_XSTATE, extended, &len) && len) {
		r->extended = arena_alloc(&t->arena, len);
		if (!r->extended)
			return NULL;
		memcpy(r->extended, extended, len);
		r->extended_len = len;
	}
	/* What our own stop says of itself is no signal of the process. */
	r->has_info = signal && ptrace(PTRACE_GETSIGINFO, tid, NULL, &r->info) == 0;
	return r;
}
