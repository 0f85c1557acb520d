"""What a real program writes down of itself in the end: counts by type, and some of each type in full."""

import ctypes
import gc
import threading
import types

import describe
import reach
import truth

SAMPLE = 12


class Sampling(reach.Census):
    """A census that keeps some objects of each type."""

    def __init__(self):
        super().__init__()
        self.kept = []
        self.kept_of = {}
        self.seen.update((id(self.kept), id(self.kept_of)))

    def note(self, thing):
        number = self.kept_of.get(type(thing), 0)
        # A frame that runs is another when it has been told of; nor what this runs by.
        if (number < SAMPLE and not isinstance(thing, types.FrameType)
                and not (isinstance(thing, types.MethodType) and thing.__self__ is self)):
            self.kept_of[type(thing)] = number + 1
            self.kept.append(thing)


def counts(census, frames):
    """Write them down, and leave nothing behind."""
    by_name = {}
    for kind, row in reach.count(census, frames).items():
        total = by_name.setdefault(truth.name_of(kind), [0, 0, 0])
        for column, number in enumerate(row):
            total[column] += number
    own = sorted({truth.name_of(kind) for kind in census.rows if describe.has_own_sizeof(kind)})
    truth.write({"types": by_name, "own_sizeof": own})


def describe_all(things):
    with open("sample.txt", "w", encoding="utf-8") as out:
        describe.begin(out)
        for thing in things:
            describe.describe(thing, out)
    things.append(object())  # that nothing else refers to


def tell_and_stay(*kept):
    """@p kept is what the program wants to keep alive."""
    gc.collect()
    gc.disable()
    gate = threading.Lock()
    # What the telling itself makes once and keeps is there before the count.
    frames = list(reach.running_frames())
    census = Sampling()
    counts(census, frames)
    describe_all(census.kept)
    # They stay; but that they do is not to be read off any frame: check_objects leaves out
    # what holds them when it counts references.
    things = census.kept
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(things))
    del census
    counts(reach.Census(), frames)
    truth.stay_still(gate, things, "sample.txt.counts")
