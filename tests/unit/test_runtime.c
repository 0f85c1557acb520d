/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/fake.h"
#include "runtime/offsets.h"
#include "runtime/runtime.h"

#define DATA UINT64_C(0x560000000000) /* a program's writable data */
#define DATA_SIZE 0x80000
#define RUNTIME (DATA + 0x1230)
#define TYPES (DATA + 0x60000)
#define TYPE(i) (TYPES + 0x400 * (uint64_t)(i))
#define INTERP UINT64_C(0x7f0000000000)
#define INTERP_SIZE 0x80000
#define SUB UINT64_C(0x7f1000000000)
#define HEAP UINT64_C(0x7f2000000000)
#define HEAP_SIZE 0x20000
#define SYS (HEAP + 0x1000)
#define MODULES (HEAP + 0x2000)
#define BUILTINS (HEAP + 0x3000)
#define STRINGS (HEAP + 0x4000)
#define HEXVERSION (HEAP + 0x5000)
#define TSTATE(i) (HEAP + 0x8000 + 0x800 * (uint64_t)(i))
#define GIL (HEAP + 0x6000)
#define PTHREAD(i) (HEAP + 0x10000 + 0x1000 * (uint64_t)(i))
#define MAIN_TID 4000

enum { TYPE_TYPE, DICT_TYPE, LIST_TYPE };

/* A process with one interpreter and three threads, as one layout says. */
struct world {
	const struct layout *l;
	struct fake *f;
	uint64_t strings;
	struct runtime rt;
	struct interpreters is;
	struct pycore_error err;
};

#define PUT(w, at, s, field, value) fake_field((w)->f, (w)->l, at, F_##s##_##field, value)

static uint64_t put_str(struct world *w, const char *text)
{
	uint64_t at = STRINGS + w->strings;

	w->strings += 0x80;
	if (FACT(w->l, TEXT) == TEXT_BYTES) {
		PUT(w, at, PyVarObject, ob_size, strlen(text));
		fake_string(w->f, at + L(w->l, PyBytesObject, ob_sval), text);
		return at;
	}
	PUT(w, at, PyASCIIObject, length, strlen(text));
	fake_string(w->f, at + L(w->l, PyASCIIObject, sizeof), text);
	return at;
}

/* An empty dict with room for eight. */
static void put_dict(struct world *w, uint64_t at)
{
	uint64_t keys = at + 0x100;

	PUT(w, at, PyObject, ob_type, TYPE(DICT_TYPE));
	PUT(w, at, PyDictObject, ma_mask, 7);
	PUT(w, at, PyDictObject, ma_table, at + L(w->l, PyDictObject, ma_smalltable));
	PUT(w, at, PyDictObject, ma_keys, keys);
	PUT(w, keys, PyDictKeysObject, dk_size, 8);
	PUT(w, keys, PyDictKeysObject, dk_log2_size, 3);
	PUT(w, keys, PyDictKeysObject, dk_log2_index_bytes, 3);
	PUT(w, keys, PyDictKeysObject, dk_kind, 1);
}

static void put_item(struct world *w, uint64_t dict, unsigned i, const char *name, uint64_t value)
{
	uint64_t keys = dict + 0x100, at = keys + L(w->l, PyDictKeysObject, dk_indices) + 8;

	if (FACT(w->l, DICT_KEYS_SHAPE) == DICT_KEYS_TABLE)
		at = dict + L(w->l, PyDictObject, ma_smalltable);
	PUT(w, keys, PyDictKeysObject, dk_nentries, i + 1);
	if (HAS(w->l, PyDictUnicodeEntry, sizeof)) {
		at += i * (uint64_t)L(w->l, PyDictUnicodeEntry, sizeof);
		PUT(w, at, PyDictUnicodeEntry, me_key, put_str(w, name));
		PUT(w, at, PyDictUnicodeEntry, me_value, value);
	} else {
		at += i * (uint64_t)L(w->l, PyDictKeyEntry, sizeof);
		PUT(w, at, PyDictKeyEntry, me_key, put_str(w, name));
		PUT(w, at, PyDictKeyEntry, me_value, value);
	}
}

