"""What a user has after make install, on this machine and on newer ones."""

import os
import re
import subprocess
import tempfile

import interp
import rooms
from harness import Failure, Skip, equal, once, that

TOOL = os.path.join(rooms.SOURCES, "tests", "tools", "get-interpreters")


def make_install(directory):
    """A tree as a package would hold it. How fast it runs is of no interest here."""
    build, tree = os.path.join(directory, "build"), os.path.join(directory, "tree")
    os.mkdir(build)
    for command in (
            [os.path.join(rooms.SOURCES, "configure"), "-q", "--prefix=/usr", "--sysconfdir=/etc",
             "--disable-static", "CFLAGS=-O0"],
            ["make", "-s", "-j%d" % os.cpu_count(), "install", "DESTDIR=" + tree]):
        done = subprocess.run(command, cwd=build, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        equal(done.returncode, 0, "%s: %s" % (command, done.stdout[-1000:]))
    return tree


def machines():
    """Roots that have a gdb, each with an interpreter in it: this machine's first."""
    def said(option):
        return subprocess.run([TOOL, option], stdout=subprocess.PIPE, check=True,
                              text=True).stdout.splitlines()
    here = [path for path in said("--list") if not interp.Interpreter.find_root(path)]
    if here and rooms.gdb_version():
        yield "/", here[-1]
    for root in said("--gdbs"):
        pythons = [os.path.join(root, "usr/bin", name)
                   for name in sorted(os.listdir(os.path.join(root, "usr/bin")))
                   if re.fullmatch(r"python3\.\d+", name)]
        yield root, pythons[-1]


def works_as_typed(room, interpreter):
    typed = "py-heap-top\npy-objects --type MyBigFatObject\npy-bt\n"
    with interpreter.start("refs.py") as process:
        process.settle()
        text, status = room.run("gdb", "-p", str(process.pid), input=typed, stdin=None,
                                env=interp.environment())
        equal(status, 0, "exit status of gdb: " + text[-1000:])
        for part in ("Types by what their objects keep alive",
                     "Single objects by what they alone keep alive", "refs.py"):
            that(part in text, "no %s in what gdb %s says: %s" % (
                part, room.gdb_version(), text[-1500:]))
        that("Traceback" not in text, text[-1500:])
        process.settle()
        text, status = room.run("pycore", "heap-top", str(process.pid))
        equal(status, 0, "exit status of pycore: " + text[-1000:])


@once
def gdb_p_and_py_heap_top_work_as_typed_after_make_install(pycore):
    if os.geteuid() != 0:
        raise Skip("mounting a root needs root")
    todo = list(machines())
    if not todo:
        raise Skip("no gdb and interpreter side by side")
    with tempfile.TemporaryDirectory(prefix="pycore-install-") as directory:
        os.chmod(directory, 0o755)
        tree = make_install(directory)
        for root, python in todo:
            try:
                room = rooms.Room(root, tree)
            except rooms.NoRoom as why:
                raise Skip(str(why))
            with room:
                text, status = room.run("cp", "-a", tree + "/.", "/")
                equal(status, 0, "copying into %s: %s" % (root, text))
                try:
                    works_as_typed(room, interp.Interpreter(python, room))
                except Failure as why:
                    raise Failure("in %s: %s" % (root, why))
