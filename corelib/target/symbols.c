/* SPDX-License-Identifier: MIT */
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "target/private.h"

/* Where the system keeps separate debug files. */
static const char DEBUG_DIR[] = "/usr/lib/debug";

static const char *symbol_name(const struct symtab *tab, const Elf64_Sym *s)
{
	return s->st_name < tab->names_len ? tab->names + s->st_name : "";
}

/* Functions, data and names without a type that are defined and have an address. */
static bool has_address(const Elf64_Sym *s)
{
	unsigned type = ELF64_ST_TYPE(s->st_info);

	return s->st_shndx != SHN_UNDEF && s->st_shndx != SHN_ABS && type != STT_TLS &&
	       type != STT_SECTION && type != STT_FILE;
}

static void take_table(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh, struct symtab *tab)
{
	Elf_Data *symbols = elf_getdata(scn, NULL);
	Elf_Scn *strings = elf_getscn(elf, sh->sh_link);
	Elf_Data *names = strings ? elf_getdata(strings, NULL) : NULL;
	size_t len;

	if (tab->n || !symbols || !symbols->d_buf || !names || !names->d_buf)
		return;
	/* The last name must end. */
	len = names->d_size;
	while (len && ((const char *)names->d_buf)[len - 1])
		len--;
	if (!len || (uintptr_t)symbols->d_buf % _Alignof(Elf64_Sym))
		return;
	*tab = (struct symtab){
		.symbols = symbols->d_buf,
		.n = symbols->d_size / sizeof(Elf64_Sym),
		.names = names->d_buf,
		.names_len = len,
	};
}

static Elf *open_elf(struct target *t, struct file *f)
{
	Elf *elf;

	elf_version(EV_CURRENT);
	if (t->map_files && file_map(f))
		return elf_memory((char *)f->map, f->size);
	elf = elf_begin(f->fd, ELF_C_READ, NULL);
	return elf;
}

static void take_tables(Elf *elf, struct symtab *dynamic, struct symtab *full)
{
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh))
			continue;
		if (sh.sh_type == SHT_DYNSYM && dynamic)
			take_table(elf, scn, &sh, dynamic);
		else if (sh.sh_type == SHT_SYMTAB)
			take_table(elf, scn, &sh, full);
	}
}

/*
 * The module's symbol tables. A file that is not the target's own build is no
 * source of addresses: then only what the target's memory holds counts.
 */
static struct module_file *tables(struct target *t, struct module *m)
{
	struct module_file *f = m->file;

	if (f && f->loaded)
		return f;
	f = module_opened(t, m);
	if (f && !f->elf)
		f->elf = open_elf(t, &f->file);
	if (f && f->elf)
		take_tables(f->elf, &f->tables[TABLE_DYNAMIC], &f->tables[TABLE_FULL]);
	if (!f)
		f = module_file_of(t, m);
	if (!f)
		return NULL;
	f->loaded = true;
	if (!f->tables[TABLE_DYNAMIC].n && !f->tables[TABLE_FULL].n)
		module_dynamic_symbols(t, m, &f->tables[TABLE_DYNAMIC]);
	return f;
}

static bool debug_file_is(Elf *elf, const struct module *m)
{
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr sh;
		Elf_Data *d;
		uint8_t id[64];
		size_t len;

		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_NOTE)
			continue;
		d = elf_getdata(scn, NULL);
		len = d && d->d_buf ? elf_notes_build_id(d->d_buf, d->d_size, id) : 0;
		if (len)
			return len == m->build_id_len && !memcmp(id, m->build_id, len);
	}
	return false;
}

