"""bt: the Python stack of every thread."""

import json
import xml.etree.ElementTree

from harness import all_equal, equal, on, that


def threads_of(scene, *options, **more):
    return scene.ask("bt", *options, **more)["threads"]


def python_frames(thread):
    return [frame for frame in thread["frames"] if not frame["native"]]


@on("stacks.py")
def every_frame_has_its_function_file_and_line(scene):
    got = {thread["tid"]: thread for thread in threads_of(scene)}
    all_equal(
        [("thread %s" % (thread["name"]),
          [[frame["function"], frame["file"], frame["line"]]
           for frame in python_frames(got.get(thread["tid"], {"frames": []}))],
          [[name, filename, line] for name, qualname, filename, line in thread["frames"]])
         for thread in scene.truth["threads"]], "stacks")


@on("stacks.py")
def qualified_names_are_there_where_the_release_has_them(scene):
    got = {thread["tid"]: thread for thread in threads_of(scene)}
    all_equal(
        [("thread %s" % thread["name"],
          [frame["qualname"] for frame in python_frames(got[thread["tid"]])],
          [qualname for name, qualname, filename, line in thread["frames"]])
         for thread in scene.truth["threads"]], "qualified names")


@on("stacks.py")
def threads_have_their_ids_and_names_and_one_is_main(scene):
    got = [thread for thread in threads_of(scene) if thread["frames"]]
    wanted = scene.truth["threads"]
    equal(sorted(thread["tid"] for thread in got), sorted(thread["tid"] for thread in wanted),
          "ids of the threads with Python frames")
    by_tid = {thread["tid"]: thread for thread in got}
    all_equal([("tid %d" % thread["tid"], by_tid[thread["tid"]]["name"], thread["name"])
               for thread in wanted if thread["name"] is not None], "names")
    equal([thread["tid"] for thread in got if thread["main"]],
          [thread["tid"] for thread in wanted if thread["main"]], "the main thread")


@on("stacks.py")
def nobody_holds_the_gil_when_all_are_blocked(scene):
    equal([thread["tid"] for thread in threads_of(scene) if thread["gil"]], [], "holders of the GIL")


@on("stacks.py")
def the_text_has_every_thread_and_function(scene):
    text = scene.text("bt")
    for thread in scene.truth["threads"]:
        that(str(thread["tid"]) in text, "no thread %d in the text" % thread["tid"])
        for name, qualname, filename, line in thread["frames"][:20]:
            that(name in text, "no function %s in the text" % name)
    # A newline in a file's name, or an escape sequence, must not reach the terminal as such.
    that("\x1b" not in text, "escape sequences go to a pipe")


@on("gil.py")
def the_thread_that_holds_the_gil_is_named(scene):
    got = {thread["tid"]: thread["gil"] for thread in threads_of(scene)}
    tids = scene.truth["tids"]
    locked = scene.interpreter.build != "free-threaded"
    all_equal([(name, got.get(tid), locked and name == "holder") for name, tid in tids.items()],
              "GIL")


@on("gil.py", ways=("live", "core"), arguments=("switched_on",),
    where=lambda interpreter: interpreter.build == "free-threaded")
def the_holder_of_a_gil_that_was_switched_on_is_named(scene):
    got = {thread["tid"]: thread["gil"] for thread in threads_of(scene)}
    all_equal([(name, got.get(tid), name == "holder") for name, tid in scene.truth["tids"].items()],
              "GIL")


@on("refs.py", ways=("core",), arguments=("abort",))
def a_thread_that_aborts_holds_the_gil(scene):
    threads = [thread for thread in threads_of(scene) if thread["frames"]]
    locked = scene.interpreter.build != "free-threaded"
    equal([(thread["main"], thread["gil"]) for thread in threads], [(True, locked)], "threads")
    if not locked:
        equal(threads[0]["state"], "running", "state")
    equal([frame["function"] for frame in python_frames(threads[0])], ["<module>"], "frames")


