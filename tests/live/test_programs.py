"""Real programs: a web application, pandas, servers, syntax trees of the library.

In the end each writes down what there is of every type (telling.py). What may differ from
that, and why, is in doc/exactness.md, which names every type that is named here.
"""

import functools
import os
import subprocess

import told
from harness import Failure, Skip, equal, on, once, since, that
from test_blocks import check_classes, check_free_lists, check_live, has_pools

# What a walk of the heap finds, and nothing that a program can follow leads to.
HELD_BY_C = ("str", "bytes", "tuple", "dict", "code", "int", "float", "object", "type",
             "PyCapsule", "numpy.ndarray", "numpy._ArrayMethod", "numpy.dtype")
# What it waits with.
WAITS = ("frame", "builtin_function_or_method", "_thread.lock", "thread.lock", "bytearray",
         "functools.partial")
# What only words of C code's led to when the program looked, and is gone when pycore does;
GONE = ("int", "str", "bytes")
# and one each of the telling's own.
OF_TELLING = ("frame", "method", "instancemethod", "int")
# What sys.getsizeof counts more of each: a head that static types do not have (3.13).
SIZES_DIFFER = {"numpy._DTypeMeta": 16}
# From there on a count says that the object is immortal.
IMMORTAL = 1 << 28

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir,
                        "doc", "exactness.md")


def is_same(row, other, own_sizes):
    if not row or not other:
        return not row and not other
    more = other.size - row.size
    return row.name == other.name and (more in (0, SIZES_DIFFER.get(row.name))
                                       or row.name in own_sizes)


def outlives(place, interpreter):
    return interpreter.build == "free-threaded" and place.outlives()


def why_wrong(row, place, is_lost, answer, own_sizes, interpreter, static):
    """What is wrong with an object that pycore lists, and the program did not, or another.

    @return None: it is what pycore says it is, @p answer is the program's second look, and as many
    words lead to its @p place as there must be, or one fewer if that @p is_lost
    """
    if not answer:
        return "the process finds nothing there"
    if not is_same(row, answer, own_sizes):
        return "the process finds %s" % answer
    # Where the allocator writes it down, it says so itself.
    if interpreter.build == "debug" and not static and answer.domain != "o":
        return "the block is none of an object: %s" % answer.domain
    if outlives(place, interpreter):
        return None
    counts = 0 if row.references is None or row.references >= IMMORTAL else row.references
    if place.words < max(counts, 1) and place.words + is_lost() < max(counts, 1):
        return "it counts %d references, %d words lead to it" % (counts, place.words)
    return None


def why_missing(was, place, interpreter, static):
    """What is wrong with an object that the program has written down, and pycore does not list.

    @return None: there is none
    """
    # One of the interpreter's static data is always there; what referred to it is gone.
    if static or not place.has(was.kind, interpreter.build == "free-threaded"):
        return None
    return "it is there"


class Difference:
    """One object: what pycore lists, what the program wrote, and why pycore is wrong, or None."""

    def __init__(self, address, static, row, was, place, why):
        self.address = address
        self.static = static
        self.row = row
        self.was = was
        self.place = place
        self.why = why

    def __str__(self):
        return "%#x: %s, in the truth %s: %s" % (self.address, self.row, self.was, self.why)


def accused(scene):
    """Objects of which audit says that C code has counted a reference, and has not got it."""
    excess = scene.ask("audit", "--limit", "0", statuses=(0, 1))["excess"]
    return {int(address, 16) for row in excess for address in row["examples"]}


def differences(rows, scene):
    """Of each object that pycore lists, and of each that the program has written down."""
    written, own_sizes = told.written(scene.process)
    addresses = sorted(address for address in written.keys() | rows.keys()
                       if not is_same(rows.get(address), written.get(address), own_sizes))
    places = told.look_at(scene, addresses, rows)
    asked = [address for address in addresses if address in rows]
    lost = functools.lru_cache(None)(functools.partial(accused, scene))
    answers = dict(zip(asked, told.ask(scene.process, asked)))
    for address in addresses:
        row, was, place = rows.get(address), written.get(address), places[address]
        static = any(start <= address < end for start, end in scene.truth["static"])
        if row:
            why = why_wrong(row, place, lambda at=address: at in lost(), answers[address],
                            own_sizes, scene.interpreter, static)
        else:
            why = why_missing(was, place, scene.interpreter, static)
        yield Difference(address, static, row, was, place, why)


