"""bt: the Python stack of every thread."""

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
    all_equal([(name, got.get(tid), name == "holder") for name, tid in tids.items()], "GIL")


@on("refs.py", ways=("core",), arguments=("abort",))
def a_thread_that_aborts_holds_the_gil(scene):
    threads = [thread for thread in threads_of(scene) if thread["frames"]]
    equal([(thread["main"], thread["gil"]) for thread in threads], [(True, True)], "threads")
    equal([frame["function"] for frame in python_frames(threads[0])], ["<module>"], "frames")


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
            equal(functions[-4:], ["worker", "run", "_bootstrap_inner", "_bootstrap"],
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
