#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every command and option that --help names is in the man page.

$srcdir is the top of the tree; the command is run from the build tree.
"""

import os
import re
import subprocess
import sys

TOP = os.environ.get("srcdir", ".")
COMMAND = os.path.abspath("tests/cli/pycore-fake")


def help_of(*words):
    return subprocess.run(
        [COMMAND, *words, "--help"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def commands():
    lines = help_of().split("Commands:\n")[1].split("\n\n")[0].splitlines()
    return [line.split()[0] for line in lines]


def options(text):
    listed = text.split("Options:\n")[1].split("\n\n")[0]
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", listed)) - {"--help,"}


def main():
    with open(os.path.join(TOP, "cli", "pycore.1"), encoding="utf-8") as f:
        page = f.read().replace("\\-", "-")
    missing = []
    for command in commands():
        if not re.search(rf"^\.B {command}$", page, re.M):
            missing.append(command)
        for option in sorted(options(help_of(command))):
            if not re.search(rf"^\.BI?R? (?:.*\s)?{option}(?:\s|$)", page, re.M):
                missing.append(f"{command} {option}")
    for what in missing:
        print(f"cli/pycore.1 does not have: {what}")
    return 1 if missing else 0


sys.exit(main())
