"""The files that a process had mapped: gone, of another build, elsewhere, and never fetched."""

import filecmp
import os
import shutil
import socket
import tempfile

from harness import Scene, equal, in_each_interpreter, on, that


def answers_as_well_as_ever(scene, *options):
    """Stacks and objects, though files are not at hand: exit status 0 or 1."""
    got = scene.ask("objects", "--type", "__main__.MyBigFatObject", *options, statuses=(0, 1))
    equal(sorted(row["address"] for row in got["objects"]), sorted(scene.truth["objects"]),
          "objects")
    functions = [frame["function"] for thread in scene.ask("bt", *options, statuses=(0, 1))["threads"]
                 for frame in thread["frames"]]
    that("<module>" in functions, "functions: %s" % functions)


def found(scene, *options):
    files = scene.ask("info", *options, statuses=(0, 1))["files"]
    return {row["path"]: row["found"] for row in files}


@in_each_interpreter
def of_an_interpreter_that_is_not_here_the_core_alone_is_read(interpreter, pycore):
    if not interpreter.root:
        return # its files are where they were
    with interpreter.start("refs.py") as process:
        process.settle()
        target = process.target("core")
        with_root = found(Scene(pycore, process, "core", target))
        without = Scene(pycore, process, "core", target[-1:])
        here = found(without)
        exe = interpreter.command[-1]
        equal(with_root[exe], "yes", "the executable, with --sysroot")
        # Of the same path, this machine may have another build.
        wrong = []
        for path, word in here.items():
            if ".so" in path or path == exe:
                is_here = os.path.exists(path)
                same = is_here and filecmp.cmp(path, interpreter.root + path, shallow=False)
                wanted = "yes" if same else "differs" if is_here else "no"
                wrong += [(path, word, wanted)] * (word != wanted)
        equal(wrong, [], "files: what is said, and what is")
        if "differs" in here.values():
            answer = pycore.run("info", target[-1])
            that("not the build" in answer.err, "not said: " + answer.err)
        answers_as_well_as_ever(without)
        answers_as_well_as_ever(without, "--sysroot", "/nowhere")


@on("refs.py", ways=("gcore",))
def nothing_goes_to_the_network_whatever_the_environment_says(scene):
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.05)
    url = "http://127.0.0.1:%d" % server.getsockname()[1]
    strace = shutil.which("strace")
    # Where files are missing there would be something to fetch.
    for command in ["info"], ["bt", "--locals"], ["objects"], ["refs", "--type", "dict"]:
        with tempfile.NamedTemporaryFile(mode="r") as log:
            before = ["env", "DEBUGINFOD_URLS=" + url, "DEBUGINFOD_VERBOSE=1",
                      "DEBUGINFOD_CACHE_PATH=" + log.name + ".cache"]
            if strace:
                before += [strace, "-f", "-qq", "-o", log.name, "-e",
                           "trace=socket,connect,execve,sendto"]
            answer = scene.pycore.run(*command, scene.target[-1], "--sysroot", "/nowhere",
                                      before=before)
            that(answer.status in (0, 1), str(answer))
            that("debuginfod" not in answer.err.lower(), str(answer))
            calls = [line for line in log.read().splitlines() if "execve" not in line]
            equal(calls, [], "system calls of %s" % command)
            that(not os.path.exists(log.name + ".cache"), "a cache was made")
    try:
        server.accept()
        that(False, "somebody connected")
    except TimeoutError:
        pass
    finally:
        server.close()
    that(strace, "no strace: only connections to the one server were watched for")
