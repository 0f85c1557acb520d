# -*- coding: utf-8 -*-
"""Kinds of objects of counts.py that only Python 2 has."""

import os


class MyLong(long):
    pass


class MyBareLong(long):
    __slots__ = ()


class Classic:
    def __init__(self, number):
        self.number = number

    def method(self):
        return self


class ClassicChild(Classic):
    pass


class Callable(object):
    def bound(self):
        return self


def zoo():
    return {
        "long": [MyLong((1 << n % 200) * (-1) ** n) for n in range(431)],
        "bare long": [MyBareLong((1 << n % 200) * (-1) ** n) for n in range(433)],
        "zero long": [MyBareLong(0), MyLong(0)],
    }


def builtins():
    return {
        "long": [(1 << 70) + n for n in range(10000)],
        "unicode": [u"text %d" % n for n in range(5000)],
        "classic": [Classic(n) for n in range(3000)] + [ClassicChild(n) for n in range(500)],
        "classes": [type(Classic)("Made%d" % n, (Classic,), {}) for n in range(300)],
        "unbound": [Callable.bound for n in range(400)] + [Classic(n).method for n in range(400)],
        "files": [open(os.devnull) for n in range(100)],
        "buffer": [buffer("x" * n) for n in range(300)],
        "big unicode": u"b" * ((3 << 19) + 1),
    }
