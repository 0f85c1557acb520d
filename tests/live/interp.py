"""Interpreters to test on, programs that run in them, and the ways to look at those."""

import functools
import glob
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "programs")
PATIENCE = 60
WAYS = ("live", "core", "gcore")


class Trouble(Exception):
    """The test could not be made: this is about the machine, not about pycore."""


@functools.lru_cache(None)
def kernel_writes_core_here():
    """Whether the kernel leaves a core in the working directory of the process that died."""
    with open("/proc/sys/kernel/core_pattern") as pattern:
        pattern = pattern.read().strip()
    return bool(pattern) and pattern[0] not in "|/" and "/" not in pattern


def environment():
    """A small one: no PYTHON... of ours reaches the interpreters under test."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1"}


def thread_states(pid):
    """The states of a process's threads, "" when it is gone: "SSR", "t" ..."""
    states = ""
    for path in glob.glob("/proc/%d/task/*/stat" % pid):
        try:
            with open(path) as stat:
                states += stat.read().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            pass
    return states


def name_of(pid):
    with open("/proc/%d/comm" % pid) as comm:
        return comm.read().strip()


def wait_for(condition, seconds=PATIENCE, what="it"):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Trouble("waited %d seconds for %s" % (seconds, what))
        time.sleep(0.01)


