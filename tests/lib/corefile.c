/* SPDX-License-Identifier: MIT */
#include "lib/corefile.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <unistd.h>

enum { SEGMENTS = 64 };

struct bytes {
	unsigned char *at;
	size_t len;
};

struct corefile {
	Elf64_Phdr headers[SEGMENTS];
	struct bytes contents[SEGMENTS];
	size_t n;
	struct bytes notes, all;
	bool notes_last;
};

static void add(struct bytes *b, const void *bytes, size_t len)
{
	b->at = realloc(b->at, b->len + len + 1);
	if (!b->at)
		abort();
	if (bytes)
		memcpy(b->at + b->len, bytes, len);
	else
		memset(b->at + b->len, 0, len);
	b->len += len;
}

static void align(struct bytes *b, size_t to)
{
	add(b, NULL, (to - b->len % to) % to);
}

struct corefile *corefile_new(void)
{
	struct corefile *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	return c;
}

void corefile_free(struct corefile *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->contents[i].at);
	free(c->notes.at);
	free(c->all.at);
	free(c);
}

void corefile_header(struct corefile *c, const Elf64_Phdr *ph)
{
	if (c->n == SEGMENTS)
		abort();
	c->headers[c->n++] = *ph;
}

void corefile_segment(struct corefile *c, uint64_t start, const void *bytes, uint64_t filesz,
		      uint64_t memsz, uint32_t p_flags)
{
	Elf64_Phdr ph = {
		.p_type = PT_LOAD,
		.p_flags = p_flags,
		.p_vaddr = start,
		.p_filesz = filesz,
		.p_memsz = memsz,
		.p_align = 0x1000,
	};

	corefile_header(c, &ph);
	add(&c->contents[c->n - 1], bytes, filesz);
}

void corefile_note(struct corefile *c, const char *name, uint32_t type, const void *desc,
		   size_t len)
{
	Elf64_Nhdr h = { (uint32_t)strlen(name) + 1, (uint32_t)len, type };

	add(&c->notes, &h, sizeof(h));
	add(&c->notes, name, h.n_namesz);
	align(&c->notes, 4);
	add(&c->notes, desc, len);
	align(&c->notes, 4);
}

void corefile_thread(struct corefile *c, uint32_t tid, int signal, uint64_t pc, uint64_t sp,
		     uint64_t fs_base)
{
	prstatus_t s;

	memset(&s, 0, sizeof(s));
	s.pr_pid = (int)tid;
	s.pr_cursig = (short)signal;
	s.pr_reg[16] = pc;
	s.pr_reg[19] = sp;
	s.pr_reg[21] = fs_base;
	corefile_note(c, "CORE", NT_PRSTATUS, &s, sizeof(s));
}

void corefile_process(struct corefile *c, uint32_t pid, const char *command)
{
	prpsinfo_t p;

	memset(&p, 0, sizeof(p));
	p.pr_pid = (int)pid;
	snprintf(p.pr_psargs, sizeof(p.pr_psargs), "%s", command);
	corefile_note(c, "CORE", NT_PRPSINFO, &p, sizeof(p));
}

void corefile_siginfo(struct corefile *c, int signal, int code, uint64_t address)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = signal;
	info.si_code = code;
	info.si_addr = (void *)(uintptr_t)address;
	corefile_note(c, "CORE", NT_SIGINFO, &info, sizeof(info));
}

void corefile_auxv(struct corefile *c, uint64_t entry)
{
	const uint64_t auxv[] = { AT_PAGESZ, 4096, AT_ENTRY, entry, AT_NULL, 0 };

	corefile_note(c, "CORE", NT_AUXV, auxv, sizeof(auxv));
}

void corefile_maps(struct corefile *c, const struct corefile_map *maps, size_t n)
{
	const uint64_t head[] = { n, 4096 };
	struct bytes b = { 0 };

	add(&b, head, sizeof(head));
	for (size_t i = 0; i < n; i++) {
		const uint64_t row[] = { maps[i].start, maps[i].end, maps[i].offset / 4096 };

		add(&b, row, sizeof(row));
	}
	for (size_t i = 0; i < n; i++)
		add(&b, maps[i].path, strlen(maps[i].path) + 1);
	corefile_note(c, "CORE", NT_FILE, b.at, b.len);
	free(b.at);
}

