"""Several interpreters in one process, each with a thread that runs code in it and stays there."""

import importlib
import json
import os
import threading

import truth

for name in "_interpreters", "_xxsubinterpreters":
    try:
        interpreters = importlib.import_module(name)
        break
    except ImportError:
        interpreters = None

INTERPRETERS = 3

# The code of another interpreter has no way to our objects: it gets a pipe to tell its
# truth, and reads from one that nobody writes to.
CODE = """
import gc
import json
import os
import sys

class OnlyThere%(number)d:
    pass

class Target:
    pass

class Holder:
    def __init__(self):
        self.target = Target()

def elsewhere_%(number)d():
    known = gc.get_referents(int.__dict__)
    truth = {
        "count": len(kept),
        "holder": hex(id(holder)),
        "target": hex(id(holder.target)),
        "dict_of_int": hex(id(known[0])),
        "refcounts": {hex(id(thing)): [sys.getrefcount(thing) - asking, sys.getsizeof(thing)]
                      for thing in kept},
    }
    os.write(%(write)d, json.dumps(truth).encode() + b"\\n")
    os.read(%(read)d, 1)

kept = [OnlyThere%(number)d() for unused in range(10 + %(number)d)]
# Some have more than one reference.
several = kept[:%(number)d] * 2
holder = Holder()
# What the asking itself adds to a count differs between releases.
asking = [sys.getrefcount(thing) for thing in [object()]][0] - 1
elsewhere_%(number)d()
"""


class Target:
    pass


class Holder:
    def __init__(self):
        self.target = Target()


def enter(number, write, read):
    code = CODE % {"number": number, "write": write, "read": read}
    if interpreters:
        interpreters.run_string(interpreters.create(), code)
    else:
        import _testcapi  # to 3.7
        _testcapi.run_in_subinterp(code)


def read_line(pipe):
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(pipe, 65536)
    return json.loads(line)


holder = Holder()
never = os.pipe()
others = []
for number in range(INTERPRETERS):
    tell = os.pipe()
    thread = threading.Thread(target=enter, name="enters %d" % number, daemon=True,
                              args=(number, tell[1], never[0]))
    tid = truth.start(thread)
    others.append(dict(read_line(tell[0]), tid=tid))
truth.write({"others": others, "holder": hex(id(holder)), "target": hex(id(holder.target))})
truth.ready()
truth.stay()
