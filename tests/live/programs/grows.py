"""A program that grows by known numbers of objects, a step at a time, when it is told to."""

import gc
import json
import os
import sys
import threading

import truth


class Grown(object):
    """Each alone holds its payload."""
    __slots__ = ("payload",)

    def __init__(self, number):
        self.payload = b"secret payload %d " % number * 20


class Gone(Grown):
    __slots__ = ()


class Fresh(Grown):
    __slots__ = ()


class Passing(Grown):
    __slots__ = ()


KINDS = (Grown, Gone, Fresh, Passing)
KEPT = {kind: [] for kind in KINDS}


def add(kind, count):
    KEPT[kind].extend([kind(number) for number in range(count)])


def sums():
    """Of each type: objects, their bytes, and what they retain."""
    out = {}
    for kind in KINDS:
        own = sum(map(sys.getsizeof, KEPT[kind]))
        payloads = sum(sys.getsizeof(thing.payload) for thing in KEPT[kind])
        out[truth.name_of(kind)] = [len(KEPT[kind]), own, own + payloads]
    return out


def first():
    add(Grown, 1000)
    add(Passing, 50)
    add(Fresh, 7)
    del KEPT[Gone][:]


def second():
    # What took the place of another of its type would be taken for it.
    add(Grown, 10)
    del KEPT[Passing][:]


def serve():
    for step in (first, second):
        with open("ask") as pipe:
            pipe.read()
        step()
        gc.collect()
        with open("answer", "w") as pipe:
            pipe.write(json.dumps(sums()))
    truth.stay()


def main():
    gc.disable()
    os.mkfifo("ask")
    os.mkfifo("answer")
    add(Grown, 100)
    add(Gone, 30)
    truth.write({"sums": sums()})
    server = threading.Thread(target=serve, name="secret thread")
    server.daemon = True
    server.start()


# A name that is no value, and a key, which is one.
main.attribute_of_main = {"secret key": None}
main()
truth.ready()
truth.stay()
