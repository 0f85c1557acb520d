"""Thousands of objects that are alike, and of each kind of root something that it holds alone."""

import ctypes
import gc
import sys
import threading

import truth

MANY, SOME = 4123, 300


def zeros(count):
    return bytes(bytearray(count))


class Payload(object):
    __slots__ = ("data",)

    def __init__(self, size):
        self.data = zeros(size)


class Held(object):
    """One for each kind of root."""
    __slots__ = ()


class Ring(object):
    __slots__ = ("other",)


def weight(payload):
    return sys.getsizeof(payload) + sys.getsizeof(payload.data)


CACHE = [{"entry": Payload(40 + number % 7)} for number in range(MANY)]
TABLE = {number: Payload(50 + number % 7) for number in range(SOME)}
MODULE = Held()
NATIVE = []
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


def main():
    local = Held()
    leak()
    gc.collect()
    gc.disable()
    forget()
    payloads = sum(weight(entry["entry"]) for entry in CACHE)
    truth.write({
        "many": MANY, "some": SOME,
        "cache": hex(id(CACHE)), "table": hex(id(TABLE)),
        "payloads": payloads, "garbage": GARBAGE,
        "dicts": payloads + sum(sys.getsizeof(entry) for entry in CACHE),
        "in_table": sum(weight(payload) for payload in TABLE.values()),
        "kinds": {hex(id(MODULE)): None, hex(id(local)): "local", NATIVE[0]: "native",
                  GARBAGE[0]: "garbage", GARBAGE[1]: "garbage",
                  hex(id(sys.modules["__main__"])): "module"},
    })
    truth.ready()
    truth.stay()


main()
