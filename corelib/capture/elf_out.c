/* SPDX-License-Identifier: MIT */
#include "capture/elf_out.h"

#include <elf.h>
#include <string.h>

#define PAGE UINT64_C(4096)

static uint32_t segment_flags(uint32_t region_flags)
{
	return (region_flags & REGION_READ ? PF_R : 0) | (region_flags & REGION_WRITE ? PF_W : 0) |
	       (region_flags & REGION_EXEC ? PF_X : 0);
}

static void add_header(struct buf *out, size_t segments, uint64_t sections_at)
{
	Elf64_Ehdr h = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(h),
		.e_ehsize = sizeof(h),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)(segments < PN_XNUM ? segments : PN_XNUM),
	};

	if (sections_at) {
		h.e_shoff = sections_at;
		h.e_shentsize = sizeof(Elf64_Shdr);
		h.e_shnum = 1;
	}
	buf_add(out, &h, sizeof(h));
}

static void add_segments(struct buf *out, const struct plan *plan)
{
	for (size_t i = 0; i < plan->parts.n; i++) {
		const struct part *part = &plan->parts.items[i];
		Elf64_Phdr ph = {
			.p_type = PT_LOAD,
			.p_flags = segment_flags(part->flags),
			.p_offset = part->offset,
			.p_vaddr = part->start,
			.p_filesz = part->filesz,
			.p_memsz = part->end - part->start,
			.p_align = PAGE,
		};

		buf_add(out, &ph, sizeof(ph));
	}
}

/* More segments than the header can count: the first section tells how many. */
static void add_count(struct buf *out, size_t segments)
{
	Elf64_Shdr sh = { .sh_type = SHT_NULL, .sh_size = 1, .sh_info = (Elf64_Word)segments };

	buf_add(out, &sh, sizeof(sh));
}

uint64_t elf_out_headers(struct buf *out, struct plan *plan, const struct buf *notes)
{
	size_t segments = plan->parts.n + 1;
	uint64_t table = sizeof(Elf64_Ehdr) + segments * sizeof(Elf64_Phdr);
	uint64_t notes_at = table + (segments < PN_XNUM ? 0 : sizeof(Elf64_Shdr));
	uint64_t at = (notes_at + notes->len + PAGE - 1) & ~(PAGE - 1), end = at;
	Elf64_Phdr note = {
		.p_type = PT_NOTE,
		.p_offset = notes_at,
		.p_filesz = notes->len,
		.p_align = 4,
	};

	for (size_t i = 0; i < plan->parts.n; i++) {
		plan->parts.items[i].offset = end;
		end += plan->parts.items[i].filesz;
	}
	add_header(out, segments, segments < PN_XNUM ? 0 : table);
	buf_add(out, &note, sizeof(note));
	add_segments(out, plan);
	if (segments >= PN_XNUM)
		add_count(out, segments);
	buf_add(out, notes->text, notes->len);
	while (!out->failed && out->len < at)
		buf_putc(out, 0);
	return out->failed ? 0 : end;
}
