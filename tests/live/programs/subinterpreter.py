"""A second interpreter in the process, with a thread that runs code in it and stays there."""

import importlib
import os
import threading

import truth

for name in "_interpreters", "_xxsubinterpreters":
    try:
        interpreters = importlib.import_module(name)
        break
    except ImportError:
        interpreters = None

# The code of the other interpreter has no way to our objects: it gets a pipe
# to say that it has arrived, and reads from one that nobody writes to.
arrived_read, arrived_write = os.pipe()
never_read, never_write = os.pipe()

CODE = """
import os

class OnlyThere(object):
    pass

kept = [OnlyThere() for unused in range(%d)]

def elsewhere():
    os.write(%d, b"x")
    os.read(%d, 1)

elsewhere()
"""
COUNT = 77


def enter():
    code = CODE % (COUNT, arrived_write, never_read)
    if interpreters:
        interpreters.run_string(interpreters.create(), code)
    else:
        truth.run_in_subinterpreter(code)


thread = threading.Thread(target=enter, name="enters")
thread.daemon = True
tid = truth.start(thread)
os.read(arrived_read, 1)
truth.write({"tid": tid, "function": "elsewhere", "type": "__main__.OnlyThere",
             "count": COUNT})
truth.ready()
truth.stay()