static void put_version(struct world *w, uint32_t version)
{
	uint64_t at = HEXVERSION, digits = at + L(w->l, PyLongObject, ob_digit);

	if (HAS(w->l, PyIntObject, ob_ival)) {
		PUT(w, at, PyIntObject, ob_ival, version);
		return;
	}
	PUT(w, at, PyLongObject, lv_tag, 2 << 3);
	if (!HAS(w->l, PyLongObject, lv_tag))
		PUT(w, at, PyVarObject, ob_size, 2);
	fake_u32(w->f, digits, version & 0x3fffffff);
	fake_u32(w->f, digits + 4, version >> 30);
	if (layout_debug_offsets(w->l->version))
		fake_u64(w->f, RUNTIME + 8, version);
}

static void put_type(struct world *w, unsigned i, const char *name, uint64_t basicsize)
{
	uint64_t text = TYPES + 0x4000 + 0x20 * (uint64_t)i;

	fake_string(w->f, text, name);
	PUT(w, TYPE(i), PyObject, ob_type, TYPE(TYPE_TYPE));
	PUT(w, TYPE(i), PyTypeObject, tp_name, text);
	PUT(w, TYPE(i), PyTypeObject, tp_basicsize, basicsize);
	PUT(w, TYPE(i), PyTypeObject, tp_flags, UINT64_C(1) << 31 | 1 << 12);
}

static void put_thread(struct world *w, unsigned i, uint64_t interp, uint64_t next)
{
	PUT(w, TSTATE(i), PyThreadState, interp, interp);
	PUT(w, TSTATE(i), PyThreadState, next, next);
	PUT(w, TSTATE(i), PyThreadState, thread_id, PTHREAD(i));
	PUT(w, TSTATE(i), PyThreadState, native_thread_id, MAIN_TID + i);
	fake_u64(w->f, PTHREAD(i) + 0x10, PTHREAD(i));
	fake_u32(w->f, PTHREAD(i) + 0x2d0, MAIN_TID + i);
}

static void put_gil(struct world *w, uint64_t interp, uint64_t holder)
{
	PUT(w, interp, PyInterpreterState, gil, GIL);
	if (FACT(w->l, GIL) == GIL_CURRENT_THREAD)
		fake_u64(w->f, GIL, holder);
	PUT(w, GIL, _gil_runtime_state, enabled, 1);
	PUT(w, GIL, _gil_runtime_state, locked, holder != 0);
	PUT(w, GIL, _gil_runtime_state, last_holder, holder);
	PUT(w, RUNTIME, _PyRuntimeState, gil_locked, holder != 0);
	PUT(w, RUNTIME, _PyRuntimeState, gil_last_holder, holder);
	PUT(w, RUNTIME, _PyRuntimeState, tstate_current, holder);
}

/* Where there is no _PyRuntime (3.6): a pointer to the collector's lists, and the first of them. */
#define STATIC_GC (GIL + 0x80)

static uint64_t generation0(const struct world *w)
{
	if (HAS(w->l, PyInterpreterState, gc))
		return INTERP + L(w->l, PyInterpreterState, gc_generations);
	if (!HAS(w->l, _PyRuntimeState, gc))
		return STATIC_GC + 8;
	return RUNTIME + L(w->l, _PyRuntimeState, gc_generations);
}

static void put_interpreter(struct world *w, uint64_t at)
{
	PUT(w, at, PyInterpreterState, sysdict, SYS);
	PUT(w, at, PyInterpreterState, modules, MODULES);
	PUT(w, at, PyInterpreterState, builtins, BUILTINS);
	PUT(w, at, PyInterpreterState, gc_enabled, 1);
	PUT(w, at, PyInterpreterState, gc_generation0,
	    at + L(w->l, PyInterpreterState, gc_generations));
}

