"""audit: leaked references are found to the object, and of a process that is well, next to none."""

import collections

import told
from harness import equal, on, since, that

# Types, strings and ints of which C code has kept one reference each.
MOST_ACCUSED = 49


def by_type(rows):
    return {row["type"]: row for row in rows}


@on("leaked.py", ways=("live", "core", "gcore"))
def every_leaked_reference_is_counted_to_its_object(scene):
    truth = scene.truth
    # One row tells the sum; of which object how many are, its rank.
    excess = by_type(scene.ask("audit", "--limit", "0")["excess"])
    row = excess["__main__.Leaked"]
    equal(row["references"], sum(truth["leaked"].values()), "leaked references")
    equal(row["objects"], len(truth["leaked"]), "objects with leaked references")
    equal(row["examples"], sorted(truth["leaked"], key=lambda a: -truth["leaked"][a]),
          "objects, those with most leaked references first")
    equal(row["unheld"], 0, "of which a global is left")
    found = excess["__main__.Instances"]
    equal(found["examples"], [truth["list"]], "lists with leaked references")
    equal(found["references"], 10, "leaked references of a list")


@on("leaked.py", ways=("live", "core"))
def references_leaked_of_an_interned_string_are_counted(scene):
    row = by_type(scene.ask("audit", "--limit", "0")["excess"]).get("str", {"examples": []})
    words = scene.truth["words"]
    equal([word for word in words if word not in row["examples"]], [], "words that are not told")


@on("leaked.py", ways=("live", "core"))
def objects_that_only_leaked_references_keep_are_told_as_such(scene):
    row = by_type(scene.ask("audit", "--limit", "0")["excess"])["__main__.Orphan"]
    equal(sorted(row["examples"]), sorted(scene.truth["orphans"]), "objects that nothing holds")
    equal(row["references"], 21, "leaked references")
    equal(row["unheld"], 7, "objects that nothing holds")


@on("leaked.py", ways=("core",))
def beside_the_leaks_next_to_nothing_is_accused(scene):
    excess = scene.ask("audit", "--limit", "0")["excess"]
    others = [row for row in excess if not row["type"].startswith("__main__.")]
    others = [row for row in others if row["type"] != "str"] # 40 of these are leaked, too
    that(sum(row["objects"] for row in others) <= MOST_ACCUSED, "others are accused: %s" % others)


@on("leaked.py", ways=("live", "core"))
def cycles_are_told_with_their_size_and_what_has_a_del(scene):
    reply = scene.ask("audit", "--limit", "0")
    garbage = by_type(reply["garbage"])
    for name, n, finalizers in ("Ring", 5, 0), ("Doomed", 4, 4), ("Heir", 3, 3):
        kind = "__main__." + name
        equal(garbage[kind]["objects"], n, "garbage of " + kind)
        cycle = [row for row in reply["cycles"] if row["type"] == kind]
        equal([row["address"] for row in cycle], [scene.truth["rings"][name]], "cycle of " + kind)
        cycle = cycle[0]
        # To 3.10 (and where its dict was made) each refers to the next by its __dict__.
        that(cycle["objects"] in (n, 2 * n), "objects in a cycle: %s" % cycle)
        equal(cycle["finalizers"], finalizers, "objects with __del__ in the cycle of " + kind)
        equal(cycle["finalizer_type"], kind if finalizers else None, "type of the first of them")
    equal([row["bytes"] for row in reply["cycles"]],
          sorted((row["bytes"] for row in reply["cycles"]), reverse=True), "biggest first")


@on("leaked.py", ways=("live", "core"))
def what_is_in_gc_garbage_is_listed(scene):
    equal(sorted(scene.ask("audit")["uncollectable"]), sorted(scene.truth["uncollectable"]),
          "gc.garbage")


@on("leaked.py", ways=("core",))
def a_type_is_asked_for_by_its_name(scene):
    reply = scene.ask("audit", "--type", "Orphan")
    equal([row["type"] for row in reply["excess"]], ["__main__.Orphan"], "types of the excess")
    equal(reply["garbage"], [], "garbage of that type")
    equal(reply["total"]["references"], 21, "references of that type")


def few_are_accused(scene):
    reply = scene.ask("audit", "--limit", "0", statuses=(0, 1))
    that(reply["total"]["objects"] <= MOST_ACCUSED, "%d objects are accused: %s" % (
        reply["total"]["objects"], [(row["type"], row["objects"]) for row in reply["excess"]][:9]))


@on("counts.py", ways=("live", "core"))
def of_many_objects_that_are_well_few_are_accused(scene):
    few_are_accused(scene)


@on("zoo.py", ways=("gcore",))
def of_all_kinds_of_objects_few_are_accused(scene):
    few_are_accused(scene)


@on("locals.py", ways=("core",))
def what_frames_of_threads_hold_is_not_accused(scene):
    few_are_accused(scene)


@on("stacks.py", ways=("live",))
def of_threads_at_work_few_objects_are_accused(scene):
    few_are_accused(scene)


def nothing_is_garbage(scene):
    """What the collector would find was collected, or is in a list of all there is."""
    reply = scene.ask("audit", "--limit", "0", statuses=(0, 1))
    equal([(row["type"], row["objects"]) for row in reply["garbage"]], [], "garbage")
    equal(reply["cycles"], [], "cycles")


@on("zoo.py", ways=("gcore",))
def of_all_kinds_of_objects_none_is_garbage(scene):
    nothing_is_garbage(scene)


@on("counts.py", ways=("core",))
def of_many_objects_that_are_well_none_is_garbage(scene):
    nothing_is_garbage(scene)


@on("show.py", ways=("core",))
def of_objects_that_are_shown_none_is_garbage(scene):
    nothing_is_garbage(scene)


@on("loops.py", ways=("core",), where=since(3, 6))
def loops_that_threads_run_are_not_accused(scene):
    rows = by_type(scene.ask("audit", "--limit", "0", statuses=(0, 1))["excess"])
    that("__main__.Loop" not in rows, rows.get("__main__.Loop"))
    few_are_accused(scene)


def has_packages(interpreter):
    return interpreter.has_packages()


@on("web.py", ways=("live",), arguments=("django",), where=has_packages)
@on("web.py", ways=("live",), arguments=("flask",), where=has_packages)
@on("server.py", ways=("live",), where=since(3, 6))
@on("trees.py", ways=("live",), where=since(3, 6))
def of_a_real_program_few_objects_are_accused(scene):
    few_are_accused(scene)


# doc/limits.md has the proof of each: Cython's modules count references to what they name, of
# which compilers then leave out the variable, and numpy to what ufuncs know.
@on("frames.py", ways=("live",), where=has_packages)
def of_pandas_few_are_accused_but_what_it_has_lost(scene):
    excess = scene.ask("audit", "--limit", "0", statuses=(0, 1))["excess"]
    addresses = [int(address, 16) for row in excess for address in row["examples"]]
    rows = told.listed(scene)
    places = told.look_at(scene, addresses, rows)
    known = {*scene.truth["loops"], *scene.truth["names"], *scene.truth["static_types"]}
    others = [rows[address].name for address in addresses
              if address not in known and places[address].words >= rows[address].references]
    that(len(others) <= MOST_ACCUSED, "%d of %d are accused that enough words lead to: %s"
         % (len(others), len(addresses), collections.Counter(others)))
