"""Memory that something has written to which should not have: each place is told, and how."""

import ctypes
import gc
import sys

import truth

WORD = ctypes.sizeof(ctypes.c_void_p)
# Where these fields lie has not changed from CPython 3.6 to 3.15, nor from 3.13 on without a GIL.
OB_REFCNT, OB_TYPE, OB_SIZE = (12, 3 * WORD, 4 * WORD) if truth.FREE_THREADED else (0, WORD, 2 * WORD)
COUNT = 4 # bytes of it that are looked at here
OB_GC_BITS, OB_REF_SHARED = 11, 16


class Thing:
    pass


class Slotted(object):
    __slots__ = ("held", "other")


def peek(address, size=WORD):
    return int.from_bytes(ctypes.string_at(address, size), "little")


def poke(address, value, size=WORD):
    ctypes.memmove(address, value.to_bytes(size, "little"), size)


def scribble(kind, keep):
    """Damage one object in a way. @return its address"""
    if kind == "type":
        victim = Thing()
        keep.append([victim])
        poke(id(victim) + OB_TYPE, 0x4141414141414140)
    elif kind == "gc":
        victim = Thing()
        # Not the last in the list: there the collector writes, too.
        keep.extend([victim, Thing(), Thing(), Thing()])
        if truth.FREE_THREADED:
            # Unreachable, which nothing is but in a collection.
            poke(id(victim) + OB_GC_BITS, 1 | 4, 1)
            return id(victim)
        head = id(victim) - HEAD
        # A link to itself: what is linked to it is not linked back.
        poke(head, head | peek(head) & 3)
    elif kind == "refcount":
        victim = Slotted()
        keep.append([victim] * 10)
        poke(id(victim) + OB_REFCNT, 3, COUNT)
    elif kind == "parts":
        victim = Slotted()
        keep.append([victim] * 10)
        # All is in the shared part, by its flags, and in that of the owner.
        poke(id(victim) + OB_REF_SHARED, 10 << 2 | 3)
    elif kind == "bits":
        victim = object()
        keep.append([victim])
        poke(id(victim) + OB_GC_BITS, 1, 1)
    elif kind == "dict":
        victim = {"key %d" % i: i for i in range(20)}
        keep.append(victim)
        # ma_used
        poke(id(victim) + OB_SIZE, 700)
    elif kind == "hash":
        key = "a key whose hash changes %d" % len(keep)
        # A key that is no str makes a table in which hashes are kept.
        victim = {key: 1, 4.5: 2}
        keep.append(victim)
        poke(id(key) + OB_SIZE + WORD, (hash(key) ^ 0x5555) & (2**62 - 1))
    elif kind == "list":
        victim = [Thing() for i in range(5)]
        keep.append(victim)
        poke(id(victim) + OB_SIZE, 900000)
    elif kind == "tuple":
        victim = tuple([Thing() for i in range(5)])
        keep.append([victim])
        poke(id(victim) + OB_SIZE, 1 << 40)
    elif kind == "str":
        victim = "plain ascii text %d" % len(keep)
        hash(victim)
        keep.append(victim)
        end = id(victim) + sys.getsizeof(victim) - 1
        ctypes.memset(end - 4, 0xe4, 1)
    elif kind == "bytes":
        victim = b"some bytes %d" % len(keep)
        keep.append(victim)
        ctypes.memset(id(victim) + sys.getsizeof(victim) - 1, 0x42, 1)
    elif kind == "set":
        victim = {"element %d" % i for i in range(50)}
        keep.append(victim)
        # used: fill is the word before
        poke(id(victim) + OB_SIZE + WORD, peek(id(victim) + OB_SIZE) + 9)
    elif kind == "freed":
        others = [Slotted() for unused in range(20)]
        victim = Slotted()
        others += [Slotted() for unused in range(20)]
        holder = Slotted()
        holder.held = victim
        keep.append(holder)
        address = id(victim)
        # As a missing Py_INCREF does.
        poke(address + OB_REFCNT, peek(address + OB_REFCNT, COUNT) - 1, COUNT)
        del victim
        # Freed after it, and so in use again before it.
        del others[:]
        return address
    elif kind == "pool":
        # Freed blocks of a size that nothing else has, one of them written to.
        size = 3000 if truth.FREE_THREADED else 470
        blocks = [bytes(size + i % 2) for i in range(24)]
        keep.append(blocks[::2] + blocks[1:6:2] + blocks[19::2])
        addresses = [id(blocks[i]) for i in (7, 9, 11, 13)]
        del blocks
        poke(addresses[1], 0x4242424242424242)
        return addresses[1]
    return id(victim)


def head_size():
    """Of what the collector puts before an object."""
    if sys.version_info >= (3, 8):
        return 2 * WORD
    return 4 * WORD if sys.version_info >= (3, 6) and sys.getsizeof([]) >= 72 else 3 * WORD


HEAD = head_size()


if __name__ == "__main__":
    gc.disable()
    kept = []
    wanted = sys.argv[1]
    address = scribble(wanted, kept) if wanted != "nothing" else 0
    truth.write({"kind": wanted, "address": hex(address)})
    truth.ready()
    truth.stay()
