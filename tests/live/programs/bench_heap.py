"""A leaky cache of N times 2.8 million objects, about 70 bytes each: users, sessions, entries.

    bench_heap.py N [abort]

N may be a fraction. Says "ready" when the heap is built and stays, or aborts
to leave a core.
"""

import gc
import os
import sys
import threading

import truth

OBJECTS = 2800000


class User:
    def __init__(self, number):
        self.number = number
        self.name = "user %d" % number
        self.sessions = []


class Session:
    def __init__(self, user, number):
        self.user = user
        self.token = "token %08d" % number
        self.entries = []


class Entry:
    __slots__ = ("key", "value", "place")

    def __init__(self, number, session):
        self.key = "https://shop.example.org/catalogue/articles/%08d?%s" % (number, session.token)
        self.value = number + 0.5
        self.place = (number + 100000, session.token)


def fill(cache, number):
    """One user and what it holds. Returns how many objects those are."""
    user = User(number)
    # The user, its number, name and list; the dicts that some releases make do not count.
    objects = 4
    for unused in range(2):
        number += 1
        session = Session(user, number)
        user.sessions.append(session)
        objects += 3
        for index in range(6):
            session.entries.append(Entry(number * 8 + index, session))
            # The entry, its key, value and place, and the number in that.
            objects += 5
    cache[user.name] = user
    return objects


def main():
    target = int(OBJECTS * float(sys.argv[1])) if len(sys.argv) > 1 else OBJECTS
    # Nothing in here is garbage, and looking for some takes longer than building.
    gc.disable()
    cache = {}
    objects = number = 0
    while objects < target:
        objects += fill(cache, number)
        number += 100
    for name in range(3):
        idle = threading.Thread(target=truth.stay, name="idle %d" % name)
        idle.daemon = True
        idle.start()
    truth.write({"objects": objects, "users": len(cache), "sessions": 2 * len(cache),
                 "entries": 12 * len(cache)})
    truth.ready()
    if "abort" in sys.argv:
        os.abort()
    truth.stay()


main()
