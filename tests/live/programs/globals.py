"""Objects that C code alone holds: by a global with a name, by one without, and from elsewhere.

The truth is what pycore calls each global. The one with a name is the interpreter's own, of
no use where nobody types; the other is what is left of the page in which data of _ctypes ends.
"""

import ctypes
import gc
import os
import struct
import threading

import _ctypes
import truth

INC = ctypes.pythonapi.Py_IncRef
INC.argtypes = [ctypes.py_object]
INC.restype = None
NAMED = "PyOS_ReadlineFunctionPointer"


class Held(object):
    def __init__(self):
        self.more = Inside()


class Inside(object):
    pass


class Place(ctypes.Structure):
    """Dl_info"""
    _fields_ = [("file", ctypes.c_char_p), ("base", ctypes.c_void_p),
                ("symbol", ctypes.c_char_p), ("at", ctypes.c_void_p)]


def place_of(address):
    """The file that is mapped there, and where its addresses begin to count."""
    place = Place()
    find = ctypes.CDLL(None).dladdr
    find.argtypes = [ctypes.c_void_p, ctypes.POINTER(Place)]
    assert find(address, place)
    path = os.path.realpath(place.file.decode())
    return path, place.base - min(start for start, unused, unused in loads(path)) // 4096 * 4096


def loads(path):
    """[address, bytes, flags] of the parts of an ELF file that are mapped."""
    with open(path, "rb") as file:
        data = file.read()
    at, = struct.unpack_from("<Q", data, 32)
    size, n = struct.unpack_from("<HH", data, 54)
    heads = [struct.unpack_from("<IIQQQQQ", data, at + size * number) for number in range(n)]
    return [(head[3], head[6], head[1]) for head in heads if head[0] == 1]


def named():
    """A global, and what pycore calls it."""
    address = ctypes.addressof(ctypes.c_void_p.in_dll(ctypes.pythonapi, NAMED))
    path, base = place_of(address)
    return address, "C global %s+0x%x (%s)" % (os.path.basename(path), address - base, NAMED)


def nameless():
    library = ctypes.CDLL(_ctypes.__file__)
    function = getattr(library, "PyInit__ctypes", None) or library.init_ctypes
    path, base = place_of(ctypes.cast(function, ctypes.c_void_p).value)
    end = max(start + size for start, size, flags in loads(path) if flags & 2)
    end = (end + 7) // 8 * 8
    assert end % 4096, "the data of _ctypes ends with a page"
    return base + end, "C global %s+0x%x" % (os.path.basename(path), end)


def hold(address):
    held = Held()
    INC(held)
    if address:
        ctypes.c_void_p.from_address(address).value = id(held)
    return "0x%x" % id(held), "0x%x" % id(held.more)


def make():
    truth.write({
        "held": [hold(address) + (name,) for address, name in (named(), nameless())],
        "by C code": hold(0),
    })


def main():
    gc.disable()
    # By a thread that is gone, and with it what calls have left on its stack.
    maker = threading.Thread(target=make)
    maker.start()
    maker.join()
    del maker
    truth.ready()
    truth.stay()


main()
