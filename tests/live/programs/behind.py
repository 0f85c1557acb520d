"""References that C code has in memory of its own: pointers of objects lead there.

The truth is who holds what by them. An extension's type is made without a compiler, and
what its C code would do is done by hand. With an argument "PYTHONMALLOC=..." that is
in the environment.
"""

import ctypes
import gc
import sys

import truth

gc.disable()
PYTHON = ctypes.pythonapi
LIBC = ctypes.CDLL(None)
INC = PYTHON.Py_IncRef
INC.argtypes, INC.restype = [ctypes.py_object], None
HEAD = object.__basicsize__
WORDS = 4
Py_TPFLAGS_DEFAULT = 1 << 18


class Slot(ctypes.Structure):
    _fields_ = [("slot", ctypes.c_int), ("pfunc", ctypes.c_void_p)]


class Spec(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("basicsize", ctypes.c_int),
                ("itemsize", ctypes.c_int), ("flags", ctypes.c_uint),
                ("slots", ctypes.POINTER(Slot))]


class Held(object):
    """Nothing but words in C code's memory refers to it."""


class Leaked(object):
    """The same, and one more is counted than there are words."""


class Lent(object):
    """A list holds it; C code knows where it is, too, and has not counted that."""


def opaque_type():
    PYTHON.PyType_FromSpec.restype = ctypes.py_object
    PYTHON.PyType_FromSpec.argtypes = [ctypes.POINTER(Spec)]
    spec = Spec(b"extension.Opaque", HEAD + 8 * WORDS, 0, Py_TPFLAGS_DEFAULT, (Slot * 1)())
    kept.append(spec)
    return PYTHON.PyType_FromSpec(ctypes.byref(spec))


def allocator(function):
    function.restype, function.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    return function


def block(of_python, *words):
    """Memory of the allocator of small blocks, or of malloc, that begins with these."""
    made = (PY_MALLOC if of_python else MALLOC)(48 if of_python else 2000)
    ctypes.memset(made, 0, 48 if of_python else 2000)
    put(made, words)
    return made


def put(address, words):
    for number, word in enumerate(words):
        ctypes.c_void_p.from_address(address + 8 * number).value = word


def owner(*words):
    made = Opaque()
    put(id(made) + HEAD, words)
    return made


def held(kind=Held, times=1):
    """The address of an object that nothing has, but @p times."""
    made = kind()
    for unused in range(times):
        INC(made)
    return id(made)


def by_blocks(of_python):
    kind = " of Python's" if of_python else " of malloc's"
    near, far = held(), held()
    return {
        "near, in a block" + kind: (owner(0, block(of_python, 0, near)), near),
        "far, in a block" + kind: (
            owner(block(of_python, block(not of_python, 1, block(of_python, 0, 0, far)))), far),
    }


def by_several():
    shared, once = held(), held()
    common = block(True, shared)
    return {
        "nearer than another's": (owner(common), shared),
        "counted once, in the nearer of two": (owner(block(True, once)), once),
    }, [owner(block(False, common)), owner(block(True, 0, block(True, once)))]


def lines(text):
    return compile("def only_measured():\n    return %s\n" % text, "measured", "exec")


def measured():
    """A profiler, and the code that nothing but its entry holds."""
    import _lsprof
    space = {}
    exec(lines("len('two')"), space)
    profiler = _lsprof.Profiler()
    profiler.enable()
    space["only_measured"]()
    profiler.disable()
    code = id(space["only_measured"].__code__)
    space.clear()  # it is its function's globals
    return profiler, code


def called_by_sqlite():
    """A connection, and the function that from 3.11 on only sqlite knows."""
    import sqlite3
    connection = sqlite3.connect(":memory:")

    def function(x):
        return x

    connection.create_function("held_by_sqlite", 1, function)
    return connection, id(function)


def called_at_exit():
    """The module atexit, which to 3.9 has in its own memory what is to be called, and such."""
    import atexit

    def function():
        pass

    atexit.register(function)
    return atexit, id(function)


def main():
    several, others = by_several()
    made = dict(by_blocks(True), **by_blocks(False), **several)
    lent = [Lent()]
    borrower = owner(block(True, id(lent[0])))
    made["measured"] = measured()
    leaked = owner(block(True, held(Leaked, 2)))
    connection, function = called_by_sqlite()
    # Of sqlite's memory nothing is believed but blocks of Python's allocator.
    if sys.version_info >= (3, 11) and len(sys.argv) == 1:
        made["called by sqlite"] = connection, function
    atexit, at_exit = called_at_exit()
    if sys.version_info < (3, 10):
        made["called at exit"] = atexit, at_exit
    kept.append([made, others, lent, borrower, connection, leaked])
    truth.write({
        "held": {name: ["0x%x" % id(holder), "0x%x" % address]
                 for name, (holder, address) in made.items()},
        "lent": ["0x%x" % id(lent), "0x%x" % id(lent[0])],
        "at exit": "0x%x" % at_exit,
    })
    del made, others, lent, borrower, connection, several, leaked
    truth.ready()
    truth.stay()


if len(sys.argv) > 1:
    truth.become_one_with(*sys.argv[1].split("="))
kept = []
PY_MALLOC = allocator(PYTHON.PyMem_Malloc)
MALLOC = allocator(LIBC.malloc)
Opaque = opaque_type()
main()
