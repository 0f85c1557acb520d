"""The gdb commands, as a user has them: attached, on a core, behind gdbserver."""

import gzip
import json
import os
import re
import select
import shutil
import signal
import subprocess

import interp
from harness import Failure, equal, executable_of, few, on, that

TIMEOUT = 120

TYPE = "MyBigFatObject"

# As CPython's own script does: a py-bt that comes with the interpreter's file, later than ours.
FOREIGN = """
import gdb
class PyBt(gdb.Command):
    def __init__(self):
        gdb.Command.__init__(self, "py-bt", gdb.COMMAND_STACK)
    def invoke(self, args, from_tty):
        print("a foreign py-bt")
PyBt()
"""


def without_title(picture):
    """A core is told by its file, a process by its number: gdb knows more of them."""
    return [line for line in picture.splitlines() if "What refers to" not in line]


def commands_file(pycore):
    """The one `source` line of a build tree."""
    build = os.path.dirname(os.path.dirname(pycore.path))
    return os.path.join(build, "plugin", "gdbinit.py")


def gdb(pycore, arguments, *commands, before=()):
    """What gdb prints, with our commands loaded first, as an installed one has them."""
    line = pycore.before + ["gdb", "-q", "-nx", "-batch", "-iex", "set debuginfod enabled off"]
    line += ["-iex", "source " + commands_file(pycore)]
    for command in before:
        line += ["-iex", command]
    line += arguments
    for command in commands:
        line += ["-ex", command]
    try:
        done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT, encoding="utf-8",
                              errors="replace")
    except subprocess.TimeoutExpired:
        raise Failure("gdb gave no answer in %d seconds: %s" % (TIMEOUT, line))
    that("Traceback (most recent call last)" not in done.stdout, done.stdout[-1500:])
    return done.stdout


def where(scene):
    """gdb's arguments for a scene."""
    if scene.way == "live":
        return ["-p", str(scene.process.pid)]
    return ["-iex", "set sysroot " + (scene.interpreter.root or ""), "-c", scene.target[-1]]


def has_every_frame(scene, text):
    for thread in scene.truth["threads"]:
        for name, qualname, filename, line in thread["frames"][:10]:
            that(name in text, "no function %s in: %s" % (name, text[-1500:]))


questions = {}  # program -> name and commands of each of its tests


def in_one_gdb(program, commands):
    """A test of what gdb prints for its commands, which a function of the scene gives.

    Those of all such tests of a program are put to one gdb: to start it takes longer than
    they do. They come in the other order in a core, so that each comes early and late.
    """
    def register(function):
        def test(scene):
            function(scene, answers(scene)[function.__name__])
        test.__name__ = function.__name__
        test.__module__ = function.__module__
        on(program, ways=("live", "core"))(test)
        questions.setdefault(program, []).append((function.__name__, commands))
        return function
    return register


def answers(scene):
    """By test, what gdb prints."""
    if not hasattr(scene, "said_in_gdb"):
        asked = questions[scene.process.program][::1 if scene.way == "live" else -1]
        words = [word for name, commands in asked
                 for word in ["echo \\n== %s\\n" % name] + commands(scene)]
        parts = re.split(r"^== (\w+)\n", gdb(scene.pycore, where(scene), *words), flags=re.MULTILINE)
        scene.said_in_gdb = dict(zip(parts[1::2], parts[2::2]))
    return scene.said_in_gdb


@in_one_gdb("stacks.py", lambda scene: ["py-bt --all"])
def py_bt_all_shows_every_thread(scene, text):
    has_every_frame(scene, text)
    for thread in scene.truth["threads"]:
        that(str(thread["tid"]) in text, "no thread %d" % thread["tid"])


@in_one_gdb("stacks.py", lambda scene: ["thread apply all py-bt"])
def thread_apply_all_py_bt_shows_each_thread_its_own(scene, text):
    parts = re.split(r"\nThread \d+ \((?:Thread \S+ \()?LWP (\d+)[^\n]*\):\n", "\n" + text)
    shown = {int(parts[i]): parts[i + 1] for i in range(1, len(parts) - 1, 2)}
    for thread in scene.truth["threads"]:
        that(thread["tid"] in shown, "gdb has no thread %d: %s" % (thread["tid"], text[:800]))
        outermost = thread["frames"][-1]
        for name, qualname, filename, line in thread["frames"][:10]:
            that(name in shown[thread["tid"]],
                 "no %s in thread %d: %s" % (name, thread["tid"], shown[thread["tid"]]))
        equal(shown[thread["tid"]].count(outermost[0] + "\n") <= len(thread["frames"]), True,
              "frames of others in thread %d" % thread["tid"])


