# -*- coding: utf-8 -*-
"""One of each builtin kind of object, and what CPython says of all objects there are.

Writes zoo.txt for check_objects. A line each:

    L runtime type-type hexversion
    O address type-address sizeof tracked refcount name
    R referent referent ...        of the object above
    V repr, as UTF-8 in hex        of the object above
"""

import _random
import abc
import array
import bz2
import codecs
import cPickle
import collections
import csv
import cStringIO
import ctypes
import datetime
import decimal
import email.message
import fractions
import functools
import gc
import hashlib
import heapq
import io
import itertools
import json.scanner
import mmap
import numbers as numbers_module
import operator
import os
import pyexpat
import Queue
import random
import re
import select
import socket
import sqlite3
import string
import StringIO
import struct
import sys
import tempfile
import threading
import types
import uuid
import weakref
import zipfile
import zlib
import xml.etree.cElementTree

import describe
import truth

gc.disable()


class Plain(object):
    def __init__(self):
        self.first = 1
        self.second = "two"

    def method(self):
        return self


class Slotted(object):
    __slots__ = ("left", "right", "unset")

    def __init__(self):
        self.left = [1]
        self.right = {"a": 1}


class Both(Slotted):
    pass


class Meta(type):
    pass


class WithMeta(object):
    """A docstring that the class keeps a copy of."""
    __metaclass__ = Meta


class Classic:
    first = 1

    def __init__(self):
        self.second = [2]

    def method(self):
        return self


class ClassicChild(Classic):
    def __getattr__(self, name):
        return name


class Long(long):
    pass


class Unicode(unicode):
    pass


class Int(int):
    pass


class Str(str):
    pass


class Tuple(tuple):
    pass


class List(list):
    __slots__ = ("extra",)


class Dict(dict):
    pass


class DefaultDict(collections.defaultdict):
    pass


class Deque(collections.deque):
    pass


class Float(float):
    pass


class Set(set):
    pass


class SlotsAndDict(object):
    __slots__ = ("slot", "__dict__", "__weakref__")

    def __init__(self):
        self.slot = [1]
        self.other = [2]


class Error(ValueError):
    pass


class Callable(object):
    def __call__(self):
        pass


class function(object):
    """A class that has a builtin's name."""

    def __init__(self):
        self.x = 1


Point = collections.namedtuple("Point", "x y")


def raised(exc):
    try:
        raise exc
    except type(exc) as e:
        return e


def outer(a, b=[1]):
    c = [a]

    def inner():
        return c, b

    return inner


def numbers(n):
    got = []
    for i in range(n):
        got.append(i)
        yield got


def with_dict(**kw):
    o = Plain()
    o.__dict__
    o.__dict__.update(kw)
    return o


def deleted():
    o = Plain()
    del o.first
    o.third = 3
    return o


def many_attrs(n):
    o = Plain()
    for i in range(n):
        setattr(o, "attr%d" % i, i)
    return o


def dict_with_holes():
    d = {str(i): i for i in range(100)}
    for i in range(50):
        del d[str(i)]
    return d


def set_with_holes():
    s = set(range(200))
    for i in range(100):
        s.discard(i)
    return s


