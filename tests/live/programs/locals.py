# -*- coding: utf-8 -*-
"""Local variables of every kind of frame, and what repr() says of them."""

import functools
import sys
import threading

import truth

gate = threading.Lock()
gate.acquire()
frames = {}


class Shown(object):
    """A class body is a frame with a namespace of its own."""
    inside = {}


def arguments(first, second="zwei", *rest, **more):
    gate.acquire()


if sys.version_info >= (3,):
    exec("""def keyword_only(*, key=None, other):
        gate.acquire()""")


def unset():
    present = 1.5
    removed = "gone"
    del removed
    if not present:
        never = 1
    gate.acquire()
    late = 2


def cells(captured, plain=(1, 2)):
    also = [captured]

    def reader():
        return captured, also, later

    if not plain:
        later = None
    gate.acquire()


def free():
    outer = {"a": 1}
    other = b"bytes"

    def inner(argument):
        local = outer
        gate.acquire()
        return other

    inner(True)


def in_a_class_body():
    class Made(object):
        number = 1234567890123456789
        text = 'quotes " and \' and \\ and \n newline'
        gate.acquire()


def many():
    values = list(range(1000))
    text = "x" * 10000
    largest = 2 ** 62
    negative = -7
    nothing = None
    yes = True
    text8 = "größe"
    wide = u"größe 漢字 \U0001f40d"
    long = 1 << 70
    kind = dict
    cls = Shown
    empty = ()
    gate.acquire()


def in_a_generator():
    def numbers(limit):
        for count in range(limit):
            gate.acquire()
            yield count

    return list(numbers(3))


def in_recursion(depth, again="the same"):
    if depth:
        in_recursion(depth - 1)
    else:
        gate.acquire()


# Function: names of its local variables that have a value, and repr() where it is short.
EXPECTED = {
    "arguments": {"first": "1", "second": "'zwei'", "rest": "(3, 4)",
                  "more": "{'extra': [5]}"},
    "unset": {"present": "1.5"},
    "cells": {"captured": "'in a cell'", "plain": "(1, 2)", "also": "['in a cell']", "reader": None},
    "free": {"outer": "{'a': 1}", "other": repr(b"bytes"), "inner": None},
    "inner": {"argument": "True", "local": "{'a': 1}", "outer": "{'a': 1}",
              "other": repr(b"bytes")},
    "in_a_class_body": {},
    "Made": {"number": "1234567890123456789",
             "text": repr('quotes " and \' and \\ and \n newline'), "__module__": "'__main__'"},
    "many": {"values": None, "text": None, "largest": "4611686018427387904", "negative": "-7",
             "nothing": "None", "yes": "True", "text8": repr("größe"),
             "wide": repr(u"größe 漢字 \U0001f40d"), "long": repr(1 << 70),
             "kind": repr(dict), "cls": repr(Shown), "empty": "()"},
    "in_a_generator": {"numbers": None},
    "numbers": {"limit": "3", "count": "0"},
}
if sys.version_info >= (3,):
    EXPECTED["keyword_only"] = {"key": "None", "other": "5"}
    EXPECTED["Made"]["__qualname__"] = "'in_a_class_body.<locals>.Made'"


def main():
    calls = [functools.partial(arguments, 1, "zwei", 3, 4, extra=[5]), unset,
             functools.partial(cells, "in a cell"), free, in_a_class_body, many, in_a_generator,
             functools.partial(in_recursion, 50)]
    if sys.version_info >= (3,):
        calls.append(functools.partial(keyword_only, other=5))
    for call in calls:
        truth.begin(call)
    truth.write({"locals": EXPECTED, "recursion": 50})
    truth.ready()
    truth.stay()


if __name__ == "__main__":
    main()
