# -*- coding: utf-8 -*-
"""A zoo of objects, counted: how many of each type, of what size, and how many the collector tracks.

The truth is all that can be reached (reach.py). The classes of this file are exact;
of builtin types a few dozen objects differ: those that taking the truth uses, and
what the interpreter makes and drops behind its back.
"""

import array
import collections
import datetime
import functools
import gc
import itertools
import sys
import types
import weakref

import counts_own
import reach
import truth

# Of an int in 2.7, whose longs are of a type of their own.
BITS = 200 if sys.version_info >= (3,) else 62
Range = range if sys.version_info >= (3,) else xrange
Text = type(u"")
BIG = 3 << 20


class Plain(object):
    def __init__(self, number):
        self.number = number
        self.name = "plain %d" % number


class Bare(object):
    pass


class Grown(object):
    """Instances whose attributes were made in different orders: not split any more."""

    def __init__(self, number):
        for extra in range(number % 40):
            setattr(self, "extra_%d" % ((extra * 7 + number) % 53), extra)


class DictTaken(Plain):
    """Instances whose __dict__ somebody has looked at."""


class DictReplaced(Plain):
    """Instances whose __dict__ is another's."""


class Slotted(object):
    __slots__ = ("a", "b", "c")

    def __init__(self, number):
        self.a = number
        self.b = None


class SlottedChild(Slotted):
    __slots__ = ("d",)


class SlottedWithDict(Slotted):
    pass


class SlottedWithWeak(object):
    __slots__ = ("a", "__weakref__", "__dict__")


class Untracked(object):
    """Neither a dict nor a slot: the collector does not know these."""
    __slots__ = ()


class Outer(object):
    class Inner(object):
        def __init__(self):
            self.me = self

    class UntrackedInner(object):
        __slots__ = ()


class MyInt(int):
    pass


class MyBareInt(int):
    __slots__ = ()


class MyFloat(float):
    pass


class MyBareFloat(float):
    __slots__ = ()


class MyComplex(complex):
    pass


class MyStr(str):
    pass


class MyBareStr(str):
    __slots__ = ()


class MyText(Text):
    pass


class MyBareText(Text):
    __slots__ = ()


class MyByteArray(bytearray):
    pass


class MyTuple(tuple):
    pass


class MyBareTuple(tuple):
    __slots__ = ()


class MyList(list):
    pass


class MySlottedList(list):
    __slots__ = ("a",)


class MyDict(dict):
    pass


class MyBareDict(dict):
    __slots__ = ()


class MySet(set):
    pass


class MyFrozenSet(frozenset):
    pass


class MyDeque(collections.deque):
    pass


class MyOrdered(collections.OrderedDict):
    pass


class MyDefault(collections.defaultdict):
    pass


class MyCounter(collections.Counter):
    pass


class MyArray(array.array):
    pass


class MyError(ValueError):
    pass


class MyModule(types.ModuleType):
    pass


class MyDate(datetime.datetime):
    pass


class MyPartial(functools.partial):
    pass


class MyProperty(property):
    pass


class MyWeak(weakref.ref):
    pass


class Point(collections.namedtuple("PointBase", "x y")):
    __slots__ = ()


Pair = collections.namedtuple("Pair", "first second")


class Meta(type):
    pass


WithMeta = Meta("WithMeta", (object,), {"__module__": __name__})


class Cycle(object):
    def __init__(self):
        self.other = Bare()
        self.other.back = self


class Finalized(object):
    def __del__(self):
        pass


class Callable(object):
    def __call__(self):
        return self

    def bound(self):
        return self


class Left(object):
    __slots__ = ()


class Right(object):
    __slots__ = ("r",)


class Diamond(Left, Right):
    pass


def same_name(number):
    """Several types of one name: one row in the answer."""
    class Same(object):
        def __init__(self):
            self.number = number

    return Same


def taken(number):
    made = DictTaken(number)
    made.__dict__
    return made


def replaced(number):
    made = DictReplaced(number)
    made.__dict__ = {"number": number, "other": None}
    return made


def with_weak(number):
    made = SlottedWithWeak()
    made.a = number
    if number % 2:
        made.b = weakref.ref(made)
    return made


def error(number):
    try:
        raise MyError("number", number)
    except MyError as caught:
        return caught


def deleted_from(made, keys):
    for key in keys:
        del made[key]
    return made


