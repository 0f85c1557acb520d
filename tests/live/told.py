"""Programs that tell of themselves (programs/telling.py), beside pycore's list of all objects."""

import array
import json
import os
import subprocess

from harness import Failure, Skip


class Told:
    """One object: as pycore lists it, as the program wrote it down, or as it answers."""

    def __init__(self, name, size, references=None, domain=None, kind=None):
        self.name = name
        self.size = size
        self.references = references
        self.domain = domain
        self.kind = kind

    def __str__(self):
        return "%s of %d bytes" % (self.name, self.size)


class Place:
    """What was found at an address while the process waited."""

    def __init__(self, words, *first):
        self.words = words  # of all memory, that are this address, or that of its text
        self.first = first

    def has(self, kind, free_threaded):
        """Whether an object of the type at @p kind lives there: as for reach.Memory.is_object."""
        if free_threaded:
            unused, flags, others, found = self.first
            owner = flags >> 32
            others = (others >> 2) - (others >> 63 << 62)
            return found == kind and (owner == 0xffffffff or 0 < owner + others < 1 << 32)
        # What is freed has no count, or there is the address of the next that is free.
        references, found = self.first[:2]
        return (found == kind and references & 0xffffffff != 0 and references >> 32 & 0xffff < 4
                and references >> 48 < 16)


def tool(scene, name):
    build = os.path.dirname(os.path.dirname(scene.pycore.path))
    path = os.path.join(build, "tests", "tools", name)
    if not os.path.exists(path):
        raise Skip("%s is not built: make check builds it" % path)
    return path


def written(process):
    """Address -> what the program wrote; and the names of types whose sizes are their own."""
    found = {}
    with open(os.path.join(process.directory, "objects"), "rb") as file:
        for name, count, kind, unused in process.truth["types"]:
            numbers = array.array("Q")
            numbers.fromfile(file, 2 * count)
            numbers = iter(numbers)
            found.update((address, Told(name, size, kind=kind))
                         for address, size in zip(numbers, numbers))
    return found, {name for name, unused, unused, own in process.truth["types"] if own}


def by_word(process):
    """Addresses that the program has found as words of C code's, and not by the collector."""
    with open(os.path.join(process.directory, "by_word"), "rb") as file:
        return set(array.array("Q", file.read()))


def listed(scene):
    """Address -> what pycore lists."""
    reply = scene.ask("objects", "--type", "*", "--limit", "0", "--redact")
    return {int(row["address"], 16): Told(row["type"], row["bytes"], row["refcount"])
            for row in reply["objects"]}


def by_type(rows):
    """Type -> (number, bytes)."""
    table = {}
    for row in rows.values():
        count, size = table.get(row.name, (0, 0))
        table[row.name] = count + 1, size + row.size
    return table


def look_at(scene, addresses, rows):
    """Address -> what is there, with a program that knows nothing of Python; @p rows tell of what
    is a str: C code may keep the text, and have counted a reference to the str.
    """
    texts = {address: address + scene.truth["text"] for address in addresses
             if address in rows and rows[address].name == "str"}
    path = os.path.join(scene.process.directory, "addresses")
    with open(path, "wb") as file:
        array.array("Q", [*addresses, *texts.values()]).tofile(file)
    done = subprocess.run([tool(scene, "count_words"), str(scene.process.pid), path],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60)
    if done.returncode:
        raise Failure("count_words: status %d\n%s" % (done.returncode, done.stdout[-500:]))
    found = [Place(*map(int, line.split())) for line in done.stdout.splitlines()]
    places = dict(zip(addresses, found))
    for address, text in zip(texts, found[len(addresses):]):
        places[address].words += text.words
    return places


def ask(process, addresses):
    """What the program finds at each of the addresses; None: nothing."""
    with open(os.path.join(process.directory, "questions"), "wb") as file:
        array.array("Q", addresses).tofile(file)
    with open(os.path.join(process.directory, "ask"), "wb") as door:
        door.write(b"?")
    process.wait_until_ready()
    process.settle()
    with open(os.path.join(process.directory, "answers")) as file:
        return [answer and Told(**answer) for answer in json.load(file)]
