"""Containers that are bigger than copies of them, text that is there often, big buffers.

All of one kind are of classes made here, and texts begin with words that no other has, so
that this can say how many there are of each, and what each takes.
"""

import array
import collections
import gc
import mmap
import struct
import sys

import answers
import truth

# So many that a copy of Python 2, too, has the smallest table.
LEFT = (1, 5, 20, 60, 1000)
MADE = 5000
WORD = "often there"


class List(list):
    pass


class Dict(dict):
    pass


class Ordered(collections.OrderedDict):
    pass


class Set(set):
    pass


class Text(str):
    pass


class Owner(object):
    pass


KEPT = []
OFTEN = []
OWNER = Owner()
BYTES = None
BY_NAME = {}


def take_away(thing, left):
    for key in list(thing)[left:]:
        if isinstance(thing, dict):
            del thing[key]
        else:
            thing.remove(key)
    return thing


def sparse_lists():
    short, long, full = List([None] * 1000), List(), List()
    del short[600:]
    for number in range(10007):
        long.append(None)
    full.extend([None])
    return [short, long, List()]


def sparse(kind, keys):
    keys = list(keys)
    for left in LEFT:
        yield take_away(kind((key, None) for key in keys) if issubclass(kind, dict)
                        else kind(keys), left)


def copied(thing):
    """A copy that has no room that it need not have, and an empty one, of the plain type."""
    if isinstance(thing, list):
        return thing[:], []
    if isinstance(thing, set):
        return set(thing), set()
    plain = collections.OrderedDict if isinstance(thing, collections.OrderedDict) else dict
    copy = plain()
    for key in thing:
        copy[key] = None
    return copy, plain()


def unused(thing):
    """Bytes that a copy would take less; classes of our own add the same to both."""
    copy, empty = copied(thing)
    return (sys.getsizeof(thing) - sys.getsizeof(type(thing)())
            - (sys.getsizeof(copy) - sys.getsizeof(empty)))


def containers():
    yield sparse_lists()
    yield sparse(Set, range(MADE))
    yield sparse(Dict, range(MADE))
    yield sparse(Dict, ["key %d" % number for number in range(MADE)])
    if sys.version_info >= (3, 6):
        # Of Python 2 it is made in Python.
        yield sparse(Ordered, range(MADE))


def waste():
    rows, kinds = {}, {}
    for made in containers():
        for thing in made:
            KEPT.append(thing)
            lost = unused(thing)
            if lost <= 0:
                continue
            name = truth.name_of(type(thing))
            rows[answers.address(thing)] = [name, lost, len(thing)]
            kind = kinds.setdefault(name, [0, 0])
            kind[0] += 1
            kind[1] += lost
    return rows, kinds


def mixed(value, word):
    """One step of the hash by which pycore tells which contents to compare."""
    value = (value ^ word) * 0x9e3779b97f4a7c15 & (1 << 64) - 1
    return value ^ value >> 29


def of_one_hash():
    """Two contents that differ and have the same hash: what is equal it must have compared."""
    begin = (WORD + " of one hash" + "-" * 9).encode("ascii")
    first, second, third = b"12345678", b"abcdefgh", b"ABCDEFGH"
    value = mixed(len(begin) + 16, 1)
    for at in range(0, len(begin), 8):
        value = mixed(value, struct.unpack("<Q", begin[at:at + 8])[0])
    words = [struct.unpack("<Q", word)[0] for word in (first, second, third)]
    other = words[2] ^ mixed(value, words[0]) ^ mixed(value, words[1])
    return begin + first + third, begin + second + struct.pack("<Q", other)


def make_often():
    for unused_copy in range(950):
        # Each may have attributes: there is no one for all of them.
        OFTEN.append(Text(WORD + ", but of a class, and so on and on and on and on and on"))
    one, other = of_one_hash()
    for unused_copy in range(650):
        OFTEN.extend([one[:30] + one[30:], other[:30] + other[30:]])
    for number in range(8):
        for unused_copy in range(900 + number):
            text = "%s %d, and so on and on and on and on and on and on" % (WORD, number)
            OFTEN.append(text)
            OFTEN.append(text.encode("ascii") + b"!")
    for unused_copy in range(700):
        # Of the same letters, not in the same number of bytes each.
        OFTEN.append(u"%s, \u0394\u03b9\u03c2, and so on and on and on and on and on" % WORD)
        OFTEN.append(u"%s, \U0001f40d, and so on and on and on and on and on" % WORD)
    OFTEN.append(WORD + " once")


def texts():
    """Every str and bytes object that containers hold, once."""
    found = {}
    for holder in gc.get_objects():
        if type(holder) in (list, tuple):
            held = holder
        elif type(holder) is dict:
            held = list(holder) + list(holder.values())
        else:
            continue
        for thing in held:
            if type(thing) in (type(u""), bytes, str):
                found[id(thing)] = thing
    return found.values()


def duplicates():
    counts = {}
    for text in texts():
        begins = WORD.encode("ascii") if type(text) is bytes else WORD
        if text.startswith(begins):
            row = counts.setdefault((truth.name_of(type(text)), text), [0, 0, 0])
            row[0] += 1
            row[1] += sys.getsizeof(text)
            row[2] = max(row[2], sys.getsizeof(text))
    return [[kind, repr(text), count, size, size - biggest]
            for (kind, text), (count, size, biggest) in counts.items() if count > 1]


def buffers():
    """{address: [type, bytes, how to say it]}"""
    global BYTES
    module = "sys.modules['__main__']."
    BYTES = bytes(bytearray(3000000))
    OWNER.text = u"x" * 2500001
    OWNER.items = array.array("d", [0.5] * 250000)
    BY_NAME["bytearray"] = bytearray(1500000)
    BY_NAME["bytearray"].extend(b"more")
    OWNER.map = mmap.mmap(-1, 1 << 22)
    found = [(BYTES, 0, "BYTES"), (OWNER.text, 0, "OWNER.text"), (OWNER.items, 0, "OWNER.items"),
             (OWNER.map, len(OWNER.map), "OWNER.map")]
    if sys.version_info < (3, 15):
        # Then it has a bytes object.
        found.append((BY_NAME["bytearray"], 0, "BY_NAME['bytearray']"))
    if sys.argv[1:] == ["numpy"]:
        import numpy
        OWNER.array = numpy.zeros((1000, 700))
        OWNER.view = OWNER.array[1:]
        found.append((OWNER.array, 0, "OWNER.array"))
    return {answers.address(thing): [truth.name_of(type(thing)), sys.getsizeof(thing) + more,
                                     module + expression]
            for thing, more, expression in found}


def main():
    make_often()
    rows, kinds = waste()
    say = {"sparse": rows, "waste": kinds, "duplicates": duplicates(), "buffers": buffers()}
    answers.begin()
    truth.write(say)


main()
gc.collect()
truth.ready()
truth.stay()
