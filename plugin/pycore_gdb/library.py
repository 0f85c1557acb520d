# SPDX-License-Identifier: MIT
"""The C library as ctypes sees it: declarations, and the one door for failure.

Each structure mirrors the one of the same name in include/pycore/; a test
compares their sizes and offsets with the header's.
"""

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)

FORMATS = ("text", "json", "dot", "folded", "speedscope", "svg")

READ_FN = CFUNCTYPE(c_size_t, c_void_p, c_uint64, c_void_p, c_size_t)
WRITE_FN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t)
PROGRESS_FN = CFUNCTYPE(None, c_void_p, c_char_p, c_uint64, c_uint64)


class Error(ctypes.Structure):
    _c_name_ = "struct pycore_error"
    _fields_ = [
        ("status", c_int32),
        ("os_errno", c_int32),
        ("address", c_uint64),
        ("message", c_char * 240),
    ]


class Options(ctypes.Structure):
    _c_name_ = "struct pycore_options"
    _fields_ = [
        ("size", c_size_t),
        ("exe", c_char_p),
        ("sysroot", c_char_p),
        ("debug_dir", c_char_p),
        ("progress", PROGRESS_FN),
        ("progress_ctx", c_void_p),
        ("jobs", c_uint32),
        ("no_freeze", c_bool),
        ("already_stopped", c_bool),
        ("map_files", c_bool),
        ("unpack_dir", c_char_p),
        ("max_stop_ms", c_uint64),
    ]


class Map(ctypes.Structure):
    _c_name_ = "struct pycore_map"
    _fields_ = [
        ("start", c_uint64),
        ("end", c_uint64),
        ("file_offset", c_uint64),
        ("path", c_char_p),
        ("prot", c_uint32),
    ]


class NativeThread(ctypes.Structure):
    _c_name_ = "struct pycore_native_thread"
    _fields_ = [
        ("tid", c_uint64),
        ("fs_base", c_uint64),
        ("sp", c_uint64),
        ("pc", c_uint64),
    ]


class CallbackTarget(ctypes.Structure):
    _c_name_ = "struct pycore_callback_target"
    _fields_ = [
        ("size", c_size_t),
        ("read", READ_FN),
        ("ctx", c_void_p),
        ("maps", POINTER(Map)),
        ("n_maps", c_size_t),
        ("threads", POINTER(NativeThread)),
        ("n_threads", c_size_t),
        ("exe", c_char_p),
        ("pid", c_uint64),
    ]


class ReportOptions(ctypes.Structure):
    _c_name_ = "struct pycore_report_options"
    _fields_ = [
        ("size", c_size_t),
        ("format", c_int32),
        ("color", c_bool),
        ("redact", c_bool),
        ("verbose", c_bool),
        ("referents", c_bool),
        ("type", c_char_p),
        ("include", POINTER(c_char_p)),
        ("exclude", POINTER(c_char_p)),
        ("addresses", POINTER(c_uint64)),
        ("n_addresses", c_size_t),
        ("limit", c_int64),
        ("sort", c_char_p),
        ("by_address", c_bool),
        ("depth", c_uint32),
        ("max_nodes", c_uint32),
        ("tid", c_uint64),
        ("width", c_uint32),
        ("in_gdb", c_bool),
        ("locals", c_bool),
        ("no_referrers", c_bool),
        ("name", c_char_p),
        ("retained", c_bool),
        ("tree", c_bool),
        ("paths", c_uint32),
        ("base", c_void_p),
        ("third", c_void_p),
        ("cost", c_bool),
    ]


STRUCTURES = (Error, Options, Map, NativeThread, CallbackTarget, ReportOptions)


class PycoreError(Exception):
    """A call of the library failed; the message is one line for the user."""


def sized(structure, **values):
    """A structure of the kind that says its own size in its first member."""
    return structure(size=ctypes.sizeof(structure), **values)


def check(status, error):
    if status < 0:
        raise PycoreError(error.message.decode("utf-8", "replace"))


def load(path):
    """The library, with the functions that the plugin calls declared."""
    try:
        lib = ctypes.CDLL(path)
    except OSError as e:
        raise PycoreError(f"cannot load libpycore ({e}): is pycore installed completely?") from e
    options, error = POINTER(Options), POINTER(Error)
    session, out = c_void_p, POINTER(c_void_p)
    declare = {
        "pycore_open_core": (c_int, [out, c_char_p, options, error]),
        "pycore_open_live": (c_int, [out, c_int, options, error]),
        "pycore_open_callback": (c_int, [out, POINTER(CallbackTarget), options, error]),
        "pycore_close": (None, [session]),
        "pycore_warning": (c_char_p, [session, c_size_t]),
        "pycore_warning_is_note": (c_bool, [session, c_size_t]),
        "pycore_stopped_ms": (c_double, [session]),
        "pycore_version": (c_char_p, []),
        "pycore_report": (
            c_int,
            [session, c_char_p, POINTER(ReportOptions), WRITE_FN, c_void_p, error],
        ),
    }
    for name, (result, arguments) in declare.items():
        function = getattr(lib, name)
        function.restype = result
        function.argtypes = arguments
    return lib