@on("locals.py", ways=("live", "core"))
def py_bt_has_locals_and_flame_graphs(scene):
    text = gdb(scene.pycore, where(scene), "py-bt --all --locals", "py-bt --all --format svg")
    for part in ("\n      second = 'zwei'\n", "<svg ", "</svg>"):
        that(part in text, "%r is missing: %s" % (part, text[-1500:]))


@in_one_gdb("stacks.py", lambda scene: ["py-objects", "py-heap-top --limit 5", "py-info",
                                        "py-analyze"])
def the_other_commands_answer(scene, text):
    for part in ("dict", scene.interpreter.version):
        that(part in text, "%r is missing: %s" % (part, text[-1500:]))


def path_from_gdb(scene, kind):
    return os.path.join(scene.process.directory, "from-gdb-%s.%s" % (scene.way, kind))


@in_one_gdb("refs.py", lambda scene: ["py-objects --format json -o " + path_from_gdb(scene, "json")])
def py_objects_counts_what_pycore_counts(scene, unused):
    with open(path_from_gdb(scene, "json"), encoding="utf-8") as file:
        got = json.load(file)["types"]
    want = scene.ask("objects")["types"]
    equal([(row["type"], row["count"], row["bytes"]) for row in got],
          [(row["type"], row["count"], row["bytes"]) for row in want], "types")


def can_draw(scene):
    """Rooms have no graphviz."""
    return shutil.which("dot") and not scene.interpreter.room


def refs_drawn(scene):
    refs = "py-refs --type " + TYPE
    drawing = "%s --format svg -o %s" % (refs, path_from_gdb(scene, "svg"))
    return [refs, drawing] if can_draw(scene) else [refs]


@in_one_gdb("refs.py", refs_drawn)
def py_refs_draws(scene, text):
    for part in "digraph", "__defaults__[0]", "computate_something":
        that(part in text, "%r is not in the picture: %s" % (part, text[-1000:]))
    if can_draw(scene):
        want = scene.pycore.run("refs", *scene.target, "--type", TYPE, "--format", "svg").out
        with open(path_from_gdb(scene, "svg"), encoding="utf-8") as file:
            equal(without_title(file.read()), without_title(want), "what gdb draws")


@in_one_gdb("refs.py", lambda scene: ["py-path --type " + TYPE])
def py_path_writes_what_pycore_writes(scene, text):
    for row in scene.ask("path", "--type", TYPE)["paths"]:
        that(row["expression"] and row["expression"] in text,
             "%r is not in %s" % (row["expression"], text[-1000:]))


@on("stacks.py", ways=("core",), where=few)
def a_core_opened_by_a_short_name_is_found(scene):
    directory, name = os.path.split(scene.target[-1])
    text = gdb(scene.pycore, where(scene)[:2], "cd " + directory, "core-file " + name, "cd /",
               "py-bt --all")
    has_every_frame(scene, text)


@on("show.py", ways=("live", "core"))
def py_print_and_py_show_answer(scene):
    text = gdb(scene.pycore, where(scene), "thread 1", "py-print inner", "py-print argument",
               "py-print outer", "py-print interned", "py-print threading",
               "py-print len", "py-print nonesuch",
               "py-show %s" % scene.truth["objects"][0])
    for part in ("= ['a local of its own', 'an argument']", "local 'argument' of wait_here() = ",
                 "local 'outer' of main() = ['outer']", "global 'interned' of __main__ = 'interned by show.py'",
                 "global 'threading' = <module 'threading'", "builtin 'len' = <built-in function len>", "is named 'nonesuch'",
                 "module __main__ .computate_something __defaults__[0] [42] ['foo']"):
        that(part in text, "%r is missing: %s" % (part, text[-1500:]))


