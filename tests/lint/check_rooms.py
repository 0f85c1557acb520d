#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A room includes only the rooms below it; the rest of the world only public headers."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import source  # noqa: E402

_OBJECT = {"base", "target", "layout", "runtime", "object"}
MAY_INCLUDE = {
    "base": set(),
    "target": {"base"},
    "capture": {"base", "target"},
    "layout": {"base"},
    "runtime": {"base", "target", "layout"},
    "object": _OBJECT,
    "stack": _OBJECT,
    "heap": _OBJECT,
    "graph": _OBJECT | {"stack", "heap"},
    "report": {"base"},
    "session": set(source.ROOMS),
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def includes(path):
    text = source.read(path)
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[1] == '"', match[2]


def internal(name):
    """The room that a quoted include names, or None."""
    room = name.split("/")[0]
    return room if "/" in name and room in source.ROOMS else None


def faults_of_room(path, room):
    allowed = MAY_INCLUDE[room] | {room}
    for line, quoted, name in includes(path):
        other = internal(name)
        if quoted and name != "config.h" and other is None:
            yield path, line, f'"{name}": quoted includes name a room: "room/file.h"'
        elif other and other not in allowed:
            yield path, line, f"{room} must not include {other}: {name}"


def faults_outside(path):
    for line, quoted, name in includes(path):
        if internal(name):
            yield path, line, f"only public headers here, not {name}"
        if not quoted and name.startswith(tuple(room + "/" for room in source.ROOMS)):
            yield path, line, f"only public headers here, not {name}"


def main():
    faults, checked = [], 0
    for path in source.files("corelib", endings=(".c", ".h", ".def", ".inc")):
        room = path.split(os.sep)[1]
        checked += 1
        if room == "include":
            faults += [f for f in faults_outside(path)]
        elif room not in MAY_INCLUDE:
            faults.append((path, 1, f"{room} is no room of corelib"))
        else:
            faults += [f for f in faults_of_room(path, room)]
    for path in source.files("cli", "plugin"):
        checked += 1
        faults += [f for f in faults_outside(path)]
    return source.report(faults, checked, "files")


if __name__ == "__main__":
    sys.exit(main())
