"""Objects made by threads that have ended, and objects freed by another thread than made them,
which has ended, or is still there and does nothing.
"""

import gc
import sys
import threading

import truth

THREADS = 40
AT_A_TIME = 8
EACH = 500


class Kept:
    def __init__(self, number):
        self.number = [number]


class Given:
    __slots__ = ("big", "next")


class Handed:
    """Not its maker's any more: when it is freed, its memory is the maker's still."""
    __slots__ = ()


class Small:
    __slots__ = ()


made, taken, done = (threading.Semaphore(0) for unused in range(3))
kept = []
handing = []
handed = []
given = []
big = []


def make(number):
    mine = [Kept(i) for i in range(EACH)]
    theirs = [Given() for i in range(EACH)]
    for one in theirs:
        one.big = bytes(number * 4)
    small = [Small() for i in range(EACH)]
    # What stays of the small ones is between what is freed.
    kept.append((mine, small[::5]))
    given.append(theirs)
    big.append(bytearray(b"x" * (20000 * (1 + number % 9))))
    hand_over()
    del mine, theirs, one, small
    done.release()
    if number >= THREADS - AT_A_TIME:
        truth.stay()


def hand_over():
    ours = [Handed() for i in range(EACH)]
    handing.append(ours)
    made.release()
    taken.acquire()
    ours.clear()


def main():
    gc.disable()
    for start in range(0, THREADS, AT_A_TIME):
        threads = [threading.Thread(target=make, args=(i,))
                   for i in range(start, start + AT_A_TIME)]
        for thread in threads:
            thread.daemon = True
            thread.start()
        for thread in threads:
            made.acquire()
        handed.extend(map(list, handing))
        handing.clear()
        for thread in threads:
            taken.release()
        for thread in threads:
            done.acquire()
        if start < THREADS - AT_A_TIME:
            for thread in threads:
                thread.join()
    # Freed here, by a thread that has not made them; every third is left.
    for theirs in given:
        theirs[:] = theirs[::3]
    # Where there is no GIL those that are let go of live until their maker sees to it.
    still_there = sum(isinstance(one, Given) for one in gc.get_objects())
    counts = {"Kept": THREADS * EACH, "Given": still_there,
              "Handed": THREADS * len(range(0, EACH, 3)), "Small": THREADS * len(range(0, EACH, 5))}
    assert counts["Given"] == sum(map(len, given)) or truth.FREE_THREADED
    sizes = {"Kept": sys.getsizeof(kept[0][0][0]), "Given": sys.getsizeof(given[0][0]),
             "Handed": sys.getsizeof(handed[0][0]), "Small": sys.getsizeof(kept[0][1][0])}
    truth.write({"types": {"__main__." + name: [counts[name], counts[name] * sizes[name]]
                           for name in counts},
                 "big": {hex(id(one)): sys.getsizeof(one) for one in big}})
    # The asking takes back what is freed, so what is freed afterwards is known and not asked for.
    blocks = sys.getallocatedblocks()
    for ours in handed:
        for i in range(EACH):
            if i % 3:
                ours[i] = None
                blocks -= 1
    truth.ready({"blocks": blocks})
    truth.stay()


main()
