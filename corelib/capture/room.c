/* SPDX-License-Identifier: MIT */
#include "capture/room.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/group.h"
#include "target/live.h"

/* "MemAvailable:   123 kB" */
static uint64_t field(const struct buf *b, const char *name)
{
	const char *at = b->text ? strstr(b->text, name) : NULL;

	return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

uint64_t room_of_machine(uint64_t *available)
{
	struct buf b = { 0 };
	uint64_t total = 0;

	if (proc_read(AT_FDCWD, "/proc/meminfo", 65536, &b)) {
		total = field(&b, "MemTotal:");
		/* What the kernel thinks can be had without swapping. */
		if (available)
			*available = field(&b, "MemAvailable:");
	}
	buf_free(&b);
	return total;
}

uint64_t room_for_copy(void)
{
	uint64_t room = 0;
	struct group g;

	room_of_machine(&room);
	if (!group_of(&g, 0))
		return room / 2;
	do {
		uint64_t limit = group_limit(&g), usage;

		if (limit == GROUP_NO_LIMIT)
			continue;
		usage = group_usage(&g, true);
		if (usage >= limit)
			return 0;
		if (limit - usage < room)
			room = limit - usage;
	} while (group_up(&g));
	return room / 2;
}
