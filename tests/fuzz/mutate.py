#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Damage a core of CPython, the same way each time for the same seed.

It knows no layout: it finds types (what is its own type is type itself, and
so on), objects by their types, and hits words of these, of what they point
to, of pools, notes and headers.
"""

import array
import bisect
import mmap
import random
import re
import struct
import subprocess
import sys

PAGE = 4096
PART = 1 << 18
PT_LOAD, PT_NOTE = 1, 4
ESCAPE = b"\x1b[31m\x07\x9b\r\n<&\"\\}\xff"


class Core:
    """The original, and where its objects are."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as core:
            self.bytes = mmap.mmap(core.fileno(), 0, access=mmap.ACCESS_READ)
        self.headers = []
        self.segments = []
        phoff, = struct.unpack_from("<Q", self.bytes, 32)
        size, count = struct.unpack_from("<HH", self.bytes, 54)
        for i in range(count):
            at = phoff + i * size
            kind, flags, offset, address, unused, filesz = struct.unpack_from(
                "<IIQQQQ", self.bytes, at)
            self.headers.append((at, kind))
            if kind == PT_LOAD and filesz:
                self.segments.append((address, offset, filesz, flags))
            if kind == PT_NOTE:
                self.notes = (offset, filesz)
        self.segments.sort()
        self.starts = [segment[0] for segment in self.segments]
        self.writable = [s for s in self.segments if s[3] & 2]
        self.find_objects()

    def offset(self, address):
        start, offset, size, unused = self.segments[bisect.bisect_right(self.starts, address) - 1]
        return offset + address - start if start <= address < start + size else None

    def word(self, address):
        at = self.offset(address)
        if at is None or at + 8 > len(self.bytes):
            return 0
        return struct.unpack_from("<Q", self.bytes, at)[0]

    def words(self):
        for start, offset, size, unused in self.writable:
            for part in range(0, size, PART):
                data = self.bytes[offset + part:offset + min(part + PART, size)]
                # Most of a thread's memory was never touched.
                if data.count(0) != len(data):
                    words = array.array("Q")
                    words.frombytes(data[:len(data) & ~7])
                    yield start + part, words

    def find_objects(self):
        low = min(segment[0] for segment in self.writable)
        high = max(segment[0] + segment[2] for segment in self.writable)
        where = {}
        for start, words in self.words():
            for i, word in enumerate(words):
                if low <= word < high and not word & 7:
                    where.setdefault(word, []).append(start + 8 * i - 8)
        likely = {word for word in where if self.may_be_type(word)}
        metas = {word for word in likely if self.word(word + 8) == word}
        metas |= {word for word in likely if self.word(word + 8) in metas
                  and self.word(word + 32) > 800}
        self.types = sorted(word for word in likely if self.word(word + 8) in metas)
        self.objects = {kind: where[kind] for kind in self.types}
        self.all = [at for kind in self.types for at in self.objects[kind]]
        self.cookie = self.bytes.find(b"xdebugpy")

    def may_be_type(self, address):
        """Whether there are a name and a size of instances where a type has them."""
        name = self.word(address + 24)
        if (not 8 <= self.word(address + 32) <= 4096 or self.word(address + 40) > 64
                or not all(PAGE <= word < 2**47 for word in (name, self.word(address + 48)))):
            return False
        at = self.offset(name)
        # Names of static types may be in the file alone.
        return at is None or re.match(rb"[A-Za-z_][\w.]{2,60}\0", self.bytes[at:at + 64])


