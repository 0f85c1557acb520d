"""What a real program says of itself: every object, some of each type in full, what it is asked.

It writes down all objects that it can reach, and waits. Of what pycore finds to be otherwise,
more, less or another, the test asks it again: these it looks at one by one.
"""

import array
import ctypes
import functools
import gc
import io
import json
import os
import struct
import sys
import types

import describe
import reach
import truth

# There are fewer types in 2.7.
SAMPLE = 12 if sys.version_info >= (3,) else 16
OURS = (__file__, describe.__file__, reach.__file__, truth.__file__, ctypes.__file__)
KEEP = reach.function(ctypes.pythonapi, "Py_IncRef", None, ctypes.py_object)
# What the allocator's debug hooks write around each block (0xfb to 3.7).
FORBIDDEN = (b"\xfd" if sys.version_info >= (3, 8) else b"\xfb") * 7


def may_stay(thing):
    """Not a frame: one that runs is another when it has been told of. Nor code by which this
    runs: to 3.9 it grows when it has run often. Nor what it waits in.
    """
    return not (isinstance(thing, types.FrameType)
                or isinstance(thing, types.CodeType) and thing.co_filename in OURS
                or isinstance(thing, types.BuiltinMethodType)
                and isinstance(thing.__self__, io.FileIO))


class Listing(reach.Census):
    """A census that lists each object, type -> address, size, address, size ..., and keeps some."""

    def __init__(self, kept):
        super(Listing, self).__init__()
        self.listed = {}
        self.kept = kept
        self.by_word = array.array(reach.WORD)
        self.seen.update((id(self.listed), id(self.by_word)))

    def objects_at(self, candidates, kinds=None):
        found = super(Listing, self).objects_at(candidates, kinds)
        self.by_word.extend(map(id, found))
        return found

    def note(self, thing, size):
        numbers = self.listed.get(type(thing))
        if numbers is None:
            numbers = self.listed[type(thing)] = array.array(reach.WORD)
            self.seen.add(id(numbers))
        if (len(numbers) < 2 * SAMPLE and may_stay(thing)
                and not (isinstance(thing, types.MethodType) and thing.__self__ is self)):
            self.kept.append(thing)
        numbers.append(id(thing))
        numbers.append(size)


def list_all(frames, kept, more):
    """Write it down, and @p more, and put some of each type into @p kept."""
    census = Listing(kept)
    reach.count(census, frames)
    kinds = []
    with open("objects", "wb") as out:
        for kind, numbers in census.listed.items():
            kinds.append([truth.name_of(kind), len(numbers) // 2, id(kind),
                          describe.has_own_sizeof(kind)])
            numbers.tofile(out)
    with open("by_word", "wb") as out:
        census.by_word.tofile(out)
    # Where in a str its text begins, if that is ASCII: there is one more byte in an empty one.
    truth.write(dict(more, types=kinds, text=sys.getsizeof("") - 1))


def describe_all(things):
    with open("sample.txt", "w") as out:
        describe.begin(out)
        for thing in things:
            describe.describe(thing, out)
    things.append(object())  # that nothing else refers to


def domain_of(address):
    """Of whose memory the allocator's debug hooks say that the block is: "o", objects'.

    In front of a block they write its size, this letter and 7 bytes, and 8 of these behind it.
    """
    for before in 0, 16, 32, 48:
        block = address - before
        if not reach.MEMORY.readable(block - 16):
            continue
        head = ctypes.string_at(block - 16, 16)
        size, = struct.unpack(">Q", head[:8])
        if (head[9:] == FORBIDDEN and before < size < 1 << 40
                and ctypes.string_at(block + size, 7) == FORBIDDEN):
            return "%c" % bytearray(head)[8]
    return "-"


def look_at(address):
    """Type, size, and of whose memory it is."""
    thing = ctypes.cast(address, ctypes.py_object).value
    size = 0 if describe.has_own_sizeof(type(thing)) else sys.getsizeof(thing)
    return {"name": truth.name_of(type(thing)), "size": size, "domain": domain_of(address)}


def answer():
    """Say of each address in the one file in the other what is there: null if no object is."""
    with open("questions", "rb") as file:
        asked = array.array(reach.WORD, file.read())
    kinds = reach.by_address(reach.all_kinds())
    answers = [look_at(address) if reach.MEMORY.is_object(address, kinds) else None
               for address in asked]
    # Not a text file: to open one changes what the cache of methods holds.
    with open("answers", "wb") as file:
        file.write(json.dumps(answers).encode("ascii"))


def rehearse(things):
    """Look at @p things, so that a look at others finds all in the cache of methods, and lets
    go of nothing that only that holds.
    """
    with open("questions", "wb") as file:
        array.array(reach.WORD, map(id, things)).tofile(file)
    answer()


def rehearse_all():
    """What the telling makes once and keeps is there before the count, and what it puts out of
    the cache of methods is not.
    """
    truth.block_statistics()
    things = gc.get_objects()
    one_of_each = [thing for thing in {type(thing): thing for thing in things}.values()
                   if may_stay(thing)]
    describe_all(one_of_each)
    rehearse(one_of_each)
    # They may keep what their sizes have been added up from.
    own = {kind for kind in reach.all_kinds() if describe.has_own_sizeof(kind)}
    for thing in things:
        if type(thing) in own:
            sys.getsizeof(thing)
    truth.write({"types": [[]]})


def tell_and_stay(*kept, **more):
    """@p kept is what the program wants to keep alive, @p more what else it tells."""
    gc.collect()
    gc.disable()
    os.mkfifo("ask")
    door = io.FileIO(os.open("ask", os.O_RDWR)).readinto
    deques = truth.take_blocks_of_deques()
    # Some immortal objects are in data that is never written to (a debug build of 3.15).
    more["static"] = reach.static_data(reach.READABLE)
    rehearse_all()
    frames = [frame for frame in reach.running_frames()
              if frame.f_code is not reach.running_frames.__code__]
    things = []
    truth.empty_method_cache()
    list_all(frames, things, more)
    describe_all(things)
    rehearse(things)
    # They stay; but that they do is not to be read off any frame: check_objects leaves out
    # what holds them when it counts references.
    KEEP(things)
    # While it waits in there nothing is in hand, no tuple of arguments, that was not before.
    door = functools.partial(door, bytearray(1))
    truth.stay_still(None, things, "sample.txt.counts", door, answer)
