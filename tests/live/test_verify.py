"""verify: what was scribbled over is told, and of a heap that is well, nothing."""

from harness import equal, few, on, since, that

# By what the program damaged: the kind of the fault that has its address.
SCRIBBLED = {
    "type": "type", "gc": "gc", "refcount": "refcount", "dict": "dict", "hash": "dict",
    "list": "list", "tuple": "tuple", "str": "str", "bytes": "bytes", "set": "set",
    "freed": "reference", "pool": "pool",
}
# What only the heads of objects of a free-threaded build have.
OF_FREE_THREADED = {"parts": "refcount", "bits": "gc"}


def check_healthy(scene):
    reply = scene.ask("verify", "--limit", "0")
    told = ["%(kind)s %(address)s: %(text)s" % fault for fault in reply["faults"]]
    equal(told, [], "faults of a heap that is well")
    equal(reply["total"], 0, "faults in all")
    equal(reply["warnings"], [], "warnings")
    checked = reply["checked"]
    objects = scene.ask("objects")["total"]["count"]
    that(abs(checked["objects"] - objects) <= objects // 500,
         "%d objects were looked at, of %d" % (checked["objects"], objects))
    for kind in "references", "refcounts", "gc", "dict", "list", "tuple", "str", "bytes", "set", "pool":
        # What 2.7 has as str is looked at as bytes; unicode is rare there.
        that(checked[kind] > (5 if kind == "str" and scene.interpreter.release < (3,) else 20), "%s: %d were looked at" % (kind, checked[kind]))


@on("counts.py", ways=("live", "core"))
def a_heap_that_is_well_has_no_faults(scene):
    check_healthy(scene)


@on("zoo.py", ways=("gcore",))
def a_heap_of_all_kinds_that_is_well_has_no_faults(scene):
    check_healthy(scene)


@on("exceptions.py", ways=("live", "core"))
def frames_and_exceptions_that_are_well_have_no_faults(scene):
    check_healthy(scene)


def check_scribbled(scene):
    what, address = scene.truth["kind"], scene.truth["address"]
    if what == "pool" and scene.ask("info")["interpreter"]["build"] == "debug":
        return # debug hooks keep the chain of free blocks elsewhere
    # The walk of the heap may warn of it, too.
    reply = scene.ask("verify", "--limit", "0", statuses=(0, 1))
    mine = [fault for fault in reply["faults"] if address in (fault["address"], fault["at"])]
    that(mine, "%s at %s is not told, but %s" % (what, address, [
        "%(kind)s %(address)s %(text)s" % fault for fault in reply["faults"]][:9]))
    kinds = {{**SCRIBBLED, **OF_FREE_THREADED}[what]}
    if what == "freed":
        kinds.add("type")  # it may be in use again
    that(kinds & {fault["kind"] for fault in mine}, "%s at %s is told as %s" % (
        what, address, mine))
    # What is wrong is named where it is, with what else it may have hit.
    that(len(reply["faults"]) <= 6, "%d faults of one: %s" % (len(reply["faults"]), reply["faults"]))
    fault = mine[0]
    that(fault["bytes"] and int(fault["bytes_at"], 16) <= int(fault["at"], 16), "bytes: %s" % fault)
    text = scene.text("verify", statuses=(0, 1))
    that(address in text and fault["text"][:20] in text, "text: " + text[:600])
    redacted = scene.ask("verify", "--redact", statuses=(0, 1))
    that(all("bytes" not in row for row in redacted["faults"]), "bytes, though redacted")


def of(what, where):
    def check(scene):
        check_scribbled(scene)
    check.__name__ = "a_scribble_is_told_" + what
    check.__module__ = __name__
    on("scribble.py", ways=("live",), arguments=(what,), where=where)(check)
    on("scribble.py", ways=("core",), arguments=(what,),
       where=lambda it: where(it) and few(it))(check)


for what in SCRIBBLED:
    of(what, since(3, 6))
for what in OF_FREE_THREADED:
    of(what, lambda interpreter: interpreter.build == "free-threaded")


@on("scribble.py", ways=("live",), arguments=("nothing",))
def where_nothing_was_scribbled_nothing_is_told(scene):
    check_healthy(scene)


def has_what_differs(interpreter):
    """What is looked at differs in releases from 3.11 on, and in heads of free-threaded builds."""
    return interpreter.release >= (3, 6) and (
        few(interpreter) or interpreter.build == "free-threaded" or interpreter.release == (3, 8))


@on("scribbles.py", ways=("live",), where=has_what_differs)
def each_of_many_scribbles_is_told_in_its_own_words(scene):
    reply = scene.ask("verify", "--limit", "0", statuses=(0, 1))
    rows = [(fault["kind"], (fault["address"], fault["at"]), fault["text"].partition("; 0x")[0])
            for fault in reply["faults"]]
    for wanted in scene.truth["told"]:
        mine = [(kind, text) for kind, addresses, text in rows if wanted["address"] in addresses]
        that(any(kind == wanted["kind"] and part in text for kind, text in mine
                 for part in wanted["texts"]),
             "%s at %s, %r, is told as %s" % (wanted["kind"], wanted["address"], wanted["texts"], mine))
    for address in scene.truth["untold"]:
        equal([row for row in rows if address in row[1]], [], "what is told of %s" % address)
    equal(sorted({str(row) for row in rows}), sorted(map(str, rows)), "faults, each once")
    # Each alone, and what an object that is gone was the way to.
    that(len(rows) <= 2 * len(scene.truth["told"]),
         "%d faults of %d: %s" % (len(rows), len(scene.truth["told"]), rows))
