/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "target/private.h"

/*
 * The dynamic symbols of a module as the dynamic linker sees them. They serve
 * where the file is gone: replaced by an upgrade, in a container, on another machine.
 */

enum {
	MAX_ENTRIES = 256,
	MAX_SYMBOLS = 1 << 20,
	MAX_NAMES = 32 << 20,
};

struct dynamic {
	uint64_t symbols, names, names_len, hash, gnu_hash;
};

/* The dynamic linker has added the bias to some of these, or has not. */
static uint64_t absolute(const struct module *m, uint64_t addr)
{
	return !addr || (addr >= m->start && addr < m->end) ? addr : addr + m->bias;
}

static bool read_exactly(struct target *t, uint64_t addr, void *buf, size_t len)
{
	return t->ops->read(t, addr, buf, len) == len;
}

static bool dynamic_read(struct target *t, const struct module *m, const struct shape_part *part,
			 struct dynamic *d)
{
	Elf64_Dyn entries[MAX_ENTRIES];
	size_t n = part->memsz < sizeof(entries) ? (size_t)part->memsz : sizeof(entries);

	n = t->ops->read(t, part->vaddr + m->bias, entries, n) / sizeof(entries[0]);
	for (size_t i = 0; i < n && entries[i].d_tag != DT_NULL; i++) {
		switch (entries[i].d_tag) {
		case DT_SYMTAB:
			d->symbols = absolute(m, entries[i].d_un.d_ptr);
			break;
		case DT_STRTAB:
			d->names = absolute(m, entries[i].d_un.d_ptr);
			break;
		case DT_STRSZ:
			d->names_len = entries[i].d_un.d_val;
			break;
		case DT_HASH:
			d->hash = absolute(m, entries[i].d_un.d_ptr);
			break;
		case DT_GNU_HASH:
			d->gnu_hash = absolute(m, entries[i].d_un.d_ptr);
			break;
		}
	}
	return d->symbols && d->names && d->names_len && d->names_len <= MAX_NAMES;
}

/* The number of symbols is nowhere but in the hash tables: here, past the end of the last chain. */
static uint64_t count_gnu(struct target *t, uint64_t hash)
{
	uint32_t head[4], words[1024], last = 0;
	uint64_t buckets, chains;

	if (!read_exactly(t, hash, head, sizeof(head)) || head[0] > MAX_SYMBOLS ||
	    head[2] > MAX_SYMBOLS)
		return 0;
	buckets = hash + sizeof(head) + UINT64_C(8) * head[2];
	chains = buckets + UINT64_C(4) * head[0];
	for (uint64_t i = 0; i < head[0]; i += 1024) {
		size_t n = head[0] - i < 1024 ? (size_t)(head[0] - i) : 1024;

		if (!read_exactly(t, buckets + 4 * i, words, 4 * n))
			return 0;
		for (size_t j = 0; j < n; j++)
			last = words[j] > last ? words[j] : last;
	}
	if (last < head[1])
		return head[1];
	for (; last < MAX_SYMBOLS; last++) {
		if (!read_exactly(t, chains + UINT64_C(4) * (last - head[1]), words, 4))
			return 0;
		if (words[0] & 1)
			return (uint64_t)last + 1;
	}
	return 0;
}

static uint64_t count(struct target *t, const struct dynamic *d)
{
	uint32_t head[2];

	if (d->hash && read_exactly(t, d->hash, head, sizeof(head)))
		return head[1];
	return d->gnu_hash ? count_gnu(t, d->gnu_hash) : 0;
}

/* The length is the target's word: see that there is something before memory is spent on it. */
static bool has_end(struct target *t, uint64_t addr, uint64_t len)
{
	uint64_t last;
	char byte;

	return !__builtin_add_overflow(addr, len - 1, &last) && read_exactly(t, last, &byte, 1);
}

bool module_dynamic_symbols(struct target *t, struct module *m, struct symtab *out)
{
	struct dynamic d = { 0 };
	struct elf_shape shape;
	Elf64_Sym *symbols;
	uint64_t n;
	char *names;
	size_t got;

	if (!module_shape_of_memory(t, m, &shape) || !dynamic_read(t, m, &shape.dynamic, &d))
		return false;
	n = count(t, &d);
	if (!n || n > MAX_SYMBOLS || !has_end(t, d.symbols, n * sizeof(*symbols)) ||
	    !has_end(t, d.names, d.names_len))
		return false;
	symbols = arena_array(&t->arena, n, sizeof(*symbols));
	names = arena_alloc(&t->arena, d.names_len + 1);
	if (!symbols || !names)
		return false;
	got = t->ops->read(t, d.symbols, symbols, n * sizeof(*symbols));
	out->symbols = symbols;
	out->n = got / sizeof(*symbols);
	out->names = names; /* zeroed: whatever was read ends */
	out->names_len = t->ops->read(t, d.names, names, d.names_len) + 1;
	return out->n > 0;
}
