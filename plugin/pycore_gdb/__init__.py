# SPDX-License-Identifier: MIT
"""gdb commands that show what a stopped or dead CPython process holds.

The work is done by libpycore, which reads the core file or the process that
gdb has; only behind gdbserver are bytes fetched through gdb.
"""

from . import commands, sessions


def start(library_path):
    """Define the commands; library_path is where libpycore.so is."""
    sessions.library_path = library_path
    sessions.watch_events()
    commands.define_all()
