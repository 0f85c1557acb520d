/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pycore/session.h>

#include "command.h"

/* What we handle or ignore is no business of theirs. */
static void usual_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ, SIGCHLD };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
}

pid_t child_start(char *const *words)
{
	int ends[2], error = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		usual_signals();
		execvp(words[0], words);
		error = errno;
		if (write(ends[1], &error, sizeof(error)) < 0)
			_exit(127);
		_exit(127);
	}
	close(ends[1]);
	/* The pipe ends without a word when the program is running. */
	if (pid > 0 && read(ends[0], &error, sizeof(error)) == sizeof(error)) {
		waitpid(pid, NULL, 0);
		errno = error;
		pid = -1;
	}
	close(ends[0]);
	return pid;
}

/* A watcher is spared by the kernel's killer; what may grow with the core is not. */
static void be_killable(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "0", 1) < 0)
		errno = 0;
	if (fd >= 0)
		close(fd);
}

static void become_analyze(const char *core, int out, const struct child_limits *l)
{
	const char *words[16] = { "pycore", "analyze", "--color", "never" };
	struct rlimit cpu = { l->seconds, l->seconds };
	size_t n = 4;

	usual_signals();
	be_killable();
	if (l->unpack_in)
		setenv("TMPDIR", l->unpack_in, 1);
	if (l->seconds)
		setrlimit(RLIMIT_CPU, &cpu);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	/* It may have got that number itself, and then it would be closed now. */
	fcntl(STDOUT_FILENO, F_SETFD, 0);
	if (l->redact)
		words[n++] = "--redact";
	if (l->sysroot) {
		words[n++] = "--sysroot";
		words[n++] = l->sysroot;
	}
	if (l->exe) {
		words[n++] = "--exe";
		words[n++] = l->exe;
	}
	words[n++] = core;
	words[n] = NULL;
	execv("/proc/self/exe", (char *const *)words);
	_exit(EXIT_NO_ANSWER);
}

/* @return its wait status; it is killed when it takes too long */
static int wait_for(pid_t pid, unsigned seconds)
{
	struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int status = -1;

	if (seconds && p.fd >= 0 && poll(&p, 1, (int)seconds * 1000) == 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (p.fd >= 0)
		close(p.fd);
	return status;
}

bool child_finds_no_python(const char *core, const struct child_limits *limits)
{
	struct pycore_options options = { .size = sizeof(options), .sysroot = limits->sysroot,
					  .exe = limits->exe };
	pid_t pid = fork();
	struct pycore *session;
	int status = -1;

	if (!pid) {
		usual_signals();
		_exit(pycore_open_core(&session, core, &options, NULL) == PYCORE_ERR_NOT_PYTHON);
	}
	if (pid > 0)
		status = wait_for(pid, limits->seconds);
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

bool child_analyze(const char *core, const char *path, const struct child_limits *limits)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666), status;
	pid_t pid;

	if (fd < 0)
		return false;
	pid = fork();
	if (!pid)
		become_analyze(core, fd, limits);
	close(fd);
	status = pid < 0 ? -1 : wait_for(pid, limits->seconds);
	if (pid >= 0 && WIFEXITED(status) &&
	    (WEXITSTATUS(status) == EXIT_ANSWERED || WEXITSTATUS(status) == EXIT_PARTLY))
		return true;
	unlink(path);
	return false;
}
