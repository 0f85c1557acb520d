"""Blocks of the allocator, and free lists, as sys._debugmallocstats() tells of them."""

import functools
import math
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
    blocks = scene.ask_once("objects")["blocks"]
    told = {int(size): [int(number) for number in row]
            for size, *row in CLASS.findall(statistics(scene.process))}
    that(len(told) >= 20, "no statistics of the allocator: %r" % statistics(scene.process)[:300])
    got = {row["size"]: [row["pools"], row["live"], row["free"]] for row in blocks["classes"]}
    all_equal([("size %d" % size, got.get(size), told.get(size)) for size in sorted({*told, *got})],
              "pools, blocks in use, blocks free")
    equal([sum(row[1] for row in got.values()), sum(row[0] for row in got.values())],
          [blocks["live"] - blocks["raw"], blocks["pools"]], "blocks in use, and pools, in all")
    equal(sum(size * row[1] for size, row in got.items()), blocks["live_bytes"], "bytes in use")


def free_lists_told(scene):
    told = {}
    for count, name in FREE_LIST.findall(statistics(scene.process)):
        told[TYPES[name]] = told.get(TYPES[name], 0) + int(count)
    that(told, "no free lists are told of")
    return told


def free_lists(scene):
    return {row["type"]: row["count"] for row in scene.ask_once("objects")["blocks"]["free_lists"]}


def frames_of_malloc(scene):
    """Free frames (to 3.10) of more than 512 bytes: in no pool, and where their list begins is in
    no place that is known.
    """
    return free_lists_told(scene).get("frame", 0) - free_lists(scene).get("frame", 0)


def check_free_lists(scene, fewer=(), more=False):
    """Of types named in @p fewer some may be malloc's."""
    told, got = free_lists_told(scene), free_lists(scene)
    all_equal([(name, got.get(name, 0), count) for name, count in told.items()
               if not (name in fewer and got.get(name, 0) <= count)
               and not (more and got.get(name, 0) >= count)], "free objects")
    equal(sum(got.values()), scene.ask_once("objects")["blocks"]["free_list"],
          "blocks on free lists in all")


# Up to 3.11 the count of malloc's blocks is in no place that is known, and those are told that
# objects own. These have no owner, whatever the program: tables of the parser (117 to 3.7, 3 in
# 3.8) and of the first struct sequences, the stack that faulthandler has for signals, and one
# block of the main program's syntax tree.
OWNERLESS = {(3, 6): 121, (3, 7): 121, (3, 8): 6, (3, 9): 2, (3, 10): 3, (3, 11): 2}


def check_live(scene, fewer=0, more=0):
    """Exactly; up to 3.11 @p fewer where C code has blocks of its own, and @p more where objects own
    memory that is not the allocator's.
    """
    live, wanted = scene.ask_once("objects")["blocks"]["live"], scene.truth["blocks"]
    if scene.interpreter.release >= (3, 12):
        fewer = more = 0
    elif has_pools(scene.interpreter):
        wanted -= OWNERLESS[scene.interpreter.release] + frames_of_malloc(scene)
    that(wanted - fewer <= live <= wanted + more, "%d live blocks, truth %d" % (live, wanted))


def arenas_told(process):
    """(how many there are, pools of each, pools not in use)"""
    said = statistics(process)
    number, size = re.search(r"^(\d+) arenas \* (\d+) bytes/arena", said, re.MULTILINE).groups()
    unused, pool = re.search(r"^(\d+) unused pools \* (\d+) bytes", said, re.MULTILINE).groups()
    return int(number), int(size) // int(pool), int(unused)


def has_pools(interpreter):
    """Those that tell of them, too: mimalloc's statistics are of a heap that nothing is in."""
    return (interpreter.build != "free-threaded"
            and (interpreter.release >= (3,) or interpreter.build == "debug"))


@on("real.py", arguments=("blocks",), where=has_pools)
def blocks_of_each_size_are_as_the_allocator_counts(scene):
    check_classes(scene)


@on("real.py", arguments=("blocks",), where=since(3))
def free_lists_are_as_the_interpreter_counts(scene):
    check_free_lists(scene)


@on("real.py", arguments=("blocks",), where=since(3))
def live_blocks_are_as_many_as_the_interpreter_counts(scene):
    check_live(scene)


@on("real.py", arguments=("blocks",), where=has_pools)
def arenas_are_as_many_as_the_allocator_has(scene):
    arenas, pools, unused = arenas_told(scene.process)
    missing = arenas - scene.ask_once("objects")["blocks"]["arenas"]
    # Up to 3.11 arenas are known by their pools: one of which none is in use is not.
    most = 0 if scene.interpreter.release >= (3, 12) else unused // (pools - 1)
    that(0 <= missing <= most, "%d of %d arenas are missing, %d pools are not in use"
         % (missing, arenas, unused))


def block_of(scene, sizes, inside):
    """The allocator's block that so many bytes of an object are in."""
    if scene.interpreter.build == "debug":
        inside += 24 if scene.interpreter.release >= (3, 8) else 32  # of the hooks
    return min(size for size in sizes if size >= inside)


@on("real.py", arguments=("blocks",), where=lambda it: it.build != "free-threaded")
def what_the_objects_of_a_type_take_is_told(scene):
    reply = scene.ask("objects", "--cost")
    rows = {row["type"]: row for row in reply["types"]}
    # Not every size is in use.
    step = functools.reduce(math.gcd, (row["size"] for row in reply["blocks"]["classes"]))
    sizes = range(step, 513, step)
    truth = dict(scene.truth["costs"])
    # The hooks of two allocators stand before what is too big for pools.
    big = truth.pop("blocks.Big")
    if scene.interpreter.build == "release":
        equal(rows["blocks.Big"]["block_bytes"], big[0][0], "bytes of malloc's chunks")
    if scene.interpreter.release >= (3, 15):
        # The buffer of a bytearray is an object of its own.
        truth["blocks.Buffer"][1] = 0
    all_equal([(name, [rows[name]["block_bytes"], rows[name]["outside_bytes"]],
                [sum(block_of(scene, sizes, size) for size in each), outside])
               for name, (each, outside) in truth.items()], "bytes in blocks, and outside")
    for key in "block_bytes", "outside_bytes":
        equal(reply["total"][key], sum(row[key] for row in rows.values()), key + " in all")


@on("real.py", arguments=("blocks",), ways=("core",), where=lambda it: it.build != "free-threaded")
def what_one_type_takes_is_as_show_says_of_each(scene):
    rows = scene.ask("objects", "--type", "blocks.Big", "--cost")
    sums = [0, 0]
    for row in rows["objects"]:
        shown = scene.ask("show", row["address"], "--no-referrers")["object"]
        sums[0] += shown["block_bytes"]
        sums[1] += shown["outside_bytes"]
    equal([rows["total"]["block_bytes"], rows["total"]["outside_bytes"]], sums,
          "bytes in blocks, and outside")
    text = scene.text("objects", "--cost")
    that("in blocks" in text and "outside" in text, "text: " + text[:300])
