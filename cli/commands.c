/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <stddef.h>
#include <string.h>

#include "collect.h"
#include "dump.h"
#include "run.h"
#include "snapshot.h"
#include "watch.h"

const struct command commands[] = {
	{
		.name = "analyze",
		.summary = "one page: what died, where its threads were, what fills or leaks memory",
		.description =
			"One page to begin with: what died and of what, where every thread was,\n"
			"what fills memory, which containers or types alone keep 10 % of it and how\n"
			"they are held, unused room, duplicate text, the biggest buffers, and how much\n"
			"could be read.",
		.examples = "  pycore analyze core.1234\n"
			    "  pycore analyze --format json core.1234 | jq .suspects\n",
		.formats = "text json",
		.options = OPTIONS_COMMON,
		.run = run_report,
	},
	{
		.name = "bt",
		.summary = "the Python stack of each thread",
		.description =
			"The Python stack of each thread, newest call first, with the thread's name,\n"
			"who holds the GIL, who took the signal, and the exception being handled.",
		.examples = "  pycore bt core.1234\n"
			    "  pycore bt core.1234 --thread 1240 --locals\n"
			    "  pycore bt 1234 --format svg -o flames.svg\n",
		.formats = "text json folded speedscope svg",
		.options = OPTIONS_COMMON | OPTIONS_THREAD,
		.run = run_report,
	},
	{
		.name = "objects",
		.summary = "live objects and their bytes by type",
		.description =
			"Counts live objects and their bytes (what sys.getsizeof says) by type, those\n"
			"included that the cycle collector does not track. With --type, lists the\n"
			"instances instead, biggest first.",
		.examples = "  pycore objects core.1234 --sort count\n"
			    "  pycore objects core.1234 --include 'myapp.*' --limit 0\n"
			    "  pycore objects core.1234 --type myapp.models.User\n",
		.formats = "text json",
		.options = OPTIONS_COMMON | OPTIONS_TYPE | OPTIONS_ROWS | OPTIONS_TYPES |
			   OPTIONS_BY_ADDRESS,
		.run = run_report,
	},
	{
		.name = "heap-top",
		.summary = "what holds the memory: types and single objects",
		.description =
			"The types and the single objects that keep the most memory alive: their own\n"
			"bytes and those of all that would be freed with them. For this every reference\n"
			"in the heap is read; --sort bytes does without, and lists the biggest ones.",
		.examples = "  pycore heap-top core.1234\n"
			    "  pycore heap-top core.1234 --tree --depth 4\n"
			    "  pycore heap-top core.1234 --sort bytes --type dict --limit 50\n",
		.formats = "text json",
		.options = OPTIONS_COMMON | OPTIONS_TYPE | OPTIONS_ROWS | OPTIONS_TYPES |
			   OPTIONS_TREE,
		.run = run_report,
	},
	{
		.name = "refs",
		.summary = "the reference graph around objects",
		.description =
			"Draws what refers to the objects of a type, or to the objects at given\n"
			"addresses, back to a named root: a module's global, a frame's local, a class.\n"
			"Like objects are drawn as one; bold arrows lead to what the object alone keeps\n"
			"alive, sizes tell what is retained, colours what holds it. The answer is a\n"
			"graph for Graphviz's dot, which draws it for --format svg.",
		.examples =
			"  pycore refs core.1234 --type MyBigFatObject | dot -Tpng -o refs.png\n"
			"  pycore refs core.1234 --addr 0x7f31c0a2d5e0 --format text\n"
			"  pycore refs core.1234 --type Cache --referents --depth 2 --format svg -o r.svg\n",
		.formats = "dot json text svg",
		.options = OPTIONS_COMMON | OPTIONS_TYPE | OPTIONS_GRAPH,
		.run = run_report,
	},
	{
		.name = "path",
		.summary = "how a root holds an object, as Python would write it",
		.description =
			"The shortest path from a root (a module, a frame's local, a thread, C code) to\n"
			"the objects at given addresses, or to those of a type that keep most alive, as\n"
			"an expression that gives the very object. Weak references hold nothing.",
		.examples = "  pycore path core.1234 --addr 0x7f31c0a2d5e0\n"
			    "  pycore path core.1234 --type app.cache.Entry --limit 3 --all 5\n",
		.formats = "text json",
		.options = OPTIONS_COMMON | OPTIONS_TYPE | OPTIONS_ROWS | OPTIONS_PATH,
		.run = run_report,
	},
	{
		.name = "show",
		.args = "TARGET ADDRESS",
		.summary = "one object in full: value, fields, who refers to it",
		.description =
			"One object: its type, reference count and sizes, its value as Python would\n"
			"write it, its fields by name, what refers to it, and the shortest way by which\n"
			"a module, a frame or a class keeps it. An address inside of an object is taken\n"
			"for that object; where there is none, what is there instead is said.",
		.examples = "  pycore show core.1234 0x7f31c0a2d5e0\n"
			    "  pycore show core.1234 0x7f31c0a2d5e0 --depth 3 --limit 50\n"
			    "  pycore show 1234 0x7f31c0a2d5e0 --no-referrers\n",
		.formats = "text json",
		.options = OPTIONS_COMMON | OPTIONS_OBJECT,
		.run = run_report,
	},
	{
		.name = "verify",
		.summary = "what in the heap contradicts itself",
		.description =
			"Looks at every object for what no CPython leaves so: types that are none,\n"
			"references to freed memory, reference counts that are too low, links of the\n"
			"cycle collector that do not lead back, tables of dicts and sets, lists,\n"
			"strings, and the allocator's free blocks; and shows the bytes around it. It is\n"
			"the first thing to ask where an extension may have written to memory that is\n"
			"not its own.\n"
			"Faults are an answer: the exit status is 0 with them, too.",
		.examples = "  pycore verify core.1234\n"
			    "  pycore verify --format json core.1234 | jq '.faults[].address'\n",
		.formats = "text json",
		.options = OPTIONS_COMMON | OPTIONS_FAULTS,
		.run = run_report,
	},
	{
		.name = "audit",
		.summary = "what C code leaked: reference counts against the references found",
		.description =
			"Holds the reference count of every object against all references to it that\n"
			"are found: in objects, frames, threads, the interpreter's state, and in memory\n"
			"that C code knows alone. What is counted and not found, somebody has leaked.\n"
			"Also garbage that the cycle collector has not come to yet, its cycles and the\n"
			"__del__ in them, and what is in gc.garbage.",
		.examples = "  pycore audit core.1234\n"
			    "  pycore audit --type app.Order core.1234 --limit 50\n"
			    "  pycore audit --format json core.1234 | jq '.excess[0].examples'\n",
		.formats = "text json",
		.options = OPTIONS_COMMON | OPTIONS_TYPE | OPTIONS_ROWS,
		.run = run_report,
	},
	{
		.name = "info",
		.summary = "process, signal, interpreter, mapped files",
		.description =
			"The process, the signal that ended it, its command line; version, build and\n"
			"state of its interpreter; which mapped files were found; how much is readable.",
		.examples = "  pycore info core.1234\n"
			    "  pycore info core.1234 --sysroot /srv/images/web --exe /usr/bin/python3\n",
		.formats = "text json",
		.options = OPTIONS_COMMON,
		.run = run_report,
	},
	{
		.name = "snapshot",
		.summary = "a small file of types, sizes and references",
		.description =
			"Writes what objects, heap-top, refs, path, audit and diff need, and is a target\n"
			"of these: of each object its address, type, size, count of references and what\n"
			"it refers to, and what roots hold. No values are in it, and it is a small part\n"
			"of a core. A process runs on while it is written. The file never takes the place\n"
			"of another; without -o: NAME.PID.pysnap, here.",
		.examples = "  pycore snapshot 1234 -o base.pysnap\n"
			    "  pycore snapshot core.1234 && rm core.1234\n"
			    "  pycore heap-top base.pysnap\n",
		.formats = "text json",
		.options = OPTIONS_COMMON,
		.run = run_snapshot,
	},
	{
		.name = "diff",
		.args = "A B [C]",
		.summary = "growth by type between two targets, or what stayed in a third",
		.description =
			"Compares two targets of one program, type by type: objects, their bytes, what\n"
			"they keep alive; which types are new, and which are gone. Each may be a core,\n"
			"a process or a snapshot. With a third, of the same process, it also counts\n"
			"what came after A, was there in B and still is in C, by address and type: what\n"
			"neither was there from the start nor goes away is what leaks.",
		.examples = "  pycore diff base.pysnap 1234\n"
			    "  pycore diff a.pysnap b.pysnap c.pysnap --include 'myapp.*'\n"
			    "  pycore diff base.pysnap core.1234 --sort retained --limit 50\n",
		.formats = "text json",
		.options = OPTIONS_COMMON | OPTIONS_DIFF,
		.run = run_report,
	},
	{
		.name = "dump",
		.args = "PID",
		.summary = "write a core of a process, which runs on",
		.description =
			"Stops a process, copies its memory, lets it run on, and writes a core that the\n"
			"other commands and gdb read: all threads with their registers, all memory that\n"
			"was ever touched, the code of its programs and libraries. The file is there in\n"
			"full or not at all, and never takes the place of another.",
		.examples = "  pycore dump 1234\n"
			    "  pycore dump 1234 -o /var/tmp/web.core --python-only --compress zstd\n"
			    "  pycore dump 1234 --max-stop 200 --format json\n",
		.formats = "text json",
		.options = OPTIONS_COMMON | OPTIONS_CAPTURE,
		.run = run_dump,
	},
	{
		.name = "watch",
		.args = "{PID | --cgroup DIR | -- COMMAND [WORDS...]}",
		.summary = "wait for a memory limit, then write a core before the kill",
		.description =
			"Waits until a process, or its memory group, comes near its limit, then writes\n"
			"a core of it as dump does: before the kernel kills it, which leaves none. Without\n"
			"an option: 95 % of the limit of its memory group or that being out of memory;\n"
			"where there is no such limit, 90 % of the machine's memory. It says what it waits\n"
			"for, and what it changes until then; all that is put back, also when it is killed.\n"
			"Exit status 1: the process ended first.",
		.examples = "  pycore watch 1234 -o /var/tmp/web.core --then kill\n"
			    "  pycore watch --rss 2G --python-only --compress zstd -- python3 app.py\n"
			    "  pycore watch --cgroup /sys/fs/cgroup/memory/web --analyze\n",
		.formats = "text json",
		.options = OPTIONS_COMMON | OPTIONS_CAPTURE | OPTIONS_WATCH,
		.run = run_watch,
	},
	{
		.name = "collect",
		.args = "--dir DIR PID [SIGNAL [TIME]]",
		.summary = "take a core from the kernel and write what it says",
		.description =
			"The receiving end of kernel.core_pattern: reads a core from standard input and\n"
			"writes DIR/core.PID.TIME.txt, what analyze says of it; and the core, if wished.\n"
			"What it does goes to standard error and to the system's log.",
		.examples =
			"  sysctl kernel.core_pattern='|/usr/bin/pycore collect --dir /var/lib/pycore %P %s %t'\n"
			"  sysctl kernel.core_pipe_limit=4\n"
			"  pycore collect --dir . --core reduced 1234 <core.1234\n",
		.formats = "text",
		.options = OPTIONS_COMMON | OPTIONS_COLLECT,
		.run = run_collect,
	},
	{ 0 },
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++) {
		if (!strcmp(c->name, name))
			return c;
	}
	return NULL;
}

/* Letters alone: "heaptop", "heap_top" and "py-bt" are understood. */
static void letters(const char *from, char to[16])
{
	size_t n = 0;

	if (!strncmp(from, "py-", 3))
		from += 3;
	for (; *from && n < 15; from++) {
		if ((*from | 0x20) >= 'a' && (*from | 0x20) <= 'z')
			to[n++] = (char)(*from | 0x20);
	}
	to[n] = '\0';
}

const struct command *command_guess(const char *name)
{
	char wanted[16], has[16];

	letters(name, wanted);
	if (strlen(wanted) < 2)
		return NULL;
	for (const struct command *c = commands; c->name; c++) {
		letters(c->name, has);
		if (!strncmp(has, wanted, strlen(wanted)) || !strncmp(wanted, has, strlen(has)))
			return c;
	}
	return NULL;
}
