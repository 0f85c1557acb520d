"""Thousands of objects that are alike, and of each kind of root something that it holds alone."""

import ctypes
import gc
import sys
import threading

import truth

MANY, SOME, LINKS = 4123, 300, 500


def zeros(count):
    return bytes(bytearray(count))


class Payload(object):
    __slots__ = ("data",)

    def __init__(self, size):
        self.data = zeros(size)


class Held(object):
    """One for each kind of root."""
    __slots__ = ()


class Never(object):
    """Has no instances: nobody looks at it as a type."""


class Ring(object):
    __slots__ = ("other",)


class Link(object):
    __slots__ = ("next", "data")

    def __init__(self, after):
        self.next = after
        self.data = zeros(60)


def weight(payload):
    return sys.getsizeof(payload) + sys.getsizeof(payload.data)


CACHE = [{"entry": Payload(40 + number % 7)} for number in range(MANY)]
TABLE = {number: Payload(50 + number % 7) for number in range(SOME)}
MODULE = Held()
CHAIN = None
for number in range(LINKS):
    CHAIN = Link(CHAIN)
ON_STACK = Held()
NATIVE = []
FRAMES = []
GARBAGE = []


def leak():
    leaked = Held()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(leaked))
    NATIVE.append(hex(id(leaked)))


def forget():
    ring = Ring()
    ring.other = Ring()
    ring.other.other = ring
    GARBAGE.extend([hex(id(ring)), hex(id(ring.other))])


def links():
    """[address, bytes that go with it] of each link, the first in the chain first."""
    rows, link, retained = [], CHAIN, LINKS * weight(CHAIN)
    while link:
        rows.append([hex(id(link)), retained])
        retained -= weight(link)
        link = link.next
    return rows


def main():
    local = Held()
    FRAMES.append(sys._getframe())
    leak()
    gc.collect()
    gc.disable()
    forget()
    payloads = sum(weight(entry["entry"]) for entry in CACHE)
    truth.write({
        "many": MANY, "some": SOME,
        "cache": hex(id(CACHE)), "table": hex(id(TABLE)),
        "payloads": payloads, "garbage": GARBAGE,
        "module": hex(id(sys.modules["__main__"])),
        "dicts": payloads + sum(sys.getsizeof(entry) for entry in CACHE),
        "links": links(),
        "in_table": sum(weight(payload) for payload in TABLE.values()),
        "kinds": {hex(id(MODULE)): None, hex(id(local)): "local",
                  # From 3.11 on it is noted how much of a frame's stack is in use.
                  hex(id(ON_STACK)): "frame" if sys.version_info >= (3, 11) else None,
                  NATIVE[0]: "native",
                  GARBAGE[0]: "garbage", GARBAGE[1]: "garbage",
                  hex(id(sys.modules["__main__"])): "module", hex(id(Never)): "class"},
    })
    truth.ready()
    # While it is called, what comes before it waits on the frame's stack.
    return [ON_STACK, truth.stay()]


main()
