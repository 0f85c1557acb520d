/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "target/private.h"

/* More headers than this are damage: linkers write a dozen. */
enum { MAX_PHDRS = 256 };

static void add(struct elf_shape *shape, const Elf64_Phdr *ph)
{
	struct shape_part part = {
		.vaddr = ph->p_vaddr,
		.offset = ph->p_offset,
		.filesz = ph->p_filesz,
		.memsz = ph->p_memsz,
		.flags = ph->p_flags,
	};
	uint64_t end;

	if (__builtin_add_overflow(ph->p_vaddr, ph->p_memsz, &end) || ph->p_filesz > ph->p_memsz)
		return;
	if (ph->p_type == PT_LOAD && ph->p_memsz && shape->n_loads < SHAPE_LOADS) {
		if (!shape->n_loads || PAGE_DOWN(ph->p_vaddr) < shape->low)
			shape->low = PAGE_DOWN(ph->p_vaddr);
		if (PAGE_UP(end) > shape->high)
			shape->high = PAGE_UP(end);
		shape->loads[shape->n_loads++] = part;
	} else if (ph->p_type == PT_NOTE && shape->n_notes < SHAPE_NOTES) {
		shape->notes[shape->n_notes++] = part;
	} else if (ph->p_type == PT_DYNAMIC) {
		shape->dynamic = part;
	}
}

bool elf_shape_read(struct elf_shape *shape, shape_get_fn *get, void *ctx)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;

	*shape = (struct elf_shape){ 0 };
	if (get(ctx, 0, &eh, sizeof(eh)) != sizeof(eh) || memcmp(eh.e_ident, ELFMAG, SELFMAG))
		return false;
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh.e_machine != EM_X86_64 || (eh.e_type != ET_EXEC && eh.e_type != ET_DYN))
		return false;
	if (eh.e_phentsize != sizeof(ph) || eh.e_phnum > MAX_PHDRS)
		return false;
	shape->type = eh.e_type;
	for (size_t i = 0; i < eh.e_phnum; i++) {
		uint64_t at;

		if (__builtin_add_overflow(eh.e_phoff, i * sizeof(ph), &at) ||
		    get(ctx, at, &ph, sizeof(ph)) != sizeof(ph)) {
			shape->n_loads = 0;
			return false;
		}
		add(shape, &ph);
	}
	return shape->n_loads > 0;
}

const struct shape_part *elf_shape_load(const struct elf_shape *shape, uint64_t offset)
{
	for (size_t i = 0; i < shape->n_loads; i++) {
		const struct shape_part *l = &shape->loads[i];
		uint64_t first = PAGE_DOWN(l->offset);

		if (offset >= first && offset - first < l->filesz + (l->offset - first))
			return l;
	}
	return NULL;
}

size_t elf_notes_build_id(const void *notes, size_t len, uint8_t out[64])
{
	const unsigned char *p = notes;
	size_t at = 0;

	while (len - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr n;
		size_t name = at + sizeof(n), desc, next;

		memcpy(&n, p + at, sizeof(n));
		if (n.n_namesz > len || n.n_descsz > len)
			break;
		desc = name + ((n.n_namesz + 3) & ~(size_t)3);
		next = desc + ((n.n_descsz + 3) & ~(size_t)3);
		if (desc > len || n.n_descsz > len - desc)
			break;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && !memcmp(p + name, "GNU", 4) &&
		    n.n_descsz && n.n_descsz <= 64) {
			memcpy(out, p + desc, n.n_descsz);
			return n.n_descsz;
		}
		if (next >= len)
			break;
		at = next;
	}
	return 0;
}
