"""A process that stops where little is as it was: in a collection, or on its way to the end.

The truth is that of counts.py, whose objects all live on. Where the process stops is
the program's argument: a function of this file.
"""

import atexit
import codecs
import ctypes
import gc
import itertools
import mmap
import os
import struct
import sys
import threading
import time
import weakref

import counts
import truth

GARBAGE = 12
# PyTypeObject.tp_traverse, the same in all versions on x86-64 behind an object's head
TP_TRAVERSE = object.__basicsize__ + 168

LIBC = ctypes.CDLL(None)


class Garbage(object):
    """One in a ring that only the collector can take apart."""


class Marked(Garbage):
    """Tells when it is finalized."""

    def __del__(self):
        stop()


class Mark(object):
    """Not the collector's: it goes when what holds it is taken apart."""
    __slots__ = ()

    def __del__(self):
        stop()


def stop():
    """The first time only."""
    if not stopped:
        stopped.append(True)
        truth.ready()
        truth.stay()


class Target(object):
    """Known to a Holder."""


class Holder(object):
    def __init__(self):
        self.target = Target()


stopped = []


def ring(kind=Garbage, **attributes):
    members = [Garbage() for unused in range(GARBAGE - 1)] + [kind()]
    for number, member in enumerate(members):
        for name, value in attributes.items():
            setattr(member, name, value)
        attributes = {}
        member.next = members[number - 1]
    return members


def address_of(function):
    return ctypes.cast(function, ctypes.c_void_p).value


def stop_in_traverse(call):
    """Have the collector wait for ever in the n-th call of tp_traverse of a type of C code."""
    slot = ctypes.c_uint64.from_address(id(itertools.cycle) + TP_TRAVERSE)
    page = mmap.mmap(-1, mmap.PAGESIZE,
                     prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    here = ctypes.addressof(ctypes.c_char.from_buffer(page))

    def load(value):
        return b"\x48\xb8" + struct.pack("<Q", value)  # mov $value, %rax

    jump = b"\xff\xe0"  # jmp *%rax
    code = (load(here + 256) + b"\x48\xff\x08"  # decq (%rax)
            + b"\x74\x0c"  # je to the second of the jumps
            + load(slot.value) + jump + load(address_of(LIBC.pause)) + jump)
    page[256:264] = struct.pack("<Q", call)
    page[:len(code)] = code
    return slot, here, page


def collect():
    truth.ready()
    gc.collect()


class Entering(object):
    """What gc.callbacks calls."""
    phase = None

    def __call__(self, phase, info):
        if phase == self.phase:
            stop()


def in_callback(phase):
    gc.callbacks[0].phase = phase
    gc.collect()


def at_start():
    """Before anything was done."""
    in_callback("start")


def at_stop():
    """When all was done."""
    in_callback("stop")


def in_subtract_refs():
    """While the references between objects are taken off their counts."""
    slot, here, page = kept[-1]
    slot.value = here
    collect()


def in_move_unreachable():
    """While the reachable are told from the others, which are on two lists."""
    in_subtract_refs()


def in_weakref_callback():
    """When what is unreachable is on a list of its own."""
    members = ring()
    kept.append(weakref.ref(members[0], lambda unused: stop()))
    del members
    gc.collect()


def in_finalizer():
    """While the unreachable are finalized."""
    ring(Marked)
    gc.collect()


def in_clear():
    """While they are taken apart: none is gone yet."""
    ring(mark=Mark())
    gc.collect()


def at_exit(mine):
    """In what atexit calls: what only the main program's frames had is gone."""
    def say():
        counts.measure(mine, {}, {"stopped_in": "at_exit"})
        stop()

    atexit.register(say)


class Late(object):
    """Finalized when modules are gone: what it needs then it has."""

    def __init__(self, keep):
        self.keep = keep

    def __del__(self, write=os.write, sleep=time.sleep):
        write(1, b"ready {}\n")
        sleep(1 << 20)

    def __call__(self, unused):
        return None


def of_module(keep):
    """When the modules' names are taken away."""
    sys.modules["__main__"].late = Late(keep)


def of_module_with_threads(keep):
    """The same, with threads that have come to where they may not run any more.

    No frame of theirs has this module's names, which would then stay.
    """
    for function, arguments in (truth.nap, ()), (os.read, (os.pipe()[0], 1)):
        thread = threading.Thread(target=function, args=arguments)
        thread.daemon = True
        thread.start()
    of_module(keep)


def of_codecs(keep):
    """When the interpreter gives up its registry of codecs, long after the modules."""
    codecs.register(Late(keep))


def past_all(keep):
    """There is no interpreter any more."""
    ready = ctypes.create_string_buffer(b"ready {}\n")
    code = mmap.mmap(-1, mmap.PAGESIZE,
                     prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    here = ctypes.addressof(ctypes.c_char.from_buffer(code))
    # write(1, ready, 9); pause()
    text = (b"\x53"  # push %rbx, for the stack's alignment
            + b"\xbf\x01\x00\x00\x00" + b"\xba\x09\x00\x00\x00"
            + b"\x48\xbe" + struct.pack("<Q", ctypes.addressof(ready))
            + b"\x48\xb8" + struct.pack("<Q", address_of(LIBC.write)) + b"\xff\xd0"
            + b"\x48\xb8" + struct.pack("<Q", address_of(LIBC.pause)) + b"\xff\xd0")
    code[:len(text)] = text
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(ready))
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(code))
    ctypes.pythonapi.Py_AtExit(ctypes.c_void_p(here))


PREPARE = {
    at_start: lambda: gc.callbacks.append(Entering()),
    at_stop: lambda: gc.callbacks.append(Entering()),
    in_subtract_refs: lambda: kept.extend([itertools.cycle([1]), stop_in_traverse(1)]),
    in_move_unreachable: lambda: kept.extend([itertools.cycle([1]), stop_in_traverse(2)]),
}
kept = []


def main(name):
    state = globals()[name]
    gc.disable()
    mine = dict(counts.fewer(counts.zoo()), holder=[Holder()])
    if truth.FREE_THREADED and state is of_module_with_threads:
        # With the first thread types, modules and functions become immortal (3.13), and the
        # next collection untracks what is: that is to be so before the truth is taken. Those
        # that are not needed are to be gone before, by a collection: they are counted deferred.
        gc.collect()
        first = threading.Thread()
        first.start()
        first.join()
    theirs = [{"key": [number], "other": number} for number in range(2000)]
    PREPARE.get(state, gc.collect)()
    # Tuples of tuples are untracked from the inside out, one level a collection.
    for unused in range(4):
        gc.collect()
    counts.measure(mine, {}, {"stopped_in": name, "garbage": GARBAGE})
    if state is at_exit:
        state(mine)
    elif name.startswith(("of_", "past_")):
        state((mine, theirs))
    else:
        state()


main(*sys.argv[1:])
