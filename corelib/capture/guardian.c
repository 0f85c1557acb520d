/* SPDX-License-Identifier: MIT */
#include "capture/guardian.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void put_back(const struct guardian *g)
{
	for (size_t i = g->n; i-- > 0;)
		group_write(&g->group, g->changed[i].file, g->changed[i].was);
}

/*
 * The other process: a copy of this one, that may only make system calls, for other
 * threads may have held any lock. Signals for the whole terminal or session are
 * not for it; its session is its own.
 */
static void watch_over(const struct guardian *g, int end)
{
	sigset_t all;
	char byte;
	ssize_t n;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "pycore-guardian");
	/* The write ends of other pipes, sockets and files are not for it to keep open. */
	dup2(end, 3);
	syscall(SYS_close_range, 4, ~0u, 0);
	syscall(SYS_close_range, 0, 2, 0);
	do
		n = read(3, &byte, 1);
	while (n < 0 && errno == EINTR);
	/* A byte says that all is put back; the end of the stream, that nobody is left to do it. */
	if (n <= 0)
		put_back(g);
	_exit(0);
}

static bool start(struct guardian *g)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return false;
	pid = fork();
	if (!pid) {
		close(ends[1]);
		watch_over(g, ends[0]);
	}
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return false;
	}
	g->end = ends[1];
	g->pid = pid;
	g->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return true;
}

static void send_home(struct guardian *g)
{
	if (!g->pid)
		return;
	if (send(g->end, "x", 1, MSG_NOSIGNAL) < 0)
		kill(g->pid, SIGKILL); /* it is gone, then */
	close(g->end);
	if (g->pidfd >= 0)
		close(g->pidfd);
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
	g->pid = 0;
	g->end = g->pidfd = -1;
}

bool guardian_change(struct guardian *g, const char *file, const char *text, const char *was)
{
	struct guardian before = *g;

	if (g->n >= GUARDIAN_FILES) {
		errno = ENOMEM;
		return false;
	}
	g->changed[g->n].file = file;
	snprintf(g->changed[g->n].was, sizeof(g->changed[0].was), "%s", was);
	g->n++;
	/* It watches before there is anything to watch over. */
	if (!start(g)) {
		*g = before;
		return false;
	}
	send_home(&before);
	if (group_write(&g->group, file, text))
		return true;
	g->n--;
	return false;
}

void guardian_release(struct guardian *g)
{
	put_back(g);
	send_home(g);
	g->n = 0;
}

void guardian_renew(struct guardian *g)
{
	send_home(g);
	if (g->n && !start(g))
		guardian_release(g);
}
