"""Many places that something has written to which should not have, in one process."""

import ctypes
import gc
import sys
import time

import truth
from scribble import (COUNT, HEAD, OB_GC_BITS, OB_REFCNT, OB_SIZE, WORD, Slotted, Thing, peek,
                      poke)

KEYS = OB_SIZE + 2 * WORD          # ma_keys
TABLE_SIZE = WORD                  # dk_size; from 3.11 on dk_log2_size
INDICES = 4 * WORD if sys.version_info >= (3, 11) else 5 * WORD
ITEMS = OB_SIZE + WORD             # ob_item of a list
SET_USED = OB_SIZE + WORD
STATE = OB_SIZE + 2 * WORD         # of a str: its kind and more
# Of a free-threaded build it is a page of mimalloc's.
POOL = 65536 if truth.FREE_THREADED else 16384 if sys.version_info >= (3, 10) else 4096
NOWHERE = 0x123456789000

# Nothing else is as large, and takes the place of one that was freed.
Wide = type("Wide", (object,), {"__slots__": ["slot%d" % i for i in range(40)]})

kept = []
told = []
untold = []


def tell(kind, address, text, *others):
    """What pycore is to say of an address: a kind of fault, and one of these texts."""
    told.append({"kind": kind, "address": hex(address), "texts": (text,) + others})


def keep(victim):
    kept.append([victim])
    return victim


def of_references():
    holder = keep(Slotted())
    holder.held = holder.other = None
    poke(id(holder) + OB_SIZE, NOWHERE)
    tell("reference", id(holder), "where nothing is mapped")
    # Whoever takes a reference of ours away again would free it.
    address = id(keep(Slotted()))
    kept.append([kept[-1][0], kept[-1][0]])
    poke(address + OB_REFCNT, 0, COUNT)
    tell("refcount", address, "its reference count is 0, and")


def of_tuples_for_calls():
    """C code keeps some, which nobody else knows of, with what was in them at the last."""
    def leak(item):
        args = (item,)
        ctypes.pythonapi.PyObject_GC_UnTrack(ctypes.py_object(args))
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(args))

    victim = keep(Slotted())
    leak(victim)
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(victim))
    untold.append(hex(id(victim)))
    victim = Wide()
    leak(victim)
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(victim))
    untold.append(hex(id(victim)))


def of_the_collector():
    def tracked():
        # Not the last in the list: there the collector writes, too.
        things = [Thing() for unused in range(4)]
        kept.extend(things)
        return things[1]

    if truth.FREE_THREADED:
        victim = keep(Thing())
        poke(id(victim) + OB_GC_BITS, peek(id(victim) + OB_GC_BITS, 1) | 128, 1)
        tell("gc", id(victim), "make no sense")
        return
    victim = tracked()
    head = id(victim) - HEAD
    poke(head + WORD, head | peek(head + WORD) & 3)
    tell("gc", id(victim), "the one before it in the collector's list")
    victim = tracked()
    poke(id(victim) - HEAD, NOWHERE)
    tell("gc", id(victim), "does not lead back to it")
    victim = tracked()
    poke(id(victim) - HEAD, 5 | peek(id(victim) - HEAD) & 2)
    tell("gc", id(victim), "make no sense")
    victim, freed = tracked(), free_some([bytes(290 + i % 2) for i in range(60)])[0]
    poke(id(victim) - HEAD, freed - HEAD)
    tell("reference", freed, "freed memory that %#x" % id(victim))


def of_dicts():
    def table(number):
        victim = keep({"key %d %d" % (number, i): i for i in range(20)})
        return victim, peek(id(victim) + KEYS)

    def used_index(keys):
        return next(at for at in range(keys + INDICES, keys + INDICES + 32) if peek(at, 1) < 20)

    victim, keys = table(1)
    poke(keys + TABLE_SIZE, 77, 1)
    tell("dict", id(victim), "its table of keys makes no sense", "no whole object is there")
    victim, keys = table(2)
    poke(used_index(keys), 100, 1)
    tell("dict", id(victim), "has 1 indices that lead to none of its 20 entries, such as 100")
    victim, keys = table(3)
    poke(used_index(keys), 255, 1)
    tell("dict", id(victim), "its hash table has 19 indices in use, but it counts 20 items")
    victim, keys = table(4)
    poke(id(victim) + OB_SIZE, 700)
    tell("dict", id(victim), "it counts 700 items and has 20")