static void put_python(struct world *w)
{
	if (layout_debug_offsets(w->l->version)) {
		fake_bytes(w->f, RUNTIME, OFFSETS_COOKIE, 8);
		fake_u64(w->f, RUNTIME + 8, w->l->version);
		fake_u64(w->f, RUNTIME + 16, w->l->build == BUILD_FREE_THREADED);
	}
	PUT(w, RUNTIME, _PyRuntimeState, interpreters_head, INTERP);
	PUT(w, RUNTIME, _PyRuntimeState, interpreters_main, INTERP);
	fake_u64(w->f, RUNTIME + L(w->l, _PyRuntimeState, interpreters_main) + 8, 1);
	if (!HAS(w->l, PyInterpreterState, gc) && !HAS(w->l, _PyRuntimeState, gc)) {
		fake_u64(w->f, STATIC_GC, generation0(w));
		PUT(w, generation0(w), PyGC_Head, gc_next, generation0(w));
		PUT(w, generation0(w), PyGC_Head, gc_prev, generation0(w));
	}
	PUT(w, RUNTIME, _PyRuntimeState, gc_enabled, 1);
	PUT(w, RUNTIME, _PyRuntimeState, gc_generation0, generation0(w));
	PUT(w, RUNTIME, _PyRuntimeState, main_thread, PTHREAD(0));
	put_type(w, TYPE_TYPE, "type", L(w->l, PyHeapTypeObject, sizeof));
	put_type(w, DICT_TYPE, "dict", L(w->l, PyDictObject, sizeof));
	put_type(w, LIST_TYPE, "list", L(w->l, PyListObject, sizeof));
	put_interpreter(w, INTERP);
	if (FACT(w->l, TYPE_STATE) == TYPE_STATE_INTERP) {
		uint64_t states = INTERP + L(w->l, PyInterpreterState, types_builtins);

		PUT(w, TYPE(TYPE_TYPE), PyTypeObject, tp_subclasses, 3);
		PUT(w, states + 2 * FACT(w->l, TYPE_STATE_STRIDE), managed_static_type_state, type,
		    TYPE(TYPE_TYPE));
	}
	put_dict(w, SYS);
	put_item(w, SYS, 0, "maxsize", HEAP);
	put_item(w, SYS, 1, "hexversion", HEXVERSION);
	if (w->l->build == BUILD_DEBUG)
		put_item(w, SYS, 2, "gettotalrefcount", HEAP);
	put_version(w, w->l->version);
	put_dict(w, MODULES);
	put_item(w, MODULES, 0, "sys", HEAP);
	put_item(w, MODULES, 1, runtime_builtins(w->l), HEAP);
	put_dict(w, BUILTINS);
	put_item(w, BUILTINS, 0, "dict", TYPE(DICT_TYPE));
	put_item(w, BUILTINS, 1, "list", TYPE(LIST_TYPE));
	/* newest first, the main thread last */
	PUT(w, INTERP, PyInterpreterState, threads_head, TSTATE(2));
	put_thread(w, 2, INTERP, TSTATE(1));
	put_thread(w, 1, INTERP, TSTATE(0));
	put_thread(w, 0, INTERP, 0);
	put_gil(w, INTERP, TSTATE(1));
}

/* @return whether there is a layout number @p i; the file's name tells no version */
static bool world_init(struct world *w, unsigned i)
{
	*w = (struct world){ .l = layout_at(i) };
	if (!w->l)
		return false;
	w->f = fake_new(INTERP, INTERP_SIZE);
	fake_map_file(w->f, DATA, DATA_SIZE, REGION_READ | REGION_WRITE, "/opt/app/bin/server", 0);
	fake_module(w->f, "/opt/app/bin/server", DATA, DATA + DATA_SIZE, 0)->is_exe = true;
	fake_map(w->f, HEAP, HEAP_SIZE);
	put_python(w);
	return true;
}

