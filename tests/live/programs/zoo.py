"""One of each builtin kind of object, and what CPython says of all objects there are.

Writes zoo.txt for check_objects. A line each:

    L runtime type-type hexversion build
    O address type-address sizeof tracked refcount name
    R referent referent ...        of the object above
    V repr, as UTF-8 in hex        of the object above
    T tp_name                      a type of C code of which there is no instance
    N types                        of C code in all
    F why                          something could not be made
"""

import array
import asyncio
import collections
import ctypes
import datetime
import decimal
import enum
import functools
import gc
import io
import itertools
import operator
import os
import queue
import re
import sys
import threading
import types
import typing
import weakref
import xml.etree.ElementTree

import beasts
import describe
import truth

try:
    import contextvars
except ImportError:
    contextvars = None  # to 3.6

gc.disable()


class Plain:
    def __init__(self):
        self.first = 1
        self.second = "two"

    def method(self):
        return self


class Slotted:
    __slots__ = ("left", "right", "unset")

    def __init__(self):
        self.left = [1]
        self.right = {"a": 1}


class Both(Slotted):
    pass


class Meta(type):
    pass


class WithMeta(metaclass=Meta):
    """A docstring that the class keeps a copy of."""


class Int(int):
    pass


class Str(str):
    pass


class Bytes(bytes):
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


class SlotsAndDict:
    __slots__ = ("slot", "__dict__", "__weakref__")

    def __init__(self):
        self.slot = [1]
        self.other = [2]


class Error(ValueError):
    pass


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class function:
    """A class that has a builtin's name."""

    def __init__(self):
        self.x = 1


Point = collections.namedtuple("Point", "x y")


def raised(exc):
    try:
        raise exc
    except type(exc) as e:
        return e


def outer(a, b=[1], *, key={}):
    c = [a]

    def inner():
        return c, b

    return inner


def numbers(n):
    got = []
    for i in range(n):
        got.append(i)
        yield got


async def waits(what):
    kept = what
    await asyncio.sleep(kept)


async def agen():
    for i in range(3):
        yield i


@functools.lru_cache(maxsize=8)
def cached(x):
    return [x]


@functools.lru_cache(maxsize=None)
def cached_all(x):
    return [x]


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


def task_zoo():
    coro = waits(1)
    return [coro, waits("never started")]


def utf8_cached(s):
    s.encode()
    ctypes.pythonapi.PyUnicode_AsUTF8.restype = ctypes.c_char_p
    ctypes.pythonapi.PyUnicode_AsUTF8(ctypes.py_object(s))
    return s


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


def tuple_with_slots():
    try:
        kind = type("TupleWithSlots", (tuple,), {"__slots__": ("left", "right")})
    except TypeError:
        return ()  # to 3.14
    made = kind([[1], [2], [3]])
    made.left = [4]
    made.right = [5]
    return made


generic = list[int] if hasattr(list, "__class_getitem__") else typing.List[int]
context = []
if contextvars:
    variable = contextvars.ContextVar("variable", default=[1])
    context = [variable, variable.set([2]), contextvars.copy_context()]
tree = xml.etree.ElementTree.fromstring("<a x='1'>1<b/>2<c>3</c><d/><d/><d/><d/><d/></a>")
tees = itertools.tee(iter([[1], [2], [3]]))
next(tees[0])
ordered = collections.OrderedDict((i, str(i)) for i in range(20))
defaulted = collections.defaultdict(list, a=[1])
inner = outer("value")
plain = Plain()
bio = io.BytesIO(b"x" * 100)
bio.seek(0, 2)
bio.write(b"more" * 100)
sio = io.StringIO("text")
sio.seek(2)
sio.write("abc")
opened = open(os.devnull, "rb")
rw = open(os.devnull, "w")
mv = memoryview(bytearray(b"hello"))
ba = bytearray(b"hello world")
del ba[:3]
error = raised(Error("x", 1))
os_error = raised(OSError(2, "No such file", "/nowhere"))
lock = threading.Lock()
local = threading.local()
local.value = [1]

for i in range(20):
    cached(i)
    cached_all(i)

