"""Python in other executables: embedded, stripped, moved, deleted; and a core without any of its files."""

import contextlib
import functools
import json
import os
import shutil
import subprocess
import tempfile

from harness import Failure, equal, in_interpreters, on, since, that
from interp import PROGRAMS, Process, environment

TYPE = "__main__.MyBigFatObject"

# What of an interpreter a program that embeds it has to know.
FACTS = """
import glob, json, os, sys, sysconfig
get = sysconfig.get_config_var
print(json.dumps({
    "include": sysconfig.get_paths()["include"], "home": sys.prefix, "libdir": get("LIBDIR"),
    "archive": os.path.join(get("LIBPL") or "", get("LIBRARY") or ""),
    "shared": [path for path in [os.path.join(get("LIBDIR"), get("INSTSONAME") or ""),
               os.path.join(get("LIBDIR"), get("MULTIARCH") or "", "libpython%s.so.1.0" % get("LDVERSION"))]
               if ".so" in path and os.path.exists(path)],
    "libraries": " ".join(get(name) or "" for name in ("MODLIBS", "LIBS", "SYSLIBS")),
    "modules": glob.glob(os.path.join(get("DESTSHARED"), "*json*"))}))
"""


class Executable:
    """What Process takes for an interpreter: a program that runs scripts."""

    def __init__(self, interpreter, path):
        self.name = "%s in %s" % (interpreter.name, os.path.basename(path))
        self.version, self.release = interpreter.version, interpreter.release
        self.root, self.room = interpreter.root, None
        self.path = path
        self.command = (["chroot", self.root, path[len(self.root):]] if self.root else [path])


@contextlib.contextmanager
def folder(interpreter):
    parent = os.path.join(interpreter.root, "tmp") if interpreter.root else None
    with tempfile.TemporaryDirectory(prefix="pycore-exe-", dir=parent) as name:
        yield name


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, env=environment(), timeout=120)
    if done.returncode:
        raise Failure("%s: %s" % (" ".join(command[:2]), done.stdout[-800:]))
    return done.stdout


def needs_libpython(path):
    return "libpython" in run("readelf", "-d", path)


def embed(interpreter, where, facts, *libraries):
    path = os.path.join(where, "service")
    run("gcc", "-o", path, "-DEMBED_HOME=\"%s\"" % facts["home"], "-I" + facts["include"],
        os.path.join(PROGRAMS, "embed.c"), *libraries, "-Wl,-E", *facts["libraries"].split(), "-lm",
        "-ldl", "-lpthread", "-lutil")
    return path


@functools.lru_cache(None)
def facts_of(interpreter):
    return json.loads(run(*interpreter.command, "-c", FACTS))


def has_headers(facts):
    return os.path.exists(os.path.join(facts["include"], "Python.h"))


def has_static_library(interpreter):
    """Debian's python is a program with all of Python in it. Some builds' modules want a
    libpython of their own, and would bring a second one (up to 3.7).
    """
    if interpreter.root:
        return True
    facts = facts_of(interpreter)
    return has_headers(facts) and os.path.exists(facts["archive"]) and not any(map(needs_libpython, facts["modules"]))


def has_shared_library(interpreter):
    """In a root it needs that suite's C library, which a program linked here has not."""
    if interpreter.root:
        return False
    facts = facts_of(interpreter)
    return has_headers(facts) and bool(facts["shared"])


def can_embed(interpreter):
    return has_static_library(interpreter) or has_shared_library(interpreter)


def with_static_library(interpreter, where):
    """A program with all of Python in it. Nothing in it is called python."""
    if interpreter.root:
        path = os.path.join(where, "service")
        shutil.copy(interpreter.path, path)
        return path
    facts = facts_of(interpreter)
    return embed(interpreter, where, facts, facts["archive"], "-no-pie")


