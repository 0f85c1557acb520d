"""A second interpreter in the process, with a thread that runs code in it and stays there."""

import importlib
import os
import sys
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
        import _testcapi  # to 3.7
        getattr(_testcapi, "run_in_subinterp", run_in_subinterpreter)(code)


def run_in_subinterpreter(code):
    """2.7 has no such function. Not a line of ours may run between the two calls, and no
    other thread."""
    import ctypes
    make, run = ctypes.pythonapi.Py_NewInterpreter, ctypes.pythonapi.PyRun_SimpleString
    sys.setcheckinterval(1 << 30)
    make()
    run(code)


thread = threading.Thread(target=enter, name="enters")
thread.daemon = True
tid = truth.start(thread)
os.read(arrived_read, 1)
truth.write({"tid": tid, "function": "elsewhere", "type": "__main__.OnlyThere",
             "count": COUNT})
truth.ready()
truth.stay()
