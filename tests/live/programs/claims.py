"""Very many small containers, and large ones: for cores in which the small claim what the large have."""

import collections

import truth

# What all together claim is ten gigabytes: who believes it is not done in time.
MANY = 12500
LARGE = 1 << 18


class Claimant(object):
    def __init__(self, number):
        self.number = number


if __name__ == "__main__":
    small = {
        "list": [[number] for number in range(MANY)],
        "tuple": [(number,) for number in range(MANY)],
        "dict": [{number: number} for number in range(MANY)],
        "set": [{number} for number in range(MANY)],
        "deque": [collections.deque((number,)) for number in range(2000)],
        "OrderedDict": [collections.OrderedDict(a=number) for number in range(2000)],
        "str": [str(number) for number in range(MANY)],
        "Claimant": [Claimant(number) for number in range(MANY)],
    }
    large = [None] * LARGE
    table = dict.fromkeys(range(LARGE // 4))
    crowd = set(range(LARGE // 4))
    truth.write({
        "small": {name: [id(item) for item in items] for name, items in small.items()},
        "large": {"list": id(large), "dict": id(table), "set": id(crowd)},
        "length": LARGE,
    })
    truth.ready()
    truth.stay()
