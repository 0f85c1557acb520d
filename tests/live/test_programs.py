"""Real programs: a web application, pandas, an asyncio server, syntax trees of the library.

In the end each writes down what there is of every type (telling.py). What may differ from
that, and why, is in doc/exactness.md, which names every type that is named here.
"""

import os
import subprocess

from harness import Failure, Skip, on, once, since, that, within
from test_blocks import check_classes, check_free_lists, check_live

# Types that taking the truth disturbs, or of which a process cannot tell all by itself:
# (fewest objects more than in the truth, most, bytes more for the same number of objects).
DISTURBED = {
    "int": (-400, 60, 240),
    "str": (-40, 1200, 60000),
    "bytes": (-2, 4500, 0),
    "tuple": (-60, 4000, 0),
    "dict": (-6, 700, 4000000),
    "list": (-2, 2, 0),
    "float": (-1, 60, 0),
    "object": (-1, 2, 0),
    "frame": (-2, 2, 2000),
    "code": (-2, 2400, 2000),
    "symtable entry": (-1, 1, 0),
    "datetime.datetime": (0, 2, 0),
    "PyCapsule": (0, 100, 0),
    "method": (-2, 2, 0),
    "builtin_function_or_method": (-2, 2, 0),
}
# Seldom more than one: what only C code knows of.
HELD_BY_C = {
    "numpy.ndarray": 1,
    "numpy._ArrayMethod": 600,
    "numpy.bytes_": 1,
    "range": 1,
    "pandas._libs.tslibs.nattype._NaT": 1,
}
# Bytes that sys.getsizeof counts more of each.
SIZES_DIFFER = {"numpy._DTypeMeta": 16}
SHARE = 0.995

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir,
                        "doc", "exactness.md")


def is_disturbed(name, got, count, size):
    least, most, bytes_more = DISTURBED[name]
    if not least <= got["count"] - count <= most:
        return False
    # As many as in the truth are as big as in the truth.
    return got["count"] != count or 0 <= abs(got["bytes"] - size) <= bytes_more


def compare(scene):
    """(types in all, those that are not as the truth says, those that nothing explains)"""
    rows = {row["type"]: row for row in scene.ask("objects")["types"]}
    wrong, unexplained = [], []
    names = sorted(set(rows) | set(scene.truth["types"]))
    for name in names:
        count, size, unused = scene.truth["types"].get(name, (0, 0, 0))
        row = rows.get(name, {"count": 0, "bytes": 0})
        same_size = row["bytes"] == size or name in scene.truth["own_sizeof"]
        if row["count"] == count and same_size:
            continue
        # Static variables of numpy hold one of a kind.
        if name.startswith("numpy.dtype[") and row["count"] - count == 1:
            continue
        if row["count"] == count and row["bytes"] + count * SIZES_DIFFER.get(name, 0) == size:
            continue
        if name in DISTURBED and is_disturbed(name, row, count, size):
            continue
        line = "%s: %d objects of %d bytes, truth %d of %d" % (name, row["count"], row["bytes"],
                                                               count, size)
        wrong.append(line)
        if not 0 <= row["count"] - count <= HELD_BY_C.get(name, -1):
            unexplained.append(line)
    return names, wrong, unexplained


def types_agree(scene):
    names, wrong, unexplained = compare(scene)
    that(len(names) > 150, "%d types are no real program" % len(names))
    that(not unexplained, "nothing explains %d of %d types:\n  %s"
         % (len(unexplained), len(names), "\n  ".join(unexplained[:20])))
    share = 1 - len(wrong) / len(names)
    that(share >= SHARE, "%.2f %% of %d types agree; not:\n  %s"
         % (100 * share, len(names), "\n  ".join(wrong)))


def samples_agree(scene):
    """A dozen of each type: type, size, tracking, references, counts of references."""
    build = os.path.dirname(os.path.dirname(scene.pycore.path))
    check = os.path.join(build, "tests", "tools", "check_objects")
    if not os.path.exists(check):
        raise Skip("%s is not built: make check builds it" % check)
    process = scene.process
    done = subprocess.run(
        [check, str(process.pid), os.path.join(process.directory, "sample.txt")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", errors="replace", timeout=120)
    if done.returncode:
        raise Failure("check_objects: status %d\n%s" % (done.returncode, done.stdout[-2500:]))


def blocks_agree(scene):
    if scene.interpreter.build == "free-threaded":
        # Statistics are written of mimalloc's own heap alone, in which there is nothing.
        wanted = scene.truth["blocks"]
        within(scene.ask("objects")["blocks"]["live"], wanted, wanted * 0.01, "live blocks")
        return
    check_classes(scene)
    check_free_lists(scene)
    # C modules have blocks of their own, and numpy has memory of malloc's.
    check_live(scene, 130, 0.003 * scene.truth["blocks"])


def has_packages(interpreter):
    return interpreter.has_packages()


def register(name, program, arguments=(), where=None, samples=True):
    checks = [(types_agree, "core"), (blocks_agree, "core")] + [(samples_agree, "live")] * samples
    for check, way in checks:
        def test(scene, check=check):
            check(scene)
        test.__name__ = "%s_of_%s" % (check.__name__, name)
        on(program, ways=(way,), arguments=arguments, where=where)(test)


register("syntax_trees", "trees.py", where=since(3, 6))
register("an_asyncio_server", "server.py", where=since(3, 6))
register("a_django_application", "web.py", ("django",), has_packages)
register("a_flask_application", "web.py", ("flask",), has_packages)
# What pandas' own code counts and holds the collector is not told: no samples.
register("pandas_frames", "frames.py", (), has_packages, samples=False)


@once
def what_may_differ_is_documented(unused):
    with open(DOCUMENT, encoding="utf-8") as document:
        text = document.read()
    missing = [name for name in [*DISTURBED, *HELD_BY_C, *SIZES_DIFFER] if "`%s`" % name not in text]
    that(not missing, "doc/exactness.md does not name %s" % ", ".join(missing))