class Interpreter:
    """One CPython: its path here, and the root that it must be run in, or None.

    One in a room has a gdb of its own there, and its paths are those inside.
    """

    def __init__(self, path, room=None):
        self.path = os.path.realpath(path)
        self.room = room
        self.is_one_of_few = False
        self.is_first_of_release = True
        self.root = self.find_root(self.path)
        self.command = [self.path]
        if room:
            self.path = self.path[len(room.lower.rstrip("/")):]
            self.command = room.before + [self.path]
        elif self.root:
            self.command = ["chroot", self.root, self.path[len(self.root):]]
        code = ("import sys; print('%d.%d.%d ' % sys.version_info[:3]"
                " + ('free-threaded' if 't' in getattr(sys, 'abiflags', '')"
                " else 'debug' if hasattr(sys, 'gettotalrefcount') else 'release'))")
        try:
            done = subprocess.run(self.command + ["-c", code], env=environment(), timeout=PATIENCE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        except OSError as error:
            raise Trouble("%s: %s" % (path, error))
        if done.returncode or not re.fullmatch(r"\d+\.\d+\.\d+ [\w-]+\n", done.stdout):
            raise Trouble("%s: does not run: %s" % (path, done.stderr.strip()[-200:]))
        self.version, self.build = done.stdout.split()
        self.release = tuple(map(int, self.version.split(".")[:2]))
        mark = {"debug": "d", "free-threaded": "t"}.get(self.build, "")
        self.name = "%s%s (%s)" % (self.version, mark, self.where())

    @staticmethod
    def find_root(path):
        """tests/tools/get-interpreters marks the roots that it has made."""
        while path != "/":
            path = os.path.dirname(path)
            if os.path.exists(os.path.join(path, ".pycore-root")):
                return path
        return None

    def has_packages(self):
        """Whether Debian's packages of its root are for this one: tests/tools/get-interpreters."""
        default = os.path.join(self.root or "/nowhere", "usr/bin/python3")
        return os.path.exists(default) and os.path.realpath(default) == self.path

    def has_numpy(self):
        """Whether Debian's numpy, where it runs, was built for it; of a debug build it is the same."""
        built = "cpython-%d%d-*.so" % self.release
        return (self.build != "free-threaded" and self.path.startswith((self.root or "") + "/usr/bin/")
                and bool(glob.glob(os.path.join(self.root or "/", "usr/lib/python3/dist-packages",
                                                "numpy/*/_multiarray_umath." + built))))

    def where(self):
        if self.room:
            return "%s, gdb %s" % (os.path.basename(self.room.lower), self.room.gdb_version())
        if self.root:
            return os.path.basename(self.root)
        return "pyenv" if "/.pyenv/" in self.path else "system"

    def start(self, program, *arguments, for_gcore=False):
        return Process(self, program, arguments, for_gcore)


class Process:
    """A program that runs in an interpreter, in a directory of its own, until closed.

    Its truth, which the program wrote, is in .truth.
    """

    def __init__(self, interpreter, program, arguments, for_gcore=False):
        self.interpreter = interpreter
        self.popen = None
        self.program = program
        # Such a program leaves its core by itself.
        self.aborts = "abort" in arguments
        parent = interpreter.room.files if interpreter.room else None
        if interpreter.root:
            parent = os.path.join(interpreter.root, "tmp")
            if os.geteuid() != 0:
                raise Trouble("%s: running in a root needs root" % interpreter.name)
        self.directory = tempfile.mkdtemp(prefix="pycore-", dir=parent)
        try:
            self.run(program, arguments, for_gcore)
        except BaseException:
            self.close()
            raise

    def run(self, program, arguments, for_gcore):
        # What Python 2 cannot read has a namesake there.
        for room in ("", "two")[:1 + (self.interpreter.release < (3,))]:
            for path in glob.glob(os.path.join(PROGRAMS, room, "*.py")):
                shutil.copy(path, self.directory)
        inside = self.directory[len(self.interpreter.root or ""):]
        # exec all the way, so that our child is the interpreter.
        script = 'ulimit -c unlimited; cd "$1" && shift && exec "$@"'
        command = self.interpreter.command[:-1] + [
            "/bin/sh", "-c", script, "sh", inside, self.interpreter.command[-1],
            os.path.join(inside, program)] + list(map(str, arguments))
        self.errors = open(os.path.join(self.directory, "stderr"), "w+")
        env = environment()
        if for_gcore:
            # KiB that mimalloc asks for at a time: gdb writes all of it, where others leave holes.
            env["MIMALLOC_ARENA_RESERVE"] = "65536"
        self.popen = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=self.errors)
        self.pid = self.popen.pid
        said = self.wait_until_ready()
        with open(os.path.join(self.directory, "truth.json")) as truth:
            self.truth = json.load(truth)
        self.truth.update(said)

    def wait_until_ready(self):
        """@return what the program says with that"""
        said = self.read_line()
        if not said.startswith(b"ready "):
            self.errors.seek(0)
            raise Trouble("%s did not get ready, exit status %d: %s"
                          % (self.program, self.popen.wait(PATIENCE), self.errors.read()[-1000:]))
        return json.loads(said[len("ready "):].decode())

    def read_line(self):
        line = b""
        end = time.monotonic() + PATIENCE
        while not line.endswith(b"\n"):
            ready, unused, unused = select.select([self.popen.stdout], [], [],
                                                  max(0, end - time.monotonic()))
            if not ready:
                raise Trouble("%d seconds, and the program is not ready" % PATIENCE)
            more = os.read(self.popen.stdout.fileno(), 1)
            if not more:
                break
            line += more
        return line

    def settle(self):
        """Wait until every thread has reached the place where it stays."""
        if self.aborts or self.popen.poll() is not None:
            return
        def asleep():
            return (set(thread_states(self.pid)) == {"S"}
                    and (time.sleep(0.02) or set(thread_states(self.pid)) == {"S"}))
        wait_for(asleep, what="all threads to sleep")

    def gcore(self):
        """A core that gdb writes of the running process."""
        prefix = os.path.join(self.directory, "gcore")
        done = subprocess.run(["gcore", "-o", prefix, str(self.pid)], timeout=PATIENCE * 3,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        path = "%s.%d" % (prefix, self.pid)
        if done.returncode or not os.path.exists(path):
            raise Trouble("gcore: " + done.stdout[-500:])
        return path

    def core(self, number=signal.SIGABRT):
        """The core that the kernel writes when the process dies."""
        if not kernel_writes_core_here():
            raise Trouble("kernel.core_pattern does not put cores in the working directory")
        if not self.aborts:
            os.kill(self.pid, number)
        self.popen.wait(PATIENCE)
        paths = [path for path in glob.glob(os.path.join(self.directory, "*core*"))
                 if not os.path.basename(path).startswith("gcore")]
        if len(paths) != 1:
            raise Trouble("the kernel wrote no core (ended with %d)" % self.popen.returncode)
        return paths[0]

    def target(self, way):
        """pycore's arguments for looking at the process in a way; "core" ends it."""
        if way == "live":
            return [str(self.pid)]
        if way == "gcore":
            # gdb writes the paths of the mapped files as seen from here.
            return [self.gcore()]
        if self.interpreter.root:
            return ["--sysroot", self.interpreter.root, self.core()]
        return [self.core()]

    def close(self):
        if self.popen:
            if self.popen.poll() is None:
                self.popen.kill()
                self.popen.wait()
            self.popen.stdout.close()
            self.errors.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()
