# SPDX-License-Identifier: MIT
"""Lies that cost time if they are believed: each of very many objects claims the same memory.

They are told of programs/claims.py; where a field lies is the same in every CPython 3 so far.
"""

import struct

WORD = 8
SIZE, LIST_ITEMS, LIST_ROOM = 16, 24, 32
DICT_USED, DICT_KEYS, DICT_VALUES = 16, 32, 40
SET_FILL, SET_USED, SET_MASK, SET_TABLE = 16, 24, 32, 40
DEQUE_LEFT, DEQUE_RIGHT = 24, 32
BLOCK_RIGHT = 520


class Lies:
    def __init__(self, core, truth):
        self.core = core
        self.small = truth["small"]
        self.large = truth["large"]
        self.length = truth["length"]
        self.patches = []

    def put(self, address, word):
        offset = self.core.offset(address)
        if offset is not None:
            self.patches.append((offset, struct.pack("<Q", word & 2**64 - 1)))

    def word(self, address):
        return self.core.word(address)

    def lists_of_a_million_of_the_same(self):
        large = self.large["list"]
        for at in self.small["list"]:
            for field in SIZE, LIST_ITEMS, LIST_ROOM:
                self.put(at + field, self.word(large + field))

    def tuples_that_go_on_and_on(self):
        for at in self.small["tuple"]:
            self.put(at + SIZE, 1 << 21)

    def tuples_of_half_the_address_space(self):
        for at in self.small["tuple"]:
            self.put(at + SIZE, 1 << 60)

    def dicts_of_the_same_large_table(self):
        for at in self.small["dict"]:
            for field in DICT_USED, DICT_KEYS:
                self.put(at + field, self.word(self.large["dict"] + field))

    def dicts_whose_values_are_the_large_list(self):
        for at in self.small["dict"]:
            self.put(at + DICT_KEYS, self.word(self.large["dict"] + DICT_KEYS))
            self.put(at + DICT_VALUES, self.word(self.large["list"] + LIST_ITEMS))

    def instances_with_the_same_large_dict(self):
        for at in self.small["Claimant"]:
            for field in (16, -24, -32):
                self.put(at + field, self.large["dict"])

    def sets_of_the_same_large_table(self):
        for at in self.small["set"]:
            for field in SET_FILL, SET_USED, SET_MASK, SET_TABLE:
                self.put(at + field, self.word(self.large["set"] + field))

    def sets_of_the_large_list(self):
        for at in self.small["set"]:
            self.put(at + SET_MASK, self.length // 2 - 1)
            self.put(at + SET_TABLE, self.word(self.large["list"] + LIST_ITEMS))

    def deques_that_go_round(self):
        for at in self.small["deque"]:
            block = self.word(at + DEQUE_LEFT)
            self.put(at + SIZE, 1 << 43)
            self.put(at + DEQUE_RIGHT, block + 16)
            for field in range(BLOCK_RIGHT - 16, BLOCK_RIGHT + 9, WORD):
                self.put(block + field, block)

    def ordered_dicts_that_go_round(self):
        for at in self.small["OrderedDict"]:
            self.put(at + DICT_USED, 1 << 40)
            for field in range(48, 128, WORD):
                node = self.word(at + field)
                if self.core.offset(node) is not None:
                    for link in 16, 24, 32:
                        self.put(node + link, node)

    def types_with_the_same_large_dict(self):
        for at in self.core.types:
            for field in range(8, 90):
                if self.word(self.word(at + 8 * field) + 8) == self.word(self.large["dict"] + 8):
                    self.put(at + 8 * field, self.large["dict"])

    def types_with_the_same_large_tuple(self):
        """Bases, order of resolution, names of slots."""
        names = self.small["tuple"][0]
        kind = self.word(names + 8)
        self.put(names + SIZE, 1 << 20)
        for at in self.core.types:
            for field in range(8, 110):
                if self.word(self.word(at + 8 * field) + 8) == kind:
                    self.put(at + 8 * field, names)

    def every_tuple_is_the_same(self):
        names = self.small["tuple"][0]
        tuples = set(self.core.objects[self.word(names + 8)])
        self.put(names + SIZE, 1 << 20)
        for start, words in self.core.words():
            for i, word in enumerate(words):
                if word in tuples:
                    self.put(start + 8 * i, names)

    def texts_without_end(self):
        for at in self.small["str"]:
            self.put(at + SIZE, 1 << 26)

    def program_headers(self, more):
        """More of them, (address, offset, size in the file, size in memory)."""
        phoff, = struct.unpack_from("<Q", self.core.bytes, 32)
        count, = struct.unpack_from("<H", self.core.bytes, 56)
        end = len(self.core.bytes)
        table = bytearray(self.core.bytes[phoff:phoff + 56 * count])
        for address, offset, filesz, memsz in more:
            table += struct.pack("<IIQQQQQQ", 1, 6, offset, address, 0, filesz, memsz, 4096)
        self.patches += [(end, table), (32, struct.pack("<Q", end)),
                         (56, struct.pack("<H", len(table) // 56))]

    def a_mapping_of_nearly_everything(self):
        self.program_headers([(1 << 44, 0, 0, 1 << 46)])

    def a_mapping_of_far_more_than_can_be(self):
        self.program_headers([(1 << 50, 0, 0, (1 << 63) - (1 << 51))])

    def the_same_bytes_mapped_again_and_again(self):
        size = len(self.core.bytes) & -4096
        self.program_headers([((1 << 45) + i * (size + 4096), 0, size, size) for i in range(60000)])

    def pools_mapped_again_and_again(self):
        start, offset, size, unused = max(self.core.writable, key=lambda segment: segment[2])
        self.program_headers([((1 << 45) + i * (size + 4096), offset, size, size)
                              for i in range(60000)])

    def a_list_for_the_table_of_arenas(self):
        """Every word that tells of a table of arenas (a pointer and a small count) does of a list."""
        items = self.word(self.large["list"] + LIST_ITEMS)
        for i in range(self.length):
            self.put(items + WORD * i, 1 << 45 | i << 22)
        for start, words in self.core.words():
            for i in range(len(words) - 1):
                if words[i + 1] in (16, 32, 64, 128, 256) and self.core.offset(words[i]) is not None:
                    self.put(start + WORD * i, items)
                    self.put(start + WORD * i + 8, self.length // 6)

    def all_at_once(self):
        for lie in (Lies.lists_of_a_million_of_the_same, Lies.dicts_of_the_same_large_table,
                    Lies.sets_of_the_same_large_table, Lies.deques_that_go_round,
                    Lies.tuples_that_go_on_and_on, Lies.texts_without_end):
            lie(self)


ALL = [lie for name, lie in vars(Lies).items()
       if callable(lie) and name not in ("__init__", "put", "word", "program_headers")]
