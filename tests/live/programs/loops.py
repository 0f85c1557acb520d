"""Threads that run asyncio's loops, whose tasks wait; one loop has run, one never runs."""

import asyncio
import threading

import answers
import truth

LOOPS, HELD = {}, {}


class Held:
    pass


class Loop(asyncio.SelectorEventLoop):
    pass


async def waits(held):
    await asyncio.sleep(100000)
    del held


async def begins(loop, ready):
    """Only the loop's timers lead to these tasks."""
    name = threading.current_thread().name
    LOOPS[name], HELD[name] = hex(id(loop)), []
    for unused in range(3):
        held = Held()
        HELD[name].append(hex(id(held)))
        loop.create_task(waits(held))
    del held
    await asyncio.sleep(0)
    ready.set()


def run(ready):
    loop = Loop()
    asyncio.set_event_loop(loop)
    loop.create_task(begins(loop, ready))
    loop.run_forever()


async def nothing():
    pass


def main():
    for name in "one", "two":
        ready = threading.Event()
        threading.Thread(target=run, args=(ready,), name=name, daemon=True).start()
        ready.wait()
    HAS_RUN.run_until_complete(nothing())
    answers.begin()
    truth.write({"running": LOOPS, "held": HELD,
                 "others": [hex(id(HAS_RUN)), hex(id(NEVER_RUNS))]})


HAS_RUN, NEVER_RUNS = Loop(), Loop()
main()
truth.ready()
truth.stay()
