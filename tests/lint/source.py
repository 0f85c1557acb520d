# SPDX-License-Identifier: MIT
"""What the lint tests share: the tree's C files, and C text without comments and strings."""

import os
import re

ROOMS = ("base", "target", "capture", "layout", "runtime", "object", "stack", "heap", "graph", "report",
         "session")


def top():
    return os.environ.get("srcdir", ".")


def files(*folders, endings=(".c", ".h")):
    """Paths below the top of the tree, sorted."""
    found = []
    for folder in folders:
        for path, _folders, names in os.walk(os.path.join(top(), folder)):
            found += [os.path.join(path, name) for name in names if name.endswith(endings)]
    return sorted(os.path.relpath(path, top()) for path in found)


def read(path):
    with open(os.path.join(top(), path), encoding="utf-8") as f:
        return f.read()


# Comments and literals first: neither starts inside the other.
_OPAQUE = re.compile(r"""/\*.*?\*/ | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""", re.S | re.X)


def code(text):
    """C text with comments and literals blanked, line numbers kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())

    return _OPAQUE.sub(blank, text)


def report(faults, checked, what):
    """Print and give the exit status."""
    for path, line, text in faults:
        print(f"{path}:{line}: {text}")
    print(f"{checked} {what} checked, {len(faults)} faults")
    return 1 if faults or not checked else 0