class Mutator:
    def __init__(self, core, seed):
        self.core = core
        self.random = random.Random("core %d" % seed)
        self.patches = []  # (file offset, bytes)
        self.length = len(core.bytes)
        self.done = []

    def pick(self, sequence):
        return sequence[self.random.randrange(len(sequence))]

    def somewhere(self):
        start, unused, size, unused = self.pick(self.core.segments)
        return start + self.random.randrange(size)

    def object(self, kind=None):
        if kind is None and self.random.random() < 0.3:
            return self.pick(self.core.all)
        return self.pick(self.core.objects[kind or self.pick(self.core.types)])

    def value(self, at):
        """A bad word for an address."""
        roll = self.random.randrange(16)
        if roll == 0:
            return 0
        if roll == 1:
            return self.pick((2**64 - 1, 2**63, 2**63 - 1, 2**31, 2**32, 2**32 - 1, 2**47, 2**47 - 8,
                              2**61, 2**60, 2**48 - 1, 0x8000000000000001))
        if roll == 2:
            return self.random.randrange(40)
        if roll == 3:
            return 1 << self.random.randrange(64)
        if roll == 4:
            return self.random.getrandbits(64)
        if roll == 5:
            return at & ~7
        if roll == 6:
            return (at & ~7) - 8 * self.random.randrange(12) & 2**64 - 1
        if roll == 7:
            return self.somewhere()
        if roll == 8:
            return self.somewhere() & ~7
        if roll == 9:
            return self.pick(self.core.types)
        if roll == 10:
            start, unused, size, unused = self.pick(self.core.segments)
            return start + size - self.pick((0, 1, 8, 16, 24, 40))
        if roll == 11:
            return self.core.word(at & ~7) + self.pick((-16, -8, -1, 1, 8, 16)) & 2**64 - 1
        if roll == 12:
            return self.core.word(at & ~7) ^ 1 << self.random.randrange(64)
        if roll == 13:
            return 1 << self.pick((16, 20, 24, 28)) | self.random.randrange(256)
        return self.object()

    def put(self, address, data):
        offset = self.core.offset(address)
        if offset is not None and offset + len(data) <= self.length:
            self.patches.append((offset, data))

    def put_word(self, address, value):
        self.put(address, struct.pack("<Q", value & 2**64 - 1))

    def reached(self):
        """A word of an object, or of what it points to."""
        at = self.object()
        for unused in range(self.pick((0, 0, 0, 1, 1, 2, 3))):
            to = self.core.word(at + 8 * self.random.randrange(10))
            if self.core.offset(to) is not None:
                at = to & ~7
        return at + 8 * self.random.randrange(-2, 14)

    def hit_word(self):
        at = self.reached()
        self.put_word(at, self.value(at))

    def hit_bytes(self):
        at = self.reached() + self.random.randrange(8)
        self.put(at, bytes(self.pick((0, 1, 0x3f, 0x7f, 0x80, 0xff, self.random.randrange(256)))
                           for unused in range(self.random.randrange(1, 4))))

    def hit_type(self):
        kind = self.pick(self.core.types)
        at = kind + 8 * self.random.randrange(52)
        self.put_word(at, self.value(at))

    def hit_head(self):
        at = self.object() - self.pick((8, 16, 24, 32))
        self.put_word(at, self.value(at))

    def hit_any(self):
        start, unused, size, unused = self.pick(self.core.writable)
        at = start + self.random.randrange(size) & ~7
        self.put_word(at, self.value(at))

    def hit_pool(self):
        at = self.pick(self.core.all) & ~(self.pick((PAGE, 4 * PAGE)) - 1)
        at += 4 * self.random.randrange(12)
        if self.random.random() < 0.5:
            self.put_word(at, self.value(at))
        else:
            self.put(at, struct.pack("<I", self.value(at) & 2**32 - 1))

    def hit_globals(self):
        """The program's own data: the runtime, interpreters and threads hang from it."""
        start, unused, size, unused = self.pick(self.core.writable[:6])
        for unused in range(30):
            at = start + self.random.randrange(size) & ~7
            if self.core.offset(self.core.word(at)) is not None:
                break
        for unused in range(self.random.randrange(3)):
            to = self.core.word(at)
            if self.core.offset(to) is not None:
                at = (to & ~7) + 8 * self.random.randrange(40)
        self.put_word(at, self.value(at))

    def hit_offsets(self):
        if self.core.cookie < 0:
            return self.hit_globals()
        at = self.core.cookie + 8 * self.random.randrange(1, 100)
        word = self.pick((0, 1, 8, 16, 255, 4095, 2**15, 2**20, 2**31, 2**32, 2**63, 2**64 - 1,
                          self.random.randrange(600)))
        self.patches.append((at, struct.pack("<Q", word)))

    def hit_notes(self):
        offset, size = self.core.notes
        at = offset + self.random.randrange(size)
        if self.random.random() < 0.5:
            at &= ~3
        self.patches.append((at, self.pick((ESCAPE, b"\xff" * 4, b"\0" * 4, b"\x80\0\0\0", b"\x7f",
                                           b"\xff" * 7 + b"\x7f"))))

    def hit_program_header(self):
        at, unused = self.pick(self.core.headers)
        at += self.pick((0, 4, 8, 16, 32, 40, 48))
        word = self.pick((0, 1, 2**63, 2**64 - 1, 2**47, 2**40, self.length, self.length - 8,
                          self.random.randrange(2**24), self.somewhere() & -PAGE))
        self.patches.append((at, struct.pack("<Q", word)[:self.pick((4, 8))]))

    def hit_elf_header(self):
        at = self.random.randrange(64)
        self.patches.append((at, bytes([self.random.randrange(256)])))

    def hit_text(self):
        """Control characters into what is likely to be shown."""
        at = self.object()
        for unused in range(self.random.randrange(3)):
            to = self.core.word(at + 8 * self.random.randrange(10))
            if self.core.offset(to) is not None:
                at = to
        at += self.random.randrange(80)
        self.put(at, ESCAPE)

    def hit_type_name(self):
        name = self.core.word(self.pick(self.core.types) + 24)
        if self.core.offset(name) is not None:
            self.put(name, ESCAPE)

    def hit_all_of_a_type(self):
        """The same bad word in every object of a type."""
        kind = self.pick(self.core.types)
        index = self.random.randrange(-2, 10)
        word = self.value(kind)
        own = self.random.random() < 0.2
        for at in self.core.objects[kind]:
            self.put_word(at + 8 * index, at if own else word)

    def hit_huge(self):
        """Every object of a type has a huge size and the same memory."""
        kind = self.pick(self.core.types)
        big = max(self.core.segments, key=lambda s: s[2])
        word = self.pick((2**17, 2**20, 2**24, 2**32, 2**40))
        for at in self.core.objects[kind]:
            self.put_word(at + 16, word)
            if self.random.random() < 0.5:
                self.put_word(at + 24, big[0])
            if self.random.random() < 0.5:
                self.put_word(at + 32, word)

    def cut(self):
        self.length = self.random.randrange(self.length)

    HITS = (
        (30, hit_word), (12, hit_bytes), (10, hit_type), (8, hit_head), (8, hit_any), (8, hit_pool),
        (8, hit_globals), (4, hit_offsets), (8, hit_text), (4, hit_type_name),
        (3, hit_all_of_a_type), (3, hit_huge),
    )
    # Where these hit, little else may be looked at.
    OUTSIDE = (
        (5, hit_notes), (4, hit_program_header), (1, hit_elf_header), (4, hit_offsets), (1, cut),
    )

    def run(self, most):
        hits = self.OUTSIDE if self.random.random() < 0.15 else self.HITS
        # Often few: what is damaged first may hide the rest.
        for unused in range(1 + int(most * self.random.random() ** 3)):
            hit = self.random.choices(hits, [weight for weight, unused in hits])[0][1]
            self.done.append(hit.__name__)
            hit(self)


