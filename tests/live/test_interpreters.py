"""Several interpreters in one process, with a GIL and an allocator each where there are such (3.12)."""

from harness import all_equal, equal, on, that
from test_objects import types_of


@on("interpreters.py")
def each_interpreters_threads_are_told(scene):
    reply = scene.ask("bt")
    got = {}
    for thread in reply["threads"]:
        got.setdefault(thread["tid"], []).append([frame["function"] for frame in thread["frames"]])
    all_equal([(number, [functions for functions in got.get(other["tid"], [])
                         if "<module>" in functions],
                [["elsewhere_%d" % number, "<module>"]])
               for number, other in enumerate(scene.truth["others"])], "threads of interpreters")
    equal(reply["warnings"], [], "warnings")


@on("interpreters.py")
def the_objects_of_every_interpreter_are_counted(scene):
    reply = scene.ask("objects")
    got = types_of(reply)
    others = scene.truth["others"]
    all_equal([(number, got.get("__main__.OnlyThere%d" % number, {}).get("count"), other["count"])
               for number, other in enumerate(others)], "instances")
    equal(got["__main__.Target"]["count"], 1 + len(others), "what each of them has")
    equal(reply["warnings"], [], "warnings")


@on("interpreters.py", ways=("live", "core"))
def counts_of_references_are_each_interpreters(scene):
    for number, other in enumerate(scene.truth["others"]):
        rows = scene.ask("objects", "--type", "__main__.OnlyThere%d" % number,
                         "--limit", "1000")["objects"]
        equal({row["address"]: [row["refcount"], row["bytes"]] for row in rows},
              other["refcounts"], "refcounts and bytes in interpreter %d" % (number + 1))


@on("interpreters.py", ways=("live", "core"))
def what_a_module_of_any_interpreter_holds_is_led_back_to_it(scene):
    reply = scene.ask("refs", "--type", "__main__.Target")
    others = len(scene.truth["others"])
    # Alike objects are one node.
    targets = [node for node in reply["nodes"] if node["type"] == "__main__.Target"]
    equal(sum(node.get("count", 1) for node in targets), 1 + others, "targets")
    roots = sorted(node["root"] for node in reply["nodes"] if node.get("root"))
    equal([root for root in roots if root.startswith("module __main__")],
          ["module __main__"] + ["module __main__ of interpreter %d" % number
                                 for number in range(1, 1 + others)], "roots")


@on("interpreters.py", ways=("live", "core"))
def attributes_of_static_types_are_each_interpreters(scene):
    for number, other in enumerate(scene.truth["others"]):
        shown = scene.ask("show", other["dict_of_int"])["object"]
        equal(shown["type"], "dict", "type of int's attributes in interpreter %d" % (number + 1))
        that(any(one["type"] == "type" for one in shown["referrers"]),
             "int does not refer to its attributes in interpreter %d: %r"
             % (number + 1, shown["referrers"]))


@on("interpreters.py", ways=("core",))
def info_counts_the_interpreters(scene):
    equal(scene.ask("info")["interpreter"]["interpreters"], 1 + len(scene.truth["others"]),
          "interpreters")