static void world_fini(struct world *w)
{
	interpreters_fini(&w->is);
	fake_free(w->f);
}

static int find(struct world *w)
{
	return runtime_find(&w->rt, fake_reader(w->f), &w->err);
}

static void list(struct world *w)
{
	w->rt = (struct runtime){ .layout = *w->l, .table = w->l, .address = RUNTIME,
				  .statics = { .current_thread = GIL, .generation0 = STATIC_GC } };
	assert_int_equal(runtime_interpreters(&w->rt, fake_reader(w->f), &w->is, &w->err), 0);
}

static void an_interpreter_without_symbols_is_found_by_its_data(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		assert_int_equal(find(&w), 0);
		assert_int_equal(w.rt.address, RUNTIME);
		assert_ptr_equal(w.rt.table, w.l);
		assert_int_equal(w.rt.verified, !w.l->unverified);
		assert_int_equal(w.rt.build, w.l->build);
		assert_string_equal(w.rt.build_source, w.l->build == BUILD_FREE_THREADED ?
							       "debug offsets" :
							       "sys.gettotalrefcount");
		assert_int_equal(w.rt.version, w.l->version);
		assert_int_equal(w.rt.type_type, TYPE(TYPE_TYPE));
		assert_string_equal(w.rt.found_by,
				    layout_debug_offsets(w.l->version) ? "cookie" : "scan");
		assert_int_equal(fake_reader(w.f)->faults, 0);
		world_fini(&w);
	}
}

static void a_release_without_a_table_is_read_with_the_nearest(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		put_version(&w, (w.l->version & ~UINT32_C(0xff00)) | 99 << 8);
		assert_int_equal(find(&w), 0);
		assert_false(w.rt.verified);
		assert_int_equal(w.rt.version >> 8 & 0xff, 99);
		assert_int_equal(w.rt.table->version >> 16, w.l->version >> 16);
		world_fini(&w);
	}
}

static void a_debug_build_that_has_no_table_is_refused(void **state)
{
	struct world w;
	unsigned refused = 0;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		if (!layout_find(w.l->version, BUILD_DEBUG, NULL)) {
			put_item(&w, SYS, 2, "gettotalrefcount", HEAP);
			assert_true(find(&w) < 0);
			refused++;
		}
		world_fini(&w);
	}
	assert_true(refused > 0);
}

static void a_build_that_is_no_longer_known_is_told_why_it_is_refused(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		/* Another of its minor version would be the nearest. */
		bool alone = w.l->build == BUILD_DEBUG && w.l->version >> 16 >= (PYVER(3, 14, 0) >> 16);

		if (alone) {
			layout_hide(w.l->name);
			assert_int_equal(find(&w), PYCORE_ERR_UNSUPPORTED);
			assert_non_null(strstr(w.err.message, "it is a debug build"));
			layout_hide(NULL);
		}
		world_fini(&w);
	}
}

static void without_sys_the_states_of_types_tell_the_build(void **state)
{
	struct world w;
	unsigned told = 0;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		PUT(&w, SYS, PyDictObject, ma_keys, UINT64_C(0xdead0000dead0000));
		if (layout_debug_offsets(w.l->version)) {
			assert_int_equal(find(&w), 0);
			assert_int_equal(w.rt.build, w.l->build);
			if (w.l->build != BUILD_FREE_THREADED)
				assert_null(w.rt.build_source);
			told++;
		}
		world_fini(&w);
	}
	assert_true(told > 0);
}

static void a_nearest_table_that_fails_a_check_is_refused(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		put_version(&w, (w.l->version & ~UINT32_C(0xff00)) | 99 << 8);
		PUT(&w, TYPE(LIST_TYPE), PyTypeObject, tp_basicsize, 48);
		assert_true(find(&w) < 0);
		if (layout_debug_offsets(w.l->version)) {
			assert_int_equal(w.err.status, PYCORE_ERR_UNSUPPORTED);
			assert_non_null(strstr(w.err.message, "list objects have 48 bytes"));
			assert_non_null(strstr(w.err.message, ".99"));
		}
		world_fini(&w);
	}
}

