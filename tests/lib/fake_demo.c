/* SPDX-License-Identifier: MIT */
#include "fake_api.h"

/*
 * A core of a program like the one in objgraph's manual: a default argument
 * that keeps two objects. Some of its names are as hostile as a core can make them.
 */

static const struct pycore_frame main_frames[] = {
	{ "computate_something", "computate_something", "/srv/app/fat.py", 7, 0x7f01, NULL, 0 },
	{ "<module>", "<module>", "/srv/app/fat.py", 12, 0x7f02, NULL, 0 },
};

static const struct pycore_frame worker_frames[] = {
	{ "wait", "Condition.wait", "/usr/lib/python3.11/threading.py", 320, 0x7f03, NULL, 0 },
	{ "run", "Worker.run", "/srv/app/\x1b[2Jwork.py", 0, 0x7f04, NULL, 0 },
};

static const struct pycore_local main_locals[] = {
	{ "user", "str", "'alice \xe2\x80\xae\x1b[31m'" },
	{ "_cache", "dict", "{42: {...}}" },
	{ "broken", "?", NULL },
};

static const struct pycore_frame main_frames_with_locals[] = {
	{ "computate_something", "computate_something", "/srv/app/fat.py", 7, 0x7f01, main_locals,
	  3 },
	{ "<module>", "<module>", "/srv/app/fat.py", 12, 0x7f02, NULL, 0 },
};

static const struct pycore_thread threads_with_locals[] = {
	{ .tid = 1234, .ident = 0x7f0000001000, .tstate = 0x9000, .name = "MainThread",
	  .main = true, .gil = true, .signal = true, .complete = true, .state = "holds GIL",
	  .exception_type = "ValueError", .exception_message = "no such user: alice\n\x1b[31m",
	  .frames = main_frames_with_locals, .n_frames = 2 },
};

static const struct pycore_thread threads[] = {
	{ .tid = 1234, .ident = 0x7f0000001000, .tstate = 0x9000, .name = "MainThread",
	  .main = true, .gil = true, .signal = true, .complete = true, .state = "holds GIL",
	  .exception_type = "ValueError", .exception_message = "no such user: alice\n\x1b[31m",
	  .frames = main_frames, .n_frames = 2 },
	{ .tid = 1240, .ident = 0x7f0000002000, .tstate = 0x9100, .name = "w1",
	  .complete = true, .state = "waiting", .frames = worker_frames, .n_frames = 2 },
	{ .tid = 1241, .ident = 0x7f0000003000, .tstate = 0x9200, .name = "w2",
	  .complete = true, .state = "waiting", .frames = worker_frames, .n_frames = 2 },
	{ .tid = 0, .ident = 0x7f0000004000, .tstate = 0x9300, .interpreter = 1 },
};

static const struct pycore_type_count types[] = {
	{ "str", 0xa00, 1, 41233, 5000000, 0, 5000000, 5300000, 0 },
	{ "dict", 0xb00, 1, 2000, 464000, 2000, 1200464, 128000, 368000 },
	{ "app.models.Session", 0xc00, 2, 20000, 960000, 20000, 5960000, 960000, 2080000 },
	{ "__main__.MyBigFatObject", 0xd00, 1, 2, 96, 2, 96, 96, 0 },
};

static const struct pycore_type_count types_by_address[] = {
	{ "str", 0xa00, 1, 41233, 5000000, 0, 5000000, 5300000, 0 },
	{ "dict", 0xb00, 1, 2000, 464000, 2000, 1200464, 128000, 368000 },
	{ "app.models.Session", 0xc00, 1, 15000, 720000, 15000, 720000, 720000, 1560000 },
	{ "app.models.Session", 0xc80, 1, 5000, 240000, 5000, 240000, 240000, 520000 },
	{ "__main__.MyBigFatObject", 0xd00, 1, 2, 96, 2, 96, 96, 0 },
};

static const struct pycore_size_class size_classes[] = {
	{ 32, 200, 20000, 5400 },
	{ 64, 360, 80000, 11800 },
};

static const struct pycore_free_list free_lists[] = { { "dict keys", 20 }, { "tuple", 80 } };

static const struct pycore_path_step local_steps[] = {
	{ 0x7f2000, "dict", NULL },
	{ 0x7f1000, "str", "['\xe2\x80\xae\x1b[2J']" },
};

static const struct pycore_path_step module_steps[] = {
	{ 0x7f7000, "module", NULL },
	{ 0x7f7100, "dict", ".__dict__" },
	{ 0x7f2000, "dict", "['CACHE\x1b[0m']" },
};