@on("stacks.py", ways=("live",), where=few)
def a_script_of_cpython_that_comes_later_does_not_take_py_bt_away(scene):
    exe = executable_of(scene.process)
    scripts = os.path.join(scene.process.directory, "auto-load")
    path = scripts + exe + "-gdb.py"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(FOREIGN)
    # Where a build of CPython has its own script beside the program, gdb takes that one.
    load = ("set auto-load safe-path /", "set auto-load scripts-directory " + scripts)
    text = gdb(scene.pycore, where(scene), "info auto-load python-scripts", "py-bt", before=load)
    that(re.search(r"Yes\s+.*-gdb\.py", text), "no script was loaded: " + text)
    for foreign in "a foreign py-bt", "Traceback (most recent call first)":
        that(foreign not in text, "py-bt is not ours: " + text)
    that(scene.truth["threads"][0]["frames"][-1][2] in text, "py-bt shows no stack: " + text)


@on("stacks.py", ways=("live",), where=few)
def non_stop_mode_works(scene):
    try:
        text = gdb(scene.pycore, where(scene), "py-bt --all", before=("set non-stop on",))
    finally:
        # gdb 13 by itself, without a command of ours, leaves what it had in non-stop mode stopped.
        os.kill(scene.process.pid, signal.SIGCONT)
    has_every_frame(scene, text)


@on("stacks.py", ways=("live",), where=few)
def a_process_behind_gdbserver_is_read_through_gdb(scene):
    command = ["gdbserver", "--attach", "localhost:0", str(scene.process.pid)]
    with subprocess.Popen(scene.pycore.before + command,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as server:
        try:
            port = listening_port(server)
            root = scene.interpreter.root
            text = gdb(scene.pycore, [], "target remote localhost:" + port, "py-bt --all",
                       "py-objects --limit 3", "detach",
                       before=("set sysroot " + (root or "/"),))
        finally:
            server.terminate()
    has_every_frame(scene, text)
    that("dict" in text, "py-objects shows no dict: " + text[-800:])


def listening_port(server):
    said = b""
    # Not by lines: of two that come at once the second would be waited for.
    while select.select([server.stdout], [], [], 20)[0]:
        some = os.read(server.stdout.fileno(), 4096)
        said += some
        match = re.search(rb"^Listening on port (\d+)\n", said, re.MULTILINE)
        if match:
            return match.group(1).decode()
        if not some:
            break
    raise interp.Trouble("gdbserver does not listen: %r" % said)


@on("busy.py", ways=("live",), where=few)
def what_was_read_is_forgotten_when_the_process_runs(scene):
    run_on = ("python threading.Timer(0.3, lambda: gdb.post_event("
              "lambda: gdb.execute('interrupt'))).start()", "continue")
    commands = ["python import threading"]
    for number in range(4):
        commands += ["echo \\nlook\\n", "py-bt --all", "echo \\nlooked\\n", *run_on]
    text = gdb(scene.pycore, where(scene), *commands)
    stacks = re.findall(r"\nlook\n(.*?)\nlooked\n", text, re.DOTALL)
    equal(len(stacks), 4, "stacks shown: " + text[-800:])
    for stack in stacks:
        that("_bootstrap_inner" in stack, "no stack: " + stack[-800:])
    # The workers are busy in frames of varying depth: four looks are never the same.
    that(len(set(stacks)) > 1, "what was read first is shown again: " + stacks[0][-800:])
    interp.wait_for(lambda: not set(interp.thread_states(scene.process.pid)) & set("tT"),
                    seconds=10, what="gdb to let go")


@on("refs.py", ways=("live",), where=few)
def without_a_target_the_commands_say_what_to_do(scene):
    for command in "py-bt", "py-objects", "py-refs --type int":
        text = gdb(scene.pycore, [], command)
        that("gdb -p PID" in text, "%s says: %s" % (command, text))
    text = gdb(scene.pycore, where(scene), "py-objects --no-such-option")
    that("help py-objects" in text, text)


# This machine's gcore names the files of a room as they are not to be found.
@on("refs.py", ways=("gcore",), where=lambda interpreter: few(interpreter) and not interpreter.room)
def py_core_reads_a_compressed_core_that_gdb_cannot(scene):
    packed = scene.target[-1] + ".packed"
    with open(scene.target[-1], "rb") as core, gzip.open(packed, "wb", compresslevel=1) as out:
        shutil.copyfileobj(core, out)
    try:
        text = gdb(scene.pycore, [], "py-core " + packed, "py-objects --limit 3", "py-core",
                   "py-info")
    finally:
        os.unlink(packed)
    wanted = scene.text("objects", "--limit", "3")
    that(wanted.strip() in text, "not as of the core itself:\n%s\n%s" % (text, wanted))
    that("no process and no core file" in text, "py-core alone does not go back: " + text[-500:])
