"""The decoders of builtin objects, beside sys.getsizeof, gc.get_referents and repr."""

import os
import re
import subprocess

import told
from harness import Failure, on, since
from interp import Interpreter

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def path_of_zoo(scene):
    return os.path.join(scene.process.directory, "zoo.txt")


def lines_of_zoo(scene):
    with open(path_of_zoo(scene)) as file:
        return file.read().splitlines()


def check_zoo(scene):
    """Compare all objects of the zoo."""
    done = subprocess.run([told.tool(scene, "check_objects"), str(scene.process.pid),
                           path_of_zoo(scene)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
                          timeout=120)
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if not line.startswith("beyond: ")]
        raise Failure("check_objects: status %d\n%s" % (done.returncode, "\n".join(said[-20:])))
    beyond = {tuple(line[len("beyond: "):].split(" | ", 1))
              for line in done.stdout.splitlines() if line.startswith("beyond: ")}
    listed = listed_kinds()
    unlisted = sorted(kind for kind in beyond if kind[0] not in listed)
    if len(beyond) < 20 or unlisted:
        raise Failure("of %d kinds of references beyond the collector's, doc/references.md lacks "
                      "%s" % (len(beyond), unlisted))


def listed_kinds():
    """The labels in the first column of the tables of doc/references.md."""
    with open(os.path.join(TOP, "doc", "references.md")) as doc:
        rows = [line.split("|")[1] for line in doc if line.startswith("| `")]
    return {label for row in rows for label in re.findall("`([^`]+)`", row)}


@on("zoo.py", ways=("live",))
def every_object_reads_as_the_interpreter_says(scene):
    check_zoo(scene)


@on("zoo.py", ways=("live",), arguments=("numpy",), where=Interpreter.has_numpy)
def arrays_of_numpy_read_as_the_interpreter_says(scene):
    check_zoo(scene)
    lines = lines_of_zoo(scene)
    arrays = [line for line in lines if line.startswith("O ") and line.endswith(" numpy.ndarray")]
    failures = [line[2:] for line in lines if line.startswith("F arrays")]
    if failures or len(arrays) < 20:
        raise Failure("%d arrays: %s" % (len(arrays), failures))


# C types of which the zoo shows none: why.
UNSEEN = {
    # made by C code only, and gone when it is done
    "_IncompleteInputError", "async_generator_wrapped_value", "InstructionSequence",
    "UnraisableHookArgs", "_buffer_wrapper", "hamt_collision_node", "_thread.ExceptHookArgs",
    "sqlite3.PrepareProtocol", "sqlite3.Cache", "sqlite3.Statement", "sqlite3.Node",
    # reached by C code only
    "moduledef", "stderrprinter", "sys.legacy_event_handler", "uop_executor",
    "zipimport.zipimporter",
    # a METH_METHOD function: those of 3.9 are called and gone
    "builtin_method",
    # need a terminal, a sound card, a signal, another process, another interpreter, a peer
    "_curses.window", "_curses_panel.panel", "_curses_panel.curses panel",
    "ossaudiodev.oss_audio_device", "ossaudiodev.oss_mixer_device", "posix.waitid_result",
    "signal.struct_siginfo", "spwd.struct_spwd", "_interpchannels.ChannelID",
    "_interpchannels.ChannelInfo", "_interpreters.CrossInterpreterBufferView", "InterpreterID",
    "_ssl.Certificate", "_ssl.Session", "_ssl.SSLSession", "_ctypes.StructParam_Type",
    "interpreters.InterpreterError", "interpreters.InterpreterNotFoundError",
    "concurrent.interpreters.InterpreterError",
    "concurrent.interpreters.InterpreterNotFoundError",
    # needs /dev/shm, which roots lack
    "_multiprocessing.SemLock",
    # of the parser that went with 3.10, and markers of typing
    "parser.st", "typing.io", "typing.re",
}


@on("zoo.py", ways=("live",), where=since(3, 6))
def the_zoo_has_every_type_of_c_code(scene):
    lines = lines_of_zoo(scene)
    count = [int(line[2:]) for line in lines if line.startswith("N ")]
    missing = {line[2:] for line in lines if line.startswith("T ")} - UNSEEN
    missing = {name for name in missing if not name.startswith("_remote_debugging.")}
    if not count or count[0] < 300 or missing:
        raise Failure("of %s types of C code, the zoo lacks %s\nnot made: %s" % (
            count, sorted(missing), [line[2:] for line in lines if line.startswith("F ")]))
