"""pandas, whose functions in Cython have the defaults of parameters in memory of their own.

The truth is which of these functions has which objects there: what it says to the collector that
is in no word of its body.
"""

import ctypes
import gc
import sys

import pandas

import truth

MOST = 5
# More references than that: it is one of those that are never freed, and nobody's.
FOR_EVER = 1 << 28


def body(function):
    """The words of it."""
    return set((ctypes.c_uint64 * (type(function).__basicsize__ // 8)).from_address(id(function)))


def is_static(thing):
    return thing is None or isinstance(thing, type) or sys.getrefcount(thing) > FOR_EVER


def behind(function):
    words = body(function) | {id(type(function))}
    return [thing for thing in gc.get_referents(function)
            if id(thing) not in words and not is_static(thing)]


def main():
    gc.disable()
    assert pandas
    functions = [thing for thing in gc.get_objects()
                 if type(thing).__name__.endswith("cython_function_or_method")
                 or type(thing).__name__ == "fused_cython_function"]
    defaults = [[function, behind(function)] for function in functions]
    found = [["0x%x" % id(function), "0x%x" % id(thing)]
             for function, things in defaults for thing in things]
    # Not all: each is asked for.
    truth.write({"defaults": found[:MOST], "n": len(found)})
    del functions, defaults
    truth.ready()
    truth.stay()


main()
