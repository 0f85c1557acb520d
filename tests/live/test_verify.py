"""verify: what was scribbled over is told, and of a heap that is well, nothing."""

from harness import equal, few, on, since, that

# By what the program damaged: the kind of the fault that has its address.
SCRIBBLED = {
    "type": "type", "gc": "gc", "refcount": "refcount", "dict": "dict", "hash": "dict",
    "list": "list", "tuple": "tuple", "str": "str", "bytes": "bytes", "set": "set",
    "freed": "reference", "pool": "pool",
}


def check_healthy(scene):
    reply = scene.ask("verify", "--limit", "0")
    told = ["%(kind)s %(address)s: %(text)s" % fault for fault in reply["faults"]]
    equal(told, [], "faults of a heap that is well")
    equal(reply["total"], 0, "faults in all")
    checked = reply["checked"]
    objects = scene.ask("objects")["total"]["count"]
    that(abs(checked["objects"] - objects) <= objects // 500,
         "%d objects were looked at, of %d" % (checked["objects"], objects))
    for kind in "references", "gc", "dict", "list", "tuple", "str", "bytes", "set", "pool":
        # What 2.7 has as str is looked at as bytes; unicode is rare there.
        that(checked[kind] > (5 if kind == "str" and scene.interpreter.release < (3,) else 20), "%s: %d were looked at" % (kind, checked[kind]))


def is_known(interpreter):
    return interpreter.build != "free-threaded"


@on("stacks.py", ways=("core",), where=lambda it: not is_known(it))
def what_is_not_known_is_refused(scene):
    scene.pycore.refuses("verify", *scene.target, mentions="free-threaded")


@on("counts.py", ways=("live", "core"), where=is_known)
def a_heap_that_is_well_has_no_faults(scene):
    check_healthy(scene)


@on("zoo.py", ways=("gcore",), where=is_known)
def a_heap_of_all_kinds_that_is_well_has_no_faults(scene):
    check_healthy(scene)


@on("exceptions.py", ways=("live", "core"), where=is_known)
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
    kinds = {SCRIBBLED[what]} | ({"type"} if what == "freed" else set()) # it may be in use again
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


def of(what):
    def check(scene):
        check_scribbled(scene)
    check.__name__ = "a_scribble_is_told_" + what
    check.__module__ = __name__
    on("scribble.py", ways=("live",), arguments=(what,),
       where=lambda it: is_known(it) and it.release >= (3, 6))(check)
    on("scribble.py", ways=("core",), arguments=(what,),
       where=lambda it: is_known(it) and it.release >= (3, 6) and few(it))(check)


for what in SCRIBBLED:
    of(what)


@on("scribble.py", ways=("live",), arguments=("nothing",), where=is_known)
def where_nothing_was_scribbled_nothing_is_told(scene):
    check_healthy(scene)
