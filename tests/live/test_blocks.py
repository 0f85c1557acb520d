"""Blocks of the allocator, and free lists, as sys._debugmallocstats() tells of them."""

import os
import re

from harness import all_equal, equal, on, since, that

CLASS = re.compile(r"^ *\d+ +(\d+) +(\d+) +(\d+) +(\d+)$", re.MULTILINE)
FREE_LIST = re.compile(r"^ *(\d+) free (?:\d+-sized )?(Py\w+)s \* \d+ bytes each", re.MULTILINE)
# What each is called by Python.
TYPES = {
    "PyCFunctionObject": "builtin_function_or_method",
    "PyDictObject": "dict",
    "PyDictKeysObject": "dict keys",
    "PyFloatObject": "float",
    "PyFrameObject": "frame",
    "PyListObject": "list",
    "PyMethodObject": "method",
    "PyTupleObject": "tuple",
}


def statistics(process):
    """What the allocator wrote last."""
    with open(os.path.join(process.directory, "stderr"), encoding="utf-8") as stats:
        return stats.read().rpartition("Small block threshold")[2]


def check_classes(scene):
    blocks = scene.ask("objects")["blocks"]
    told = {int(size): [int(number) for number in row]
            for size, *row in CLASS.findall(statistics(scene.process))}
    that(len(told) >= 20, "no statistics of the allocator: %r" % statistics(scene.process)[:300])
    got = {row["size"]: [row["pools"], row["live"], row["free"]] for row in blocks["classes"]}
    all_equal([("size %d" % size, got.get(size), told.get(size)) for size in sorted({*told, *got})],
              "pools, blocks in use, blocks free")
    equal([sum(row[1] for row in got.values()), sum(row[0] for row in got.values())],
          [blocks["live"] - blocks["raw"], blocks["pools"]], "blocks in use, and pools, in all")
    equal(sum(size * row[1] for size, row in got.items()), blocks["live_bytes"], "bytes in use")


def check_free_lists(scene, fewer=()):
    """Of types named in @p fewer some may be of more than 512 bytes: malloc's, and not known."""
    blocks = scene.ask("objects")["blocks"]
    told = {}
    for count, name in FREE_LIST.findall(statistics(scene.process)):
        told[TYPES[name]] = told.get(TYPES[name], 0) + int(count)
    that(told, "no free lists are told of")
    got = {row["type"]: row["count"] for row in blocks["free_lists"]}
    all_equal([(name, got.get(name, 0), count) for name, count in told.items()
               if name not in fewer or got.get(name, 0) > count], "free objects")
    equal(sum(got.values()), blocks["free_list"], "blocks on free lists in all")


def check_live(scene, fewer, more):
    """Exactly; up to 3.11 the count of malloc's blocks is in no place that is known, and those are
    told that objects own: @p fewer are C code's, and @p more not the allocator's.
    """
    live, wanted = scene.ask("objects")["blocks"]["live"], scene.truth["blocks"]
    if scene.interpreter.release >= (3, 12):
        fewer = more = 0
    that(wanted - fewer <= live <= wanted + more, "%d live blocks, truth %d" % (live, wanted))


def arenas_told(process):
    return int(re.search(r"^# arenas allocated current += +([\d,]+)$", statistics(process),
                         re.MULTILINE).group(1).replace(",", ""))


def has_pools(interpreter):
    """Those that tell of them, too: mimalloc's statistics are of a heap that nothing is in."""
    return (interpreter.build != "free-threaded"
            and (interpreter.release >= (3,) or interpreter.build == "debug"))


@on("blocks.py", where=has_pools)
def blocks_of_each_size_are_as_the_allocator_counts(scene):
    check_classes(scene)


@on("blocks.py", where=since(3))
def free_lists_are_as_the_interpreter_counts(scene):
    check_free_lists(scene)


@on("blocks.py", where=since(3))
def live_blocks_are_as_many_as_the_interpreter_counts(scene):
    # The parser of 3.6 and 3.7 has 110 tables.
    check_live(scene, 20 if scene.interpreter.release >= (3, 8) else 130, 0)


@on("blocks.py", where=has_pools)
def arenas_are_as_many_as_the_allocator_has(scene):
    equal(scene.ask("objects")["blocks"]["arenas"], arenas_told(scene.process), "arenas")
