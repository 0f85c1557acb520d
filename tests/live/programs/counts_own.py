"""Kinds of objects of counts.py that only Python 3 has, or 2 cannot say."""

import enum
import types
import typing

try:
    import dataclasses
except ImportError:
    dataclasses = None  # to 3.6


class MyBytes(bytes):
    pass


class MyBareBytes(bytes):
    __slots__ = ()


class Typed(typing.NamedTuple):
    name: str
    size: int = 0


if dataclasses:
    @dataclasses.dataclass
    class Data:
        a: int
        b: str = "b"
        c: list = dataclasses.field(default_factory=list)

    @dataclasses.dataclass(frozen=True)
    class Frozen:
        a: int
else:
    class Data:
        def __init__(self, a):
            self.a = a

    class Frozen(Data):
        pass


class Color(enum.Enum):
    RED = 1
    GREEN = "green"
    BLUE = (1, 2)


class Flags(enum.IntFlag):
    ONE = 1
    TWO = 2
    FOUR = 4


class Generic(typing.Generic[typing.TypeVar("T")]):
    pass


def zoo():
    return {
        "bytes": [MyBytes(n % 70) for n in range(139)],
        "bare bytes": [MyBareBytes(n % 700) for n in range(149)],
        "typed": [Typed("t%d" % n) for n in range(613)],
        "data": [Data(n) for n in range(617)],
        "frozen": [Frozen(n) for n in range(619)],
        "members": list(Color) + list(Flags) + [Flags(7), Flags(0)],
        "generic": [Generic() for n in range(31)],
    }


def numbers(number):
    yield from (value for value in range(number))


def begun(generator):
    next(generator)
    return generator


def builtins():
    return {
        "bytes": [b"bytes %d" % n for n in range(5000)],
        "namespace": [types.SimpleNamespace(a=n) for n in range(500)],
        "generator of another": [begun(numbers(n)) for n in range(1, 300)],
        "big bytes": b"b" * ((3 << 20) + 1),
    }