/* Symbols that were split off the file, found by its build-id. */
static void load_debug_symbols(struct target *t, struct module *m, struct module_file *f)
{
	const char *dir = t->debug_dir ? t->debug_dir : DEBUG_DIR;
	char name[4096];
	int n;

	f->debug_tried = true;
	if (f->tables[TABLE_FULL].n || m->build_id_len < 2)
		return;
	n = snprintf(name, sizeof(name), "%s/.build-id/%02x/", dir, m->build_id[0]);
	for (size_t i = 1; i < m->build_id_len && n > 0 && n < (int)sizeof(name) - 16; i++)
		n += snprintf(name + n, sizeof(name) - (size_t)n, "%02x", m->build_id[i]);
	if (n <= 0 || n >= (int)sizeof(name) - 16)
		return;
	snprintf(name + n, sizeof(name) - (size_t)n, ".debug");
	if (!file_open(&f->debug, NULL, name))
		return;
	f->debug_elf = open_elf(t, &f->debug);
	if (f->debug_elf && debug_file_is(f->debug_elf, m))
		take_tables(f->debug_elf, NULL, &f->tables[TABLE_DEBUG]);
}

static const Elf64_Sym *find_name(const struct symtab *tab, const char *name)
{
	size_t len = strlen(name) + 1;

	for (size_t i = 0; i < tab->n; i++) {
		const Elf64_Sym *s = &tab->symbols[i];

		if (s->st_name < tab->names_len && len <= tab->names_len - s->st_name &&
		    !memcmp(tab->names + s->st_name, name, len) && has_address(s))
			return s;
	}
	return NULL;
}

bool module_symbol(struct target *t, struct module *m, const char *name, uint64_t *addr,
		   uint64_t *size)
{
	struct module_file *f = tables(t, m);
	const Elf64_Sym *s = NULL;

	for (int i = 0; f && !s && i < TABLES; i++) {
		if (i == TABLE_DEBUG && !f->debug_tried)
			load_debug_symbols(t, m, f);
		s = find_name(&f->tables[i], name);
	}
	if (!s)
		return false;
	*addr = s->st_value + m->bias;
	if (size)
		*size = s->st_size;
	return true;
}

bool module_section(struct target *t, struct module *m, const char *name, uint64_t *addr,
		    uint64_t *size)
{
	struct module_file *f = tables(t, m);
	size_t names;

	if (!f || !f->elf || elf_getshdrstrndx(f->elf, &names) < 0)
		return false;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(f->elf, scn));) {
		const char *its;
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh) || !(sh.sh_flags & SHF_ALLOC))
			continue;
		its = elf_strptr(f->elf, names, sh.sh_name);
		if (!its || strcmp(its, name))
			continue;
		*addr = sh.sh_addr + m->bias;
		if (size)
			*size = sh.sh_size;
		return true;
	}
	return false;
}

static int by_value(const void *a, const void *b)
{
	const struct data_symbol *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void sort_data(struct module_file *f)
{
	VEC(struct data_symbol) list = { 0 };

	for (int i = 0; i < TABLES; i++) {
		const struct symtab *tab = &f->tables[i];

		for (size_t j = 0; j < tab->n; j++) {
			const Elf64_Sym *s = &tab->symbols[j];
			struct data_symbol d = { s->st_value, 0, symbol_name(tab, s) };

			if (!has_address(s) || ELF64_ST_TYPE(s->st_info) != STT_OBJECT || !d.name[0])
				continue;
			if (__builtin_add_overflow(s->st_value, s->st_size ? s->st_size : 1, &d.end))
				continue;
			if (!vec_push(&list, d))
				break;
		}
	}
	if (list.n)
		qsort(list.items, list.n, sizeof(*list.items), by_value);
	f->data = list.items;
	f->n_data = list.n;
	f->sorted = true;
}

const char *module_symbol_at(struct target *t, struct module *m, uint64_t addr)
{
	struct module_file *f = tables(t, m);
	uint64_t value = addr - m->bias;
	size_t n;

	if (!f)
		return NULL;
	if (!f->debug_tried)
		load_debug_symbols(t, m, f);
	if (!f->sorted)
		sort_data(f);
	n = COUNT_BEFORE(f->n_data, i, f->data[i].start <= value);
	/* Symbols of data do not nest, but one may lie in another's padding or be an alias. */
	for (size_t back = 0; back < 8 && n; back++) {
		if (value < f->data[--n].end)
			return f->data[n].name;
	}
	return NULL;
}
