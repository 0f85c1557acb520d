"""Leaks of every shape, each alone more than a tenth of the heap, and how much each holds.

What goes with each is found as the collector tells it: all that is reached from it and is
of its making, for nothing else refers to that.
"""

import gc
import sys
import threading

import answers
import truth

COUNT = 2500
FIRST = 1000000  # ints that nobody else has
NAMES = ("number", "payload", "next", "sessions")


def zeros(count):
    return bytes(bytearray(count))


class Entry(object):
    def __init__(self, number):
        self.number = number
        self.payload = zeros(900)


class Shared(Entry):
    pass


class Link(Entry):
    next = None


class Cache(object):
    CACHE = {}


class Service(object):
    def __init__(self):
        self.sessions = []


SERVICE = Service()
BY_NAME = {}
ORDER = []
BLOB = zeros(2700000)
CHAIN = None
FAR = []  # of the address of what is at the end of the chain
PARTS = (Entry, dict, list, str, bytes, int)


def fill():
    global CHAIN
    for number in range(FIRST, FIRST + COUNT):
        Cache.CACHE["key %d" % number] = Entry(number)
    SERVICE.sessions.extend(entries(2 * FIRST))
    for number in range(3 * FIRST, 3 * FIRST + COUNT):
        ORDER.append(Shared(number))
        BY_NAME["name %d" % number] = ORDER[-1]
    for number in range(4 * FIRST, 4 * FIRST + COUNT):
        link = Link(number)
        if CHAIN is None:
            link.payload = zeros(100000)
            FAR.append(answers.address(link.payload))
        link.next = CHAIN
        CHAIN = link


def entries(first):
    return [Entry(number) for number in range(first, first + COUNT)]


def works(ready, gate, told):
    rows = entries(5 * FIRST)
    told.append(answers.address(rows))
    told.append(owned(rows))
    ready.set()
    gate.acquire()
    return rows


def referents(thing):
    if isinstance(thing, dict):
        return list(thing) + list(thing.values())
    return [] if isinstance(thing, (str, bytes, int)) else gc.get_referents(thing)


def owned(thing):
    """Bytes of all that goes with it."""
    seen, left, total = set(), [thing], 0
    while left:
        at = left.pop()
        # Classes, their attributes' names and the like others hold as well.
        if (id(at) in seen or not isinstance(at, PARTS)
                or (isinstance(at, str) and at in NAMES)):
            continue
        seen.add(id(at))
        total += sys.getsizeof(at)
        left.extend(referents(at))
    return total


def told_of(thing, expression, kind="object", items=None):
    return {"kind": kind, "type": truth.name_of(type(thing)), "address": answers.address(thing),
            "retained": owned(thing), "count": 1, "items": items, "expression": expression}


def main():
    ready, gate, told = threading.Event(), threading.Lock(), []
    gate.acquire()
    fill()
    truth.start(threading.Thread(target=works, args=(ready, gate, told), name="worker"))
    ready.wait()
    module = "sys.modules['__main__']."
    suspects = [
        told_of(Cache.CACHE, module + "Cache.__dict__['CACHE']", items=["__main__.Entry", COUNT]),
        told_of(SERVICE.sessions, module + "SERVICE.sessions", items=["__main__.Entry", COUNT]),
        told_of(BLOB, module + "BLOB"),
        told_of(CHAIN, module + "CHAIN", kind="structure"),
        {"kind": "object", "type": "list", "address": told[0], "retained": told[1], "count": 1,
         "items": ["__main__.Entry", COUNT], "expression": None},
        {"kind": "group", "type": "__main__.Shared", "address": None, "count": COUNT,
         "items": None, "retained": sum(owned(entry) for entry in ORDER), "expression": None},
    ]
    suspects[3]["count"] = COUNT
    answers.begin()
    truth.write({"suspects": suspects, "far": FAR[0],
                 "holders": {answers.address(BY_NAME): module + "BY_NAME",
                             answers.address(ORDER): module + "ORDER"}})


main()
gc.collect()
truth.ready()
truth.stay()