class Damaged:
    """A file with the core in it, damaged and made whole again."""

    def __init__(self, core, path):
        self.core = core
        self.path = path
        self.undo = []
        subprocess.run(["cp", "--sparse=always", core.path, path], check=True)

    def damage(self, patches, length=None):
        size = len(self.core.bytes)
        for offset, data in patches:
            size = max(size, offset + len(data))
        with open(self.path, "r+b") as out:
            out.truncate(size)
            with mmap.mmap(out.fileno(), size) as memory:
                for offset, data in patches:
                    memory[offset:offset + len(data)] = data
                    self.undo.append((offset, len(data)))
            if length is not None:
                out.truncate(length)

    def restore(self):
        whole = self.core.bytes
        with open(self.path, "r+b") as out:
            now = out.seek(0, 2)
            if now < len(whole):
                out.write(whole[now:])
            out.truncate(len(whole))
            out.flush()
            with mmap.mmap(out.fileno(), len(whole)) as memory:
                for offset, size in self.undo:
                    end = min(offset + size, len(whole))
                    memory[offset:end] = whole[offset:end]
        self.undo = []


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit("usage: mutate.py CORE SEED OUT [MOST-HITS]")
    core = Core(sys.argv[1])
    mutator = Mutator(core, int(sys.argv[2]))
    mutator.run(int(sys.argv[4]) if len(sys.argv) == 5 else 40)
    Damaged(core, sys.argv[3]).damage(mutator.patches, mutator.length)
    print(" ".join(mutator.done))


if __name__ == "__main__":
    main()