def of_sequences():
    victim = keep([Thing() for unused in range(5)])
    poke(id(victim) + ITEMS, 0)
    tell("list", id(victim), "items nowhere")
    # Members of a struct sequence are its items by other names.
    item = Thing()
    keep(time.struct_time((item,) * 9))
    untold.append(hex(id(item)))
    victim = keep(tuple([Thing() for unused in range(500)]))
    poke(id(victim) + OB_SIZE, 1 << 40)
    tell("tuple", id(victim), "it has 1099511627776 items", "no whole object is there")
    victim = keep(b"some bytes %d" % len(kept))
    poke(id(victim) + OB_SIZE, 1 << 40)
    tell("bytes", id(victim), "no NUL stands behind", "no whole object is there")


def of_sets():
    victim = keep({"element %d" % i for i in range(50)})
    poke(id(victim) + SET_USED, 49)
    tell("set", id(victim), "it counts 49 items in 50 entries, and has 50 in 50")
    victim = keep({"element %d" % i for i in range(50)})
    poke(id(victim) + OB_SIZE, 10000)
    tell("set", id(victim), "cannot be")


def of_text():
    def text(character, number):
        victim = keep("%s in text %d" % (character, number))
        hash(victim)
        return victim, id(victim) + sys.getsizeof(victim)

    def first(victim, width):
        return id(victim) + sys.getsizeof(victim) - width * (len(victim) + 1)

    victim, end = text(u"\xe9", 1)
    poke(first(victim, 1), ord("e"), 1)
    tell("str", id(victim), "it is ASCII, and said not to be")
    victim, end = text(u"\u20ac", 2)
    poke(first(victim, 2), ord("e"), 2)
    tell("str", id(victim), "wider than they need be")
    victim, end = text(u"\U0001f600", 3)
    poke(first(victim, 4), 0x20ac, 4)
    tell("str", id(victim), "wider than they need be")
    victim, end = text("e", 4)
    poke(end - 1, ord("e"), 1)
    tell("str", id(victim), "no NUL stands behind its 11 characters")
    one, two = (text(character, 5)[0] for character in (u"\xe9", u"\u20ac"))
    differ = peek(id(one) + STATE, 4) ^ peek(id(two) + STATE, 4)  # by kinds 1 and 2
    shift = 2 if differ >> 2 & 7 == 3 else 8
    # What C code is still writing into: only it has it, and nobody asked for its hash.
    kept.append([u"\u20ac in work %d" % len(kept)])
    poke(first(kept[-1][0], 2), ord("e"), 2)
    untold.append(hex(id(kept[-1][0])))
    victim = text(u"\xe9", 6)[0]
    poke(id(victim) + STATE, peek(id(victim) + STATE, 4) | 7 << shift, 4)
    tell("str", id(victim), "its length and kind make no sense", "no whole object is there")


def of_pools():
    """Freed blocks of sizes that nothing else has, and what the allocator has of them."""
    if hasattr(sys, "gettotalrefcount"):
        return # debug hooks keep the chain of free blocks elsewhere
    for number, size in enumerate((3000, 3700) if truth.FREE_THREADED else (400, 340, 440, 370)):
        freed = free_some([bytes(size + i % 2) for i in range(60)])
        # The first of four or more that were freed in one pool: what comes takes the last ones.
        victim = next(at for at in freed if len([1 for other in freed if other // POOL == at // POOL
                                                 and other != at]) > 2)
        pool = victim & -POOL
        if number == 0:
            poke(victim, victim)
            tell("pool", victim, "comes to one again: freed twice?")
        elif number == 1:
            poke(victim, victim + 8)
            tell("pool", victim, "which is none of them: freed memory was written to")
        elif number == 2:
            poke(pool, peek(pool, 4) - 3, 4)
            tell("pool", pool, "blocks are in use by its count, and others by its chain")
        else:
            poke(pool + 36, 7777, 4)
            tell("pool", pool, "the allocator's header makes no sense")


def free_some(blocks):
    """Every second one of those in the middle. @return their addresses, the first freed first"""
    kept.append(blocks[:10] + blocks[10:50:2] + blocks[50:])
    addresses = [id(block) for block in blocks[11:50:2]]
    while blocks:
        del blocks[0]
    return addresses


if __name__ == "__main__":
    gc.disable()
    for scribble in (of_references, of_the_collector, of_dicts, of_sequences, of_sets,
                     of_text, of_tuples_for_calls, of_pools):
        scribble()
    sorted_now = [Thing() for unused in range(5)]
    untold.append(hex(id(sorted_now)))
    truth.write({"told": told, "untold": untold})
    # A list that is being sorted is empty, and has room for -1.
    sorted_now.sort(key=lambda unused: (truth.ready(), truth.stay()))