def objects_agree(scene):
    """All of them, one by one; and the table of types is made of these."""
    rows = told.listed(scene)
    table = {row["type"]: (row["count"], row["bytes"]) for row in scene.ask("objects")["types"]}
    equal(table, told.by_type(rows), "the table of types, and the list of objects")
    that(len(table) > 150, "%d types are no real program" % len(table))
    found = list(differences(rows, scene))
    wrong = [d for d in found if d.why]
    that(not wrong, "%d objects are wrong:\n  %s" % (len(wrong), "\n  ".join(map(str, wrong[:20]))))
    more = {d.row.name.partition("[")[0] for d in found
            if not d.was and not d.why and not outlives(d.place, scene.interpreter)}
    equal(more - {*HELD_BY_C, *WAITS}, set(), "types of which C code alone holds some")
    by_word = told.by_word(scene.process)
    unknown = [d for d in found if not d.row and not d.why
               and not (d.was.name in GONE and (d.static or d.address in by_word))]
    own = sorted(d.was.name for d in unknown if d.was.name in OF_TELLING)
    that(len(own) == len(unknown) == len(set(own)), "gone, and no word of C code's led there:\n  %s"
         % "\n  ".join(map(str, unknown[:20])))
    # It has been asked, and waits again: from here on nothing changes until the core is written.
    scene.process.types = scene.ask("objects")["types"]


def a_core_says_the_same(scene):
    if not hasattr(scene.process, "types"):
        raise Skip("the live process was not asked, or did not agree")
    equal(scene.ask("objects")["types"], scene.process.types, "types in the core, and live before")


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


def blocks_agree(scene, more=0):
    if has_pools(scene.interpreter):
        check_classes(scene)
    if scene.interpreter.release < (3,):
        return  # it tells of no more
    # Where there is no GIL each thread has its own, and told are those of one.
    threads = scene.ask("info")["process"]["threads"]
    check_free_lists(scene, fewer=("frame",),
                     more=scene.interpreter.build == "free-threaded" and threads > 1)
    # The debug hooks make a few of C code's blocks too big for pools.
    check_live(scene, scene.interpreter.build == "debug", more)


def blocks_agree_but_for_memory_of_malloc(scene):
    """That of numpy's arrays."""
    blocks_agree(scene, 0.003 * scene.truth["blocks"])


def tells_of_blocks(interpreter):
    return interpreter.release >= (3,) or has_pools(interpreter)


def has_packages(interpreter):
    return interpreter.has_packages()


def register(name, module, arguments=(), where=lambda interpreter: True, samples=True,
             blocks=blocks_agree):
    def has_blocks(interpreter):
        return where(interpreter) and tells_of_blocks(interpreter)

    # Blocks and references are exact until it has been asked something.
    checks = [(blocks, "live", has_blocks)] + [(samples_agree, "live", where)] * samples
    checks += [(objects_agree, "live", where), (a_core_says_the_same, "core", where)]
    for check, way, there in checks:
        def test(scene, check=check):
            check(scene)
        test.__name__ = "%s_of_%s" % (check.__name__, name)
        on("real.py", ways=(way,), arguments=(module, *arguments), where=there)(test)


register("syntax_trees", "trees")
register("a_threaded_service", "service")
register("an_asyncio_server", "server", where=since(3, 6))
register("a_django_application", "web", ("django",), has_packages)
register("a_flask_application", "web", ("flask",), has_packages)
# What pandas' own code counts and holds the collector is not told: no samples.
register("pandas_frames", "frames", (), has_packages, samples=False,
         blocks=blocks_agree_but_for_memory_of_malloc)


@once
def what_may_differ_is_documented(unused):
    with open(DOCUMENT, encoding="utf-8") as document:
        text = document.read()
    names = [*HELD_BY_C, *WAITS, *GONE, *OF_TELLING, *SIZES_DIFFER]
    missing = [name for name in names if "`%s`" % name not in text]
    that(not missing, "doc/exactness.md does not name %s" % ", ".join(missing))