static void a_nearest_table_must_know_where_types_have_their_state(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		uint64_t number = FACT(w.l, TYPE_STATE) == TYPE_STATE_INTERP ? 4 : 0;

		put_version(&w, (w.l->version & ~UINT32_C(0xff00)) | 99 << 8);
		PUT(&w, TYPE(TYPE_TYPE), PyTypeObject, tp_subclasses, number);
		assert_int_equal(find(&w) < 0, number != 0);
		world_fini(&w);
	}
}

static void a_type_that_is_not_its_own_type_is_refused(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		PUT(&w, TYPE(TYPE_TYPE), PyObject, ob_type, TYPE(LIST_TYPE));
		assert_true(find(&w) < 0);
		world_fini(&w);
	}
}

static void a_damaged_list_of_modules_does_not_hide_a_known_release(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		PUT(&w, MODULES, PyDictObject, ma_keys, UINT64_C(0xdead0000dead0000));
		if (layout_debug_offsets(w.l->version)) {
			assert_int_equal(find(&w), 0);
			assert_int_equal(w.rt.verified, !w.l->unverified);
		}
		world_fini(&w);
	}
}

static void damaged_debug_offsets_are_not_used(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		const struct debug_offsets *told = layout_debug_offsets(w.l->version);

		/* put_python() left them all 0 */
		if (told) {
			assert_int_equal(find(&w), 0);
			assert_memory_equal(&w.rt.layout, w.l, sizeof(*w.l));
		}
		world_fini(&w);
	}
}

static void an_interpreter_that_has_not_started_is_told(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		PUT(&w, RUNTIME, _PyRuntimeState, interpreters_head, 0);
		PUT(&w, RUNTIME, _PyRuntimeState, interpreters_main, 0);
		assert_int_equal(find(&w), PYCORE_ERR_NOT_PYTHON);
		if (layout_debug_offsets(w.l->version))
			assert_non_null(strstr(w.err.message, "no interpreter is running"));
		world_fini(&w);
	}
}

static void a_version_without_a_table_is_named(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		if (layout_debug_offsets(w.l->version)) {
			put_version(&w, PYVER(3, 19, 1));
			assert_int_equal(find(&w), PYCORE_ERR_UNSUPPORTED);
			assert_non_null(strstr(w.err.message, "3.19.1"));
			assert_non_null(strstr(w.err.message, "release builds of 2.7, 3.6 to 3.15"));
			assert_non_null(strstr(w.err.message, "debug builds of 2.7, 3.9, 3.11, 3.13 to 3.15"));
			put_version(&w, w.l->version);
			fake_u64(w.f, RUNTIME + 16, w.l->build != BUILD_FREE_THREADED);
		}
		/* Here is too little to tell it from a release that has a table. */
		if (layout_debug_offsets(w.l->version) &&
		    !layout_find(w.l->version, BUILD_FREE_THREADED, NULL)) {
			assert_int_equal(find(&w), PYCORE_ERR_UNSUPPORTED);
			assert_non_null(strstr(w.err.message, "free-threaded"));
		}
		world_fini(&w);
	}
}

