"""What C code alone holds, and texts of C code's where objects were.

The truth is where those objects are, and where no object is.
"""

import array
import ctypes
import gc
import sys

import truth

INC = ctypes.pythonapi.Py_IncRef
INC.argtypes = [ctypes.py_object]
INC.restype = None
MALLOC = ctypes.pythonapi.PyObject_Malloc
MALLOC.argtypes = [ctypes.c_size_t]
MALLOC.restype = ctypes.c_void_p
# Static variables of the C library and of the interpreter that nobody here reads.
STATICS = ("optarg", "argp_program_version", "argp_program_bug_address", "error_print_progname",
           "PyOS_InputHook", "obstack_alloc_failed_handler", "PyOS_ReadlineFunctionPointer")
TEXTS = b"KB", b"abc", b"%d", b" ", b"text", b"UTC"


kept = []


def static(name):
    return ctypes.c_void_p.in_dll(ctypes.pythonapi, name)


def hide(thing, name):
    INC(thing)
    static(name).value = id(thing)
    return [truth.name_of(type(thing)), id(thing)]


def hide_all():
    """All of more bytes than the allocator of objects gives out."""
    things = ["".join(["text "] * 200), b"".join([b"bytes "] * 200), 1 << 9000,
              tuple(range(1000, 1200))]
    gc.collect()  # which finds that it need not know the tuple
    return [hide(thing, name) for thing, name in zip(things, STATICS)]


def remember_dead():
    """Statics that lead to where objects were, whose memory malloc keeps for the next, or not."""
    dead = []
    for name, size in zip(STATICS[4:], (900, 90000)):
        thing = "".join(["x"] * size)
        dead.append(id(thing))
        static(name).value = id(thing)
        del thing
    return dead


def copy():
    """In the midst of memory of C code's."""
    thing = "".join(["y"] * 700)
    memory = ctypes.create_string_buffer(4096)
    kept.append(memory)
    address = ctypes.addressof(memory) + 1024
    ctypes.memmove(address, id(thing), 800)
    static(STATICS[6]).value = address
    return address


def put_texts():
    """Each has all of a word, as strncpy() leaves it."""
    found = array.array("L", [0] * 1000)
    dead = set(map(id, [object() for unused in range(2000)]))
    for number in range(len(found)):
        found[number] = MALLOC(object.__basicsize__)
    texts = [address for address in found if address in dead]
    for number, address in enumerate(texts):
        ctypes.memmove(address, TEXTS[number % len(TEXTS)].ljust(8, b"\0"), 8)
    return texts


def stay_in(things):
    """A frame for each of the things, which are one: when the list is empty, frames alone hold it."""
    thing = things.pop()
    if things:
        stay_in(things)
    truth.ready({"of_frames": [id(thing), sys.getrefcount(thing)]})
    truth.stay()


def main():
    for number in range(32, 127):
        kept.append([object()] * number)
    truth.write({"hidden": hide_all(), "kept": [id(things[0]) for things in kept],
                 "dead": remember_dead() + [copy()], "texts": put_texts()})
    stay_in([object()] * 40)


main()
