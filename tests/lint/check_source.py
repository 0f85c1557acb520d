#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CPython versions are compared in layout and runtime only; the library is a good guest."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import source  # noqa: E402

VERSIONS = (
    (re.compile(r"\bPYVER\s*\("), "a CPython version"),
    (re.compile(r"\bPY_VERSION_HEX\b"), "a CPython version"),
    (re.compile(r"\b0x0?[23][0-9a-fA-F]{2}[0-9a-fA-F]{4}\b"), "a number like a CPython version"),
    (re.compile(r"(?:->|\.)version\b\s*(?:[<>=!]=|[<>&]|>>)"), "a comparison of versions"),
    (re.compile(r"(?:[<>=!]=|[<>])\s*[\w.>()-]*(?:->|\.)version\b"), "a comparison of versions"),
)
# What a library must not do to the program that it is in.
GUEST = (
    (re.compile(r"(?<![\w.>])(?:exit|abort|_Exit|quick_exit|atexit)\s*\("), "ends the program"),
    (re.compile(r"\b(?:stdout|stderr|stdin)\b"), "uses the program's streams"),
    (re.compile(r"(?<![\w.>])(?:printf|vprintf|puts|putchar|perror)\s*\("),
     "writes to the program's output"),
    (re.compile(r"(?<![\w.>])(?:secure_)?getenv\s*\("), "reads the environment"),
    (re.compile(r"(?<![\w.>])(?:setenv|putenv|unsetenv)\s*\("), "changes the environment"),
    (re.compile(r"(?<![\w.>])(?:signal|sigaction|sigset)\s*\(\s*\w"), "sets a signal handler"),
    (re.compile(r"(?<![\w.>])setlocale\s*\("), "changes the locale"),
    (re.compile(r"(?<![\w.>])chdir\s*\("), "changes the directory"),
    (re.compile(r"(?<![\w.>])assert\s*\("), "may end the program"),
)
STYLE = (
    (re.compile(r"//"), "comments are /* */"),
    (re.compile(r"\balloca\s*\("), "no alloca"),
)


def find(path, text, rules):
    for number, line in enumerate(text.split("\n"), 1):
        for pattern, what in rules:
            if pattern.search(line):
                yield path, number, f"{what}: {line.strip()}"


def main():
    faults, checked = [], 0
    for path in source.files("corelib", "cli"):
        folder = path.split(os.sep)
        text = source.code(source.read(path))
        checked += 1
        faults += find(path, text, STYLE)
        if folder[0] == "corelib":
            faults += find(path, text, GUEST)
        if folder[0] != "corelib" or folder[1] not in ("layout", "runtime"):
            faults += find(path, text, VERSIONS)
    return source.report(faults, checked, "files")


if __name__ == "__main__":
    sys.exit(main())
