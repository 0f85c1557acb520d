# SPDX-License-Identifier: MIT
"""The gdb commands: each turns its words into report options and prints the text."""

import argparse
import ctypes
import os
import shutil
import stat
import subprocess

import gdb

from . import library, sessions


class WordsParser(argparse.ArgumentParser):
    """argparse, but failing the way a gdb command fails."""

    def error(self, message):
        raise gdb.GdbError(f"{self.prog}: {message} (see: help {self.prog})")

    def exit(self, status=0, message=None):
        raise gdb.GdbError(message or "")

    def print_help(self, file=None):
        gdb.write(self.format_help())


class Argument:
    """One option of a command, as argparse wants it."""

    def __init__(self, *names, **how):
        self.names, self.how = names, how


def address(text):
    try:
        return int(text, 0)
    except ValueError:
        return int(gdb.parse_and_eval(text)) & (2**64 - 1)


TYPE = Argument("--type", metavar="T", help="module.qualname, a bare name or a glob")
LIMIT = Argument("--limit", metavar="N", type=int, help="rows to show (default 20)")
SORT = Argument("--sort", choices=("count", "bytes", "retained"), help="order of the rows")
REDACT = Argument("--redact", action="store_true", help="show no values of objects")
OUTPUT = Argument("-o", dest="output", metavar="FILE", help="write there instead")


def format_argument(*formats):
    return Argument("--format", choices=formats, default=formats[0], help="default: %(default)s")


class ReportCommand(gdb.Command):
    """A command that prints one of the library's reports."""

    def __init__(self, name, report, doc, arguments):
        self.__doc__ = doc
        self.name, self.report = name, report
        self.parser = WordsParser(prog=name, add_help=False, description=doc)
        for argument in arguments:
            self.parser.add_argument(*argument.names, **argument.how)
        self.__doc__ = f"{doc}\n\n{self.parser.format_usage()}"
        super().__init__(name, gdb.COMMAND_STACK if report == "bt" else gdb.COMMAND_DATA)

    def invoke(self, line, from_tty):
        self.dont_repeat()
        words = self.parser.parse_args(gdb.string_to_argv(line))
        try:
            options, keep = report_options(words)
            text = self.text(sessions.current(), words, options)
        except library.PycoreError as e:
            raise gdb.GdbError(f"pycore: {e}") from None
        del keep
        emit(text, getattr(words, "output", None))

    def text(self, session, words, options):
        return session.report(self.report, options)


class BacktraceCommand(ReportCommand):
    """py-bt shows one thread, so that `thread apply all py-bt` reads right."""

    def text(self, session, words, options):
        if words.all:
            return session.report("bt", options)
        thread = gdb.selected_thread()
        if thread is None:
            raise gdb.GdbError("py-bt: no thread is selected (py-bt --all shows every thread)")
        options.tid = thread.ptid[1] or thread.ptid[2]
        text = session.report("bt", options)
        return text or f"Thread {options.tid} runs no Python code\n"


class PrintCommand(ReportCommand):
    """py-print looks a name up where the selected thread is."""

    def text(self, session, words, options):
        thread = gdb.selected_thread()
        if thread is None:
            raise gdb.GdbError("py-print: no thread is selected")
        options.tid = thread.ptid[1] or thread.ptid[2]
        return session.report("print", options)


class GraphCommand(ReportCommand):
    """py-refs writes what Graphviz's dot reads; as SVG, what dot draws of it."""

    def text(self, session, words, options):
        if words.format != "svg":
            return session.report("refs", options)
        if not shutil.which("dot"):
            raise gdb.GdbError(
                "pycore: svg needs graphviz's dot, which is not installed here: "
                "--format dot writes what it reads"
            )
        options.format = library.FORMATS.index("dot")
        return draw(session.report("refs", options))


