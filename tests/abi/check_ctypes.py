#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The plugin's ctypes declarations have the sizes and offsets of the C headers.

$srcdir is the top of the tree, $CC the compiler.
"""

import ctypes
import importlib.util
import os
import subprocess
import sys
import tempfile


def load_declarations(top):
    path = os.path.join(top, "plugin", "pycore_gdb", "library.py")
    spec = importlib.util.spec_from_file_location("library", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def declared(structure):
    """What Python says: the size, then each member's offset and size."""
    rows = [(structure._c_name_, "", ctypes.sizeof(structure), 0)]
    for name, _kind in structure._fields_:
        field = getattr(structure, name)
        rows.append((structure._c_name_, name, field.offset, field.size))
    return rows


def c_program(rows):
    lines = ["#include <stddef.h>", "#include <stdio.h>", "#include <pycore/pycore.h>"]
    lines += ["int main(void)", "{"]
    for struct, member, _a, _b in rows:
        if member:
            values = f"offsetof({struct}, {member}), sizeof((({struct} *)0)->{member})"
        else:
            values = f"sizeof({struct}), (size_t)0"
        lines.append(f'\tprintf("%zu %zu\\n", {values});')
    lines += ["\treturn 0;", "}", ""]
    return "\n".join(lines)


def measured(top, rows):
    compiler = os.environ.get("CC", "cc").split()
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "abi.c"), os.path.join(folder, "abi")
        with open(source, "w", encoding="ascii") as f:
            f.write(c_program(rows))
        include = os.path.join(top, "corelib", "include")
        subprocess.run([*compiler, "-I", include, "-o", program, source], check=True)
        out = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return [tuple(map(int, line.split())) for line in out.splitlines()]


def main():
    top = os.environ.get("srcdir", ".")
    structures = load_declarations(top).STRUCTURES
    rows = [row for structure in structures for row in declared(structure)]
    wrong = 0
    for (struct, member, a, b), truth in zip(rows, measured(top, rows)):
        if (a, b) != truth:
            print(f"{struct} {member or '(size)'}: plugin says {(a, b)}, header says {truth}")
            wrong += 1
    print(f"{len(rows)} declarations compared, {wrong} differ")
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
