"""Random graphs of objects, and of each object what only it keeps alive.

The slow, sure way: an object is taken away, and what can be reached no more goes with it.
What refers to what is what the collector says, and keys of dicts, of which it is not told.
"""

import gc
import random
import sys

import truth

COUNT = 200
NAMES = ("first", "second", "third")
ATTRIBUTES = NAMES + ("payload", "blocks", "table", "pair")


def zeros(count):
    return bytes(bytearray(count))


class Node(object):
    pass


class Slotted(object):
    __slots__ = NAMES + ("payload",)


# Of 3.15: before, a tuple holds no more than its items.
try:
    Pair = type("Pair", (tuple,), {"__slots__": ("payload",)})
except TypeError:
    Pair = tuple


def pair():
    made = Pair([zeros(3000), zeros(4000)])
    if Pair is not tuple:
        made.payload = zeros(5000)
    return made


class Owner(object):
    """All that it holds it holds alone, and how much that is is easily said."""

    def __init__(self):
        self.blocks = [zeros(1000 + n) for n in range(500)]
        self.pair = pair()
        self.table = {"block %d of the owner" % n: zeros(2000 + n) for n in range(300)}


TOP = []
OWNER = Owner()


def make(chance, number):
    """One object, without its references."""
    kind = chance.choice((Node, Slotted, list, dict, set, tuple))
    if kind is tuple:
        return ([], "text of tuple number %d" % number)
    thing = kind()
    if kind in (Node, Slotted):
        thing.payload = zeros(chance.randrange(40, 4000))
    return thing


def put(chance, holder, thing, number):
    if isinstance(holder, (Node, Slotted)):
        setattr(holder, chance.choice(NAMES), thing)
    elif isinstance(holder, list):
        holder.append(thing)
    elif isinstance(holder, dict):
        holder["key number %d" % number] = thing
    elif isinstance(holder, set):
        if type(thing).__hash__:
            holder.add(thing if not isinstance(thing, tuple) else "stands for %d" % number)
    else:
        holder[0].append(thing)


def build(seed):
    chance = random.Random(seed)
    things = [make(chance, number) for number in range(COUNT)]
    for number in range(3 * COUNT):
        put(chance, chance.choice(things), chance.choice(things), number)
    return [things[0], things[1], things[0], things[2]]


def referents(thing):
    if isinstance(thing, dict):
        found = list(thing) + list(thing.values())
    elif isinstance(thing, (str, bytes)):
        found = []
    else:
        found = gc.get_referents(thing)
    # Classes and names of attributes others hold as well.
    return [other for other in found
            if isinstance(other, (Node, Slotted, Owner, list, dict, set, tuple, str, bytes))
            and not (isinstance(other, str) and other in ATTRIBUTES)]


def is_own_dict(thing, other):
    """Whether it is where an instance has its attributes, not one of them."""
    return (isinstance(thing, (Node, Owner)) and isinstance(other, dict) and
            not any(other is getattr(thing, name, None) for name in ATTRIBUTES))


def survey(top, own):
    """{id: (size, ids of what it refers to, type)} of all that the top reaches.

    @p own gets the ids of the dicts that are parts of instances.
    """
    found, left = {}, [top]
    while left:
        thing = left.pop()
        if id(thing) in found:
            continue
        others = referents(thing)
        found[id(thing)] = (sys.getsizeof(thing), [id(other) for other in others],
                            truth.name_of(type(thing)))
        own.update(id(other) for other in others if is_own_dict(thing, other))
        left.extend(others)
    return found


def reached(graph, top, gone):
    seen, left = set(), [top]
    while left:
        at = left.pop()
        if at in seen or at == gone:
            continue
        seen.add(at)
        left.extend(graph[at][1])
    return seen


def measure(top):
    own = set()
    graph = survey(top, own)
    everything = reached(graph, id(top), None)
    rows, union, keeper = {}, {}, {}
    for at in everything:
        lost = everything - reached(graph, id(top), at)
        rows[hex(at)] = [graph[at][2], sum(graph[other][0] for other in lost), graph[at][0]]
        # Of all that it is lost with, what is lost with the fewest is the nearest.
        for other in lost:
            if other != at and at not in own:
                keeper[other] = min(keeper.get(other, (len(everything) + 1, None)),
                                    (len(lost), hex(at)))
        union.setdefault(graph[at][2], set()).update(lost)
    kinds = {name: sum(graph[other][0] for other in lost) for name, lost in union.items()}
    return rows, kinds, {hex(at): nearest for at, (_, nearest) in keeper.items()}


def main():
    TOP.extend(build(int(sys.argv[1])))
    # What was built and is not held is a cycle, or holds one.
    gc.collect()
    rows, kinds, keepers = measure(TOP)
    owned, unused, kept = measure(OWNER)
    say = {"objects": rows, "kinds": kinds, "owner": hex(id(OWNER)),
           "owned": owned[hex(id(OWNER))][1], "top": hex(id(TOP)),
           "keepers": keepers}
    truth.write(say)


main()
gc.collect()
truth.ready()
truth.stay()
