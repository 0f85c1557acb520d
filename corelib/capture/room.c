/* SPDX-License-Identifier: MIT */
#include "capture/room.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/live.h"

/* "MemAvailable:   123 kB": what the kernel thinks can be had without swapping. */
static uint64_t available(void)
{
	struct buf b = { 0 };
	uint64_t kib = 0;
	const char *at;

	if (proc_read(AT_FDCWD, "/proc/meminfo", 65536, &b) && b.len &&
	    (at = strstr(b.text, "MemAvailable:")))
		kib = strtoull(at + strlen("MemAvailable:"), NULL, 10);
	buf_free(&b);
	return kib * 1024;
}

uint64_t room_for_copy(void)
{
	return available() / 2;
}