def with_shared_library(interpreter, where):
    """A program beside whose binary is its libpython."""
    facts = facts_of(interpreter)
    library = os.path.join(where, os.path.basename(facts["shared"][0]))
    shutil.copy(os.path.realpath(facts["shared"][0]), library)
    return embed(interpreter, where, facts, library, "-Wl,-rpath," + where)


def answers_are_right(pycore, target, truth, statuses=(0,)):
    """What the program wrote of itself is what pycore says."""
    answer = pycore.json("bt", *target, statuses=statuses)
    equal(answer["target"]["python"], truth["version"], "version")
    equal([frame["function"] for frame in answer["threads"][0]["frames"]], ["stay", "<module>"],
          "functions of the main thread")
    types = {row["type"]: row for row in pycore.json("objects", *target, statuses=statuses)["types"]}
    equal(types.get(TYPE, {}).get("count"), len(truth["objects"]), "objects of the class")
    for name in "dict", "str", "tuple", "function", "type", "code", "module":
        that(types.get(name, {}).get("count", 0) > 10, "hardly any %s" % name)
    refs = pycore.json("refs", *target, "--type", TYPE, statuses=statuses)
    edges = [(edge["from"], edge["label"]) for edge in refs["edges"]
             if edge["to"] in truth["objects"]]
    equal(sorted(edges), [(truth["holder"], "['bar']"), (truth["holder"], "['foo']")], "edges")
    that([node for node in refs["nodes"] if node["root"] == "module __main__"],
         "no root is module __main__")


def found(pycore, target, path, statuses=(0,)):
    """What info says of a file of the target."""
    rows = {row["path"]: row["found"] for row in pycore.json("info", *target, statuses=statuses)["files"]}
    that(path in rows, "%s is not among the files: %s" % (path, ", ".join(rows)))
    return rows[path]


def inside(interpreter, path):
    return path[len(interpreter.root or ""):]


def whole_life(interpreter, pycore, make, stripped):
    with folder(interpreter) as where:
        path = make(interpreter, where)
        if stripped:
            run("strip", path)
        with Process(Executable(interpreter, path), "refs.py", ()) as process:
            process.settle()
            answers_are_right(pycore, process.target("live"), process.truth)
            target = process.target("core")
            answers_are_right(pycore, target, process.truth)
            equal(found(pycore, target, inside(interpreter, path)), "yes", "the executable")


@in_interpreters(has_static_library)
def embedded_from_the_static_library(interpreter, pycore):
    whole_life(interpreter, pycore, with_static_library, stripped=False)


@in_interpreters(has_static_library)
def embedded_from_the_static_library_and_stripped(interpreter, pycore):
    whole_life(interpreter, pycore, with_static_library, stripped=True)


@in_interpreters(has_shared_library)
def embedded_with_the_shared_library_and_stripped(interpreter, pycore):
    whole_life(interpreter, pycore, with_shared_library, stripped=True)


@in_interpreters(can_embed)
def an_executable_that_was_deleted_or_moved(interpreter, pycore):
    with folder(interpreter) as where:
        make = with_static_library if has_static_library(interpreter) else with_shared_library
        path = make(interpreter, where)
        with Process(Executable(interpreter, path), "refs.py", ()) as process:
            process.settle()
            kept = os.path.join(where, "kept")
            os.rename(path, kept)
            shutil.copy(kept, path + ".other")
            os.unlink(kept)
            gone = inside(interpreter, kept) + " (deleted)"
            # The process has its file yet.
            answers_are_right(pycore, process.target("live"), process.truth)
            equal(found(pycore, process.target("live"), kept + " (deleted)"), "yes",
                  "the file of the process")
            # Its core has not.
            target = process.target("core")
            equal(found(pycore, target, gone, statuses=(1,)), "no", "the file of the core")
            answers_are_right(pycore, target, process.truth, statuses=(0, 1))
            said = pycore.run("info", *target).err
            that("cannot find %s" % gone in said and "--exe" in said,
                 "what is missing is not said: %r" % said)
            # It can be named wherever it is.
            target = ["--exe", path + ".other"] + target
            equal(found(pycore, target, gone), "yes", "the executable that was named")
            answers_are_right(pycore, target, process.truth)


