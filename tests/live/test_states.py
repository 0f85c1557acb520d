"""A process that was stopped in a collection, or on its way to the end."""

from harness import equal, on, since, that
from test_objects import check_builtin_types, check_exact_types, types_of

# What runs in the main thread, newest first.
RUNS = {
    "at_start": ["stay", "stop", "__call__", "in_callback", "at_start", "main", "<module>"],
    "at_stop": ["stay", "stop", "__call__", "in_callback", "at_stop", "main", "<module>"],
    "in_subtract_refs": ["collect", "in_subtract_refs", "main", "<module>"],
    "in_move_unreachable": ["collect", "in_subtract_refs", "in_move_unreachable", "main",
                            "<module>"],
    "in_weakref_callback": ["stay", "stop", "<lambda>", "in_weakref_callback", "main",
                            "<module>"],
    "in_finalizer": ["stay", "stop", "__del__", "in_finalizer", "main", "<module>"],
    "in_clear": ["stay", "stop", "__del__", "in_clear", "main", "<module>"],
    "at_exit": ["stay", "stop", "say"],
    "of_module": ["__del__"],
    "of_module_with_threads": ["__del__"],
    "of_codecs": ["__del__"],
}
GARBAGE = {"in_weakref_callback": 0, "in_finalizer": 1, "in_clear": 0}
FINALIZING = ("of_module", "of_module_with_threads", "of_codecs")
# By then the collection has untracked what need not be tracked, after the truth was taken.
UNTRACKED = ("at_stop", "in_weakref_callback", "in_finalizer", "in_clear")
LIVE_AND_CORE = ("live", "core")
# A core tells no less; these are looked at alive too.
LIVE = ("in_subtract_refs", "of_module_with_threads")


# 2.7 calls nobody when it collects, and does not finalize what is in a ring.
NOT_IN_2_7 = ("at_start", "at_stop", "in_finalizer")


def in_each_state(function):
    for state in RUNS:
        ways = LIVE_AND_CORE if state in LIVE else ("core",)
        where = since(3, 6) if state in NOT_IN_2_7 else None
        function = on("states.py", ways=ways, arguments=(state,), where=where)(function)
    return function


def is_at(scene, *states):
    return scene.truth["stopped_in"] in states


def is_told_of_its_end(scene):
    """2.7 leaves no sign of it where it could be found."""
    return is_at(scene, *FINALIZING) and scene.interpreter.release >= (3,)


@in_each_state
def what_was_running_is_told_in_any_state(scene):
    reply = scene.ask("bt")
    mains = [thread for thread in reply["threads"] if thread["main"]]
    equal(len(mains), 1, "main threads")
    # atexit is Python's own code in 2.7.
    more = ["_run_exitfuncs"] * (is_at(scene, "at_exit") and scene.interpreter.release < (3,))
    equal([frame["function"] for frame in mains[0]["frames"]],
          RUNS[scene.truth["stopped_in"]] + more, "functions of the main thread")
    equal(any("shutting down" in line for line in reply["warnings"]),
          is_told_of_its_end(scene), "a warning of the end in %s" % reply["warnings"])
    if not is_at(scene, *FINALIZING):
        equal(reply["warnings"], [], "warnings")


@on("states.py", ways=LIVE_AND_CORE, arguments=("of_module_with_threads",))
def a_thread_that_was_ended_is_no_waiting_one(scene):
    tids = scene.ask("info")["process"]["threads"]
    threads = scene.ask("bt")["threads"]
    waiting = [thread for thread in threads if thread["state"] != "ended"]
    that(len(waiting) <= tids, "%d threads wait, and there are %d: %s"
         % (len(waiting), tids, threads))
    ended = [thread for thread in threads if thread["state"] == "ended"]
    equal([thread["frames"][0]["function"] for thread in ended], ["nap"] * len(ended),
          "where threads were ended")


@in_each_state
def all_that_lives_is_counted_in_any_state(scene):
    reply = scene.ask("objects")
    got = types_of(reply)
    check_exact_types(scene, got)
    if not is_at(scene, *FINALIZING):
        check_builtin_types(scene, got, untracked=("tuple",) * is_at(scene, *UNTRACKED))
        equal(reply["warnings"], [], "warnings")


@in_each_state
def counts_of_references_are_told_in_any_state(scene):
    name = scene.truth["listed_type"]
    got = {row["address"]: [row["bytes"], row["refcount"]]
           for row in scene.ask("objects", "--type", name, "--limit", "100000")["objects"]}
    # Without a GIL the collector holds what it takes apart, which all of it is then.
    held = int(scene.interpreter.build == "free-threaded" and is_at(scene, "of_module"))
    equal(scene.ask("info")["gc"]["collecting"] or not held, True, "collecting")
    equal(got, {address: [size, references + held]
                for address, size, references in scene.truth["listed"]}, "bytes and refcounts")


@in_each_state
def references_are_told_in_any_state(scene):
    reply = scene.ask("refs", "--type", "__main__.Target")
    nodes = {node["id"] if "id" in node else node["address"]: node for node in reply["nodes"]}
    holders = [(nodes[edge["from"]]["type"], edge["label"]) for edge in reply["edges"]
               if nodes[edge["to"]]["type"] == "__main__.Target"]
    that(holders in ([("__main__.Holder", ".target")], [("dict", "['target']")]),
         "what refers to it: %s" % holders)


@in_each_state
def what_the_collector_takes_apart_is_counted(scene):
    if scene.truth["stopped_in"] not in GARBAGE:
        return
    # There the others are gone when the first is taken apart.
    if is_at(scene, "in_clear") and scene.interpreter.release < (3,):
        return
    got = types_of(scene.ask("objects"))
    marked = GARBAGE[scene.truth["stopped_in"]]
    equal([got["__main__.Garbage"]["count"], got["__main__.Garbage"]["gc"],
           got.get("__main__.Marked", {}).get("count", 0)],
          [scene.truth["garbage"] - marked] * 2 + [marked], "garbage")


@in_each_state
def info_tells_the_state(scene):
    reply = scene.ask("info")
    equal(reply["interpreter"]["finalizing"], is_told_of_its_end(scene), "finalizing")
    if scene.truth["stopped_in"].startswith(("in_", "at_st")):
        # Debian's 2.7 has no symbols, and nothing else leads to these statics.
        known = scene.interpreter.release >= (3,) or reply["gc"]["collecting"] is not None
        equal(reply["gc"]["collecting"], True if known else None, "collecting")


@on("states.py", ways=("live", "core"), arguments=("past_all",), where=since(3, 6))
def an_interpreter_that_has_ended_is_said_to_have(scene):
    for command in "info", "bt", "objects":
        scene.pycore.refuses(command, *scene.target, mentions="has ended")