def wide(n):
    d = collections.deque()
    for i in range(n):
        d.append(i)
    for i in range(n // 2):
        d.popleft()
    return d


def started(gen):
    next(gen)
    return gen


def finished():
    g = numbers(1)
    list(g)
    return g


def encoded(text):
    """It keeps what it was encoded to."""
    buffer(text)
    return text


def with_frame():
    held = [1, 2]
    return sys._getframe()


def with_attr(o):
    o.attr = [5]
    return o


def filled(queue):
    for i in range(20):
        queue.put([i])
    for i in range(15):
        queue.get()
    for i in range(12):
        queue.put([i])
    return queue


def last_slot_set():
    many = type("ManySlots", (), {"__slots__": ["slot%d" % i for i in range(300)]})()
    many.slot0 = [1]
    many.slot299 = [2]
    return many


tree = xml.etree.cElementTree.fromstring("<a x='1'>1<b/>2<c>3</c><d/><d/><d/><d/><d/></a>")
tees = itertools.tee(iter([[1], [2], [3]]))
next(tees[0])
ordered = collections.OrderedDict((i, str(i)) for i in range(20))
defaulted = collections.defaultdict(list, a=[1])
inner = outer("value")
plain = Plain()
bio = io.BytesIO(b"x" * 100)
bio.seek(0, 2)
bio.write(b"more" * 100)
sio = io.StringIO(u"text")
sio.seek(2)
sio.write(u"abc")
opened = open(os.devnull, "rb")
rw = open(os.devnull, "w")


class Zone(datetime.tzinfo):
    def utcoffset(self, when):
        return datetime.timedelta(0)

    dst = utcoffset


zone = Zone()
mv = memoryview(bytearray(b"hello"))
ba = bytearray(b"hello world")
del ba[:3]
error = raised(Error("x", 1))
os_error = raised(OSError(2, "No such file", "/nowhere"))
lock = threading.Lock()
local = threading.local()
local.value = [1]

written = cStringIO.StringIO()
written.write("x" * 1000)

values = [
    None, True, False, Ellipsis, NotImplemented,
    0, 1, -1, 255, 256, 257, 1 << 29, 1 << 30, -(1 << 30), (1 << 60) - 1, 1 << 62, -(1 << 63),
    (1 << 63) - 1, Int(5), 1 << 35,
    1L, 0L, -(1L << 90), Long(5), 0x7fffffff, -(1 << 62) - 1, sys.maxint, -sys.maxint - 1,
    0.0, -0.0, 1.0, 0.1, 1e16, 1e15, 123456789012345680.0, 1e-4, 1e-5, 3.141592653589793,
    float("inf"), float("-inf"), 1.5e300, 2.5e-300, 9007199254740993.0, 1e22, 123456.789,
    1j, 1 + 2j, -1.5 - 0.0j, complex(0.0, -2),
    u"", u"a", u"it's", u'a "quote"', u"both ' and \"", u"\x00\x7f\t", u"é", u"日本", u"😀 face", u"\ud800 alone",
    "", "a", "abc", "it's", 'a "quote"', "both ' and \"", "line\nbreak\t\\", "\x00\x1f\x7f", "é",
    "\xa0\xad", "日本", "😀 face", "x" * 100, "mixed é日😀",
    "\x00\xff\n", "x" * 40, xrange(5), xrange(2, 9), xrange(1, 10, 2), Classic, type(Classic), bytearray(b"abc"), ba,
    (), (1,), (1, "two", None), [], [1, [2, [3]]], {}, {"a": 1, 2: [3]}, {1: 2},
    set(), {1}, frozenset(), frozenset([1]), {"nested": {"deep": [()]}},
    int, dict, type, Plain, collections.deque, ValueError,
    sys, os, sys.stdin, u"nested", [u"é", 5L, Classic], KeyError("k"), ValueError(), ValueError(1, u"x"),
    open(os.devnull), Classic().method, Classic.method, Plain.method,
]
zoo = [
    values, plain, with_dict(more=1), deleted(), many_attrs(3), many_attrs(60), Slotted(), Both(),
    WithMeta(), WithMeta, Meta, Int(1 << 40), Str("subclass"), Unicode(u"sub"), Long(5), Classic(), ClassicChild(), Classic, ClassicChild,
    buffer("abc"), file, opened, cStringIO.StringIO("in"), written, encoded(u"text"), Tuple((1, 2)),
    List([1]), Dict(a=1), DefaultDict(list), Deque([1]), Float(1.5), Set([1]), function(),
    dict_with_holes(), set_with_holes(), ordered, defaulted, wide(10), wide(1000), wide(64),
    collections.deque(), collections.deque([1]), collections.deque(range(65), maxlen=70),
    collections.Counter("abcabc"),
    Point(1, 2), Point, os.stat("/"), sys.flags, sys.version_info, os.times(),
    inner, outer, plain.method, len, [].append, "".join, dict.fromkeys, str.join, int.__add__,
    type.__dict__["__mro__"], Plain.method, Classic().method, Classic.method, plain.__init__, int.__cmp__, (5).__add__, Slotted.left, property(lambda self: 1), staticmethod(len),
    classmethod(len), Plain.__dict__,
    numbers(3), started(numbers(3)), finished(), (x for x in [1]),
    outer.__code__, compile("x = 1\ny = 2", "<zoo>", "exec"), inner.__closure__, inner.__closure__[0], with_frame(),
    weakref.ref(plain), weakref.ref(plain, len), weakref.proxy(plain), weakref.WeakSet([plain]),
    weakref.WeakValueDictionary(a=plain), error, os_error, sys.exc_info(),
    raised(KeyError("k")), raised(StopIteration([1])), raised(ImportError("m")),
    raised(UnicodeDecodeError("utf-8", "x", 0, 1, "why")), SyntaxError("m", ("f", 1, 2, "t")),
    SystemExit(3), slice(1, [2], None), xrange(10), range(10), iter([1]), iter((1,)),
    iter({}), {1: 2}.iteritems(), {1: 2}.viewkeys(), enumerate([1]), itertools.izip([1], [2]), itertools.imap(len, [[]]),
    itertools.ifilter(None, [1]), reversed([1]), iter(set()), super(Both, Both()),
    array.array("i", [1, 2, 3]), array.array("d"), functools.partial(len, [1], x=2), functools.partial(outer), bio, sio, opened, rw, sys.stdout, mv, memoryview(b"abc"),
    datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 1, tzinfo=zone),
    datetime.time(1), datetime.time(1, tzinfo=zone), datetime.date(2020, 1, 1),
    datetime.timedelta(1), zone, lock, threading.RLock(), local,
    threading.current_thread(), re.compile("a(b)?"), re.match("(a)", "a"), types.ModuleType("made"), ctypes.c_int(5), (ctypes.c_int * 4)(1, 2),
    object(), collections, sys.modules,
    bytearray(), bytearray(1000), u"\u0100" * 10, u"\U00010000" * 3, u"\xe9" * 5,
]
zoo += [
    SlotsAndDict(), last_slot_set(), with_attr(Tuple([1])), with_attr(Int(1 << 40)), with_attr(Long(1 << 100)), with_attr(Unicode(u"x")),
    with_attr(Error(1)), tree, list(tree),
    filled(Queue.Queue()), tees, itertools.chain([1], [2]), itertools.cycle([1]),
    itertools.islice([1], 1), itertools.groupby([1]),
    operator.itemgetter(1), operator.attrgetter("a.b"), decimal.Decimal("1.5"),
    iter(collections.deque([1])), iter("abc"),
    io.TextIOWrapper(io.BytesIO()), io.BufferedRWPair(io.BytesIO(), io.BytesIO()),
    io.FileIO(os.devnull), type("Documented", (dict,), {"__doc__": "x" * 2000}),
    threading.Event(),
]
zoo += [
    itertools.compress([1], [1]), itertools.combinations([[1], [2]], 1),
    itertools.combinations_with_replacement([[1]], 2), itertools.permutations([[1], [2]]),
    itertools.product([[1]], [[2]]), itertools.repeat([1]), itertools.starmap(len, [[[]]]),
    itertools.takewhile(len, [[1]]), started(itertools.dropwhile(len, [[], [1]])),
    itertools.count(1 << 70), itertools.ifilterfalse(len, [[1]]), itertools.izip_longest([1], [[2]]),
    started(itertools.groupby([[1], [1]])), next(itertools.groupby([[1]])), itertools.count(5),
    started(itertools.cycle([[1], [2]])), {1: 2}.viewvalues(), {1: 2}.viewitems(),
    {1: 2}.itervalues(), {1: 2}.iterkeys(), reversed((1,)), reversed(xrange(3)), iter(xrange(3)),
    iter(Classic().method, 5), iter(set([1])), iter(frozenset([1])), iter(bytearray(b"a")),
    operator.methodcaller("x", 1), csv.reader([]), csv.writer(rw), csv.Dialect,
    json.JSONDecoder(), json.JSONEncoder(), json.scanner.make_scanner(json.JSONDecoder()),
    sqlite3.connect(":memory:"), cPickle.Pickler(rw), cPickle.Unpickler(opened),
    struct.Struct("iii"), mmap.mmap(-1, 4096), zlib.compressobj(), zlib.decompressobj(),
    bz2.BZ2Compressor(), bz2.BZ2Decompressor(), socket.socket(), select.epoll(), select.poll(),
    pyexpat.ParserCreate(), re.compile("a").scanner("aaa"), re.finditer("a", "aa"), decimal.getcontext(),
    super(Both), super(Slotted, Both), functools.partial(len), weakref.proxy(Callable()),
    os.popen("true"), codecs.getincrementaldecoder("utf-8")(), codecs.lookup("utf-8"), Exception(),
    ctypes.pointer(ctypes.c_int(1)), ctypes.c_char_p("abc"), ctypes.py_object([1]),
    ctypes.CFUNCTYPE(None)(function), ctypes.create_string_buffer(10), _random.Random(), hashlib.md5(),
    io.open(os.devnull), io.BufferedRandom(io.BytesIO()), io.IncrementalNewlineDecoder(None, True),
    IOError(2, "no", "/nowhere"), SyntaxError("m", ("f", 1, 2, "t")), UnicodeEncodeError("a", u"b", 0, 1, "c"),
    threading.Lock(), threading.Condition(), threading.Semaphore(), random.Random(), dict.__dict__,
    type("Slots", (), {"__slots__": ("a",)}), abc.ABCMeta("Abstract", (), {}), numbers_module.Number,
    heapq.nlargest, collections.OrderedDict().viewitems(), string.Template("$a"), uuid.uuid4(),
    fractions.Fraction(1, 3), tempfile.TemporaryFile(), zipfile, email.message.Message(), StringIO.StringIO("x"),
]
for i in range(5):
    made = Plain()
    made.number = i
    zoo.append(made)

def everything():
    found = list(gc.get_objects())
    ids = {id(o) for o in found}
    for o in list(found) + zoo + values:
        for r in gc.get_referents(o) + [type(o), o]:
            if id(r) not in ids:
                ids.add(id(r))
                found.append(r)
    # Not this frame, nor what it has found by itself: that is gone when it is.
    own = {id(sys._getframe()), id(found), id(ids)}
    others = [o for o in found if id(o) not in own]
    del found[:] # the frame is among what it has found: a cycle
    return others


def main():
    truth.write({})
    "".encode()  # so that the codec is not loaded after all has been told
    shown = {id(v) for v in values}
    # Some types are made ready when they are first asked for something.
    with open(os.devnull, "w") as nowhere:
        for o in everything():
            describe.describe(o, nowhere, shown)
    del o, nowhere
    ignored = {id(sys._getframe()), id(shown)}
    found = everything()
    ignored.add(id(found))
    with open("zoo.txt", "w") as out:
        ignored.add(id(out))
        describe.begin(out)
        found = [o for o in found if id(o) not in ignored and o is not found]
        for o in found:
            describe.describe(o, out, shown)
    del o
    found.append(object())  # that nothing else refers to
    truth.stay_still(None, found, "zoo.txt.counts")


main()
