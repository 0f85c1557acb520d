"""Cores that pycore writes of live processes: whole, true to the last byte, or not there."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

import interp
from harness import Skip, equal, few, on, once, that
from test_live import runs_on, stopped

PAGE = 4096


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="pycore-dump-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def script(text, *arguments, before=()):
    """A Python program of this machine's own; it says "ready" when it is."""
    child = subprocess.Popen([*before, sys.executable, "-c", text, *map(str, arguments)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    equal(child.stdout.readline(), b"ready\n", "what the program says")
    return child


@contextlib.contextmanager
def running(*words, **more):
    child = script(*words, **more)
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


# Threads that never rest, in memory that never rests either.
BUSY = """
import sys, threading, time
def work():
    while True:
        sum(range(100)); time.sleep(0.0005)
keep = [bytearray(b"x") * 4096 for unused in range(int(sys.argv[1]) * 256)]
for unused in range(int(sys.argv[2])):
    threading.Thread(target=work, daemon=True).start()
print("ready", flush=True)
while True:
    keep.append(bytearray(100000)); del keep[-1]; time.sleep(0.0005)
"""
QUIET = """
import sys, threading, time
keep = [b"%d" % number * 100 for number in range(int(sys.argv[1]) * 1000)]
for unused in range(int(sys.argv[2])):
    threading.Thread(target=time.sleep, args=(10000,), daemon=True).start()
print("ready", flush=True)
time.sleep(10000)
"""


def dump(pycore, pid, path, *options, statuses=(0,)):
    answer = pycore.run("dump", pid, "-o", path, "--format", "json", *options)
    that(answer.status in statuses, "unexpected exit status: %s" % answer)
    told = json.loads(answer.out)
    equal(told["path"], path, "path")
    equal(told["bytes"], os.path.getsize(path), "bytes")
    equal(told["target"]["pid"], int(pid), "target")
    that(told["stopped_ms"] > 0, "was not stopped: %s" % answer)
    return told


def without(thing, *keys):
    if isinstance(thing, dict):
        return {key: without(value, *keys) for key, value in thing.items() if key not in keys}
    return [without(one, *keys) for one in thing] if isinstance(thing, list) else thing


def sysroot(interpreter):
    return ["--sysroot", interpreter.root] if interpreter.root else []


def packed_and_not(scene, place):
    """The options of dump, and pycore's arguments for the core that they made."""
    for number, options in enumerate(([], ["--python-only"], ["--compress", "zstd"],
                                      ["--python-only", "--compress", "zstd"])):
        path = os.path.join(place, "core%d" % number)
        told = dump(scene.pycore, scene.process.pid, path, *options)
        if "zstd" in options:
            that(told["bytes"] < told["core_bytes"] / 2, "not compressed: %s" % told)
            done = subprocess.run("zstd -q -d -c <%s | wc -c" % path, shell=True, check=True,
                                  stdout=subprocess.PIPE, text=True)
            equal(int(done.stdout), told["core_bytes"], "unpacked size")
        else:
            equal(told["bytes"], told["core_bytes"], "size")
        yield options, [path] + sysroot(scene.interpreter)


@on("counts.py", ways=("live",))
def a_dump_has_the_objects_that_the_process_has(scene):
    live = scene.ask("objects", statuses=(0, 1))
    with folder() as place:
        for options, target in packed_and_not(scene, place):
            core = scene.pycore.json("objects", *target, statuses=(0, 1))
            for key in "types", "total":
                equal(core[key], live[key], "%s with %s" % (key, options))
            equal(core["target"]["python"], live["target"]["python"], "version")


@on("stacks.py", ways=("live",))
def a_dump_has_the_stacks_that_the_process_has(scene):
    live = scene.ask("bt", "--locals", statuses=(0, 1))
    that(len(live["threads"]) > 2, "few threads: %s" % live)
    with folder() as place:
        for options, target in packed_and_not(scene, place):
            core = scene.pycore.json("bt", *target, "--locals", statuses=(0, 1))
            equal(without(core["threads"], "state"), without(live["threads"], "state"),
                  "threads with %s" % options)


class Core:
    """A core's headers, read without pycore."""

    def __init__(self, path):
        self.file = open(path, "rb")
        head = self.file.read(64)
        equal(head[:4], b"\x7fELF", "magic")
        self.type, = struct.unpack_from("<H", head, 16)
        count, = struct.unpack_from("<H", head, 56)
        self.loads, self.notes = [], []
        for number in range(count):
            kind, flags, offset, addr, unused, filesz, memsz, align = struct.unpack(
                "<IIQQQQQQ", self.read(64 + 56 * number, 56))
            if kind == 1:
                self.loads.append((addr, memsz, filesz, offset, flags))
            elif kind == 4:
                self.parse_notes(self.read(offset, filesz))

    def read(self, offset, size):
        self.file.seek(offset)
        return self.file.read(size)

    def parse_notes(self, data):
        at = 0
        while at + 12 <= len(data):
            name, desc, kind = struct.unpack_from("<III", data, at)
            at += 12 + (name + 3 & ~3)
            self.notes.append((kind, data[at:at + desc]))
            at += desc + 3 & ~3

    def of(self, kind):
        return [desc for found, desc in self.notes if found == kind]

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.file.close()


def maps(pid):
    with open("/proc/%d/maps" % pid) as lines:
        for line in lines:
            fields = line.split(None, 5)
            start, end = (int(number, 16) for number in fields[0].split("-"))
            yield start, end, fields[1], fields[5].strip() if len(fields) > 5 else ""


@contextlib.contextmanager
def held(pid):
    """A process that does not change: stopped by a signal."""
    os.kill(pid, signal.SIGSTOP)
    interp.wait_for(lambda: set(interp.thread_states(pid)) == {"T"}, what="SIGSTOP")
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@once
def every_byte_of_a_dump_is_the_process_s(pycore):
    with running(BUSY, 8, 4) as child, folder() as place, held(child.pid):
        told = dump(pycore, child.pid, place + "/core")
        equal(told["was_stopped"], True, "was stopped by a signal before")
        # A thread that is let go has yet to run to the place where it stands.
        interp.wait_for(lambda: set(interp.thread_states(child.pid)) == {"T"}, seconds=5,
                        what="the process to be as stopped as before")
        compared = 0
        with Core(place + "/core") as core, open("/proc/%d/mem" % child.pid, "rb", 0) as memory:
            equal(core.type, 4, "ELF type")
            for addr, memsz, filesz, offset, unused in core.loads:
                for at in range(0, filesz, 1 << 20):
                    size = min(1 << 20, filesz - at)
                    memory.seek(addr + at)
                    that(memory.read(size) == core.read(offset + at, size),
                         "memory at 0x%x differs" % (addr + at))
                    compared += size
            mapped = sorted(load[:2] for load in core.loads)
            there = sorted((start, end - start) for start, end, unused, name in maps(child.pid))
            for start, end, perms, name in maps(child.pid):
                filesz = sum(load[2] for load in core.loads if start <= load[0] < end)
                size = sum(load[1] for load in core.loads if start <= load[0] < end)
                if name == "[vsyscall]":
                    continue
                equal(size, end - start, "mapped of %s" % name)
                if perms[0] == "r" and not name.startswith("[vvar") and not re.search(
                        r"locale|gconv|zoneinfo", name):
                    equal(filesz, end - start, "bytes of 0x%x %s %s" % (start, perms, name))
        that(mapped and there, "nothing is mapped")
        that(compared > 8 << 20, "only %d bytes compared" % compared)


@once
def a_dump_of_python_only_lacks_code_and_stack_in_reserve_alone(pycore):
    with running(QUIET, 4, 2) as child, folder() as place, held(child.pid):
        dump(pycore, child.pid, place + "/core", "--python-only")
        lacking, deep = [], 0
        with Core(place + "/core") as core, open("/proc/%d/mem" % child.pid, "rb", 0) as memory:
            for start, end, perms, name in maps(child.pid):
                if perms[0] != "r" or name.startswith("[v") or re.search("locale|gconv", name):
                    continue
                parts = [load for load in core.loads if start <= load[0] < end]
                lost = sum(load[1] - load[2] for load in parts)
                if lost and perms[2] == "x":
                    lacking.append(name)
                    equal(lost, end - start, "lost of %s" % name)
                elif lost:
                    # Only from the lower end of a stack on.
                    that("w" in perms and (not name or name == "[stack]"), "%s is cut" % name)
                    equal(parts[0][2], 0, "bytes of the lower end of %s" % name)
                    equal(parts[1][2], parts[1][1], "bytes of the upper end of %s" % name)
                    deep += 1
                for addr, memsz, filesz, offset, unused in parts:
                    memory.seek(addr)
                    that(memory.read(filesz) == core.read(offset, filesz), "%s differs" % name)
        that(any("libc" in name for name in lacking), "libc's code is there: %s" % lacking)
        that(deep >= 2, "the stacks of %d threads were cut" % deep)


def in_gdb(target, *commands):
    words = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run(["gdb", "-nx", "-q", "-batch", *words, *target], timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout


@once
def gdb_reads_a_dump_as_it_reads_the_process(pycore):
    if not shutil.which("gdb"):
        raise Skip("there is no gdb")
    exe = os.path.realpath(sys.executable)
    with running(QUIET, 1, 3) as child, folder() as place:
        interp.wait_for(lambda: set(interp.thread_states(child.pid)) == {"S"}, what="sleep")
        dump(pycore, child.pid, place + "/core")
        asked = ["info threads", "thread apply all bt", "thread apply all p $rsp",
                 "thread apply all p $fs_base", "thread apply all p $mxcsr",
                 "thread apply all p $ymm0"]
        core = in_gdb([exe, place + "/core"], *asked)
        live = in_gdb(["-p", str(child.pid)], *asked)
        for bad in "too small", "warning: core", "BFD:", "Unable to", "wasn't recognized":
            that(bad not in core, "gdb complains: %s" % core)
        for pattern, least in ((r"LWP (\d+)\)", 4), (r"#\d+ +(?:0x[0-9a-f]+ in )?\w+", 30),
                               (r"\$\d+ = \(void \*\) (\w+)", 4),
                               (r"\$\d+ = ((?!\(void)[^\n]*)$", 12)):
            def found(text):
                return sorted(re.findall(pattern, text.partition("Target Id")[2], re.M))
            equal(found(core), found(live), "what gdb says, %s" % pattern)
            that(len(found(core)) >= least, "gdb says little: %s" % core)
        runs_on_or_sleeps(child.pid)


def runs_on_or_sleeps(pid):
    interp.wait_for(lambda: set(interp.thread_states(pid)) == {"S"}, seconds=5, what="no stop")


@once
def a_file_that_is_there_is_not_written_over(pycore):
    with running(QUIET, 1, 0) as child, folder() as place:
        for make in (lambda path: open(path, "w").write("mine"),
                     lambda path: os.symlink(place + "/elsewhere", path),
                     lambda path: os.symlink("/dev/null", path),
                     lambda path: os.mkfifo(path),
                     lambda path: os.mkdir(path)):
            path = place + "/core"
            make(path)
            before = os.lstat(path)
            pycore.refuses("dump", child.pid, "-o", path, mentions="File exists")
            equal(os.lstat(path), before, "what was there")
            equal(os.listdir(place), ["core"], "files in the folder")
            (os.rmdir if os.path.isdir(path) and not os.path.islink(path) else os.unlink)(path)


@once
def a_dump_gets_the_mode_that_the_umask_leaves(pycore):
    with running(QUIET, 1, 0) as child, folder() as place:
        for mask in 0o022, 0o077, 0o027:
            before = os.umask(mask)
            try:
                dump(pycore, child.pid, place + "/core")
            finally:
                os.umask(before)
            equal(os.stat(place + "/core").st_mode & 0o777, 0o666 & ~mask, "mode")
            os.unlink(place + "/core")


@contextlib.contextmanager
def small_disk(place, size):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%s" % size, "none", place],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Skip("a disk cannot be mounted here: %r" % done.stdout)
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


@once
def a_full_disk_leaves_the_process_running_and_no_file(pycore):
    with running(BUSY, 40, 3) as child, folder() as place, small_disk(place, "8m"):
        for options in [], ["--python-only"], ["--max-stop", "20000"]:
            pycore.refuses("dump", child.pid, "-o", place + "/core", *options,
                           mentions="the disk is full")
            equal(os.listdir(place), [], "files that are left")
            free = os.statvfs(place)
            that(free.f_bavail * free.f_frsize > 7 << 20, "the disk is still full")
            runs_on(child.pid)


@once
def a_limit_of_a_file_s_size_is_told(pycore):
    with running(QUIET, 1, 0) as child, folder() as place:
        line = pycore.refuses("dump", child.pid, "-o", place + "/core",
                              before=["prlimit", "--fsize=1000000"], mentions="ulimit -f")
        that("core" in line, line)
        equal(os.listdir(place), [], "files that are left")
        runs_on_or_sleeps(child.pid)


def seconds_of_a_dump(pycore, pid, place):
    """The least of some: of a machine with others on it, that is what it takes."""
    took = []
    for unused in range(4):
        began = time.monotonic()
        dump(pycore, pid, place + "/core")
        took.append(time.monotonic() - began)
        os.unlink(place + "/core")
    return min(took)


@once
def an_interrupted_dump_leaves_no_file_and_a_process_that_runs(pycore):
    with running(BUSY, 60, 3) as child, folder() as place:
        whole = seconds_of_a_dump(pycore, child.pid, place)
        seen = 0
        for number in range(30):
            doing = pycore.start("dump", str(child.pid), "-o", place + "/core",
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(whole * (number + 1) / 30)
            doing.send_signal((signal.SIGINT, signal.SIGTERM)[number % 2])
            unused, err = doing.communicate(timeout=60)
            if doing.returncode == 2:
                seen += 1
                that(b"interrupted" in err and b"runs on" in err, "what it says: %r" % err)
                equal(os.listdir(place), [], "files that are left")
            elif doing.returncode == 0:
                os.unlink(place + "/core")
            runs_on(child.pid)
        that(seen >= 3, "only %d of 30 were interrupted" % seen)


@once
def a_process_survives_200_dumps_that_are_killed(pycore):
    with running(BUSY, 60, 3) as child, folder() as place:
        whole = seconds_of_a_dump(pycore, child.pid, place)
        frozen = unfinished = 0
        for number in range(200):
            doing = pycore.start("dump", str(child.pid), "-o", place + "/core",
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(random.random() * whole)
            frozen += bool(stopped(child.pid))
            doing.kill()
            doing.wait()
            interp.wait_for(lambda: not stopped(child.pid), seconds=5, what="the release")
            that(child.poll() is None, "the process died after %d kills" % number)
            if os.path.exists(place + "/core"):
                with Core(place + "/core") as core:
                    that(core.loads, "no whole core")
                os.unlink(place + "/core")
            else:
                unfinished += 1
            equal(os.listdir(place), [], "files that are left")
        runs_on(child.pid)
        that(unfinished > 50, "only %d were killed in time" % unfinished)
        that(frozen > 5, "it stood still at %d kills of 200" % frozen)


@once
def a_stop_that_would_take_too_long_is_given_up(pycore):
    with running(BUSY, 300, 3) as child, folder() as place:
        line = pycore.refuses("dump", child.pid, "-o", place + "/core", "--max-stop", "1",
                              mentions="the limit of its stop")
        took = float(re.search(r"after ([0-9.]+) ms", line)[1])
        whole = dump(pycore, child.pid, place + "/core")["stopped_ms"]
        os.unlink(place + "/core")
        that(took < max(300, whole), "stopped for %s ms, and %s without a limit" % (took, whole))
        equal(os.listdir(place), [], "files that are left")
        runs_on(child.pid)
        told = dump(pycore, child.pid, place + "/core", "--max-stop", "20000")
        that(told["stopped_ms"] < 20000, "stopped for %s ms" % told["stopped_ms"])


@contextlib.contextmanager
def without_processor(pid):
    """Its threads give way to one that never rests, on the one processor that they may use."""
    tids = [int(tid) for tid in os.listdir("/proc/%d/task" % pid)]
    every, number = os.sched_getaffinity(0), max(os.sched_getaffinity(0))
    rival = subprocess.Popen(["taskset", "-c", str(number), "sh", "-c", "echo; while :; do :; done"],
                             stdout=subprocess.PIPE)
    try:
        rival.stdout.readline()  # it runs
        for tid in tids:
            os.sched_setaffinity(tid, {number})
            os.sched_setscheduler(tid, os.SCHED_IDLE, os.sched_param(0))
        yield
    finally:
        rival.kill()
        rival.wait()
        rival.stdout.close()
        for tid in tids:
            os.sched_setscheduler(tid, os.SCHED_OTHER, os.sched_param(0))
            os.sched_setaffinity(tid, every)


@once
def a_thread_that_gets_no_processor_is_not_taken_as_stopped(pycore):
    with running(BUSY, 1, 2) as child, folder() as place:
        with without_processor(child.pid):
            # Now and then they get it all the same.
            said = [pycore.refuses("dump", child.pid, "-o", place + "/core", "--max-stop", "1",
                                   mentions="was let go after") for unused in range(20)]
        that(any("did not stand still in that time" in line for line in said), said)
        equal(os.listdir(place), [], "files that are left")
        runs_on(child.pid)
        dump(pycore, child.pid, place + "/core", "--max-stop", "20000")


@on("counts.py", ways=("live",), where=few)
def a_copy_is_read_while_the_process_runs_on(scene):
    for command in "objects", "bt":
        # After a stop a call may be begun again, and leave a frame to be used again.
        for unused in range(5):
            held_still, copied, again = [
                without(scene.ask(command, *options, statuses=(0, 1)), "stopped_ms", "state")
                for options in ((), ("--max-stop", "20000"), ())]
            if again == held_still:
                break
        equal(copied, held_still, "answer of %s from a copy" % command)


@once
def the_stop_for_a_copy_has_an_end(pycore):
    """It is over long before the answer is there, and given up where it is too short."""
    with running(BUSY, 200, 5) as child:
        began = time.monotonic()
        answer = pycore.json("objects", child.pid, "--max-stop", "20000")
        took = (time.monotonic() - began) * 1000
        runs_on(child.pid)
        that(0 < answer["target"]["stopped_ms"] < took, "stopped for %s of %s ms" % (
            answer["target"]["stopped_ms"], took))
        equal(answer["warnings"], [], "warnings")
        rows = {row["type"]: row["count"] for row in answer["types"]}
        that(200 * 256 <= rows["bytearray"] <= 200 * 256 + 2, "bytearrays: %d" % rows["bytearray"])
        pycore.refuses("objects", child.pid, "--max-stop", "1", mentions="the limit of its stop")
        runs_on(child.pid)


@once
def a_thousand_threads_are_dumped(pycore):
    with running(QUIET, 1, 1000) as child, folder() as place:
        told = dump(pycore, child.pid, place + "/core")
        equal(told["threads"], 1001, "threads")
        with Core(place + "/core") as core:
            tids = [struct.unpack_from("<I", desc, 32)[0] for desc in core.of(1)]
            equal(sorted(tids), sorted(map(int, os.listdir("/proc/%d/task" % child.pid))), "tids")
            equal(tids[0], child.pid, "the first")
            equal(len(core.of(2)), 1001, "floating-point registers")
            equal((len(core.of(3)), len(core.of(6)), len(core.of(0x46494c45)),
                   len(core.of(0x53494749))), (1, 1, 1, 1), "notes of the process")
        equal(len(pycore.json("bt", place + "/core")["threads"]), 1001, "threads of bt")
        runs_on_or_sleeps(child.pid)


@once
def a_process_that_is_traced_or_over_is_refused(pycore):
    with running(QUIET, 1, 0) as child, folder() as place:
        tracer = subprocess.Popen(["gdb", "-nx", "-q", "-p", str(child.pid)],
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            interp.wait_for(lambda: "t" in interp.thread_states(child.pid), what="gdb")
            pycore.refuses("dump", child.pid, "-o", place + "/core", mentions="%d" % tracer.pid)
        finally:
            tracer.kill()
            tracer.wait()
            tracer.stdin.close()
        runs_on_or_sleeps(child.pid)
        child.kill()
        interp.wait_for(lambda: interp.thread_states(child.pid) == "Z", what="a zombie")
        pycore.refuses("dump", child.pid, "-o", place + "/core", mentions="ended")
        pycore.refuses("dump", 2, "-o", place + "/core", mentions="kernel")
        equal(os.listdir(place), [], "files that are left")


@once
def a_process_that_execs_is_dumped_whole_or_refused(pycore):
    again = "import os,sys,time\nos.execv(sys.executable,[sys.executable,'-S','-E','-c',sys.argv[1],sys.argv[1]])"
    start = "import os,sys\nprint('ready',flush=True)\nos.execv(sys.executable,[sys.executable,'-S','-E','-c',sys.argv[1],sys.argv[1]])"
    with running(start, again) as child, folder() as place:
        whole = 0
        for unused in range(40):
            answer = pycore.run("dump", child.pid, "-o", place + "/core")
            that(answer.status in (0, 1, 2), str(answer))
            if answer.status == 2:
                equal(os.listdir(place), [], "files after %s" % answer)
                continue
            with Core(place + "/core") as core:
                that(core.loads and core.of(1), "no memory or threads: %s" % answer)
            whole += 1
            os.unlink(place + "/core")
        that(whole > 3, "only %d of 40 dumped" % whole)
        equal(child.poll(), None, "the process")


@once
def a_process_that_exits_is_dumped_whole_or_refused(pycore):
    with folder() as place:
        for unused in range(20):
            with running(BUSY, 5, 3) as child:
                doing = pycore.start("dump", str(child.pid), "-o", place + "/core",
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                time.sleep(random.random() * 0.06)
                child.kill()
                child.wait()
                unused_out, err = doing.communicate(timeout=60)
            that(doing.returncode in (0, 1, 2), "exit status %d: %r" % (doing.returncode, err))
            equal(os.listdir(place), [] if doing.returncode == 2 else ["core"], "after %r" % err)
            if doing.returncode != 2:
                os.unlink(place + "/core")


def only_child(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as children:
        return int(children.read())


@contextlib.contextmanager
def contained(place, text, *arguments):
    """A Python program in another mount and process namespace, where its executable is not where
    it says. @return its pid; all of it ends with the block
    """
    shutil.copy(os.path.realpath(sys.executable), place + "/python-inside")
    # Not the first process there, which signals do not kill.
    inside = ("mount -t tmpfs none /mnt && cp %s/python-inside /mnt/ && /mnt/python-inside"
              " -c \"$@\"; true" % place)
    child = subprocess.Popen(["unshare", "--mount", "--pid", "--fork", "--kill-child",
                              "sh", "-c", inside, "sh", text, *map(str, arguments)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    try:
        if child.stdout.readline() != b"ready\n":
            raise Skip("no namespaces here: %r" % child.stderr.read())
        yield only_child(only_child(child.pid))
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
        child.stderr.close()


@once
def a_process_of_a_container_is_dumped(pycore):
    with folder() as place:
        with contained(place, QUIET, 1, 2) as pid:
            runs_on_or_sleeps(pid)
            live = pycore.json("bt", pid)
            equal(len(live["threads"]), 3, "threads of the process")
            for options in [], ["--python-only"]:
                dump(pycore, pid, place + "/core", *options)
                core = pycore.json("bt", place + "/core", "--sysroot", "/proc/%d/root" % pid)
                equal(without(core["threads"], "state"), without(live["threads"], "state"),
                      "threads of the core")
                os.unlink(place + "/core")
            dump(pycore, pid, place + "/core")
        # A whole core needs nothing of the container: it has the program in it.
        alone = pycore.json("bt", place + "/core", statuses=(0, 1))
        equal(without(alone["threads"], "state"), without(live["threads"], "state"),
              "threads without the container")


@once
def without_a_freeze_a_dump_stops_nothing(pycore):
    with running(BUSY, 5, 3) as child, folder() as place:
        answer = pycore.run("dump", child.pid, "-o", place + "/core", "--no-freeze", "--format",
                            "json")
        that(answer.status in (0, 1), str(answer))
        told = json.loads(answer.out)
        equal(told["stopped_ms"], 0, "stopped")
        that("torn" in answer.err and any("torn" in line for line in told["warnings"]),
             "does not say that it may be torn: %s" % answer)
        that(Core(place + "/core").loads, "no memory")
        runs_on(child.pid)


EPOLL = """
import select, sys, os, time
poll = select.epoll()
read, write = os.pipe()
poll.register(read, select.EPOLLIN)
sys.stdout.write("ready\\n"); sys.stdout.flush()
broken = rounds = 0
while True:
    try:
        if poll.poll(0.05):
            break
    except (IOError, OSError) as error:
        if error.errno != 4:
            raise
        broken += 1
    rounds += 1
    with open(sys.argv[1] + ".new", "w") as out:
        out.write("%d %d" % (broken, rounds))
    # Whoever reads it never finds it empty.
    os.rename(sys.argv[1] + ".new", sys.argv[1])
"""


def counted(path):
    """The two numbers there; it may just be written anew."""
    numbers = []

    def read():
        with open(path) as file:
            numbers[:] = map(int, file.read().split())
        return len(numbers) == 2

    interp.wait_for(read, seconds=10, what="a loop to write how often it has run")
    return numbers


def epoll_loop(pycore, command):
    """(interruptions that the program saw, stops), of a loop that waits in epoll_wait."""
    with folder() as place:
        child = subprocess.Popen(command + ["-c", EPOLL, place + "/count"], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE)
        try:
            equal(child.stdout.readline(), b"ready\n", "what the program says")
            for number in range(20):
                dump(pycore, child.pid, place + "/core%d" % number)
                time.sleep(0.01)
                equal(child.poll(), None, "the program")
            time.sleep(0.2)
            broken, before = counted(place + "/count")
            time.sleep(0.3)
            that(counted(place + "/count")[1] > before, "the loop stands still")
            return broken
        finally:
            child.kill()
            child.wait()
            child.stdout.close()


@once
def an_epoll_loop_of_python_3_sees_nothing_of_a_stop(pycore):
    equal(epoll_loop(pycore, [sys.executable]), 0, "interrupted calls")


@once
def an_epoll_loop_of_python_2_sees_interrupted_calls_and_goes_on(pycore):
    """epoll_wait is not taken up again by the kernel: signal(7). Python 3.5 does so, 2.7 raises."""
    path = os.path.expanduser("~/.pyenv/versions/2.7.18/bin/python2.7")
    python = path if os.path.exists(path) else shutil.which("python2.7")
    if not python:
        raise Skip("there is no Python 2.7")
    broken = epoll_loop(pycore, [python])
    that(0 < broken <= 20, "%d interrupted calls in 20 stops" % broken)
