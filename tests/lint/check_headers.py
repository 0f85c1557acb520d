#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each public header compiles alone, strictly, as C and as C++; each room's header as C.

$CC and $CXX are the compilers; C++ is left out, and said so, where there is none.
"""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import source  # noqa: E402

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
CORELIB = os.path.join(source.top(), "corelib")
PUBLIC = ["-I", os.path.join(CORELIB, "include")]


def compiles(command, text, ending):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "alone" + ending)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        done = subprocess.run([*command, path], capture_output=True, text=True)
    return done.returncode == 0, done.stderr


def alone(name, quotes):
    """Twice: the guard is there. The function: a file of declarations alone is pedantry."""
    line = f"#include {quotes[0]}{name}{quotes[1]}\n"
    return line + line + "int alone(void);\n"


def main():
    cc = os.environ.get("CC", "cc").split()
    cxx = os.environ.get("CXX", "c++").split()
    ways = [([*cc, "-std=c11", *STRICT, *PUBLIC], ".c")]
    if shutil.which(cxx[0]):
        ways.append(([*cxx, "-std=c++11", *STRICT, *PUBLIC], ".cc"))
    else:
        print(f"left out: C++, there is no {cxx[0]}")
    faults, checked = [], 0
    for path in source.files(os.path.join("corelib", "include"), endings=(".h",)):
        name = os.path.relpath(path, os.path.join("corelib", "include"))
        for command, ending in ways:
            checked += 1
            fine, errors = compiles(command, alone(name, "<>"), ending)
            if not fine:
                faults.append((path, 1, f"does not compile alone ({ending}):\n{errors}"))
    inside = [*cc, "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wno-unused-parameter",
              "-Werror", "-fsyntax-only", *PUBLIC, "-I", CORELIB]
    for path in source.files("corelib", endings=(".h",)):
        name = os.path.relpath(path, "corelib")
        if name.startswith("include"):
            continue
        checked += 1
        fine, errors = compiles(inside, alone(name, '""'), ".c")
        if not fine:
            faults.append((path, 1, f"does not compile alone:\n{errors}"))
    return source.report(faults, checked, "compilations")


if __name__ == "__main__":
    sys.exit(main())