@on("gil.py")
def without_a_gil_it_is_told_who_runs(scene):
    if scene.interpreter.build != "free-threaded":
        return
    got = {thread["tid"]: thread["state"] for thread in threads_of(scene)}
    tids = scene.truth["tids"]
    all_equal([(name, got.get(tids[name]), state) for name, state in
               [("holder", "running"), ("sleeper", "waiting"), ("main", "waiting")]], "states")


@on("refs.py", ways=("core",), arguments=("abort", "thread"))
def the_thread_that_took_the_signal_is_told(scene):
    died = scene.truth["died"]
    equal([thread["tid"] for thread in threads_of(scene) if thread["signal"]], [died],
          "threads that took the signal")
    titles = [line for line in scene.text("bt").splitlines() if "took SIGABRT" in line]
    equal(len(titles), 1, "threads that took the signal, in the text: %s" % titles)
    that(str(died) in titles[0], "another thread took it: %s" % titles[0])
    reply = scene.ask("info")["process"]
    equal((reply["signal"], reply["signal_tid"]), (6, died), "signal and its thread")
    that("SIGABRT in thread %d" % died in scene.text("analyze"), "analyze does not tell the thread")


@on("stacks.py", ways=("live", "gcore"))
def nobody_took_a_signal_where_there_was_none(scene):
    equal([thread["tid"] for thread in threads_of(scene) if thread["signal"]], [],
          "threads that took a signal")


@on("exceptions.py")
def a_thread_in_a_handler_has_the_exception_it_handles(scene):
    got = {str(thread["tid"]): thread for thread in threads_of(scene)}

    def row(tid, wanted):
        thread = got[tid]
        exception = thread["exception"]
        if exception is None or wanted is None:
            return thread["name"], exception, wanted
        exception = {"type": exception["type"], "message": exception["message"]}
        if wanted["message"] is None:
            # No argument: "no message" and an empty one say the same.
            exception["message"] = exception["message"] or None
        return thread["name"], exception, wanted

    all_equal([row(tid, wanted) for tid, wanted in scene.truth["exceptions"].items()], "exceptions")


@on("subinterpreter.py")
def threads_of_other_interpreters_are_there(scene):
    threads = threads_of(scene)
    inner = [thread for thread in threads
             if scene.truth["function"] in [frame["function"] for frame in python_frames(thread)]]
    equal([thread["tid"] for thread in inner], [scene.truth["tid"]],
          "thread in the other interpreter")


@on("busy.py", ways=("live",))
def a_busy_process_has_whole_stacks_every_time(scene):
    for unused in range(20):
        threads = threads_of(scene)
        workers = {thread["name"]: thread for thread in threads
                   if (thread["name"] or "").startswith("worker")}
        equal(sorted(workers), sorted(scene.truth["workers"]), "workers")
        for name, thread in workers.items():
            functions = [frame["function"] for frame in python_frames(thread)]
            equal(functions[-4:], ["worker", "run"] + scene.truth["outermost"],
                  "outermost frames of %s" % name)
            that(set(functions[:-4]) <= {"work"} and len(functions) <= scene.truth["depth"] + 5,
                 "frames of %s: %s" % (name, functions))
        that(sum(thread["gil"] for thread in threads) <= 1, "more than one holds the GIL")
        equal(sum(thread["main"] for thread in threads), 1, "main threads")


@on("stacks.py")
def folded_stacks_are_one_line_a_stack_with_a_count(scene):
    lines = scene.text("bt", "--format", "folded").splitlines()
    that(len(lines) > 5, "few lines: %r" % lines)
    counts = []
    for line in lines:
        stack, space, count = line.rpartition(" ")
        that(stack and count.isdigit(), "not STACK COUNT: %r" % line)
        counts.append(int(count))
    equal(sum(counts), len(scene.truth["threads"]), "stacks counted")


