/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <stdio.h>

static const char *const kinds[] = {
	[TARGET_CORE] = "core",
	[TARGET_LIVE] = "live",
	[TARGET_CALLBACK] = "callback",
};

static const char *const founds[] = {
	[MODULE_NOT_FOUND] = "no",
	[MODULE_FOUND] = "yes",
	[MODULE_DIFFERS] = "differs",
};

static const char *const builds[] = {
	[BUILD_RELEASE] = "release",
	[BUILD_DEBUG] = "debug",
	[BUILD_FREE_THREADED] = "free-threaded",
};

static const char *signal_name(struct pycore *s, int number)
{
	const char *name = number > 0 ? sigabbrev_np(number) : NULL;

	if (name)
		return arena_printf(&s->arena, "SIG%s", name);
	return number > 0 ? arena_printf(&s->arena, "signal %d", number) : NULL;
}

static const char *hex(struct arena *a, const uint8_t *bytes, size_t n)
{
	char *text = n ? arena_alloc(a, 2 * n + 1) : NULL;

	for (size_t i = 0; text && i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

static int list_files(struct pycore *s, struct pycore_error *err)
{
	const struct target *t = s->target;
	struct pycore_file *files = arena_array(&s->arena, t->n_modules, sizeof(*files));

	if (!files)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the list of files");
	for (size_t i = 0; i < t->n_modules; i++) {
		const struct module *m = &t->modules[i];

		files[i].path = m->path ? m->path : "?";
		files[i].build_id = hex(&s->arena, m->build_id, m->build_id_len);
		files[i].found = founds[m->found];
	}
	s->files = files;
	s->n_files = t->n_modules;
	return 0;
}

static void tell_process(struct pycore *s, struct pycore_info *out)
{
	const struct target *t = s->target;

	out->kind = kinds[t->kind];
	out->path = t->path;
	out->pid = t->process.pid;
	out->command = session_command(s);
	out->signal = t->process.signal;
	out->signal_name = signal_name(s, t->process.signal);
	out->signal_tid = t->process.signal_tid;
	out->fault_address = t->process.fault_address;
	out->n_threads = t->n_threads;
	out->bytes_mapped = t->bytes_mapped;
	out->bytes_readable = t->bytes_readable;
	out->files = s->files;
	out->n_files = s->n_files;
}

static void count_sources(const struct layout *l, struct pycore_info *out)
{
	for (unsigned i = 0; i < N_FIELDS; i++) {
		if (!l->field[i].present)
			continue;
		switch (l->field[i].source) {
		case SOURCE_DEBUG_OFFSETS:
			out->fields_debug_offsets++;
			break;
		case SOURCE_DWARF:
			out->fields_dwarf++;
			break;
		default:
			out->fields_table++;
		}
	}
}

static void tell_runtime(const struct pycore *s, struct pycore_info *out)
{
	const struct runtime *rt = &s->runtime;

	out->python = rt->version_text;
	out->build = builds[rt->build];
	out->runtime = rt->address;
	out->layout_table = rt->table->name;
	out->layout_verified = rt->verified;
	out->layout_untried = rt->table->unverified;
	out->found_by = rt->found_by;
	out->version_source = rt->version_source;
	out->build_source = rt->build_source;
	count_sources(&rt->layout, out);
}

static void tell_interpreters(const struct pycore *s, struct pycore_info *out)
{
	const struct interpreters *list = &s->interps;
	const struct interpreter *main = list->interps.n ? &list->interps.items[0] : NULL;

	out->n_interpreters = list->interps.n;
	out->finalizing = list->finalizing;
	if (!main)
		return;
	out->gc_unknown = main->gc_unknown;
	out->gc_collecting = main->gc_collecting;
	out->gc_enabled = main->gc_enabled;
	out->gil_held = main->gil_locked;
	for (size_t i = 0; i < list->threads.n; i++) {
		const struct thread_state *ts = &list->threads.items[i];

		if (main->gil_holder && ts->address == main->gil_holder)
			out->gil_tid = ts->tid;
	}
}

static void tell_snapshot(const struct pycore *s, struct pycore_info *out)
{
	out->kind = "snapshot";
	out->path = s->snapshot;
	out->pid = s->facts.pid;
	out->python = s->facts.python;
	out->build = s->facts.build;
	out->runtime = s->facts.runtime;
}

int pycore_get_info(struct pycore *s, struct pycore_info *out, struct pycore_error *err)
{
	*out = (struct pycore_info){ 0 };
	if (!s->target) {
		tell_snapshot(s, out);
		return 0;
	}
	if (!s->files) {
		int rc = list_files(s, err);

		if (rc)
			return rc;
	}
	tell_process(s, out);
	tell_runtime(s, out);
	tell_interpreters(s, out);
	return 0;
}