static const struct pycore_path paths[] = {
	{ 0x7f1000, "local", "thread 1240 w1: wait() local 'data'", NULL, local_steps, 2 },
	{ 0x7f2000, "module", "module app: CACHE\x1b[0m", "sys.modules['app'].CACHE\x1b[0m",
	  module_steps, 3 },
	{ 0x7f2000, "native", "C code: no known object holds it, but it is referred to", NULL,
	  local_steps, 1 },
};

static const struct pycore_tree_node tree[] = {
	{ 0, 0x7f2000, "dict", NULL, 232, 1200464, 1, &paths[1] },
	{ 1, 0x7f1000, "str", "['\x1b[2J']", 1100000, 1100000, 1, NULL },
	{ 1, 0, "", NULL, 100232, 100232, 1203, NULL },
};

static const struct pycore_object objects[] = {
	{ 0x7f1000, "str", 1100000, 1, "'secret \xe2\x80\xae evil\x1b[0m'", 1100000, &paths[0] },
	{ 0x7f2000, "dict", 232, 3, "{'foo': <MyBigFatObject>, 'bar': ...}", 1200464, &paths[1] },
	{ 0x7f3000, "__main__.MyBigFatObject", 48, 1, "<MyBigFatObject>", 0, NULL },
	{ 0x7f3040, "__main__.MyBigFatObject", 48, 2, "<MyBigFatObject>", 0, NULL },
	{ 0x7f4000, "app.models.Session", 48, -1, "<Session>", 0, NULL },
};

static const struct pycore_suspect suspects[] = {
	{ PYCORE_SUSPECT_OBJECT, "dict", 0x7f2000, 1, 232, 1200464, "app.models.Session", 1200,
	  1100000, 0, NULL, 0, false, &paths[1] },
	{ PYCORE_SUSPECT_OBJECT, "str", 0x7f1000, 1, 1100000, 1100000, NULL, 0, 0, 0, NULL, 0, false,
	  &paths[0] },
	{ PYCORE_SUSPECT_STRUCTURE, "app.Link\x1b[0m", 0x7f5000, 812, 56, 900000, NULL, 0, 0, 0,
	  NULL, 0, false, &paths[2] },
	{ PYCORE_SUSPECT_GROUP, "app.models.Session", 0, 20000, 960000, 960000, NULL, 0, 0,
	  0x7f2000, "dict", 19000, true, &paths[1] },
	{ PYCORE_SUSPECT_GROUP, "__main__.MyBigFatObject", 0, 2, 96, 700000, NULL, 0, 0, 0, NULL, 0,
	  false, &paths[2] },
};

static const struct pycore_sparse sparse[] = {
	{ 0x7f2000, "dict", 73000, 4, 2730, &paths[1] },
	{ 0x7f6000, "list", 800, 3, 103, NULL },
};

static const struct pycore_waste waste[] = {
	{ "dict", 12, 90000, { 0x7f2000, "dict", 73000, 4, 2730, &paths[1] } },
	{ "list", 1, 800, { 0x7f6000, "list", 800, 3, 103, NULL } },
};

static const struct pycore_duplicate_sum sums[] = {
	{ "str", 310, 9000, 600000, 480000 },
	{ "bytes", 0, 0, 0, 0 },
};

static const struct pycore_duplicate duplicates[] = {
	{ "str", 0x7f1100, "'hunter2 \xe2\x80\xae evil\x1b[0m'", 800, 52000, 51935 },
	{ "str", 0x7f1200, NULL, 2, 120, 60 },
};

static const struct pycore_buffer buffers[] = {
	{ 0x7f1000, "str", 1100000, &paths[0] },
	{ 0x7f8000, "mmap.mmap", 4096, NULL },
};

static const struct pycore_node nodes[] = {
	{ 0x7f3000, "__main__.MyBigFatObject", 48, "<MyBigFatObject>", NULL, 1, 0, true,
	  48, 0x7f2000, NULL, NULL },
	{ 0x7f3040, "__main__.MyBigFatObject", 48, "<MyBigFatObject>", NULL, 1, 0, true,
	  48, 0x7f2000, NULL, NULL },
	{ 0x7f2000, "dict", 232, "{'foo': \"quoted\\\"}", NULL, 1, 3, false, 328, 0, "native",
	  "C global _x.so+0x1a2c0 (\"\x1b" "c\")" },
	{ 0x7f5000, "dict", 360, "{42: {...}}", NULL, 1, 0, false, 360, 0x7f6000, NULL, NULL },
	{ 0x7f6000, "function", 152, "<function computate_something>", NULL, 1, 0, false,
	  512, 0x7f7000, NULL, NULL },
	{ 0x7f7000, "module", 72, "<module '__main__'>", "module __main__", 1, 0, false,
	  1200464, 0, "module", NULL },
	{ 0x7f8000, "app.models.Session", 960000, NULL, NULL, 20000, 0, false,
	  1160000, 0x7f7000, NULL, NULL },
};

