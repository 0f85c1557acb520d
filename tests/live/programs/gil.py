"""One thread holds the GIL and never lets go; the others want it, or do not."""

import ctypes
import sys
import threading
import time

import truth

if sys.argv[1:] == ["switched_on"]:
    # As a module of C code does that is not made for doing without.
    truth.become_one_with("PYTHON_GIL", "1")
libc_with_gil = ctypes.PyDLL(None)
threading.stack_size(1 << 20)
gate = threading.Lock()
gate.acquire()
tids = {}


def holder():
    tids["holder"] = truth.native_id()
    while len(tids) < 4:
        time.sleep(0.01)
    # The waiter asks for the GIL while the holder has it.
    time.sleep(0.2)
    truth.write({"tids": tids})
    truth.ready()
    libc_with_gil.sleep(1000000)


def waiter():
    tids["waiter"] = truth.native_id()
    while True:
        time.sleep(0.001)


def sleeper():
    tids["sleeper"] = truth.native_id()
    gate.acquire()


tids["main"] = truth.native_id()
for target in holder, waiter, sleeper:
    started = threading.Thread(target=target, name=target.__name__)
    started.daemon = True
    started.start()
gate.acquire()
