# SPDX-License-Identifier: MIT
"""One open library session for what gdb has now; closed as soon as it may change."""

import ctypes
import os
import re

import gdb

from . import library, remote

library_path = None
_lib = None
_current = None
_chosen = None


class Session:
    """An open target. `key` says of what, so that a second command can use it again."""

    def __init__(self, lib, key):
        self.lib = lib
        self.key = key
        self.handle = ctypes.c_void_p()
        self.warned = 0
        self._keep = None

    def options(self, **values):
        sysroot = gdb.parameter("sysroot") or ""
        if sysroot.startswith("target:") or sysroot == "/":
            sysroot = ""
        return library.sized(
            library.Options, sysroot=sysroot.encode() or None,
            unpack_dir=os.environ.get("TMPDIR", "").encode() or None, **values
        )

    def open(self, function, what, **values):
        error = library.Error()
        options = self.options(**values)
        library.check(
            function(ctypes.byref(self.handle), what, ctypes.byref(options), ctypes.byref(error)),
            error,
        )

    def open_core(self, path, exe=None):
        self.open(
            self.lib.pycore_open_core, path.encode(), exe=exe.encode() if exe else None
        )

    def open_live(self, pid, stopped):
        self.open(
            self.lib.pycore_open_live, pid, already_stopped=stopped, no_freeze=not stopped
        )

    def open_remote(self, inferior):
        target, arrays = remote.callback_target(inferior)
        self._keep = (target, arrays)
        self.open(self.lib.pycore_open_callback, ctypes.byref(target))

    def report(self, name, options):
        """The text of a report; warnings not yet shown go to standard error."""
        pieces = []

        def write(_ctx, text, length):
            pieces.append(ctypes.string_at(text, length))
            return 0

        error = library.Error()
        status = self.lib.pycore_report(
            self.handle, name.encode(), ctypes.byref(options), library.WRITE_FN(write), None,
            ctypes.byref(error),
        )
        self.show_warnings()
        library.check(status, error)
        return b"".join(pieces).decode("utf-8", "replace")

    def show_warnings(self):
        while True:
            line = self.lib.pycore_warning(self.handle, self.warned)
            if line is None:
                return
            kind = "note" if self.lib.pycore_warning_is_note(self.handle, self.warned) else "warning"
            gdb.write(f"pycore: {kind}: {line.decode('utf-8', 'replace')}\n", gdb.STDERR)
            self.warned += 1

    def close(self):
        if self.handle:
            self.lib.pycore_close(self.handle)
            self.handle = ctypes.c_void_p()


def core_path(inferior):
    """The core file that gdb has open."""
    # gdb 18 has the attribute; gdb 16 and older say it only in their text.
    corefile = getattr(inferior, "corefile", None)
    if corefile is not None:
        return os.path.abspath(corefile.filename)
    text = gdb.execute("info files", to_string=True)
    match = re.search(r"Local core dump file:\s*[`'](.*)', file type", text)
    if not match:
        raise library.PycoreError("gdb does not say which core file it has open")
    return os.path.abspath(match.group(1))


def all_stopped(inferior):
    return all(thread.is_stopped() for thread in inferior.threads())


def _kind(inferior):
    connection = getattr(inferior, "connection", None)
    return connection.type if connection else None


def choose(path):
    """Answer for this core from now on; None: for what gdb debugs."""
    global _chosen
    close()
    _chosen = os.path.abspath(os.path.expanduser(path)) if path else None


def new_session(key):
    global _lib
    if _lib is None:
        _lib = library.load(library_path)
    return Session(_lib, key)


def current():
    """The session for the chosen core or the selected inferior, opened if it is not open yet."""
    global _current
    if not _chosen:
        return of_inferior()
    if not _current:
        session = new_session(("chosen", _chosen))
        session.open_core(_chosen)
        _current = session
    return _current


def of_inferior():
    global _current
    inferior = gdb.selected_inferior()
    kind = _kind(inferior)
    if not inferior.pid or kind is None:
        raise library.PycoreError(
            "no process and no core file: attach to one (gdb -p PID) or open one (gdb -c CORE)"
        )
    stopped = all_stopped(inferior)
    path = core_path(inferior) if kind == "core" else None
    exe = gdb.current_progspace().filename
    key = (inferior.num, kind, inferior.pid, path, exe, stopped)
    if _current and _current.key == key and stopped:
        return _current
    close()
    session = new_session(key)
    if kind == "core":
        session.open_core(path, exe)
    elif kind == "native":
        session.open_live(inferior.pid, stopped)
    else:
        session.open_remote(inferior)
    _current = session
    return session


def close(*_event):
    global _current
    if _current:
        _current.close()
        _current = None


def watch_events():
    """What was read is stale as soon as the inferior runs, ends or is written to."""
    for name in ("cont", "exited", "inferior_deleted", "memory_changed", "inferior_call"):
        registry = getattr(gdb.events, name, None)
        if registry is not None:
            registry.connect(close)
