# -*- coding: utf-8 -*-
"""Threads that stand inside exception handlers, and some that only look like it."""

import sys
import threading
import time

import truth

threading.stack_size(1 << 20)
gate = threading.Lock()
gate.acquire()
handled = {}
arrived = []


class TooMuch(Exception):
    class Inner(ValueError):
        pass


class OfTheOldKind:
    """In Python 2 not even a type."""

    def __init__(self, text):
        self.args = (text,)


def rest():
    kind, value, unused = sys.exc_info()
    # The message only where str() of the exception is its one argument.
    handled[truth.native_id()] = None if kind is None else {
        "type": truth.name_of(kind),
        "message": value.args[0] if len(value.args) == 1 else None,
    }
    del value, unused
    arrived.append(1)
    gate.acquire()


def no_memory():
    try:
        raise MemoryError
    except MemoryError:
        rest()


def real_no_memory():
    try:
        bytearray(1 << 62)
    except MemoryError:
        rest()


def no_memory_with_text():
    try:
        raise MemoryError("cannot allocate 64 bytes")
    except MemoryError as error:
        rest()
        del error


def chained():
    try:
        try:
            raise ValueError("first")
        except ValueError as error:
            second = TooMuch("second")
            second.__cause__ = error
            raise second
    except TooMuch:
        rest()


def nested():
    try:
        raise ValueError("outer")
    except ValueError:
        try:
            raise TooMuch.Inner("inner")
        except TooMuch.Inner:
            rest()


def back_in_the_outer():
    try:
        raise ValueError("outer")
    except ValueError:
        try:
            raise TooMuch("inner")
        except TooMuch:
            pass
        rest()


def in_a_generator_that_handles_nothing():
    def generator():
        yield rest()

    try:
        raise RuntimeError("of the caller")
    except RuntimeError:
        next(generator())


def in_a_generator_that_handles():
    def generator():
        try:
            raise TooMuch("of the generator")
        except TooMuch:
            yield rest()

    try:
        raise RuntimeError("of the caller")
    except RuntimeError:
        next(generator())


def deep_below_the_handler():
    def deeper(depth):
        if depth:
            deeper(depth - 1)
        else:
            rest()

    try:
        raise ValueError("größer 漢字 \U0001f40d \"quoted\"\n<b>")
    except ValueError:
        deeper(20)


def in_finally():
    try:
        raise ValueError("on its way out")
    finally:
        rest()


def after_the_handler():
    try:
        raise ValueError("over")
    except ValueError:
        pass
    rest()


def by_its_type_alone():
    def deeper():
        rest()

    try:
        {}["no such key"]
    except KeyError:
        deeper()


def of_the_old_kind():
    try:
        raise OfTheOldKind("no type of its own")
    except OfTheOldKind:
        rest()


def nothing():
    rest()


targets = [no_memory, real_no_memory, no_memory_with_text, chained, nested, back_in_the_outer,
           in_a_generator_that_handles_nothing, in_a_generator_that_handles,
           deep_below_the_handler, in_finally, after_the_handler, by_its_type_alone, nothing]
if sys.version_info < (3,):
    targets.append(of_the_old_kind)


def announce():
    while len(arrived) < len(targets) + 1:
        time.sleep(0.01)
    truth.write({"exceptions": handled})
    truth.ready()


for target in targets:
    truth.begin(target, name=target.__name__)
truth.begin_without_object(announce)
try:
    raise TooMuch("the main thread gives up")
except TooMuch:
    rest()
