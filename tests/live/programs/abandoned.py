"""Objects made by threads that have ended, and objects freed by another thread than made them."""

import gc
import sys
import threading

import truth

THREADS = 40
EACH = 500


class Kept:
    def __init__(self, number):
        self.number = [number]


class Given:
    __slots__ = ("big", "next")


class Small:
    __slots__ = ()


kept = []
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


def main():
    gc.disable()
    for start in range(0, THREADS, 8):
        threads = [threading.Thread(target=make, args=(i,)) for i in range(start, start + 8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    # Freed here, by a thread that has not made them; every third is left.
    for theirs in given:
        theirs[:] = theirs[::3]
    counts = {"Kept": THREADS * EACH, "Given": sum(map(len, given)),
              "Small": THREADS * len(range(0, EACH, 5))}
    sizes = {"Kept": sys.getsizeof(kept[0][0][0]), "Given": sys.getsizeof(given[0][0]),
             "Small": sys.getsizeof(kept[0][1][0])}
    truth.write({"types": {"__main__." + name: [counts[name], counts[name] * sizes[name]]
                           for name in counts},
                 "big": {hex(id(one)): sys.getsizeof(one) for one in big}})
    truth.ready({"blocks": sys.getallocatedblocks()})
    truth.stay()


main()
