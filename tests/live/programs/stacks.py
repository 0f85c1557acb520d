# -*- coding: utf-8 -*-
"""Threads that stand in every kind of Python frame, and a record of where.

Each thread comes to rest on a line marked "# rests". A scribe thread watches
until all of them have, writes down every stack and is gone before the main
thread, which waits for that on a line of its own, lets the harness in.
"""

import contextlib
import functools
import linecache
import sys
import threading
import time

import truth

gate = threading.Lock()
gate.acquire()
event = threading.Event()


def rest(*ignored, **also_ignored):
    gate.acquire()  # rests


def in_a_lock():
    rest()


def in_sleep():
    time.sleep(1e6)  # rests


def in_an_event():
    event.wait()  # rests


def in_a_condition():
    condition = threading.Condition()
    with condition:
        condition.wait()  # rests


class Service(object):
    limit = 3

    def method(self):
        def inner(depth):
            if depth:
                return inner(depth - 1)
            return (lambda: rest())()
        return inner(2)

    @classmethod
    def of_class(cls):
        return cls.of_none()

    @staticmethod
    def of_none():
        return Service().prop

    @property
    def prop(self):
        return self["key"]

    def __getitem__(self, key):
        with self:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *why):
        rest()

    class Nested:
        def method(self):
            rest()


def in_a_generator():
    def numbers():
        yield 1
        for value in more():
            yield value

    def more():
        yield 2
        rest()

    return list(numbers())


def in_generators_by_hand():
    def lower():
        yield rest()

    def upper():
        for value in lower():
            yield value

    for unused in upper():
        pass


def in_comprehensions():
    return [{key: {rest() for unused in "x"} for key in "y"}
            for other
            in range(2)]


def in_a_generator_expression():
    return sum(rest() for unused in range(3))


def in_a_class_body():
    class Made:
        first = 1

        class Within:
            second = rest()

    return Made


def in_a_sort_key():
    return sorted([3, 1, 2], key=lambda value: rest())


def in_map_and_reduce():
    return functools.reduce(lambda a, b: list(map(rest, [1])), [1, 2])


def in_a_finalizer():
    class Dying(object):
        def __del__(self):
            rest()

    Dying()


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper


class Closed(object):
    def close(self):
        pass


@decorated
@decorated
def in_decorators():
    with contextlib.closing(Closed()):
        rest()


def in_recursion(depth=300):
    if depth:
        in_recursion(depth - 1)
    else:
        rest()


def in_recursion_through_c(depth=40):
    if depth:
        list(map(in_recursion_through_c, [depth - 1]))
    else:
        rest()


def after_a_handler():
    try:
        raise KeyError("gone")
    except KeyError:
        pass
    finally:
        rest()


def on_lines_that_go_back():
    return max(
        1,
        2,
        key=(
            rest
        ),
    ) or (
        rest(
            "a",
        )
    )


def from_source(text, filename, name):
    names = {"rest": rest}
    exec(compile(text, filename, "exec"), names)
    return names[name]


# Steps of the line table larger than a byte, and instructions further than one too.
far_apart = from_source("def far_apart():\n    x = 1\n" + "\n" * 70000 + "    rest(x)\n",
                        "<text>", "far_apart")
far_along = from_source("def far_along(x=1):\n" + "".join(
    "    x = (x + %d)\n" % n for n in range(3000)) + "    rest(x)\n    return x\n",
    "/nowhere/ünï.py", "far_along")
name = "漢字" if sys.version_info >= (3,) else "plain"
wide_names = from_source("def %s():\n    rest()\n" % name, "/nowhere/漢字 and space\n.py", name)


def in_eval():
    eval("[rest()][0]")


def mid_line(a=1): return [a, rest(), a]


threading.stack_size(2 << 20)
targets = [in_a_lock, in_sleep, in_an_event, in_a_condition, Service().method, Service.of_class,
           Service.Nested().method, in_a_generator, in_generators_by_hand, in_comprehensions,
           in_a_generator_expression, in_a_class_body, in_a_sort_key, in_map_and_reduce,
           in_a_finalizer, in_decorators, in_recursion, in_recursion_through_c, after_a_handler,
           on_lines_that_go_back, far_apart, far_along, wide_names, in_eval, mid_line,
           functools.partial(in_a_lock)]
if sys.version_info >= (3,):
    import modern
    targets += [functools.partial(function, rest) for function in modern.STACKS]

names = {}


def names_itself(target):
    """A name longer than the kernel has room for, and characters that need escapes."""
    threading.current_thread().name = "renamed: \"%s\" <%s> \\ é 漢" % (
        getattr(target, "__name__", "?"), "x" * 40)
    target()


def stack_rests(frames):
    """Its newest frame of ours stands on a line so marked, or on one of a text."""
    for name, qualname, filename, line in frames:
        if filename == __file__:
            return "# rests" in linecache.getline(filename, line)
    return False


def snapshot():
    return {ident: truth.frames_of(frame) for ident, frame in sys._current_frames().items()
            if ident != truth.get_ident()}


def record(idents, main_ident):
    while True:
        before = snapshot()
        time.sleep(0.05)
        stacks = snapshot()
        if (before == stacks and len(stacks) == len(idents)
                and all(map(stack_rests, stacks.values()))):
            break
    threads = [{"tid": idents[ident], "name": names[ident], "main": ident == main_ident,
                "frames": frames} for ident, frames in stacks.items()]
    truth.write({"threads": threads})
    # Not before this thread is gone, or it would be one more than is recorded.
    truth.start_new_thread(announce, (threading.current_thread(), len(idents)))


def announce(scribe, count):
    scribe.join()
    while len(sys._current_frames()) != count + 1:
        time.sleep(0.01)
    truth.ready()
    # This one ends by itself; the harness waits until the process is all asleep.


def main():
    idents = {truth.get_ident(): truth.native_id()}
    names[truth.get_ident()] = threading.current_thread().name
    for number, target in enumerate(targets):
        thread = threading.Thread(target=target, name="worker %d" % number)
        thread.daemon = True
        tid = truth.start(thread)
        idents[thread.ident] = tid
        names[thread.ident] = thread.name
    thread = threading.Thread(target=names_itself, args=(in_a_lock,))
    thread.daemon = True
    tid = truth.start(thread)
    idents[thread.ident] = tid
    while not thread.name.startswith("renamed"):
        time.sleep(0.01)
    names[thread.ident] = thread.name
    # Not one of threading's: it has no name there.
    box = []

    def nameless():
        box.append(truth.native_id())
        box.append(truth.get_ident())
        rest()

    truth.start_new_thread(nameless, ())
    while len(box) < 2:
        time.sleep(0.01)
    idents[box[1]] = box[0]
    names[box[1]] = None
    truth.begin(record, idents, truth.get_ident())
    rest()


if __name__ == "__main__":
    main()