def draw(graph):
    done = subprocess.run(
        ["dot", "-Tsvg"], input=graph.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    if done.returncode:
        raise gdb.GdbError(f"pycore: graphviz's dot failed (status {done.returncode})")
    return done.stdout.decode("utf-8", "replace")


class CoreCommand(gdb.Command):
    """Let the py- commands answer for a core file that gdb need not have open.

    py-core FILE takes a core, also a compressed one, which gdb itself cannot open.
    py-core alone goes back to what gdb debugs.
    """

    def __init__(self, name, *_rest):
        self.name = name
        super().__init__(name, gdb.COMMAND_FILES, gdb.COMPLETE_FILENAME)

    def invoke(self, line, from_tty):
        self.dont_repeat()
        words = gdb.string_to_argv(line)
        if len(words) > 1:
            raise gdb.GdbError(f"{self.name}: one file, or none (see: help {self.name})")
        sessions.choose(words[0] if words else None)
        if not words:
            return
        try:
            sessions.current().show_warnings()
        except library.PycoreError as e:
            sessions.choose(None)
            raise gdb.GdbError(f"pycore: {e}") from None


def report_options(words):
    """library.ReportOptions from parsed words, and what its pointers point to."""

    def get(name):
        return getattr(words, name, None)

    addresses = get("addr") or []
    array = (ctypes.c_uint64 * max(1, len(addresses)))(*addresses)
    limit = get("limit")
    options = library.sized(
        library.ReportOptions,
        format=library.FORMATS.index(get("format")),
        redact=bool(get("redact")),
        referents=bool(get("referents")),
        type=get("type").encode() if get("type") else None,
        addresses=array if addresses else None,
        n_addresses=len(addresses),
        limit=-1 if limit is None else limit,
        sort=get("sort").encode() if get("sort") else None,
        by_address=bool(get("by_address")),
        retained=bool(get("retained")),
        cost=bool(get("cost")),
        tree=bool(get("tree")),
        paths=get("paths") or 0,
        depth=get("depth") or 0,
        max_nodes=get("max_nodes") or 0,
        in_gdb=True,
        locals=bool(get("locals")),
        no_referrers=bool(get("no_referrers")),
        name=get("name").encode() if get("name") else None,
    )
    return options, array


def open_for_writing(path):
    """Not through a link in a folder that everybody may write to, such as /tmp."""
    folder = os.stat(os.path.dirname(path) or ".")
    shared = stat.S_ISVTX | stat.S_IWOTH
    flags = os.O_NOFOLLOW if folder.st_mode & shared == shared else 0
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | flags, 0o666)


def emit(text, path):
    if not path:
        gdb.write(text)
        return
    try:
        with open(open_for_writing(os.path.expanduser(path)), "w", encoding="utf-8") as f:
            f.write(text)
    except OSError as e:
        raise gdb.GdbError(f"cannot write {path}: {e.strerror}") from None


TEXT_OR_JSON = format_argument("text", "json")

