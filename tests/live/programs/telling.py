"""What a real program says of itself: every object, some of each type in full, and what it is asked.

It writes down all objects that it can reach, and waits. Of what pycore finds to be otherwise,
more, less or another, the test asks it again: these it looks at one by one.
"""

import array
import ctypes
import gc
import io
import json
import os
import sys
import types

import describe
import reach
import truth

SAMPLE = 12
# What the allocator's debug hooks write around each block (0xfb to 3.7).
FORBIDDEN = (b"\xfd" if sys.version_info >= (3, 8) else b"\xfb") * 7


class Sampling(reach.Census):
    """A census that keeps some objects of each type."""

    def __init__(self):
        super().__init__()
        self.kept = []
        self.kept_of = {}
        self.seen.update((id(self.kept), id(self.kept_of)))

    def note(self, thing, unused):
        number = self.kept_of.get(type(thing), 0)
        # A frame that runs is another when it has been told of; nor what this runs by.
        if (number < SAMPLE and not isinstance(thing, types.FrameType)
                and not (isinstance(thing, types.MethodType) and thing.__self__ is self)):
            self.kept_of[type(thing)] = number + 1
            self.kept.append(thing)


class Listing(reach.Census):
    """A census that lists each object: type -> address, size, address, size ..."""

    def __init__(self):
        super().__init__()
        self.listed = {}
        self.seen.add(id(self.listed))

    def note(self, thing, size):
        numbers = self.listed.get(type(thing))
        if numbers is None:
            numbers = self.listed[type(thing)] = array.array("Q")
            self.seen.add(id(numbers))
        numbers.append(id(thing))
        numbers.append(size)


def list_all(frames):
    """Write it down, and leave nothing behind."""
    census = Listing()
    reach.count(census, frames)
    kinds = []
    with open("objects", "wb") as out:
        for kind, numbers in census.listed.items():
            kinds.append([truth.name_of(kind), len(numbers) // 2, id(kind),
                          describe.has_own_sizeof(kind)])
            numbers.tofile(out)
    truth.write({"types": kinds})


def describe_all(things):
    with open("sample.txt", "w", encoding="utf-8") as out:
        describe.begin(out)
        for thing in things:
            describe.describe(thing, out)


def domain_of(address):
    """Of whose memory the allocator's debug hooks say that the block is: "o", objects'.

    In front of a block they write its size, this letter and 7 bytes, and 8 of these behind it.
    """
    for before in 0, 16, 32, 48:
        block = address - before
        if not reach.MEMORY.readable(block - 16):
            continue
        head = ctypes.string_at(block - 16, 16)
        size = int.from_bytes(head[:8], "big")
        if (head[9:] == FORBIDDEN and before < size < 1 << 40
                and ctypes.string_at(block + size, 7) == FORBIDDEN):
            return chr(head[8])
    return "-"


def look_at(address):
    """Type, size, and of whose memory it is."""
    thing = ctypes.cast(address, ctypes.py_object).value
    static = any(start <= address < end for start, end in reach.SEGMENTS)
    return {"name": truth.name_of(type(thing)), "size": sys.getsizeof(thing),
            "domain": "static" if static else domain_of(address)}


def answer(asked):
    """Say of each address what is there: null if no object is."""
    kinds = reach.by_address(reach.all_kinds())
    return [look_at(address) if reach.MEMORY.is_object(address, kinds) else None
            for address in asked]


def tell_and_stay(*kept):
    """@p kept is what the program wants to keep alive."""
    gc.collect()
    gc.disable()
    os.mkfifo("ask")
    # While it waits in there nothing is in hand, no tuple of arguments, that was not before.
    wait, buffer = io.FileIO(os.open("ask", os.O_RDWR)).readinto, bytearray(1)
    # What the telling itself makes once and keeps is there before the count.
    frames = [frame for frame in reach.running_frames()
              if frame.f_code is not reach.running_frames.__code__]
    census = Sampling()
    reach.count(census, frames)
    describe_all(census.kept)
    # They stay; but that they do is not to be read off any frame: check_objects leaves out
    # what holds them when it counts references.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(census.kept))
    del census
    truth.write({"types": [[]]})
    list_all(frames)
    sys._debugmallocstats()  # to the file "stderr"
    truth.ready({"blocks": sys.getallocatedblocks()})
    while wait(buffer):
        with open("questions", "rb") as file:
            asked = array.array("Q", file.read())
        answers = json.dumps(answer(asked)).encode()
        # Not a text file: to open one changes what the cache of methods holds.
        with open("answers", "wb") as file:
            file.write(answers)
        truth.ready()
