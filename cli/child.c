/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* The first line that it wrote where there is no answer, without our own name before it. */
static void read_reason(int fd, char *why, size_t size)
{
	static const char name[] = "pycore: ";
	ssize_t len = pread(fd, why, size - 1, 0);

	why[len > 0 ? len : 0] = '\0';
	why[strcspn(why, "\n")] = '\0';
	if (!strncmp(why, name, strlen(name)))
		memmove(why, why + strlen(name), strlen(why + strlen(name)) + 1);
}

static void why_no_answer(int fd, int status, const struct child_limits *l, char *why, size_t size)
{
	if (WIFEXITED(status)) {
		read_reason(fd, why, size);
	} else if (l->seconds && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGXCPU)) {
		snprintf(why, size, "no answer within %u s", l->seconds);
	} else {
		snprintf(why, size, "pycore analyze ended with signal %d", WTERMSIG(status));
	}
}

bool child_analyze(const char *core, const char *path, const struct child_limits *limits,
		   char *why, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666), status;
	bool told;
	pid_t pid;

	if (fd < 0) {
		snprintf(why, size, "%s: %s", path, strerror(errno));
		return false;
	}
	pid = fork();
	if (!pid)
		become_analyze(core, fd, limits);
	if (pid < 0) {
		snprintf(why, size, "no process to read it: %s", strerror(errno));
		told = false;
	} else {
		status = wait_for(pid, limits->seconds);
		told = WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_ANSWERED ||
					     WEXITSTATUS(status) == EXIT_PARTLY);
		if (!told)
			why_no_answer(fd, status, limits, why, size);
	}
	close(fd);
	if (!told)
		unlink(path);
	return told;
}
