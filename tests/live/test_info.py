"""info and analyze, and what every answer has."""

import os

from harness import equal, on, that


@on("refs.py")
def every_answer_says_of_what_it_is(scene):
    for command in ["info"], ["bt"], ["objects"], ["heap-top"], ["refs", "--type", "MyBigFatObject"]:
        target = scene.ask(*command)["target"]
        equal(target["kind"], "live" if scene.way == "live" else "core", "kind")
        equal(target["python"], scene.truth["version"], "version")
        equal(target["build"], scene.interpreter.build, "build")
        if scene.way == "live":
            equal(target["pid"], scene.process.pid, "pid")
        else:
            equal(os.path.basename(target["path"]), os.path.basename(scene.target[-1]), "path")


@on("stacks.py")
def info_knows_the_process(scene):
    reply = scene.ask("info")
    process = reply["process"]
    equal(process["pid"], scene.process.pid, "pid")
    threads = process["threads"]
    equal(threads if isinstance(threads, int) else len(threads), len(scene.truth["threads"]),
          "threads")
    if scene.way == "core":
        that(process["signal"] in (6, "SIGABRT"), "signal: %r" % process["signal"])
    if scene.way == "live":
        that(not process["signal"], "a live process took no signal: %r" % process["signal"])
    that("stacks.py" in str(process["command"]), "command: %r" % process["command"])


@on("stacks.py")
def info_knows_the_interpreter(scene):
    interpreter = scene.ask("info")["interpreter"]
    equal(interpreter["version"], scene.truth["version"], "version")
    equal(interpreter["build"], scene.interpreter.build, "build")
    equal(interpreter["build_source"],
          "debug offsets" if scene.interpreter.build == "free-threaded" else "symbol",
          "how the build is known")
    that(int(interpreter["runtime"], 16) > 0, "runtime: %r" % interpreter["runtime"])
    sources = interpreter["layout"]["sources"]
    that(sources["table"] > 100, "fields that a table tells: %r" % sources)
    # Of 3.13 and later the target itself tells some.
    equal(sources["debug_offsets"] > 20, scene.interpreter.release >= (3, 13),
          "whether the target tells fields: %r" % sources)
    # Layouts that were made from headers alone: no such interpreter has been seen.
    untried = (scene.interpreter.build == "free-threaded"
               and scene.interpreter.release >= (3, 14))
    equal(interpreter["layout"]["verified"], not untried, "the layout's self-checks")
    equal(any("never tried" in line for line in scene.ask("info")["warnings"]), untried,
          "a warning that the layout was never tried")


@on("stacks.py")
def every_mapped_file_is_found_and_all_memory_is_readable(scene):
    reply = scene.ask("info")
    name = os.path.basename(scene.interpreter.path)
    that([row for row in reply["files"] if os.path.basename(row["path"]) == name],
         "the executable is not among the files")
    equal([row["path"] for row in reply["files"]
           if row["path"].endswith(name) and row["found"] != "yes"], [], "files that are not found")
    coverage = reply["coverage"]
    that(0 < coverage["readable"] <= coverage["mapped"], "coverage: %r" % coverage)


@on("refs.py")
def files_have_the_build_id_that_is_in_them(scene):
    root = scene.interpreter.root or ""
    rows = [row for row in scene.ask("info")["files"]
            if os.path.basename(row["path"]).startswith(("libc.", "libc-"))]
    equal(len(rows), 1, "rows of the C library")
    path, build_id = rows[0]["path"], rows[0]["build_id"]
    with open(path if path.startswith(root) else root + path, "rb") as library:
        that(build_id and b"GNU\0" + bytes.fromhex(build_id) in library.read(),
             "%s has not the build-id %s" % (path, build_id))


@on("refs.py", ways=("core",), arguments=("abort",))
def an_executable_that_moved_can_be_named(scene):
    options = ["--exe", scene.interpreter.path]
    reply = scene.ask("bt", *options)
    equal(reply["target"]["python"], scene.truth["version"], "version")


@on("refs.py")
def analyze_has_it_all_on_one_page(scene):
    text = scene.text("analyze")
    for part in scene.truth["version"], "MainThread", "refs.py":
        that(part in text, "%r is not on the page" % part)
    if scene.way == "core":
        that("SIGABRT" in text, "what it died of is not on the page")
    lines = text.splitlines()
    that(10 <= len(lines) <= 120, "%d lines are not a page" % len(lines))


@on("refs.py")
def analyze_in_json_has_the_parts(scene):
    reply = scene.ask("analyze")
    text = repr(reply)
    for part in "'process'", "'interpreter'", "'threads'", "'types'", "'suspects'":
        that(part in text, "no %s" % part)


@on("refs.py", ways=("live",))
def a_live_process_is_told_for_how_long_it_stood_still(scene):
    answer = scene.pycore.run("bt", *scene.target)
    equal(answer.status, 0, str(answer))
    that("stopped" in answer.out + answer.err or "frozen" in answer.out + answer.err,
         "not a word on it: %s" % answer)