static const struct pycore_edge edges[] = {
	{ 2, 0, "['foo']", 1, NULL, true },
	{ 2, 1, "['bar']", 1, NULL, true },
	{ 3, 2, "[42]", 1, NULL, false },
	{ 4, 3, "__defaults__[0]", 1, "_cache", true },
	{ 5, 4, ".computate_something", 1, NULL, true },
	{ 6, 2, ".big", 20000, NULL, false },
	{ 5, 6, ".sessions", 1, NULL, true },
};

static const struct pycore_field user_fields[] = {
	{ .name = "['alice \x1b[0m']", .type = "str", .value = "'secret \xe2\x80\xae'",
	  .address = 0x7f1000, .key = 0x7f1080, .kind = "owned" },
};

static const struct pycore_field detail_fields[] = {
	{ .name = ".name", .type = "str", .value = "'alice'", .address = 0x7f1080,
	  .kind = "owned", .by_dict = true },
	{ .name = ".users", .type = "dict", .value = "{'alice': 'secret'}", .address = 0x7f2000,
	  .kind = "owned", .by_dict = true, .fields = user_fields, .n_fields = 1, .more = 1203 },
	{ .name = ".me", .type = "app.models.Session", .value = "<Session>", .address = 0x7f4000,
	  .kind = "owned", .seen = true },
	{ .name = "", .type = "tuple", .value = "('secret',)", .address = 0x7f9000,
	  .kind = "guess" },
};

static const struct pycore_referrer detail_referrers[] = {
	{ 0x7f01, "frame", "session", NULL, "frame Worker.run() of thread 1234 alice", false },
	{ 0x7fa000, "list", "[3]", "[<Session>, 'secret']", NULL, false },
	{ 0x7fb000, "dict", "['alice']", "{'alice': <Session>}", NULL, true },
};

static const struct pycore_step detail_steps[] = {
	{ ".computate_something", 0x7f6000, "function" },
	{ "__defaults__[0]", 0x7f5000, "dict" },
	{ "['alice']", 0x7f4000, "app.models.Session" },
};

static const struct pycore_fault faults[] = {
	{ .kind = "type", .address = 0x7f4000, .at = 0x7f4008,
	  .text = "its ob_type, 0x4141414141414140, is no type; 0x7f5000 (dict\x1b[31m) refers to it",
	  .what = "a block of 64 bytes at 0x7f3ff0, no object",
	  .before = "app.\xe2\x80\xaemodels.Session at 0x7f3fb0", .after = NULL,
	  .bytes_at = 0x7f4000, .n_bytes = 24,
	  .bytes = "\3\0\0\0\0\0\0\0@AAAAAAA\x1b[31m\xff\"<" },
	{ .kind = "pool", .address = 0x7f8000, .at = 0x7f8040,
	  .text = "its chain of free blocks comes to one again: freed twice?", .what = "free memory" },
};

static const struct pycore_checked checked[] = { { "objects", 63235 }, { "dict", 1044 } };

static const uint64_t leaked[] = { 0x7f4000, 0x7f4040, 0x7f4080, 0x7f40c0 };
static const uint64_t uncollectable[] = { 0x7f6000 };

static const struct pycore_excess excess[] = {
	{ "app.models.Session", 1204, 1200, 2408, leaked, 4 },
	{ "app.\xe2\x80\xaeOrder", 1, 0, 1, leaked, 1 },
};

static const struct pycore_garbage garbage[] = {
	{ "app.Node\x1b[31m", 3000, 144000 },
	{ "dict", 12, 2784 },
};

static const struct pycore_cycle cycles[] = {
	{ 0x7f7000, "app.Node", 2000, 96000, 3, 0x7f7030, "app.Closer" },
	{ 0x7f8000, "dict", 2, 464, 0, 0, NULL },
};

