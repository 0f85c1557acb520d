"""Blocks of every size, some of them freed again, and free lists that are filled."""

import truth

MOST = 520  # a little more than pools have


class Plain(object):
    def method(self):
        pass


def calls(depth):
    """As many frames at a time."""
    if depth:
        calls(depth - 1)


def fill_free_lists():
    """Of each type more at a time than the fewest that are kept, then all of them are freed."""
    numbers = [n / 7.0 for n in range(40)]
    made = [[n] for n in range(30)], [{n: n} for n in range(25)], [(n,) * (n % 20) for n in range(300)]
    methods = [Plain().method for unused in range(20)], [[].append for unused in range(20)]
    sliced = [slice(n, None) for n in range(3)]
    calls(20)
    del numbers, made, methods, sliced


def main():
    # A prime number of each size; then those are freed that leave pools of all kinds.
    kept = [bytearray(b"b") * (size % 3) + b"%d" % size for size in range(50)]
    for size in range(0, MOST, 5):
        made = [b"b" * size + (b"%04d" % number) for number in range(97)]
        kept.append([thing for number, thing in enumerate(made) if number % 7 or size % 3])
        del made
    fill_free_lists()
    truth.write({"kept": len(kept)})
    truth.stay_still()


if __name__ == "__main__":
    main()
