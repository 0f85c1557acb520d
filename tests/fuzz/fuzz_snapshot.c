/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "fuzz/fuzz.h"
#include "graph/growth.h"
#include "graph/snapshot.h"
#include "graph/way.h"
#include "lib/corefile.h"

/*
 * Takes the input for the numbers of a snapshot, unpacked: packs them, reads them, uses the
 * graph; and for the packed ones.
 */

const unsigned fuzz_tries = 3000;

static int say(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	const struct whole *w = arg;
	struct buf text = { 0 };

	w->source.label_text(w->source.arg, label, &text);
	buf_free(&text);
	return 0;
}

static void use(const struct whole *w)
{
	const struct whole *const wholes[] = { w, w, w };
	struct pycore_growth growth;
	struct arena arena = { 0 };
	const struct way_query query = { .most = 2 };
	struct links children;
	struct ways ways;

	if (growth_find(wholes, 3, &arena, &growth) || whole_children(w, &children))
		abort();
	if (growth.kept || growth.b.count != w->n)
		abort();
	for (uint32_t i = 0; i < w->n; i++) {
		w->source.edges(w->source.arg, i, say, (void *)w);
		if (w->source.number(w->source.arg, w->source.address(w->source.arg, i)) != i)
			abort();
		if (i % 64 == 0 && !way_find(w, i, &query, &arena, &ways))
			ways_fini(&ways);
	}
	links_fini(&children);
	arena_free(&arena);
}

static void try_file(const unsigned char *bytes, size_t len)
{
	struct snapshot_facts facts;
	struct pycore_error err;
	struct whole w;
	char path[64];
	int fd = corefile_open(bytes, len, path);

	if (!snapshot_read(&w, &facts, fd, len, "it", (struct whole_progress){ 0 }, &err)) {
		use(&w);
		whole_fini(&w);
	}
	snapshot_facts_fini(&facts);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = SNAPSHOT_MAGIC_LEN + ZSTD_compressBound(size), len;
	unsigned char *file = malloc(room);

	if (!file)
		abort();
	memcpy(file, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_LEN);
	len = ZSTD_compress(file + SNAPSHOT_MAGIC_LEN, room - SNAPSHOT_MAGIC_LEN, data, size, 1);
	if (ZSTD_isError(len))
		abort();
	try_file(file, SNAPSHOT_MAGIC_LEN + len);
	/* And as a frame that is damaged itself. */
	memcpy(file + SNAPSHOT_MAGIC_LEN, data, size);
	try_file(file, SNAPSHOT_MAGIC_LEN + size);
	free(file);
	return 0;
}
