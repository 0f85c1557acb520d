/* SPDX-License-Identifier: MIT */
#ifndef TARGET_LIVE_H
#define TARGET_LIVE_H

#include <signal.h>
#include <sys/user.h>

#include "base/buf.h"
#include "target/target.h"

/* What the system says of a live process, for those who write it down. */

/* All registers of a thread that stands still. Zero: nothing is known. */
struct thread_registers {
	struct user_regs_struct general;
	struct user_fpregs_struct floating;
	unsigned char *extended; /* as XSAVE puts them, or NULL */
	size_t extended_len;
	siginfo_t info; /* of the signal that was about to be delivered */
	bool has_general, has_floating, has_info;
};

/* A descriptor of /proc/PID of a live target: of this very process, whatever its number names. */
int target_proc_fd(const struct target *t);

/* Monotonic nanoseconds. */
uint64_t live_clock(void);
/*
 * A field of a thread's status, named as "\nState:": its number, or the letter
 * it begins with; -1: it cannot be read.
 */
long live_status(int proc_fd, pid_t tid, const char *field);
/* @return PYCORE_ERR_GONE, told in @p err */
int live_gone(pid_t pid, struct pycore_error *err);

/* Add what a file below /proc/PID holds, about @p most bytes of it; errno tells why not. */
bool proc_read(int dir, const char *name, size_t most, struct buf *out);

#endif