static const struct pycore_file files[] = {
	{ "/usr/bin/python3.11", "3a1bffce", "yes" },
	{ "/srv/app/_speed.so", NULL, "no" },
};

static const struct pycore_info info = {
	.kind = "core",
	.path = "core.1234",
	.pid = 1234,
	.command = "python3 fat.py --password=hunter2",
	.signal = 11,
	.signal_name = "SIGSEGV",
	.signal_tid = 1234,
	.n_threads = 5,
	.python = "3.11.2",
	.build = "release",
	.runtime = 0x8a1c20,
	.n_interpreters = 2,
	.layout_table = "cpython-3.11",
	.layout_verified = true,
	.found_by = "symbol",
	.version_source = "Py_Version",
	.build_source = "symbol",
	.fields_table = 312,
	.gc_enabled = true,
	.gil_tid = 1234,
	.gil_held = true,
	.bytes_mapped = UINT64_C(2147483648),
	.bytes_readable = UINT64_C(2111062325),
	.files = files,
	.n_files = 2,
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct pycore_growth_row growth[] = {
	{ "app.Old", { 3, 168, 400 }, { 0, 0, 0 }, { 0, 0, 0 }, 0, 0 },
	{ "app.cache.Entry", { 100, 5600, 90000 }, { 1100, 61600, 990000 },
	  { 1000, 56000, 900000 }, 40, 2240 },
	{ "app.Odd\x1b[31m", { 0, 0, 0 }, { 7, 392, 392 }, { 0, 0, 0 }, 0, 0 },
	{ "dict", { 500, 64000, 70000 }, { 490, 63000, 69000 }, { 490, 63000, 69000 }, 0, 0 },
	{ "float", { 20, 480, 480 }, { 20, 480, 480 }, { 20, 480, 480 }, 0, 0 },
};

void fake_api_demo(void)
{
	fake_api = (struct fake_api){
		.info = info,
		.stacks = { threads, LENGTH(threads) },
		.stacks_with_locals = { threads_with_locals, LENGTH(threads_with_locals) },
		.census = {
			.types = types,
			.n_types = LENGTH(types),
			.by_address = types_by_address,
			.n_by_address = LENGTH(types_by_address),
			.count = 63235,
			.bytes = 6424096,
			.blocks = { .live = 100000, .live_bytes = 8000000, .object = 83100,
				    .storage = 14000, .free_list = 100, .unknown = 2800,
				    .unknown_bytes = 200000, .arenas = 9, .pools = 560,
				    .gc_listed = 22002, .gc_only = 1, .outside = 77 },
			.size_classes = size_classes,
			.n_size_classes = LENGTH(size_classes),
			.free_lists = free_lists,
			.n_free_lists = LENGTH(free_lists),
		},
		.objects = objects,
		.n_objects = LENGTH(objects),
		.detail = {
			.object = { 0x7f4000, "app.models.Session", 48, 3, "<Session of 'alice'>" },
			.type_address = 0xc00,
			.allocator = "pymalloc",
			.block = 0x7f3ff0,
			.block_bytes = 64,
			.outside_bytes = 104,
			.n_outside = 1,
			.gc = true,
			.tracked = true,
			.fields = detail_fields,
			.n_fields = LENGTH(detail_fields),
			.more_fields = 7,
			.has_referrers = true,
			.referrers = detail_referrers,
			.n_referrers = LENGTH(detail_referrers),
			.more_referrers = 12,
			.root = "module __main__",
			.root_address = 0x7f7000,
			.steps = detail_steps,
			.n_steps = LENGTH(detail_steps),
		},
		.paths = { paths, LENGTH(paths), 3 },
		.growth = { growth, LENGTH(growth), .kept = 40, .kept_bytes = 2240 },
		.snapshot = { 400123, 41211, 132848 },
		.verdict = { faults, LENGTH(faults), 3, checked, LENGTH(checked) },
		.audit = { excess, LENGTH(excess), 1205, 2409, garbage, LENGTH(garbage), cycles,
			   LENGTH(cycles), 7, uncollectable, 1, 1 },
		.tree = { tree, LENGTH(tree), 6424096 },
		.suspects = { suspects, LENGTH(suspects), 6424096, 10 },
		.savings = { waste, LENGTH(waste), 90800, sparse, LENGTH(sparse), sums,
			     LENGTH(sums), duplicates, LENGTH(duplicates), buffers,
			     LENGTH(buffers) },
		.graph = { nodes, LENGTH(nodes), edges, LENGTH(edges), 2, 2, true, true },
	};
}
