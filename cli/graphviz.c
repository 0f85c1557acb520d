/* SPDX-License-Identifier: MIT */
#include "graphviz.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool graphviz_found(void)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t len = strcspn(path, ":");
		char *file = NULL;
		bool found;

		if (asprintf(&file, "%.*s/dot", (int)len, len ? path : ".") < 0)
			return false;
		found = access(file, X_OK) == 0;
		free(file);
		if (found)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

bool graphviz_open(struct graphviz *g)
{
	*g = (struct graphviz){ .fd = memfd_create("pycore.dot", MFD_CLOEXEC) };
	return g->fd >= 0;
}

void graphviz_close(struct graphviz *g)
{
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
}

int graphviz_write(void *graphviz, const char *text, size_t len)
{
	struct graphviz *g = graphviz;

	while (len) {
		ssize_t n = write(g->fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			g->error = errno;
			return -1;
		}
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* What we handle or ignore is no business of its. @return 0 or an errno */
static int start(int in, int out, pid_t *pid)
{
	char *words[] = { "dot", "-Tsvg", NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t usual;
	int rc;

	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGXFSZ);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawnp(pid, words[0], &files, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* @return whether all that came was passed on */
static bool pass_on(int fd, struct output *out)
{
	char text[1 << 16];
	ssize_t n;

	for (;;) {
		n = read(fd, text, sizeof(text));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		if (output_write(out, text, (size_t)n))
			return false;
	}
}

bool graphviz_draw(struct graphviz *g, struct output *out, char *why, size_t room)
{
	int ends[2], status = 0, rc = 0;
	bool passed = false;
	pid_t pid = -1;

	*why = '\0';
	if (lseek(g->fd, 0, SEEK_SET) || pipe2(ends, O_CLOEXEC)) {
		snprintf(why, room, "the picture cannot be drawn: %s", strerror(errno));
		return false;
	}
	rc = start(g->fd, ends[1], &pid);
	close(ends[1]);
	if (!rc)
		passed = pass_on(ends[0], out);
	close(ends[0]);
	while (!rc && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc)
		snprintf(why, room, "graphviz's dot cannot be started: %s", strerror(rc));
	else if (!passed && !out->error)
		snprintf(why, room, "what graphviz's dot has drawn cannot be read");
	else if (passed && WIFSIGNALED(status))
		snprintf(why, room, "graphviz's dot was ended by signal %d", WTERMSIG(status));
	else if (passed && WEXITSTATUS(status))
		snprintf(why, room, "graphviz's dot failed (status %d); --format dot writes what it "
				    "reads", WEXITSTATUS(status));
	return passed && !rc && !status;
}