static void an_old_python_is_known_by_its_files_names(void **state)
{
	static const struct {
		const char *path, *says;
	} names[] = {
		{ "/usr/bin/python2.6", "CPython 2.6:" },
		{ "/usr/lib/libpython3.5m.so.1.0", "CPython 3.5:" },
		{ "/a/_x.cpython-35m-x86_64-linux-gnu.so", "CPython 3.5:" },
		{ "/usr/bin/python3.11", "_PyRuntime was not found" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fake *f = fake_new(HEAP, 64);
		struct pycore_error err;
		struct runtime rt;

		fake_module(f, names[i].path, HEAP, HEAP + 64, 0);
		assert_int_equal(runtime_find(&rt, fake_reader(f), &err), PYCORE_ERR_UNSUPPORTED);
		assert_non_null(strstr(err.message, names[i].says));
		fake_free(f);
	}
}

static void what_is_no_python_is_told_with_what_was_looked_for(void **state)
{
	static const char *const names[] = { "/usr/bin/sleep", "/usr/bin/python3-config",
					     "/opt/libpythonic.so", "/opt/cpython-39" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fake *f = fake_new(HEAP, 64);
		struct pycore_error err;
		struct runtime rt;

		fake_module(f, names[i], HEAP, HEAP + 64, 0);
		assert_int_equal(runtime_find(&rt, fake_reader(f), &err), PYCORE_ERR_NOT_PYTHON);
		assert_non_null(strstr(err.message, "_PyRuntime"));
		fake_free(f);
	}
}

static void threads_come_main_first_then_oldest_first(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		list(&w);
		assert_true(w.is.complete);
		assert_int_equal(w.is.interps.n, 1);
		assert_int_equal(w.is.threads.n, 3);
		for (unsigned k = 0; k < 3; k++) {
			const struct thread_state *ts = &w.is.threads.items[k];

			assert_int_equal(ts->address, TSTATE(k));
			assert_int_equal(ts->main, k == 0);
			assert_int_equal(ts->gil, k == 1);
			assert_int_equal(ts->tid, MAIN_TID + k);
			assert_int_equal(ts->ident, PTHREAD(k));
		}
		assert_true(w.is.interps.items[0].gc_enabled);
		assert_false(w.is.interps.items[0].gc_collecting);
		assert_int_equal(w.is.interps.items[0].gc_generation0,
				 FACT(w.l, GC_HEAD) == GC_HEAD_NONE ? 0 : generation0(&w));
		world_fini(&w);
	}
}

static void the_targets_own_threads_tell_the_kernels_ids(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		/* another PID namespace: what the process thinks its ids are is not so */
		for (unsigned k = 0; k < 3; k++)
			fake_thread(w.f, 77000 + k, PTHREAD(k));
		list(&w);
		for (unsigned k = 0; k < 3; k++)
			assert_int_equal(w.is.threads.items[k].tid, 77000 + k);
		world_fini(&w);
	}
}

static void a_thread_that_has_ended_is_told_where_all_threads_are_known(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		fake_thread(w.f, MAIN_TID, PTHREAD(0));
		fake_thread(w.f, MAIN_TID + 1, PTHREAD(1));
		list(&w);
		for (unsigned k = 0; k < 3; k++)
			assert_int_equal(w.is.threads.items[k].ended, k == 2);
		/* A thread whose registers are not known may be the one. */
		fake_thread(w.f, 77000, 0);
		list(&w);
		for (unsigned k = 0; k < 3; k++)
			assert_false(w.is.threads.items[k].ended);
		world_fini(&w);
	}
}

static void nobody_holds_a_gil_that_is_not_locked(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		put_gil(&w, INTERP, 0);
		PUT(&w, GIL, _gil_runtime_state, last_holder, TSTATE(1));
		PUT(&w, RUNTIME, _PyRuntimeState, gil_last_holder, TSTATE(1));
		list(&w);
		assert_false(w.is.interps.items[0].gil_locked);
		assert_int_equal(w.is.interps.items[0].gil_holder, 0);
		for (unsigned k = 0; k < 3; k++)
			assert_false(w.is.threads.items[k].gil);
		world_fini(&w);
	}
}

static void without_a_gil_nobody_holds_it(void **state)
{
	struct world w;
	unsigned seen = 0;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		PUT(&w, TSTATE(2), PyThreadState, state, 1);
		PUT(&w, GIL, _gil_runtime_state, enabled, 0);
		list(&w);
		if (HAS(w.l, _gil_runtime_state, enabled)) {
			assert_true(w.is.interps.items[0].gil_disabled);
			assert_int_equal(w.is.interps.items[0].gil_holder, 0);
			assert_int_equal(w.is.threads.items[1].state, THREAD_DETACHED);
			assert_int_equal(w.is.threads.items[2].state, THREAD_ATTACHED);
			seen++;
		} else {
			assert_false(w.is.interps.items[0].gil_disabled);
		}
		world_fini(&w);
	}
	assert_true(seen > 0);
}

