/* SPDX-License-Identifier: MIT */
#include "runtime/version.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/offsets.h"

bool version_is_sane(uint64_t version)
{
	unsigned level = version >> 4 & 0xf;

	return (version >> 24 == 2 || version >> 24 == 3) &&
	       (level == 0xf || (level >= 0xa && level <= 0xc));
}

void version_text(uint32_t version, bool minor_only, char *buf, size_t size)
{
	static const char *const levels[16] = { [0xa] = "a", [0xb] = "b", [0xc] = "rc" };
	const char *level = levels[version >> 4 & 0xf];
	unsigned major = version >> 24, minor = version >> 16 & 0xff, micro = version >> 8 & 0xff;

	if (minor_only)
		snprintf(buf, size, "%u.%u", major, minor);
	else if (level)
		snprintf(buf, size, "%u.%u.%u%s%u", major, minor, micro, level, version & 0xf);
	else
		snprintf(buf, size, "%u.%u.%u", major, minor, micro);
}

/* Digits at @p text; @return past them, NULL if there are none or the number is beyond belief */
static const char *number(const char *text, unsigned *out)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return NULL;
	n = strtoul(text, &end, 10);
	*out = (unsigned)n;
	return n < 256 ? end : NULL;
}

static void tell_name(struct told *told, unsigned major, unsigned minor, const char *flags,
		      size_t n_flags)
{
	told->version = PYVER(major, minor, 0);
	told->minor_only = true;
	told->source = "file name";
	told->build = BUILD_RELEASE;
	told->build_source = "file name";
	if (memchr(flags, 'd', n_flags))
		told->build = BUILD_DEBUG;
	else if (memchr(flags, 't', n_flags))
		told->build = BUILD_FREE_THREADED;
}

/* "3.9", "3.9d", "3.13t.so.1.0" after "python" or "libpython" */
static bool tell_dotted(struct told *told, const char *text)
{
	unsigned major, minor;
	const char *at = number(text, &major);
	size_t flags;

	if (!at || *at != '.')
		return false;
	at = number(at + 1, &minor);
	if (!at || (major != 2 && major != 3))
		return false;
	flags = strspn(at, "dmtu");
	if (at[flags] && at[flags] != '.' && at[flags] != ' ' && strncmp(at + flags, "-dbg", 4))
		return false;
	if (!strncmp(at + flags, "-dbg", 4))
		tell_name(told, major, minor, "d", 1);
	else
		tell_name(told, major, minor, at, flags);
	return true;
}

/* "39-x86_64-linux-gnu", "313t-..." after "cpython-" */
static bool tell_tag(struct told *told, const char *text)
{
	unsigned minor;
	const char *at;
	size_t flags;

	if (text[0] != '3')
		return false;
	at = number(text + 1, &minor);
	if (!at)
		return false;
	flags = strspn(at, "dmtu");
	if (at[flags] != '-' && at[flags] != '.')
		return false;
	tell_name(told, 3, minor, at, flags);
	return true;
}

bool version_of_name(const char *path, struct told *told)
{
	const char *base = strrchr(path, '/'), *tag;

	base = base ? base + 1 : path;
	if (!strncmp(base, "libpython", 9))
		return tell_dotted(told, base + 9);
	if (!strncmp(base, "python", 6))
		return tell_dotted(told, base + 6);
	tag = strstr(base, ".cpython-");
	return tag && tell_tag(told, tag + 9);
}

bool version_of_modules(const struct target *t, struct told *told)
{
	if (t->process.exe && version_of_name(t->process.exe, told))
		return true;
	for (size_t i = 0; i < t->n_modules; i++)
		if (t->modules[i].path && version_of_name(t->modules[i].path, told))
			return true;
	return false;
}

/* _Py_RefTotal is there in builds with --with-pydebug only, exported; PyType_Type is always. */
static void tell_debug(struct told *told, struct reader *r, struct module *m)
{
	bool debug;
	uint64_t at;

	if (!m)
		return;
	debug = module_symbol(r->target, m, "_Py_RefTotal", &at, NULL);
	if (!debug && !module_symbol(r->target, m, "PyType_Type", &at, NULL))
		return;
	told->debug_sure = true;
	if (told->build == BUILD_FREE_THREADED && !debug)
		return;
	told->build = debug ? BUILD_DEBUG : BUILD_RELEASE;
	told->build_source = "symbol";
}

void version_tell(struct told *told, struct reader *r, const struct found *f)
{
	struct module *m = f->module;
	struct offsets_head head;
	uint64_t at, version;
	bool named = m && m->path && version_of_name(m->path, told);

	if (!named && !version_of_modules(r->target, told))
		*told = (struct told){ 0 };
	if (offsets_head(r, f->address, &head)) {
		told->version = (uint32_t)head.version;
		told->minor_only = false;
		told->source = "debug offsets";
		told->threads_sure = true;
		told->free_threaded = head.free_threaded;
		if (!head.free_threaded && told->build == BUILD_FREE_THREADED)
			told->build = BUILD_RELEASE;
		if (head.free_threaded) {
			told->build = BUILD_FREE_THREADED;
			told->build_source = "debug offsets";
		}
	} else if (m && module_symbol(r->target, m, "Py_Version", &at, NULL) &&
		   reader_probe_u64(r, at, &version) && version_is_sane(version)) {
		told->version = (uint32_t)version;
		told->minor_only = false;
		told->source = "Py_Version";
	}
	tell_debug(told, r, m);
}
