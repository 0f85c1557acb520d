"""Real programs: a web application, pandas, an asyncio server, syntax trees of the library.

In the end each writes down what there is of every type (telling.py). What may differ from
that, and why, is in doc/exactness.md, which names every type that is named here.
"""

import os
import re
import subprocess

import told
from harness import Failure, on, once, since, that, within

# What sys.getsizeof counts more of each: a head that static types do not have (3.13).
SIZES_DIFFER = {"numpy._DTypeMeta": 16}
# From there on a count says that the object is immortal.
IMMORTAL = 1 << 28
# What nothing leads to: C code has counted a reference, and thrown away where the object is.
LOST = ("str", "tuple", "code")
# A text of C's in memory that an object() had before, whose type is still there.
TEXT = "object"

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir,
                        "doc", "exactness.md")


def is_same(row, other, own_sizes):
    if not row or not other:
        return not row and not other
    more = other.size - row.size
    return row.name == other.name and (more in (0, SIZES_DIFFER.get(row.name))
                                       or row.name in own_sizes)


def why_wrong(row, place, answer, own_sizes, interpreter):
    """What is wrong with an object that pycore lists, and the program did not, or another.

    @return None: it is what pycore says it is, and @p answer is the program's second look
    """
    if not answer:
        return "the process finds nothing there"
    if not is_same(row, answer, own_sizes):
        return "the process finds %s" % answer
    # Where the allocator writes it down, it says so itself.
    if interpreter.build == "debug" and answer.domain not in ("o", "static"):
        return "the block is none of an object: %s" % answer.domain
    counts = 0 if row.references is None or row.references >= IMMORTAL else row.references
    if place.words < max(counts, 1) and (counts > 1 or row.name not in LOST):
        return "it counts %d references, %d words lead to it" % (counts, place.words)
    return None


def differences(scene):
    """[address, pycore's row, what the program wrote, what is there, why that is wrong] ..."""
    written, own_sizes = told.written(scene.process)
    rows = told.listed(scene)
    addresses = sorted(address for address in written.keys() | rows.keys()
                       if not is_same(rows.get(address), written.get(address), own_sizes))
    places = dict(zip(addresses, told.look_at(scene, addresses)))
    asked = [address for address in addresses if address in rows]
    answers = dict(zip(asked, told.ask(scene.process, asked)))
    free_threaded = scene.interpreter.build == "free-threaded"
    found = []
    for address in addresses:
        row, was, place = rows.get(address), written.get(address), places[address]
        if row:
            why = why_wrong(row, place, answers[address], own_sizes, scene.interpreter)
        else:
            why = "it is there" if place.has(was.kind, free_threaded) else None
        found.append((address, row, was, place, why))
    return rows, found


def objects_agree(scene):
    """All of them, one by one."""
    rows, found = differences(scene)
    wrong = ["%#x: %s, in the truth %s: %s" % (address, row, was, why)
             for address, row, was, unused, why in found if why]
    names = {row.name for row in rows.values()}
    that(len(names) > 150, "%d types are no real program" % len(names))
    that(not wrong, "%d of %d objects are wrong:\n  %s"
         % (len(wrong), len(rows), "\n  ".join(wrong[:20])))


def samples_agree(scene):
    """A dozen of each type: type, size, tracking, references, counts of references."""
    check = told.tool(scene, "check_objects")
    process = scene.process
    done = subprocess.run(
        [check, str(process.pid), os.path.join(process.directory, "sample.txt")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", errors="replace", timeout=120)
    if done.returncode:
        raise Failure("check_objects: status %d\n%s" % (done.returncode, done.stdout[-2500:]))


def allocator_says(process):
    """What sys._debugmallocstats() wrote: (pools in use, bytes of blocks in use, arenas)."""
    with open(os.path.join(process.directory, "stderr"), encoding="utf-8") as stats:
        text = stats.read()
    # class, size, pools, blocks in use, blocks free
    rows = [tuple(map(int, row)) for row in
            re.findall(r"^ *(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", text, re.MULTILINE)]
    that(len(rows) >= 20, "no statistics of the allocator: %r" % text[:300])
    arenas = re.search(r"^# arenas allocated current += +([\d,]+)$", text, re.MULTILINE)
    return (sum(row[2] for row in rows), sum(row[1] * row[3] for row in rows),
            int(arenas.group(1).replace(",", "")))


def blocks_agree(scene):
    blocks = scene.ask("objects")["blocks"]
    within(blocks["live"], scene.truth["blocks"], scene.truth["blocks"] * 0.01, "live blocks")
    if scene.interpreter.name.partition(" ")[0].endswith("d"):
        return  # a debug build writes of its blocks what others do not
    pools, live_bytes, arenas = allocator_says(scene.process)
    within(blocks["pools"], pools, 2, "pools in use")
    within(blocks["arenas"], arenas, 1, "arenas")
    within(blocks["live_bytes"], live_bytes, live_bytes * 0.001, "bytes of live blocks in pools")


def has_packages(interpreter):
    return interpreter.has_packages()


def register(name, program, arguments=(), where=None, samples=True):
    checks = [(objects_agree, "live")] + [(samples_agree, "live")] * samples + [(blocks_agree, "core")]
    for check, way in checks:
        def test(scene, check=check):
            check(scene)
        test.__name__ = "%s_of_%s" % (check.__name__, name)
        on(program, ways=(way,), arguments=arguments, where=where)(test)


def is_told_of(interpreter):
    """Of free-threaded builds more constants live than a program can reach (test_objects)."""
    return since(3, 6)(interpreter) and interpreter.build != "free-threaded"


register("syntax_trees", "trees.py", where=is_told_of)
register("an_asyncio_server", "server.py", where=is_told_of)
register("a_django_application", "web.py", ("django",), has_packages)
register("a_flask_application", "web.py", ("flask",), has_packages)
# What pandas' own code counts and holds the collector is not told: no samples.
register("pandas_frames", "frames.py", (), has_packages, samples=False)


@once
def what_may_differ_is_documented(unused):
    with open(DOCUMENT, encoding="utf-8") as document:
        text = document.read()
    missing = [name for name in [*SIZES_DIFFER] if "`%s`" % name not in text]
    that(not missing, "doc/exactness.md does not name %s" % ", ".join(missing))
