"""Cores of which a part is missing: what is there is answered, and nothing is added to it."""

import collections
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import time

import cores
from harness import Failure, Scene, equal, few, in_interpreters, on, that

COMMANDS = ["analyze"], ["info"], ["bt"], ["objects"], ["refs", "--type", "dict"]
PLACES = 24 # in each core: some thousands of sessions in all


def places(path):
    """Where to cut it: in its headers, at borders of mappings and in their midst, biggest last."""
    size = os.path.getsize(path)
    parts = cores.segments(path)
    borders = [offset for unused, offset, unused in parts[::max(1, len(parts) // PLACES)]]
    middles = [offset + length // 2 + 13 for unused, offset, length in parts
               if length > size // PLACES]
    last = max(offset + length for unused, offset, length in parts)
    return sorted({70, 700, last - 1, last - 4096, *borders[1:], *middles}, reverse=True)


def ask(scene, path, *command):
    """What is answered of the core at the path, or None; never silence, never a crash."""
    answer = scene.pycore.run(command[0], *scene.target[:-1], path, *command[1:], "--format", "json")
    that(answer.status in (0, 1, 2), "exit status of %s" % answer)
    if answer.status == 2:
        equal(answer.out, "", "output of %s" % answer)
        equal(len(answer.err.splitlines()), 1, "lines of %s" % answer)
        that(re.search("cut short|no ELF core|not an ELF core", answer.err),
             "does not say why: %s" % answer)
        return None
    that("cut short" in answer.err, "not said that it is cut short: %s" % answer)
    equal(answer.status, 1, "exit status of %s" % answer)
    return json.loads(answer.out)


def check_objects(whole, got, where):
    wanted = collections.Counter()
    for row in whole["types"]:
        wanted[row["type"]] += row["count"]
        # Of a type whose module cannot be read the rest of its name is told.
        wanted["?." + row["type"].rpartition(".")[2]] += row["count"]
    # The names of these are in files that only the notes tell of; and where the builtin types
    # are not known by name, what their objects refer to is guessed.
    unnamed = [row for row in got["types"] if row["type"].startswith("<static type")]
    slack = whole["total"]["count"] // 500 if unnamed else 0
    wrong = ["%s: %d, whole %d" % (row["type"], row["count"], wanted[row["type"]])
             for row in got["types"] if row["count"] > wanted[row["type"]] and row not in unnamed]
    if wrong or got["total"]["count"] > whole["total"]["count"] + slack:
        raise Failure("%s: more objects than in the whole core (%d, whole %d): %s" % (
            where, got["total"]["count"], whole["total"]["count"], wrong[:9]))


def check_threads(whole, got, where):
    wanted = {thread["tid"]: [(frame["function"], frame["line"]) for frame in thread["frames"]]
              for thread in whole["threads"]}
    # Their numbers are in the notes.
    threads_are_known = not any("what it tells of threads" in line for line in got["warnings"])
    for thread in got["threads"]:
        frames = [(frame["function"], frame["line"]) for frame in thread["frames"]]
        if thread["tid"] is None and not threads_are_known:
            known = sum(wanted.values(), [])
        else:
            that(thread["tid"] in wanted, "%s: a thread that there is not: %s" % (
                where, thread["tid"]))
            known = wanted[thread["tid"]]
        that(len(frames) <= len(known), "%s: more frames: %s, whole %s" % (where, frames, known))
        for frame in frames:
            # What cannot be read of a frame is left open.
            that(any((frame[0] in (None, "?", other[0])) and (not frame[1] or frame[1] == other[1])
                     for other in known), "%s: a frame that there is not: %s" % (where, frame))


@on("refs.py", ways=("gcore", "core"), where=few)
def a_core_cut_anywhere_is_answered_as_far_as_it_goes(scene):
    whole = scene.target[-1]
    objects, stacks = scene.ask("objects"), scene.ask("bt")
    path = whole + ".cut"
    answered = 0
    shutil.copy(whole, path)
    try:
        for place in places(whole):
            os.truncate(path, place)
            where = "cut at %d of %d" % (place, os.path.getsize(whole))
            got = ask(scene, path, "objects")
            if got:
                check_objects(objects, got, where)
                answered += 1
            got = ask(scene, path, "bt")
            if got:
                check_threads(stacks, got, where)
    finally:
        os.unlink(path)
    that(answered >= 2, "only %d of the cut cores were answered" % answered)


@in_interpreters(few)
def a_core_has_what_its_filter_says(interpreter, pycore):
    """coredump_filter of core(5): bit 0 is private memory, 1 shared, 2 and 3 files, 4 ELF headers."""
    for bits in 0x00, 0x01, 0x10, 0x11, 0x21, 0x32, 0x33, 0x7e, 0x7f:
        with interpreter.start("refs.py") as process:
            process.settle()
            with open("/proc/%d/coredump_filter" % process.pid, "w") as out:
                out.write(hex(bits))
            target = process.target("core")
            scene = Scene(pycore, process, "core", target)
            where = "filter %#x" % bits
            if not bits & 1:
                for command in COMMANDS:
                    answer = pycore.run(*command, *target)
                    that(answer.status in (1, 2), "%s: %s" % (where, answer))
                    that("coredump_filter" in answer.err or answer.status == 2 and "no type" in answer.err,
                         "%s: does not say why: %s" % (where, answer))
                continue
            got = scene.ask("objects", "--type", "MyBigFatObject")["objects"]
            equal(sorted(row["address"] for row in got), sorted(scene.truth["objects"]), where)
            functions = [frame["function"] for thread in scene.ask("bt")["threads"]
                         for frame in thread["frames"]]
            that("<module>" in functions, "%s: %s" % (where, functions))


LITTLE = ["sh", "-c", 'ulimit -v 700000; exec "$@"', "sh"]


@on("refs.py", ways=("gcore",))
def forty_gigabytes_of_holes_are_read_in_little_memory(scene):
    whole = scene.target[-1]
    path = whole + ".big"
    content = cores.with_zeros(whole, 40)
    try:
        with open(path, "wb") as out:
            out.write(content)
            out.truncate(len(content) + 40 * cores.GIB)
        for command in ("objects",), ("bt",), ("heap-top",):
            wanted = scene.ask(*command)
            # 700 MB of addresses: the core cannot be mapped, and must be read piece by piece.
            for before in [], LITTLE:
                began = time.monotonic()
                answer = scene.pycore.run(*command, *scene.target[:-1], path, "--format", "json",
                                          before=before)
                equal(answer.status, 0, "exit status of %s" % answer)
                got = json.loads(answer.out)
                for key in "types", "threads", "objects":
                    equal(got.get(key), wanted.get(key), "%s %s %s" % (before, command, key))
                that(time.monotonic() - began < 20, "took long: %s" % answer)
    finally:
        os.unlink(path)


def cut_while_open(scene, path, *arguments, before=()):
    """Let pycore map or open the core, cut the file, let it go on. @return status, stderr"""
    child = scene.pycore.start(*arguments, before=before, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    name = os.path.basename(path)
    try:
        while child.poll() is None:
            with open("/proc/%d/maps" % child.pid) as maps:
                if name in maps.read():
                    break
            if before and any(os.path.basename(os.readlink(fd)) == name
                              for fd in glob.glob("/proc/%d/fd/*" % child.pid)):
                break
        child.send_signal(signal.SIGSTOP)
        os.truncate(path, os.path.getsize(path) // 50)
        child.send_signal(signal.SIGCONT)
    except OSError:
        pass
    err = child.communicate(timeout=60)[1].decode()
    return child.returncode, err


@on("refs.py", ways=("gcore",), where=few)
def a_core_that_is_cut_while_it_is_read_is_an_error(scene):
    whole = scene.target[-1]
    path = whole + ".shrinks"
    seen = collections.Counter()
    try:
        for i in range(12):
            command = ["objects", "-j", "4"] if i % 2 else ["bt"]
            shutil.copy(whole, path)
            status, err = cut_while_open(scene, path, *command, *scene.target[:-1], path)
            that(status in (0, 1, 2), "mapped: exit status %s: %s" % (status, err))
            that(status == 0 or err.strip(), "mapped: exit status %s without a word" % status)
            seen[command[0]] += "cut short, or its disk failed" in err
            shutil.copy(whole, path)
            status, err = cut_while_open(scene, path, *command, *scene.target[:-1], path,
                                         before=["sh", "-c", 'ulimit -v 80000; exec "$@"', "sh"])
            that(status in (0, 1, 2), "not mapped: exit status %s: %s" % (status, err))
            that(status == 0 or err.strip(), "not mapped: exit status %s without a word" % status)
    finally:
        os.unlink(path)
    # bt may have its answer before the file is cut: it reads a few pages.
    that(seen["objects"], "it never was cut in time: %s" % seen)
