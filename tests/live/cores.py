"""ELF cores as files: where their bytes are, and larger ones made of them."""

import struct

GIB = 1 << 30
PT_LOAD = 1


def segments(path):
    """(address, offset in the file, size there) of each mapping of a core, as they lie in it."""
    with open(path, "rb") as core:
        header = core.read(64)
        phoff, = struct.unpack_from("<Q", header, 32)
        count, = struct.unpack_from("<H", header, 56)
        core.seek(phoff)
        table = core.read(56 * count)
    found = []
    for i in range(count):
        kind, unused, offset, address, unused, size = struct.unpack_from("<IIQQQQ", table, 56 * i)
        if kind == PT_LOAD and size:
            found.append((address, offset, size))
    return sorted(found, key=lambda segment: segment[1])


def with_zeros(path, gigabytes):
    """The bytes of a core with a mapping more, but for that: zeros, which are to follow."""
    with open(path, "rb") as core:
        content = bytearray(core.read())
    phoff, = struct.unpack_from("<Q", content, 32)
    count, = struct.unpack_from("<H", content, 56)
    table = content[phoff:phoff + 56 * count]
    content += bytes(-len(content) % 4096)
    room = 56 * (count + 1) + 4095 & -4096
    size = gigabytes * GIB
    table += struct.pack("<IIQQQQQQ", PT_LOAD, 6, len(content) + room, 1 << 44, 0, size, size, 4096)
    struct.pack_into("<Q", content, 32, len(content))
    # The tables of sections and of programs need not both be there.
    struct.pack_into("<Q", content, 40, 0)
    struct.pack_into("<HHHH", content, 56, count + 1, 0, 0, 0)
    return content + table + bytes(room - len(table))
