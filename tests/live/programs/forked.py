"""A thread that runs an event loop, and a child of it that has all this in memory, and runs none.

The truth is what the interpreter says in each of the two.
"""

import asyncio
import os
import sys

import truth


class Loop(asyncio.SelectorEventLoop):
    pass


def is_running():
    return asyncio._get_running_loop() is not None


async def divide():
    inside, outside = os.pipe()
    told, tells = os.pipe()
    child = os.fork()
    if not child:
        os.close(outside)
        os.write(tells, b"1" if is_running() else b"0")
        os.read(inside, 1) # until the parent is gone
        os._exit(0)
    truth.write({"child": child, "loop": hex(id(LOOP)), "runs": is_running(),
                 "runs in the child": os.read(told, 1) == b"1"})
    truth.ready()
    truth.stay()


LOOP = Loop()
LOOP.run_until_complete(divide())
sys.exit(1)
