/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 500
#define EACH_MS 100
#define BAR 20

/* Workers report too; one that finds another at it has nothing to add. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool wanted;
static bool shown;
static int64_t next_ms;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_start(bool show)
{
	wanted = show && isatty(STDERR_FILENO);
	next_ms = now_ms() + FIRST_MS;
}

static void draw(const char *what, uint64_t done, uint64_t total)
{
	char bar[BAR + 1];
	unsigned percent;

	if (!total) {
		fprintf(stderr, "\r\033[K%s ...", what);
		return;
	}
	percent = done >= total ? 100 : (unsigned)((double)done * 100.0 / (double)total);
	memset(bar, '.', BAR);
	memset(bar, '#', percent * BAR / 100);
	bar[BAR] = '\0';
	fprintf(stderr, "\r\033[K%s [%s] %3u %%", what, bar, percent);
}

void progress_show(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	int64_t now;

	if (!wanted || pthread_mutex_trylock(&lock))
		return;
	now = now_ms();
	if (now >= next_ms) {
		draw(what, done, total);
		fflush(stderr);
		shown = true;
		next_ms = now + EACH_MS;
	}
	pthread_mutex_unlock(&lock);
}

void progress_clear(void)
{
	if (!shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	shown = false;
}
