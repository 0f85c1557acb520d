# -*- coding: utf-8 -*-
"""Objects that are held in every way that Python has a word for, and a few that it has none for.

A thread evaluates what is written into the pipe "ask" and writes ids into "answer".
"""

import collections
import ctypes
import functools
import gc
import itertools
import sys
import threading
import types
import weakref

import answers
import truth

IDS = {}


class Target(object):
    def __init__(self, name):
        self.name = name
        IDS[name] = hex(id(self))


class Holder(object):
    shared = "something of the class"

    def __init__(self):
        self.plain = Target("attribute")
        self.shared = Target("attribute that the class has, too")
        self._Holder__private = Target("private attribute")
        self.made = {"k": [0, 1, (Target("nested"),)]}
        setattr(self, "no identifier", Target("attribute that is no identifier"))
        setattr(self, "class", Target("attribute that is a keyword"))

    @property
    def asked(self):
        return "something else"


class Slotted(object):
    __slots__ = ("slot", "__hidden")

    def __init__(self):
        self.slot = Target("slot")
        self.__hidden = Target("private slot")


class Tricky(list):
    def __getitem__(self, index):
        return "nothing of what is in it"


class TrickyDict(dict):
    def __getitem__(self, key):
        return "nothing of what is in it"


class Key(object):
    def __init__(self):
        self.inside = Target("attribute of a key")


class Classic:
    held = Target("attribute of a classic class")

    def __init__(self):
        self.plain = Target("attribute of a classic instance")

    def method(self, argument=Target("default of a method of a classic class")):
        pass


class Class(object):
    held = Target("attribute of a class")

    @staticmethod
    def static(argument=Target("default of a static method")):
        pass

    @classmethod
    def of_class(cls, argument=Target("default of a class method")):
        pass

    @property
    def made(self, argument=Target("default of a property")):
        pass

    class Inner(object):
        held = Target("attribute of an inner class")


Pair = collections.namedtuple("Pair", "left right")


def defaults(argument=Target("default")):
    pass


# In Python 2 any attribute.
defaults.__kwdefaults__ = {"keyword": Target("keyword default")}


def closure():
    inside = Target("closure")
    return lambda: inside


def generate():
    inside = Target("local of a generator")
    yield 1
    del inside


def bound_to(self):
    pass


GLOBAL = Target("global")
LIST = [0, [1, Target("item")]]
DICT = {"k": Target("value"), 17: Target("value of an int"), ("a", 1): Target("value of a tuple"),
        None: Target("value of None"),
        "it's \"so\"\n": Target("value of a text to quote"), u"\u00e9\u4e2d": Target("value of a text"),
        1.5: Target("value of a float"), Key(): Target("value of an object"),
        "long " * 100: Target("value of a long text"), -3: Target("value of a negative int"),
        ("a", (1,)): Target("value of a nested tuple"), True: Target("value of True"),
        "\xc3\xa9": Target("value of a text of bytes"), 1 << 70: Target("value of a long"),
        "\xff alone": Target("value of half a character of bytes"),
        u"\ud800 alone": Target("value of half a character")}
KEYS = {Target("key"): 1}
SET = {Target("element")}
FROZEN = frozenset([Target("frozen element")])
DEQUE = collections.deque([0] * 100 + [Target("item of a deque")] + [1] * 100)
ORDERED = collections.OrderedDict([("k", Target("value of an ordered dict"))])
DEFAULT = collections.defaultdict(list, k=Target("value of a default dict"))
TRICKY = Tricky([1, Target("item of a tricky list")])
TRICKY_DICT = TrickyDict(k=Target("value of a tricky dict"))
PAIR = Pair(1, Target("item of a named tuple"))
HOLDER = Holder()
HOLDER.__dict__["asked"] = Target("attribute behind a property")
SLOTTED = Slotted()
PARTIAL = functools.partial(len, Target("argument of a partial"), key=Target("its keyword"))
METHOD = types.MethodType(bound_to, Target("self of a method"))
CLASSIC = Classic()
UNBOUND = Classic.method
BUILTIN = [Target("self of a builtin method")].append
CLOSURE = closure()
GENERATOR = generate()
ITERATOR = iter([Target("item of an iterator")])
CHAIN = getattr(itertools, "imap", map)(len, [Target("item of a map")])
SUBCLASS = type("Subclass", (Class,), {"own": Target("attribute of a made class")})
MODULE = types.ModuleType("made")
MODULE.held = Target("global of a module that is no one's")
FUNCTION = lambda: 0
FUNCTION.note = Target("attribute of a function")
LOCALS = threading.local()
if sys.version_info >= (3,):
    import modern
    globals().update(modern.holders(Target))
    DICT[b"k"] = Target("value of bytes")


def fill():
    """What must not be held by the frame of the module."""
    next(GENERATOR)
    LOCALS.held = Target("value of a threading.local")
    weak = Target("held by more than a weak reference")
    # The way along the weak references is the shorter one.
    HOLDER.made["k"].append([[weak]])
    globals()["WEAK"] = weakref.ref(weak)
    DICT["weak"] = weakref.WeakValueDictionary({"k": weak})
    thrice = Target("held three times")
    LIST.extend([[thrice], [[thrice]]])
    DICT["thrice"] = thrice
    native = Target("held by C code alone")
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(native))
    one, other = Target("in a cycle alone"), Target("the other in a cycle")
    one.other, other.other = other, one


def waits(argument, ready, gate):
    plain = Target("local of a waiting thread")
    cell = Target("cell of a waiting thread")
    number = lambda: cell
    ready.set()
    gate.acquire()
    return plain, number, argument


def deeper(count, ready, gate):
    local = Target("local %d calls deep" % count)
    if count:
        deeper(count - 1, ready, gate)
    else:
        waits(Target("argument of a waiting thread"), ready, gate)
    return local


def main():
    gc.disable()
    fill()
    ready, gate = threading.Event(), threading.Lock()
    gate.acquire()
    truth.begin(deeper, 3, ready, gate)
    ready.wait()
    answers.begin()
    truth.write({"ids": IDS})


main()
truth.ready()
truth.stay()