def zoo():
    """kind -> instances; a count that is odd, so that no two are the same by chance."""
    same = [same_name(number) for number in range(10)]
    return dict(counts_own.zoo(), **{
        "plain": [Plain(n) for n in range(5003)],
        "bare": [Bare() for n in range(1009)],
        "grown": [Grown(n) for n in range(307)],
        "taken": [taken(n) for n in range(211)],
        "replaced": [replaced(n) for n in range(223)],
        "slotted": [Slotted(n) for n in range(4001)],
        "slotted child": [SlottedChild(n) for n in range(101)],
        "slotted with dict": [SlottedWithDict(n) for n in range(103)],
        "slotted with weak": [with_weak(n) for n in range(107)],
        "untracked": [Untracked() for n in range(3001)],
        "inner": [Outer.Inner() for n in range(109)],
        "untracked inner": [Outer.UntrackedInner() for n in range(113)],
        "int": [MyInt((1 << n % BITS) * (-1) ** n) for n in range(401)],
        "bare int": [MyBareInt((1 << n % BITS) * (-1) ** n) for n in range(409)],
        "zero": [MyBareInt(0), MyInt(0)],
        "float": [MyFloat(n) for n in range(127)],
        "bare float": [MyBareFloat(n) for n in range(131)],
        "complex": [MyComplex(n, n) for n in range(137)],
        "str": [MyStr("s" * (n % 90)) for n in range(419)],
        "latin text": [MyText(u"é" * (n % 90 + 1)) for n in range(53)],
        "wide text": [MyText(u"漢" * (n % 90 + 1)) for n in range(59)],
        "widest text": [MyBareText(u"\U0001f40d" * (n % 90 + 1)) for n in range(61)],
        "bare str": [MyBareStr("s" * (n % 90)) for n in range(421)],
        "bytearray": [MyByteArray(n % 700) for n in range(151)],
        "tuple": [MyTuple(range(n % 9)) for n in range(157)],
        "bare tuple": [MyBareTuple(range(n % 9)) for n in range(163)],
        "list": [MyList(range(n % 50)) for n in range(167)],
        "slotted list": [MySlottedList(range(n % 50)) for n in range(173)],
        "dict": [MyDict.fromkeys(range(n % 300)) for n in range(179)],
        "bare dict": [MyBareDict.fromkeys(map(str, range(n % 300))) for n in range(181)],
        "shrunk dict": [deleted_from(MyDict.fromkeys(range(50)), range(n)) for n in range(50)],
        "set": [MySet(range(n % 200)) for n in range(191)],
        "frozenset": [MyFrozenSet(range(n % 200)) for n in range(193)],
        "deque": [MyDeque(range(n * 3)) for n in range(197)],
        "ordered": [MyOrdered.fromkeys(range(n % 40)) for n in range(83)],
        "default": [MyDefault(list, {n: []}) for n in range(89)],
        "counter": [MyCounter("abc" * n) for n in range(97)],
        "array": [MyArray("d", range(n)) for n in range(71)],
        "error": [error(n) for n in range(73)],
        "module": [MyModule("module_%d" % n) for n in range(79)],
        "date": [MyDate(2000, 1, 1 + n % 28) for n in range(67)],
        "partial": [MyPartial(len, n, key=n) for n in range(47)],
        "property": [MyProperty(len) for n in range(43)],
        "weak": [MyWeak(Plain) for n in range(41)],
        "point": [Point(n, -n) for n in range(601)],
        "pair": [Pair(n, [n]) for n in range(607)],
        "metaclass": [WithMeta() for n in range(3)] + [Meta("Made%d" % n, (), {}) for n in range(37)],
        "cycle": [Cycle() for n in range(643)],
        "finalized": [Finalized() for n in range(29)],
        "callable": [Callable() for n in range(23)],
        "diamond": [Diamond() for n in range(19)],
        "same name": [cls() for cls in same for n in range(11)],
    })


def generator(number):
    yield number
    for value in (value for value in Range(number)):
        yield value


def closure(number):
    def inner():
        return number
    return inner


def started(made):
    next(made)
    return made