static void a_holder_that_is_no_thread_is_not_told(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		put_gil(&w, INTERP, HEAP + 8);
		list(&w);
		assert_true(w.is.interps.items[0].gil_locked);
		assert_int_equal(w.is.interps.items[0].gil_holder, 0);
		world_fini(&w);
	}
}

static void the_main_interpreter_comes_first(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		fake_map(w.f, SUB, INTERP_SIZE);
		put_interpreter(&w, SUB);
		PUT(&w, SUB, PyInterpreterState, id, 1);
		PUT(&w, SUB, PyInterpreterState, next, INTERP);
		PUT(&w, RUNTIME, _PyRuntimeState, interpreters_head, SUB);
		PUT(&w, SUB, PyInterpreterState, threads_head, TSTATE(3));
		put_thread(&w, 3, SUB, 0);
		list(&w);
		assert_true(w.is.complete);
		assert_int_equal(w.is.interps.n, 2);
		assert_int_equal(w.is.interps.items[0].address, INTERP);
		assert_int_equal(w.is.interps.items[1].id, 1);
		assert_int_equal(w.is.threads.n, 4);
		assert_int_equal(w.is.threads.items[3].interpreter, 1);
		assert_int_equal(w.is.threads.items[3].tid, MAIN_TID + 3);
		world_fini(&w);
	}
}

static void a_circle_of_threads_ends(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		PUT(&w, TSTATE(0), PyThreadState, next, TSTATE(2));
		list(&w);
		assert_false(w.is.complete);
		assert_int_equal(w.is.threads.n, 3);
		world_fini(&w);
	}
}

static void a_circle_of_interpreters_ends(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		PUT(&w, INTERP, PyInterpreterState, next, INTERP);
		list(&w);
		assert_false(w.is.complete);
		assert_int_equal(w.is.interps.n, 1);
		assert_int_equal(w.is.threads.n, 3);
		world_fini(&w);
	}
}

static void a_broken_link_gives_what_stands_before_it(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		PUT(&w, TSTATE(2), PyThreadState, next, UINT64_C(0xdead0000));
		list(&w);
		assert_false(w.is.complete);
		assert_int_equal(w.is.threads.n, 1);
		assert_int_equal(w.is.threads.items[0].address, TSTATE(2));
		world_fini(&w);
	}
}

static void the_main_interpreter_is_found_without_its_list(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		uint64_t threads = HAS(w.l, _PyRuntimeState, interpreters_main) ? 3 : 0;

		PUT(&w, RUNTIME, _PyRuntimeState, interpreters_head, UINT64_C(0xdead0000));
		list(&w);
		assert_false(w.is.complete);
		assert_int_equal(w.is.interps.n, threads != 0);
		assert_int_equal(w.is.threads.n, threads);
		world_fini(&w);
	}
}

