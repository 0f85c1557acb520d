#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The library defines what the public headers declare, and shows nothing else.

$srcdir is the top of the tree; the library is looked for in the build tree,
where tests run. Left out (status 77) where it is not built or has no symbols yet.
"""

import os
import re
import subprocess
import sys

LIBRARY = os.path.join(".libs", "libpycore.so")
DECLARED = re.compile(r"^PYCORE_API\b[^;]*?\b(pycore_\w+)\s*\(", re.M | re.S)


def declared(top):
    names, folder = set(), os.path.join(top, "corelib", "include", "pycore")
    for name in os.listdir(folder):
        if name.endswith(".h"):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                names.update(DECLARED.findall(f.read()))
    return names


def exported(path):
    done = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", path], check=True,
                          capture_output=True, text=True)
    return {line.split()[0].split("@")[0] for line in done.stdout.splitlines() if line}


def main():
    if not os.path.exists(LIBRARY):
        print(f"left out: {LIBRARY} is not built")
        return 77
    wanted, there = declared(os.environ.get("srcdir", ".")), exported(LIBRARY)
    if not there & wanted:
        print("left out: the library has none of the public functions yet")
        return 77
    for name in sorted(wanted - there):
        print(f"declared, not defined: {name}")
    for name in sorted(there - wanted):
        print(f"defined, not declared: {name}")
    print(f"{len(wanted)} declared, {len(there)} exported")
    return 0 if wanted == there else 1


if __name__ == "__main__":
    sys.exit(main())