def builtins():
    """Of the builtin types so many that what taking the truth disturbs is small beside it."""
    return dict(counts_own.builtins(), **{
        "int": [n << 40 for n in range(1, 20000)],
        "float": [n / 7.0 for n in range(20000)],
        "complex": [complex(n, n) for n in range(1000)],
        "str": ["string %d" % n for n in range(20000)],
        "latin": [u"é%d" % n for n in range(1000)],
        "wide": [u"漢字 %d" % n for n in range(1000)],
        "bytes": [b"bytes %d" % n for n in range(5000)],
        "bytearray": [bytearray(n) for n in range(1000)],
        "untracked tuple": [(n, n + 1000) for n in range(5000)],
        "tuple": [(n, []) for n in range(5000)],
        "untracked dict": [{n: n} for n in range(3000)],
        "dict": [{"key": [n], "other": n} for n in range(3000)],
        "list": [[n] * (n % 30) for n in range(5000)],
        "set": [{n, n + 1} for n in range(2000)],
        "frozenset": [frozenset((n, n + 2)) for n in range(1000)],
        "deque": [collections.deque(range(n % 200)) for n in range(500)],
        "ordered": [collections.OrderedDict(a=n) for n in range(500)],
        "default": [collections.defaultdict(list, a=n) for n in range(500)],
        "generator": [started(generator(n)) for n in range(1, 500)] +
                     [generator(n) for n in range(100)],
        "closure": [closure(n + 1000) for n in range(1000)],
        "method": [Callable().bound for n in range(500)],
        "builtin method": [[].append for n in range(500)],
        "partial": [functools.partial(len, n) for n in range(500)],
        "weakref": [weakref.ref(cls, lambda unused: None) for cls in (Plain, Bare) * 250],
        "array": [array.array("i", range(n)) for n in range(300)],
        "memoryview": [memoryview(b"x" * (n + 1)) for n in range(300)],
        "slice": [slice(n, n + 1000) for n in range(500)],
        "range": [Range(n, n + 1000) for n in range(500)],
        "iterators": [iter([]) for n in range(300)] + [getattr(itertools, "izip", zip)("a", "b") for n in range(300)] +
                     [itertools.chain("a") for n in range(300)] + [enumerate([]) for n in range(300)],
        "exceptions": [ValueError(n) for n in range(500)],
        "object": [object() for n in range(2000)],
        "big str": "s" * BIG,
        "big bytearray": bytearray(BIG + 2),
        "big int": 1 << 8 * (BIG + 3),
        "big list": [None] * (BIG // 8 + 400),
        "big tuple": (None,) * (BIG // 8 + 500),
    })


def fewer(kinds):
    """A quarter of them: enough to ask the same of one more way to run."""
    return {kind: things if kind.startswith("big ") else things[::4]
            for kind, things in kinds.items()}


def measure(mine, theirs, more={}):
    by_name = {}
    for kind, row in reach.count().items():
        total = by_name.setdefault(truth.name_of(kind), [0, 0, 0])
        for column, number in enumerate(row):
            total[column] += number

    exact = sorted({truth.name_of(type(thing)) for things in mine.values() for thing in things})
    # What the collector reaches must be what was made, or the truth is none.
    made = {}
    for things in mine.values():
        for name in map(truth.name_of, map(type, things)):
            made[name] = made.get(name, 0) + 1
    for name in exact:
        assert by_name[name][0] >= made[name], (name, by_name[name], made[name])
    # What the asking itself adds to a count differs between releases.
    asking = [sys.getrefcount(thing) for thing in [object()]][0] - 1
    listed = [[hex(id(thing)), sys.getsizeof(thing), sys.getrefcount(thing) - asking]
              for thing in mine["slotted child"]]
    big = {name: [hex(id(thing)), sys.getsizeof(thing), truth.name_of(type(thing))]
           for name, thing in theirs.items() if name.startswith("big ")}
    truth.write(dict(more, types=by_name, exact=exact, listed=listed, big=big,
                     listed_type=truth.name_of(SlottedChild)))


def main(way=""):
    if way == "debug" and sys.version_info < (3, 7):
        way = "pymalloc_debug"  # there "debug" is malloc's
    if truth.FREE_THREADED and way in ("malloc", "malloc_debug", "pymalloc_debug"):
        way = way.replace("py", "mi") if way.startswith("py") else "mi" + way  # its only one
    if way in ("debug", "malloc", "malloc_debug", "pymalloc", "pymalloc_debug", "mimalloc",
               "mimalloc_debug"):
        truth.become_one_with("PYTHONMALLOC", way)
    if way == "tracemalloc":
        truth.become_one_with("PYTHONTRACEMALLOC", "1")
    gc.disable()
    mine = zoo()
    theirs = builtins()
    if way and way != "malloc":  # what it frees looks too much like what it was
        mine, theirs = fewer(mine), fewer(theirs)
    gc.collect()
    # Some objects have more than one reference, so that counts are told apart.
    several = [thing for number, thing in enumerate(mine["slotted child"])
               for unused in range(number % 4)]
    measure(mine, theirs)
    if way == "freeze" and hasattr(gc, "freeze"):
        gc.freeze()
    # 2.7 does not tell.
    truth.ready({"blocks": sys.getallocatedblocks()} if sys.version_info >= (3,) else {})
    truth.stay()
    del several


if __name__ == "__main__":
    main(*sys.argv[1:])
