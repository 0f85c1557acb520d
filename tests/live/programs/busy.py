"""A process that never rests: named workers that call and return, and threads that come and go."""

import threading
import time

import truth

WORKERS = 20
DEPTH = 8
# Of threading, below run().
OUTERMOST = [name for name in ("__bootstrap_inner", "__bootstrap")
             if hasattr(threading.Thread, "_Thread" + name)] or ["_bootstrap_inner", "_bootstrap"]


def work(depth):
    if depth:
        return work(depth - 1)
    time.sleep(0.0005)
    return sum(range(200))


def worker():
    while True:
        for depth in range(DEPTH + 1):
            work(depth)


def comes_and_goes():
    time.sleep(0.001)


def churn():
    while True:
        threads = [threading.Thread(target=comes_and_goes, name="brief") for unused in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


threading.stack_size(1 << 20)
for number in range(WORKERS):
    started = threading.Thread(target=worker, name="worker %d" % number)
    started.daemon = True
    started.start()
truth.write({"workers": ["worker %d" % number for number in range(WORKERS)], "depth": DEPTH,
             "outermost": OUTERMOST})
truth.ready()
churn()