static uint64_t noise(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void noise_in_memory_gives_an_answer_or_a_refusal(void **state)
{
	static const uint64_t places[] = { RUNTIME, INTERP, SYS, MODULES, BUILTINS, STRINGS,
					   HEXVERSION, TSTATE(0), TSTATE(1), TSTATE(2), GIL,
					   TYPE(0), TYPE(1), PTHREAD(0) };
	uint64_t x = 88172645463325252u;
	struct world w;

	(void)state;
	for (unsigned i = 0; world_init(&w, i); i++) {
		for (unsigned round = 0; round < 300; round++) {
			uint64_t at = places[noise(&x) % 14] + noise(&x) % 48 * 8, was;
			int rc;

			memcpy(&was, fake_at(w.f, at, 8), 8);
			fake_u64(w.f, at, round % 2 ? noise(&x) : places[noise(&x) % 14]);
			rc = find(&w);
			assert_true(rc == 0 || (rc < 0 && w.err.message[0]));
			list(&w);
			assert_true(w.is.threads.n <= 3);
			if (round % 8) /* now and then it stays */
				fake_u64(w.f, at, was);
		}
		world_fini(&w);
	}
}

static void a_load_gives_the_field_or_says_that_there_is_none(void **state)
{
	struct fake *f = fake_new(HEAP, 64);
	const struct layout *l = layout_find(PYVER(3, 14, 10), BUILD_RELEASE, NULL);
	uint64_t value = 7;

	(void)state;
	fake_u64(f, HEAP, UINT64_C(0x8877665544332211));
	assert_true(LOAD(l, fake_reader(f), HEAP, PyObject, ob_refcnt, &value));
	assert_int_equal(value, 0x44332211);
	assert_false(LOAD(l, fake_reader(f), HEAP, PyThreadState, frame, &value));
	assert_false(LOAD(l, fake_reader(f), HEAP, PyTupleObject, ob_item, &value));
	assert_int_equal(fake_reader(f)->faults, 0);
	assert_false(PROBE(l, fake_reader(f), HEAP + 60, PyObject, ob_refcnt, &value) &&
		     PROBE(l, fake_reader(f), HEAP + 60, PyObject, ob_type, &value));
	assert_int_equal(fake_reader(f)->faults, 0);
	assert_false(LOAD(l, fake_reader(f), UINT64_MAX - 4, PyObject, ob_type, &value));
	assert_false(LOAD(l, fake_reader(f), HEAP + 0x1000, PyObject, ob_type, &value));
	assert_int_equal(fake_reader(f)->faults, 1);
	fake_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interpreter_without_symbols_is_found_by_its_data),
		cmocka_unit_test(a_release_without_a_table_is_read_with_the_nearest),
		cmocka_unit_test(a_debug_build_that_has_no_table_is_refused),
		cmocka_unit_test(a_build_that_is_no_longer_known_is_told_why_it_is_refused),
		cmocka_unit_test(without_sys_the_states_of_types_tell_the_build),
		cmocka_unit_test(a_nearest_table_that_fails_a_check_is_refused),
		cmocka_unit_test(a_nearest_table_must_know_where_types_have_their_state),
		cmocka_unit_test(a_type_that_is_not_its_own_type_is_refused),
		cmocka_unit_test(a_damaged_list_of_modules_does_not_hide_a_known_release),
		cmocka_unit_test(damaged_debug_offsets_are_not_used),
		cmocka_unit_test(an_interpreter_that_has_not_started_is_told),
		cmocka_unit_test(a_version_without_a_table_is_named),
		cmocka_unit_test(an_old_python_is_known_by_its_files_names),
		cmocka_unit_test(what_is_no_python_is_told_with_what_was_looked_for),
		cmocka_unit_test(threads_come_main_first_then_oldest_first),
		cmocka_unit_test(the_targets_own_threads_tell_the_kernels_ids),
		cmocka_unit_test(a_thread_that_has_ended_is_told_where_all_threads_are_known),
		cmocka_unit_test(nobody_holds_a_gil_that_is_not_locked),
		cmocka_unit_test(without_a_gil_nobody_holds_it),
		cmocka_unit_test(a_holder_that_is_no_thread_is_not_told),
		cmocka_unit_test(the_main_interpreter_comes_first),
		cmocka_unit_test(a_circle_of_threads_ends),
		cmocka_unit_test(a_circle_of_interpreters_ends),
		cmocka_unit_test(a_broken_link_gives_what_stands_before_it),
		cmocka_unit_test(the_main_interpreter_is_found_without_its_list),
		cmocka_unit_test(noise_in_memory_gives_an_answer_or_a_refusal),
		cmocka_unit_test(a_load_gives_the_field_or_says_that_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