COMMANDS = (
    (CoreCommand, "py-core"),
    (
        BacktraceCommand,
        "py-bt",
        "bt",
        "Show the Python stack of the selected thread; with --all, of every thread.",
        (
            Argument("--all", action="store_true", help="every thread"),
            Argument("--locals", action="store_true", help="the local variables too"),
            format_argument("text", "json", "folded", "speedscope", "svg"),
            REDACT,
            OUTPUT,
        ),
    ),
    (
        ReportCommand,
        "py-objects",
        "objects",
        "Count Python objects and their bytes by type; with --type T, list the instances.",
        (
            TYPE,
            LIMIT,
            SORT,
            Argument("--by-address", action="store_true", help="types of one name in own rows"),
            Argument("--retained", action="store_true", help="what would be freed with them, too"),
            Argument("--cost", action="store_true", help="the memory that they take, too"),
            TEXT_OR_JSON,
            REDACT,
            OUTPUT,
        ),
    ),
    (
        ReportCommand,
        "py-heap-top",
        "heap-top",
        "Show the types and the single objects that keep the most memory alive; with\n"
        "--sort bytes, the biggest, without reading every reference.",
        (
            TYPE,
            LIMIT,
            SORT,
            Argument("--tree", action="store_true", help="what each object keeps alive"),
            Argument("--depth", metavar="N", type=int, help="levels of the tree (default 3)"),
            TEXT_OR_JSON,
            REDACT,
            OUTPUT,
        ),
    ),
    (
        ReportCommand,
        "py-path",
        "path",
        "Show how a root holds the objects of a type, or those at --addr, as Python writes it.",
        (
            TYPE,
            Argument("--addr", metavar="A", type=address, action="append", help="of an object"),
            Argument("--all", metavar="N", type=int, dest="paths", help="paths to each object"),
            LIMIT,
            TEXT_OR_JSON,
            REDACT,
            OUTPUT,
        ),
    ),
    (
        GraphCommand,
        "py-refs",
        "refs",
        "Draw what refers to the objects of a type, or to --addr, as a DOT graph.\n"
        "Example: py-refs --type MyBigFatObject --format svg -o refs.svg",
        (
            TYPE,
            Argument("--addr", metavar="A", type=address, action="append", help="of an object"),
            Argument("--referents", action="store_true", help="what they refer to instead"),
            Argument("--depth", metavar="N", type=int, help="steps from the objects"),
            Argument("--max-nodes", metavar="N", type=int, help="size of the picture"),
            format_argument("dot", "json", "text", "svg"),
            REDACT,
            OUTPUT,
        ),
    ),
    (
        ReportCommand,
        "py-show",
        "show",
        "Show one object in full: value, fields, sizes, who refers to it, what keeps it.\n"
        "The address is a number or an expression of gdb's, such as $rdi.",
        (
            Argument("addr", metavar="ADDR", type=address, nargs=1, help="of the object"),
            Argument("--limit", metavar="N", type=int, help="fields and referrers (default 20)"),
            Argument("--depth", metavar="N", type=int, help="levels of fields (default 1)"),
            Argument("--no-referrers", action="store_true", help="do not look who refers to it"),
            TEXT_OR_JSON,
            REDACT,
            OUTPUT,
        ),
    ),
    (
        PrintCommand,
        "py-print",
        "print",
        "Print a Python variable: a local of the selected thread's frames, the newest first,\n"
        "else a global, else a builtin.",
        (
            Argument("name", metavar="NAME", help="of the variable"),
            TEXT_OR_JSON,
            REDACT,
            OUTPUT,
        ),
    ),
    (
        ReportCommand,
        "py-verify",
        "verify",
        "Show what in the heap contradicts itself: types, references, counts, tables, free blocks.",
        (
            Argument("--limit", metavar="N", type=int, help="faults to show (default 20)"),
            TEXT_OR_JSON,
            REDACT,
            OUTPUT,
        ),
    ),
    (
        ReportCommand,
        "py-audit",
        "audit",
        "Hold reference counts against the references found: what C code leaked; garbage cycles.",
        (
            TYPE,
            LIMIT,
            TEXT_OR_JSON,
            REDACT,
            OUTPUT,
        ),
    ),
    (
        ReportCommand,
        "py-info",
        "info",
        "Show the process, its interpreter, and which mapped files were found.",
        (TEXT_OR_JSON, REDACT, OUTPUT),
    ),
    (
        ReportCommand,
        "py-analyze",
        "analyze",
        "One page: what died, where each thread was, what fills or leaks memory.",
        (TEXT_OR_JSON, REDACT, OUTPUT),
    ),
)


class GuardedCommand(gdb.Command):
    """gdb.Command for scripts that come later: ours keep their names.

    CPython's own script defines py-bt too, and gdb loads it with the
    interpreter's file: after us, and without an event to act on. The rest of
    its commands it gets.
    """

    def __init__(self, name, *args, **kwargs):
        if name not in NAMES:
            super().__init__(name, *args, **kwargs)


NAMES = {name for _kind, name, *_rest in COMMANDS}


def define_all():
    for kind, *rest in COMMANDS:
        kind(*rest)
    gdb.Command = GuardedCommand
