"""What a real program writes down of itself in the end: counts by type, and some of each type in full."""

import gc
import sys
import threading

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
        if number < SAMPLE:
            self.kept_of[type(thing)] = number + 1
            self.kept.append(thing)


def counts(census, frames):
    by_name = {}
    for kind, row in reach.count(census, frames).items():
        total = by_name.setdefault(truth.name_of(kind), [0, 0, 0])
        for column, number in enumerate(row):
            total[column] += number
    return by_name


def describe_all(things):
    with open("sample.txt", "w", encoding="utf-8") as out:
        describe.begin(out)
        for thing in things:
            describe.describe(thing, out)


def tell_and_stay(*kept):
    """@p kept is what the program wants to keep alive."""
    gc.collect()
    gc.disable()
    gate = threading.Lock()
    # What the telling itself makes once and keeps is there before the count.
    truth.write({})
    frames = list(reach.running_frames())
    census = Sampling()
    counts(census, frames)
    sample = census.kept
    del census
    describe_all(sample)
    truth.write({"types": counts(reach.Census(), frames)})
    truth.ready({"blocks": sys.getallocatedblocks()})
    truth.stay(gate)
