"""Blocks of every size, some of them freed again, free lists that are filled, and what types take."""

import collections
import ctypes
import sys

import truth

MOST = 520  # a little more than pools have


class Plain(object):
    def method(self):
        pass


def calls(depth):
    """As many frames at a time."""
    if depth:
        calls(depth - 1)


def fill_free_lists():
    """Of each type more at a time than the fewest that are kept, then all of them are freed."""
    numbers = [n / 7.0 for n in range(40)]
    made = [[n] for n in range(30)], [{n: n} for n in range(25)], [(n,) * (n % 20) for n in range(300)]
    methods = [Plain().method for unused in range(20)], [[].append for unused in range(20)]
    sliced = [slice(n, None) for n in range(3)]
    calls(20)
    del numbers, made, methods, sliced


class Number(float):
    __slots__ = ()


class Bytes(bytes):
    __slots__ = ()


class Big(bytes):
    __slots__ = ()


class List(list):
    __slots__ = ()


class Dict(dict):
    __slots__ = ()


class Set(set):
    __slots__ = ()


class Buffer(bytearray):
    __slots__ = ()


class Deque(collections.deque):
    __slots__ = ()


# What the collector has before an object, and sys.getsizeof counts.
HEAD = sys.getsizeof([]) - list.__basicsize__
HAVE_GC = 1 << 14


def some_of_each():
    return ([Number(n) for n in range(211)] + [Bytes(b"b" * n) for n in range(300)] +
            [Big(b"b" * (1000 * n)) for n in range(1, 9)] +
            [List(range(n)) for n in range(70)] + [Dict.fromkeys(range(n)) for n in range(70)] +
            [Set(range(n)) for n in range(70)] + [Buffer(n) for n in range(1, 70)] +
            [Deque(range(n)) for n in range(200)])


def head(thing):
    return HEAD * bool(type(thing).__flags__ & HAVE_GC)


def inside(thing):
    """Bytes that its own block has to have: there is room for one item more than there are."""
    return type(thing).__basicsize__ + head(thing) + (len(thing) + 1 if isinstance(thing, bytes) else 0)


def costs(things):
    """type -> [[bytes in a block of the allocator's of each], bytes outside of all]"""
    found = {}
    for thing in things:
        row = found.setdefault(truth.name_of(type(thing)), [[], 0])
        row[0].append(inside(thing))
        row[1] += max(0, sys.getsizeof(thing) - inside(thing))
    usable = ctypes.CDLL(None).malloc_usable_size
    usable.restype, usable.argtypes = ctypes.c_size_t, [ctypes.c_void_p]
    if not truth.FREE_THREADED and not hasattr(sys, "gettotalrefcount"):
        # Of malloc's chunks.
        found["blocks.Big"] = [[sum(usable(id(thing) - head(thing)) for thing in things
                                      if isinstance(thing, Big))], 0]
    return found


def main():
    # A prime number of each size; then those are freed that leave pools of all kinds.
    kept = [bytearray(b"b") * (size % 3) + b"%d" % size for size in range(50)]
    for size in range(0, MOST, 5):
        made = [b"b" * size + (b"%04d" % number) for number in range(97)]
        kept.append([thing for number, thing in enumerate(made) if number % 7 or size % 3])
        del made
    fill_free_lists()
    things = some_of_each()
    deques = truth.take_blocks_of_deques()
    truth.write({"kept": len(kept), "costs": costs(things)})
    truth.stay_still()