@on("locals.py")
def local_variables_have_their_names_and_values(scene):
    frames = [frame for thread in threads_of(scene, "--locals") for frame in python_frames(thread)]
    for function, wanted in scene.truth["locals"].items():
        found = [frame["locals"] for frame in frames if frame["function"] == function]
        equal(len(found), 1, "frames of %s" % function)
        got = {name: value for name, value in found[0].items()
               # What the compiler puts into a class body differs by release.
               if not name.startswith("__") or name in wanted}
        equal(sorted(got), sorted(wanted), "names of local variables in %s" % function)
        all_equal([(function + "." + name, got[name], value)
                   for name, value in wanted.items() if value is not None], "values")
        for name, value in got.items():
            that(len(value) < 500, "%s.%s is long: %r" % (function, name, value))
    depths = [frame["locals"] for frame in frames if frame["function"] == "in_recursion"]
    equal(depths, [{"depth": str(depth), "again": "'the same'"}
                   for depth in range(scene.truth["recursion"] + 1)], "locals in a recursion")


@on("locals.py")
def local_variables_stand_below_their_frame_in_text(scene):
    text = scene.text("bt", "--locals")
    for line in ("      second = 'zwei'", "      wide = " + scene.truth["locals"]["many"]["wide"],
                 "      local = {'a': 1}"):
        that("\n" + line + "\n" in text, "no line %r" % line)
    that("removed" not in text and "never" not in text, "variables without a value are shown")


@on("locals.py")
def redacted_local_variables_have_types_alone(scene):
    text = scene.text("bt", "--locals", "--redact")
    for line in ("      second: str", "      local: dict", "      yes: bool"):
        that("\n" + line + "\n" in text, "no line %r" % line)
    for secret in ("zwei", "größe", "in a cell", "12345"):
        that(secret not in text, "%r is shown" % secret)
    for thread in threads_of(scene, "--locals", "--redact"):
        for frame in python_frames(thread):
            for name, value in frame["locals"].items():
                that(value.startswith("<") and value.endswith(">"), "%s: %r" % (name, value))


@on("stacks.py")
def without_the_option_no_local_variable_is_read(scene):
    for thread in threads_of(scene):
        for frame in thread["frames"]:
            that("locals" not in frame, "locals: %r" % frame)


@on("stacks.py")
def a_speedscope_file_has_each_stack_and_its_weight(scene):
    text = scene.text("bt", "--format", "speedscope")
    file = json.loads(text)
    frames, (profile,) = file["shared"]["frames"], file["profiles"]
    equal((profile["type"], profile["unit"], profile["startValue"]), ("sampled", "none", 0), "kind")
    equal(len(profile["samples"]), len(profile["weights"]), "weights")
    equal((sum(profile["weights"]), profile["endValue"]), (len(scene.truth["threads"]),) * 2,
          "threads counted")
    got = sorted([[frames[i]["file"], frames[i].get("line", 0)] for i in reversed(sample)]
                 for sample, weight in zip(profile["samples"], profile["weights"])
                 for unused in range(weight))
    wanted = sorted([[filename, line] for name, qualname, filename, line in thread["frames"]]
                    for thread in scene.truth["threads"])
    equal(got, wanted, "stacks")


@on("stacks.py")
def a_flame_graph_is_an_image_with_every_function(scene):
    root = xml.etree.ElementTree.fromstring(scene.text("bt", "--format", "svg"))
    equal(root.tag, "{http://www.w3.org/2000/svg}svg", "root")
    titles = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
    for thread in scene.truth["threads"]:
        for name, qualname, filename, line in thread["frames"]:
            that(any((qualname or name) in title and ":%d)" % line in title for title in titles),
                 "no frame of %s, line %d" % (name, line))
    width = float(root.get("width"))
    for box in root.iter("{http://www.w3.org/2000/svg}rect"):
        if box.get("x"):
            that(0 <= float(box.get("x")) and
                 float(box.get("x")) + float(box.get("width")) <= width, "a box is outside")