values = [
    None, True, False, Ellipsis, NotImplemented,
    0, 1, -1, 255, 256, 257, 1 << 29, 1 << 30, -(1 << 30), (1 << 60) - 1, 1 << 62, -(1 << 63),
    (1 << 63) - 1, Int(5), 1 << 35,
    0.0, -0.0, 1.0, 0.1, 1e16, 1e15, 123456789012345680.0, 1e-4, 1e-5, 3.141592653589793,
    float("inf"), float("-inf"), 1.5e300, 2.5e-300, 9007199254740993.0, 1e22, 123456.789,
    1j, 1 + 2j, -1.5 - 0.0j, complex(0.0, -2),
    "", "a", "abc", "it's", 'a "quote"', "both ' and \"", "line\nbreak\t\\", "\x00\x1f\x7f", "é",
    "\xa0\xad", "日本", "😀 face", "x" * 100, "mixed é日😀",
    b"", b"a", b"it's", b"\x00\xff\n", b"x" * 40, bytearray(b"abc"), ba,
    (), (1,), (1, "two", None), [], [1, [2, [3]]], {}, {"a": 1, 2: [3]}, {1: 2},
    set(), {1}, frozenset(), frozenset([1]), {"nested": {"deep": [()]}},
    int, dict, type, Plain, collections.deque, ValueError,
    sys, os,
]
zoo = [
    values, plain, with_dict(more=1), deleted(), many_attrs(3), many_attrs(60), Slotted(), Both(),
    WithMeta(), WithMeta, Meta, Int(1 << 70), Str("subclass"), Bytes(b"bytes"), Tuple((1, 2)),
    List([1]), Dict(a=1), DefaultDict(list), Deque([1]), Float(1.5), Set([1]), function(),
    dict_with_holes(), set_with_holes(), ordered, defaulted, wide(10), wide(1000), wide(64),
    collections.deque(), collections.deque([1]), collections.deque(range(65), maxlen=70),
    collections.Counter("abcabc"), collections.ChainMap({}, {}), Color.RED, Color,
    Point(1, 2), Point, os.stat("/"), sys.flags, sys.version_info, os.times(),
    inner, outer, plain.method, len, [].append, "".join, dict.fromkeys, str.join, int.__add__,
    type.__dict__["__mro__"], Slotted.left, property(lambda self: 1), staticmethod(len),
    classmethod(len), types.MappingProxyType({}), Plain.__dict__,
    numbers(3), started(numbers(3)), finished(), task_zoo(), agen(), (x for x in [1]),
    outer.__code__, compile("x = 1\ny = 2", "<zoo>", "exec"), inner.__closure__, with_frame(),
    weakref.ref(plain), weakref.ref(plain, print), weakref.proxy(plain), weakref.WeakSet([plain]),
    weakref.WeakValueDictionary(a=plain), error, os_error, error.__traceback__,
    raised(KeyError("k")), raised(StopIteration([1])), raised(ImportError("m", name="n")),
    raised(UnicodeDecodeError("utf-8", b"x", 0, 1, "why")), SyntaxError("m", ("f", 1, 2, "t")),
    SystemExit(3), slice(1, [2], None), range(10), range(1 << 70), iter([1]), iter((1,)),
    iter({}), iter({1: 2}.items()), {1: 2}.keys(), enumerate([1]), zip([1], [2]), map(len, [[]]),
    filter(None, [1]), reversed([1]), iter(set()), super(Both, Both()),
    array.array("i", [1, 2, 3]), array.array("d"), functools.partial(len, [1], x=2), cached,
    cached_all, functools.partial(outer), bio, sio, opened, rw, sys.stdout, mv, memoryview(b"abc"),
    datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
    datetime.time(1), datetime.time(1, tzinfo=datetime.timezone.utc), datetime.date(2020, 1, 1),
    datetime.timedelta(1), datetime.timezone.utc, lock, threading.RLock(), local,
    threading.current_thread(), re.compile("a(b)?"), re.match("(a)", "a"), types.SimpleNamespace(a=1),
    generic, types.ModuleType("made"), ctypes.c_int(5), (ctypes.c_int * 4)(1, 2),
    utf8_cached("é cached"), object(), collections, asyncio, sys.modules,
    bytearray(), bytearray(1000), "\u0100" * 10, "\U00010000" * 3, "\xe9" * 5,
]
zoo += [
    SlotsAndDict(), last_slot_set(), tuple_with_slots(), with_attr(Tuple([1])), with_attr(Int(1 << 100)),
    with_attr(Error(1)), context, tree, list(tree),
    filled(getattr(queue, "SimpleQueue", queue.Queue)()), tees, itertools.chain([1], [2]), itertools.cycle([1]),
    itertools.islice([1], 1), itertools.groupby([1]), itertools.accumulate([1]),
    operator.itemgetter(1), operator.attrgetter("a.b"), decimal.Decimal("1.5"),
    typing.TypeVar("T"), typing.List[int], iter(collections.deque([1])), iter("abc"),
    io.TextIOWrapper(io.BytesIO()), io.BufferedRWPair(io.BytesIO(), io.BytesIO()),
    io.FileIO(os.devnull), type("Documented", (dict,), {"__doc__": "x" * 2000}),
    asyncio.new_event_loop(), threading.Event(), memoryview(b"abcd").cast("H"),
]
for i in range(5):
    made = Plain()
    made.number = i
    zoo.append(made)

def everything():
    found = list(gc.get_objects())
    ids = {id(o) for o in found}
    for o in list(found) + zoo + values + beasts.made:
        for r in gc.get_referents(o) + [type(o), o]:
            if id(r) not in ids:
                ids.add(id(r))
                found.append(r)
    # Not this frame, nor what it has found by itself: that is gone when it is.
    own = {id(sys._getframe()), id(found), id(ids)}
    others = [o for o in found if id(o) not in own]
    # To 3.6 the frame is among what it has found: a cycle.
    del found[:]
    return others


def main():
    truth.write({})
    shown = {id(v) for v in values}
    ignored = {id(sys._getframe()), id(shown)}
    found = everything()
    ignored.add(id(found))
    with open("zoo.txt", "w") as out:
        ignored.add(id(out))
        describe.begin(out)
        for failure in failures:
            out.write("F %s\n" % failure)
        types_there = beasts.c_types()
        seen = {id(base) for o in found for base in type(o).__mro__}
        out.write("N %d\n" % len(types_there))
        for cls in types_there:
            if id(cls) not in seen:
                out.write("T %s\n" % beasts.tp_name(cls))
        found = [o for o in found if id(o) not in ignored]
        for o in found:
            describe.describe(o, out, shown)
    del o
    found.append(object())  # that nothing else refers to
    truth.stay_still(None, found, "zoo.txt.counts")


# Here, and not in main(): tracebacks keep the frames that they come through.
failures = beasts.fill([beasts.arrays] if "numpy" in sys.argv else beasts.FAMILIES)
main()
