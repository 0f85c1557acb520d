"""One object in full, for tests/tools/check_objects: type, size, references, repr."""

import binascii
import ctypes
import gc
import sys

import reach
import truth

# The first field behind ob_size.
TP_NAME = object.__basicsize__ + 8


def name_of(cls):
    if not cls.__flags__ & 1 << 9:
        return static_name(cls)
    module = cls.__dict__.get("__module__")
    qualname = getattr(cls, "__qualname__", cls.__name__)
    if not isinstance(module, str):
        # C code's, of which tp_name tells; else it has none.
        name = static_name(cls)
        return name if name.endswith("." + qualname) else qualname
    if module in ("builtins", "__builtin__"):
        return qualname
    return module + "." + qualname


def static_name(cls):
    name = ctypes.string_at(ctypes.c_uint64.from_address(id(cls) + TP_NAME).value)
    return name if str is bytes else name.decode()


def has_own_sizeof(kind):
    """Whether sys.getsizeof runs what the program's own library says: pandas adds up its columns."""
    for cls in kind.__mro__:
        if "__sizeof__" in vars(cls):
            return cls.__module__.startswith("pandas.") or hasattr(cls.__sizeof__, "__code__")
    return False


def begin(out):
    """Where the interpreter's own structures are."""
    symbol = "_PyRuntime" if sys.version_info >= (3, 7) else "_PyThreadState_Current"
    runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, symbol))
    build = ("free-threaded" if truth.FREE_THREADED else
             "debug" if hasattr(sys, "gettotalrefcount") else "release")
    out.write("L %x %x %x %s\n" % (runtime, id(type), sys.hexversion, build))
    for thing in truth.COUNTING:
        out.write("D %x\n" % id(thing))


def describe(o, out, shown=()):
    try:
        size = 0 if has_own_sizeof(type(o)) else sys.getsizeof(o)
    except Exception:
        size = 0
    out.write("O %x %x %d %d %s\n" % (id(o), id(type(o)), size, gc.is_tracked(o),
                                     name_of(type(o))))
    out.write("R " + " ".join("%x" % id(r) for r in reach.referents(o)) + "\n")
    if id(o) in shown:
        text = repr(o) if str is bytes else repr(o).encode("utf-8", "replace")
        out.write("V %s\n" % binascii.hexlify(text).decode())