@in_interpreters(has_shared_library)
def a_shared_library_that_was_deleted(interpreter, pycore):
    with folder(interpreter) as where:
        path = with_shared_library(interpreter, where)
        with Process(Executable(interpreter, path), "refs.py", ()) as process:
            process.settle()
            library = [name for name in os.listdir(where) if name.startswith("libpython")][0]
            os.makedirs(os.path.join(where, "root", where[1:]))
            os.rename(os.path.join(where, library), os.path.join(where, "gone"))
            shutil.copy(os.path.join(where, "gone"), os.path.join(where, "root", where[1:], "gone"))
            os.unlink(os.path.join(where, "gone"))
            gone = os.path.join(where, "gone") + " (deleted)"
            answers_are_right(pycore, process.target("live"), process.truth)
            equal(found(pycore, process.target("live"), gone), "yes", "the library of the process")
            target = process.target("core")
            equal(found(pycore, target, gone, statuses=(1,)), "no", "the library of the core")
            answers_are_right(pycore, target, process.truth, statuses=(0, 1))
            target = ["--sysroot", os.path.join(where, "root")] + target
            equal(found(pycore, target, gone), "yes", "the library below the root that was named")
            answers_are_right(pycore, target, process.truth)


# Types that no module has: their names are in the files alone.
NAMELESS_SHARE = 0.006
# How big an item of an array is, a constant of its C code tells.
NEED_CONSTANTS = {"__main__.MyArray"}


@contextlib.contextmanager
def hidden(paths):
    """A prefix for commands to which these files are empty."""
    script = 'n=$1; shift; while [ $n -gt 0 ]; do mount --bind /dev/null "$1" || exit 99; shift; ' \
             'n=$((n-1)); done; exec "$@"'
    yield ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", str(len(paths)), *paths]


# Too many of 2.7 are found under no name: doc/limits.md.
@on("counts.py", ways=("core",), where=since(3, 6))
def types_have_their_names_without_any_file(scene):
    whole = {row["type"]: row for row in scene.ask("objects")["types"]}
    core = scene.target[-1:]
    paths = sorted({row["path"] for row in scene.ask("info")["files"]
                    if os.path.isfile(row["path"]) and "python" in row["path"]})
    with hidden(paths) as prefix:
        answer = scene.pycore.run("objects", *core, "--format", "json", before=prefix)
        equal(answer.status, 1, "exit status of " + str(answer))
        reply = json.loads(answer.out)
        for command in ["bt"], ["refs", "--type", scene.truth["listed_type"]]:
            equal(scene.pycore.run(*command, *core, before=prefix).status in (0, 1), True, command[0])
    rows = {row["type"]: row for row in reply["types"]}
    nameless = [name for name in rows if name.startswith("<static type at ")]
    others = sorted(set(rows) - set(whole) - set(nameless))
    equal(others, [], "names that are not theirs")
    count = sum(rows[name]["count"] for name in nameless)
    that(count <= NAMELESS_SHARE * reply["total"]["count"],
         "%d of %d objects are of %d types without names"
         % (count, reply["total"]["count"], len(nameless)))
    that(not nameless or any("have no name here" in line for line in reply["warnings"]),
         "no warning tells how many")
    for name in set(scene.truth["exact"]) - NEED_CONSTANTS:
        equal([rows[name][column] for column in ("count", "bytes", "gc")],
              [whole[name][column] for column in ("count", "bytes", "gc")], name)
    for name in "dict", "list", "tuple", "str", "int", "set", "function", "code", "collections.deque":
        equal([rows[name]["count"], rows[name]["bytes"]], [whole[name]["count"], whole[name]["bytes"]], name)
