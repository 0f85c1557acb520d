# SPDX-License-Identifier: MIT
"""What a remote target (behind gdbserver) is, read through gdb."""

import ctypes
import re

import gdb

from . import library

PROT = {"r": 1, "w": 2, "x": 4}
MAPPING = re.compile(
    r"\s*0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+([rwxsp-]{4})(?:\s+(.*))?$"
)
PAGE = 4096


def make_reader(inferior):
    """The callback that copies memory out of the inferior."""

    def copy(address, length):
        return bytes(inferior.read_memory(address, length))

    def read(_ctx, address, buffer, length):
        # An exception in here would print a traceback and return 0: say it in numbers.
        try:
            data = copy(address, length)
        except (gdb.error, OverflowError, ValueError):
            data = b""
            while len(data) < length:
                step = min(length - len(data), PAGE - (address + len(data)) % PAGE)
                try:
                    data += copy(address + len(data), step)
                except (gdb.error, OverflowError, ValueError):
                    break
        ctypes.memmove(buffer, data, len(data))
        return len(data)

    return library.READ_FN(read)


def parse_mappings(text):
    """The rows of `info proc mappings`, as library.Map structures."""
    maps = []
    for line in text.splitlines():
        match = MAPPING.match(line)
        if not match:
            continue
        start, end, offset = (int(match.group(i), 16) for i in (1, 2, 3))
        path = (match.group(5) or "").strip()
        maps.append(
            library.Map(
                start=start,
                end=end,
                file_offset=offset,
                path=path.encode() or None,
                prot=sum(PROT.get(c, 0) for c in match.group(4)),
            )
        )
    return maps


def threads(inferior):
    """tid and registers of each thread; gdb's selection is left as it was."""
    selected = gdb.selected_thread()
    found = []
    try:
        for thread in inferior.threads():
            tid = thread.ptid[1] or thread.ptid[2]
            entry = library.NativeThread(tid=tid)
            try:
                thread.switch()
                frame = gdb.newest_frame()
                for member, register in (("fs_base", "fs_base"), ("sp", "rsp"), ("pc", "rip")):
                    value = int(frame.read_register(register))
                    setattr(entry, member, value & (2**64 - 1))
            except (gdb.error, ValueError):
                pass
            found.append(entry)
    finally:
        if selected and selected.is_valid():
            selected.switch()
    return found


def callback_target(inferior):
    """A library.CallbackTarget, and what must live as long as it is used."""
    try:
        text = gdb.execute("info proc mappings", to_string=True)
    except gdb.error as e:
        raise library.PycoreError(f"the remote target does not tell its memory map ({e})") from e
    maps = parse_mappings(text)
    if not maps:
        raise library.PycoreError("the remote target does not tell its memory map")
    map_array = (library.Map * len(maps))(*maps)
    thread_list = threads(inferior)
    thread_array = (library.NativeThread * max(1, len(thread_list)))(*thread_list)
    exe = gdb.current_progspace().filename
    target = library.sized(
        library.CallbackTarget,
        read=make_reader(inferior),
        maps=map_array,
        n_maps=len(maps),
        threads=thread_array,
        n_threads=len(thread_list),
        exe=exe.replace("target:", "", 1).encode() if exe else None,
        pid=inferior.pid,
    )
    return target, (map_array, thread_array)