void corefile_notes_last(struct corefile *c)
{
	c->notes_last = true;
}

static void place_notes(struct corefile *c, Elf64_Phdr *ph)
{
	ph->p_offset = c->all.len;
	ph->p_filesz = c->notes.len;
	add(&c->all, c->notes.at ? (void *)c->notes.at : "", c->notes.len);
	align(&c->all, 16);
}

unsigned char *corefile_finish(struct corefile *c, size_t *len)
{
	Elf64_Phdr headers[SEGMENTS + 1] = { { .p_type = PT_NOTE, .p_align = 4 } };
	Elf64_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(eh),
		.e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(headers[0]),
		.e_phnum = (uint16_t)(c->n + 1),
	};

	if (!c->all.len) {
		add(&c->all, NULL, sizeof(eh) + (c->n + 1) * sizeof(headers[0]));
		if (!c->notes_last)
			place_notes(c, &headers[0]);
		for (size_t i = 0; i < c->n; i++) {
			headers[i + 1] = c->headers[i];
			if (!c->contents[i].at)
				continue;
			headers[i + 1].p_offset = c->all.len;
			add(&c->all, c->contents[i].at, c->contents[i].len);
		}
		if (c->notes_last)
			place_notes(c, &headers[0]);
		memcpy(c->all.at, &eh, sizeof(eh));
		memcpy(c->all.at + sizeof(eh), headers, (c->n + 1) * sizeof(headers[0]));
	}
	*len = c->all.len;
	return c->all.at;
}

int corefile_open(const void *bytes, size_t len, char path[64])
{
	int fd = memfd_create("core", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < len) {
		ssize_t n = write(fd, (const char *)bytes + done, len - done);

		if (n <= 0)
			abort();
		done += (size_t)n;
	}
	if (fd < 0)
		abort();
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

void corefile_mini_elf(unsigned char out[MINI_SIZE], uint8_t build_id, uint8_t filler)
{
	static const char strings[] = "\0answer\0.here\0.dynsym\0.dynstr\0.shstrtab";
	const Elf64_Phdr headers[] = {
		{ PT_LOAD, PF_R, 0, 0, 0, 0x2000, 0x2000, 0x1000 },
		{ PT_LOAD, PF_R | PF_W, 0x2000, 0x2000, 0x2000, 0x1000, 0x1800, 0x1000 },
		{ PT_NOTE, PF_R, 0x200, 0x200, 0x200, 36, 36, 4 },
	};
	const Elf64_Sym symbols[] = {
		{ 0 },
		{ 1, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 1, 0x2010, 8 },
	};
	const Elf64_Shdr sections[] = {
		{ 0 },
		{ 8, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0x2020, 0x2020, 32, 0, 0, 8, 0 },
		{ 14, SHT_DYNSYM, SHF_ALLOC, 0x300, 0x300, sizeof(symbols), 3, 1, 8,
		  sizeof(symbols[0]) },
		{ 22, SHT_STRTAB, SHF_ALLOC, 0x400, 0x400, sizeof(strings), 0, 0, 1, 0 },
	};
	const Elf64_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(eh),
		.e_shoff = 0x3000,
		.e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(headers[0]),
		.e_phnum = sizeof(headers) / sizeof(headers[0]),
		.e_shentsize = sizeof(sections[0]),
		.e_shnum = sizeof(sections) / sizeof(sections[0]),
		.e_shstrndx = 3,
	};
	const Elf64_Nhdr note = { 4, 20, NT_GNU_BUILD_ID };

	memset(out, filler, MINI_SIZE);
	memset(out, 0, 0x1000);
	memset(out + 0x3000, 0, 0x1000);
	memcpy(out, &eh, sizeof(eh));
	memcpy(out + sizeof(eh), headers, sizeof(headers));
	memcpy(out + 0x200, &note, sizeof(note));
	memcpy(out + 0x200 + sizeof(note), "GNU", 4);
	memset(out + 0x200 + sizeof(note) + 4, build_id, 20);
	memcpy(out + 0x300, symbols, sizeof(symbols));
	memcpy(out + 0x400, strings, sizeof(strings));
	memcpy(out + 0x3000, sections, sizeof(sections));
}
