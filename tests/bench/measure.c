/* SPDX-License-Identifier: MIT */
/*
 *	measure RUNS COMMAND...
 *
 * Runs the command so many times, its output thrown away, and prints the least
 * wall time in milliseconds, the peak of its resident memory and the peak of
 * what of that is its own (no file behind it), both in KiB. It is a program of
 * its own because ru_maxrss of a process counts its parent's size at the fork.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		execvp(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	return pid;
}

static void check(int status, const char *command)
{
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	fprintf(stderr, "%s ended with status %#x\n", command, (unsigned)status);
	exit(1);
}

static double timed(char **command, long *peak)
{
	double before = now_ms();
	struct rusage use;
	pid_t pid = start(command);
	int status;

	wait4(pid, &status, 0, &use);
	check(status, command[0]);
	if (use.ru_maxrss > *peak)
		*peak = use.ru_maxrss;
	return now_ms() - before;
}

static long own_memory(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kib;
}

/* Looked at every half millisecond: what a program keeps to its end is seen. */
static long watched(char **command)
{
	const struct timespec half = { .tv_nsec = 500000 };
	pid_t pid = start(command);
	long most = 0;
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		long kib = own_memory(pid);

		if (kib > most)
			most = kib;
		nanosleep(&half, NULL);
	}
	check(status, command[0]);
	return most;
}

int main(int argc, char **argv)
{
	int runs = argc > 2 ? atoi(argv[1]) : 0;
	double least = 0;
	long peak = 0;

	if (runs < 1) {
		fprintf(stderr, "usage: measure RUNS COMMAND...\n");
		return 64;
	}
	for (int i = 0; i < runs; i++) {
		double ms = timed(argv + 2, &peak);

		if (!i || ms < least)
			least = ms;
	}
	printf("%.3f %ld %ld\n", least, peak, watched(argv + 2));
	return 0;
}
