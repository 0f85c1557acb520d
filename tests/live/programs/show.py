# -*- coding: utf-8 -*-
"""Objects to show one by one, and all that the program itself can say of each."""

import collections
import ctypes
import functools
import gc
import os
import sys
import types
import weakref

import truth


class MyBigFatObject(object):
    pass


def computate_something(_cache={}):
    _cache[42] = dict(foo=MyBigFatObject(), bar=MyBigFatObject())
    x = MyBigFatObject()


class Plain(object):
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Inline(object):
    def __init__(self):
        self.first = ["inline"]
        self.second = {"a": 1}


class Slotted(object):
    __slots__ = ("left", "right", "unset")


class Both(Slotted):
    """Slots of its base, and a dict."""


class Wide(object):
    """Of a size that nothing else has: its memory is not used again soon."""
    __slots__ = tuple("slot%d" % i for i in range(57 if sys.version_info >= (3,) else 52))


class Classic:
    def __init__(self):
        self.left = ["of a class of the old kind"]


class Named(dict):
    pass


def with_closure(captured, other="default"):
    def inside():
        return captured
    return inside


# Defaults for keywords alone: Python 2 has no word for them, and takes it for any attribute.
with_closure.__kwdefaults__ = {"only": ("kw",)}


def make():
    """Everything that is shown, by name."""
    plain = Plain(one=[1], two="zwei", three={"k": [3]})
    slotted = Slotted()
    slotted.left, slotted.right = plain, [slotted]
    both = Both()
    both.left = both.more = ["both"]
    cycle = ["cycle"]
    cycle.append(cycle)
    named = Named(x=[1])
    named.attribute = ["of a dict"]
    return {
        "plain": plain, "inline": Inline(), "slotted": slotted, "both": both, "cycle": cycle,
        "named": named, "dict": {"a": [1], ("t", 1): "tuple key", 3: None, None: [2]},
        "list": [[], (), "text", 12345678901, 1.5], "tuple": ([1], "two", 333333),
        "set": {"e1", ("e", 2), 77777}, "deque": collections.deque([[1], [2]]),
        "partial": functools.partial(make, "argument", key=["value"]),
        "closure": with_closure(["captured"]), "function": with_closure,
        "class": Plain, "ordered": collections.OrderedDict(z=[26]),
        "text": "".join(["not ", "interned"]), "bytes": bytes(bytearray(300)), "long": 1 << 200,
        "float": 2.75, "big": list(range(2000)), "wide text": u"\u20ac" * 3000,
        "unicode": u"größe 漢字 \U0001f40d", "classic": Classic(), "classic class": Classic,
        "unbound": Plain.__init__,
        "weak": weakref.ref(plain), "method": plain.__init__, "exception": ValueError(["args"]),
    }


def refcount(thing):
    return sys.getrefcount(thing)


# What the asking itself holds differs between releases.
probe = [object()]
OWN = refcount(probe[0]) - 1


def referrers_of(thing):
    # Not a list comprehension, which would leave a frame in this one.
    found = list(other for other in gc.get_referrers(thing)
                 if not isinstance(other, types.FrameType))
    return sorted(hex(id(other)) for other in found if other is not found)


def facts_of(name):
    thing = things[name]
    facts = {
        "address": hex(id(thing)),
        "type": truth.name_of(type(thing)),
        "bytes": sys.getsizeof(thing),
        "tracked": gc.is_tracked(thing),
        "referents": sorted({hex(id(other)) for other in gc.get_referents(thing)}),
        "referrers": referrers_of(thing),
        "repr": repr(thing),
    }
    if name in ("plain", "inline", "classic", "slotted", "both", "named"):
        attributes = dict(getattr(thing, "__dict__", {}))
        for slot in "left", "right":
            if hasattr(thing, slot):
                attributes[slot] = getattr(thing, slot)
        facts["attributes"] = {key: hex(id(value)) for key, value in attributes.items()}
    if isinstance(thing, dict):
        facts["items"] = {hex(id(key)): hex(id(value)) for key, value in thing.items()}
    if type(thing) in (list, tuple):
        facts["sequence"] = [hex(id(value)) for value in thing[:20]]
    return facts


def wait_here(argument):
    inner = ["a local of its own", argument]
    truth.ready()
    if "abort" in sys.argv:
        os.abort()
    truth.stay()


def main(outer):
    wait_here("an argument")


if __name__ == "__main__":
    gc.collect()
    gc.disable()
    computate_something()
    things = make()
    facts = {name: facts_of(name) for name in things}
    counts = {name: refcount(things[name]) - OWN for name in things}
    interned = truth.intern("interned by show.py")
    cache = computate_something.__defaults__[0]
    fat = [hex(id(cache[42]["foo"])), hex(id(cache[42]["bar"]))]
    crowd = [Wide() for i in range(30)]
    del cache
    lost = tuple([str(i) for i in range(17)])
    words = ctypes.c_size_t.from_address(id(things["big"]) + list.__basicsize__ - 16)
    freed, kept = hex(id(crowd[11])), hex(id(lost))
    truth.write({
        "facts": facts, "counts": counts, "objects": fat,
        "none": hex(id(None)), "small": hex(id(7)), "interned": hex(id(interned)),
        "freed": freed, "kept": kept, "storage": "0x%x" % (words.value + 800),
        "storage_of": hex(id(things["big"])),
    })
    # What is freed last is used first, by frames that are kept with their code.
    for i in range(11, 19):
        crowd[i] = None
    del lost
    main(["outer"])
