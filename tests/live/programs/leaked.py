"""References that C code leaks, garbage that is not collected, and what is uncollectable.

The truth is which objects were leaked, with how many references of each, and what
the cycles are. What does the leaking leaves nothing else behind.
"""

import ctypes
import gc
import sys
import threading

import truth

if sys.version_info >= (3,):
    intern = sys.intern
INC = ctypes.pythonapi.Py_IncRef
INC.argtypes = [ctypes.py_object]
INC.restype = None


# They make a size that nothing else has: where memory was another object's, static data may still
# have its address, as tables of free objects do.
SLOTS = tuple("slot%d" % number for number in range(41))


class Leaked(object):
    """Held by a global too, so that it is not only the leak that keeps it."""
    __slots__ = SLOTS


class Orphan(object):
    """Held by leaked references alone."""
    __slots__ = SLOTS


class Instances(list):
    __slots__ = SLOTS


class Ring(object):
    def __init__(self, n):
        self.number = n


class Doomed(Ring):
    def __del__(self):
        pass


class Heir(Doomed):
    """Has its __del__ from a base."""


class Kept(object):
    pass


def leak(thing, times):
    for unused in range(times):
        INC(thing)


def orphans(times):
    ids = []
    for unused in range(7):
        orphan = Orphan()
        ids.append("0x%x" % id(orphan))
        leak(orphan, times)
    return ids


def ring(cls, n):
    things = [cls(number) for number in range(n)]
    for number, thing in enumerate(things):
        thing.next = things[number - 1]
    return "0x%x" % min(map(id, things))


def make():
    held = [Leaked() for unused in range(5)]
    for number, thing in enumerate(held):
        leak(thing, 100 * (number + 1))
    words = [intern("leaked-word-%d" % number) for number in range(40)]
    mortal = sys.getrefcount(words[0]) < 1 << 28
    for word in words:
        leak(word, 1)
    rings = Instances()
    leak(rings, 10)
    kept.extend([held, words, rings])
    truth.write({
        "leaked": {"0x%x" % id(thing): 100 * (number + 1) for number, thing in enumerate(held)},
        "list": "0x%x" % id(rings),
        "words": ["0x%x" % id(word) for word in words if mortal],
        "orphans": orphans(3),
        "uncollectable": ["0x%x" % id(thing) for thing in gc.garbage],
        "rings": {name: ring(cls, n)
                  for name, cls, n in (("Ring", Ring, 5), ("Doomed", Doomed, 4), ("Heir", Heir, 3))},
    })


kept = []


def main():
    gc.collect()
    gc.disable()
    for number in range(3):
        gc.garbage.append(Kept())
    # By a thread that is gone: what calls have left on its stack is gone with it.
    maker = threading.Thread(target=make)
    maker.start()
    maker.join()
    del maker
    truth.ready()
    truth.stay()
    sys.exit(len(kept))


main()
