"""What every truth program needs: to say what is so, that it is ready, and to stay.

These programs run on every CPython that pycore reads, in a directory of their own
that is also their working directory. Those that Python 2 cannot read have a
namesake in the directory two, which takes their place there.
"""

import array
import collections
import gc
import itertools
import json
import os
import sys
import threading
import time

try:
    from thread import get_ident, start_new_thread
except ImportError:
    from _thread import get_ident, start_new_thread
intern = getattr(sys, "intern", None) or intern

SYS_GETTID = 186  # x86-64
FREE_THREADED = "t" in getattr(sys, "abiflags", "")


def name_of(cls):
    """A type's name as pycore prints it: module.qualname, builtins bare."""
    module = cls.__module__
    qualname = getattr(cls, "__qualname__", cls.__name__)
    if not isinstance(module, str):
        # C code's, of which tp_name tells; else it has none.
        import describe
        name = describe.static_name(cls)
        return name if name.endswith("." + qualname) else qualname
    if module in ("builtins", "__builtin__"):
        return qualname
    return module + "." + qualname


def native_id():
    """threading.get_native_id(), which is of 3.8."""
    import ctypes  # of no use to the other programs, whose heaps are small
    return ctypes.pythonapi.syscall(SYS_GETTID)


def begin(target, *arguments, **more):
    """Start a daemon. @return the thread, which takes @p more"""
    thread = threading.Thread(target=target, args=arguments, **more)
    thread.daemon = True
    thread.start()
    return thread


def begin_without_object(target, *arguments):
    """Start a thread that the module threading does not know."""
    start_new_thread(target, arguments)


def start(thread):
    """Start a thread, while no other starts. @return the kernel's id of it"""
    if hasattr(thread, "native_id"):
        # Of 3.8; start() has waited until it is known. There may be no /proc in a root.
        thread.start()
        return thread.native_id
    if sys.version_info < (3,):
        return start_and_ask(thread)
    before = set(os.listdir("/proc/self/task"))
    thread.start()
    started = set(os.listdir("/proc/self/task")) - before
    assert len(started) == 1, started
    return int(started.pop())


def run_in_subinterpreter(code):
    """Where no module makes interpreters (to 3.7)."""
    import _testcapi
    if hasattr(_testcapi, "run_in_subinterp"):
        _testcapi.run_in_subinterp(code)
        return
    import ctypes
    make, run = ctypes.pythonapi.Py_NewInterpreter, ctypes.pythonapi.PyRun_SimpleString
    # Not a line of ours may run between the two calls, and no other thread.
    sys.setcheckinterval(1 << 30)
    make()
    run(code)


def start_and_ask(thread):
    """As start(); the thread tells it before it runs its first line."""
    box = []

    def note(*unused):
        box.append(native_id())
        sys.setprofile(None)

    threading.setprofile(note)
    thread.start()
    while not box:
        time.sleep(0.001)
    threading.setprofile(None)
    return box[0]


def become_one_with(name, value):
    """Start again with that in the environment."""
    if os.environ.get(name) != value:
        os.environ[name] = value
        os.execv(sys.executable, [sys.executable] + sys.argv)


def frames_of(frame):
    """[co_name, co_qualname or None, file, line] of a stack, newest first."""
    found = []
    while frame is not None:
        code = frame.f_code
        found.append([code.co_name, getattr(code, "co_qualname", None),
                      code.co_filename, frame.f_lineno])
        frame = frame.f_back
    return found


def write(truth):
    truth["version"] = sys.version.split()[0].rstrip("+")
    # Not a text file, for which the interpreter may import something; nor dump(): that
    # leaves garbage, in cycles.
    with open("truth.json", "wb") as out:
        out.write(json.dumps(truth).encode("ascii"))


def ready(more=None):
    """Tell the harness: the truth is written and stays true from here on.

    `more` is truth that is only known once the file has been written.
    """
    os.write(1, b"ready " + json.dumps(more or {}).encode() + b"\n")


def block_statistics():
    """What writes them to the file "stderr"."""
    if hasattr(sys, "_debugmallocstats"):
        return sys._debugmallocstats
    if not hasattr(sys, "gettotalrefcount"):
        return int  # 2.7 has none
    import ctypes
    return ctypes.pythonapi._PyObject_DebugMallocStats


def take_blocks_of_deques():
    """All that C code keeps of those that deques had (to 3.10), of more than 512 bytes.

    @return what is to be kept, so that each block has an owner
    """
    return [collections.deque() for unused in range(20)]


# One more refers to each of these while references are counted, or to the last one while it waits:
# the arguments of that. Nobody else has the number.
COUNTING = (array.array, getattr(itertools, "imap", map), sys.getrefcount, os.write, "l", 777, ())


def empty_method_cache():
    """It keeps names that nothing else does (PyObject_CallMethod() makes one each time), until
    any other look at an attribute takes their place.
    """
    # Of 3.13, and before.
    getattr(sys, "_clear_internal_caches", getattr(sys, "_clear_type_cache", None))()


def stay_still(gate=None, things=(), path=None, door=None, answer=None):
    """ready() and stay(), with what the allocator says: from then on nothing takes a block.

    How many references there are to each of @p things is written to a file, 8 bytes each and then
    those to an object that only a list refers to; they too stay as they are, but for COUNTING.
    Where there is a @p door, a call of a file's readinto, it is waited there, and to each byte
    there is an @p answer.
    """
    gc.disable()
    gate = gate or threading.Lock()
    gate.acquire()
    empty_method_cache()
    make, each, count, write, code, fd, unused = COUNTING
    stop = gate.acquire
    statistics = block_statistics()
    blocks = getattr(sys, "getallocatedblocks", int)  # 2.7 does not tell
    told, text = -1, b""
    os.dup2(os.open(os.devnull, os.O_WRONLY), fd)
    write(fd, make(code, each(count, things)))  # so that free lists have what it leaves
    os.dup2(os.open(path or os.devnull, os.O_WRONLY | os.O_CREAT), fd)
    # What is told is a part of what it tells.
    while blocks() != told:
        told = blocks()
        text = b'ready {"blocks": %d}\n' % told
    write(fd, make(code, each(count, things)))
    statistics()
    write(1, text)
    while door and door():
        answer()
        ready()
    stop()


def nap():
    """Run on for ever, seldom."""
    while True:
        time.sleep(0.01)


def stay(gate=None):
    """Stay for ever in one line, without the GIL."""
    gate = gate or threading.Lock()
    gate.acquire()
    gate.acquire()
