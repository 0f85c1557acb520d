"""A limit that is reached: the core is written before the kill, and nothing stays changed."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import interp
from harness import Skip, equal, in_each_interpreter, once, that
from test_dump import folder, running, small_disk
from test_live import stopped

MIB = 1 << 20

# Grows by a megabyte at a time, in instances of a class of its own, as fast as it can.
GROWS = """
import sys, time
class Leak(object):
    def __init__(self, number):
        self.payload = bytearray(b"x" * (1 << 20))
class Keeper(object):
    growing = []
print("ready"); sys.stdout.flush()
sys.stdin.readline()
most = int(sys.argv[1])
for number in range(most):
    Keeper.growing.append(Leak(number))
    time.sleep(float(sys.argv[2]))
sys.stdout.write("done\\n"); sys.stdout.flush()
time.sleep(1000)
"""


@contextlib.contextmanager
def v1_group(limit):
    """A memory group within our own, of version 1."""
    if not os.path.exists("/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        raise Skip("memory control groups of version 1 are not mounted here")
    with open("/proc/self/cgroup") as lines:
        own = [line.split(":", 2)[2].strip() for line in lines if ":memory:" in line]
    try:
        path = tempfile.mkdtemp(prefix="pycore-test-",
                                dir="/sys/fs/cgroup/memory" + (own[0] if own else ""))
    except OSError as error:
        raise Skip("cannot make a memory group: %s" % error)
    try:
        put(path, "memory.limit_in_bytes", limit)
        yield path
    finally:
        put(path, "memory.oom_control", 0)
        for pid in get(path, "cgroup.procs").split():
            os.kill(int(pid), signal.SIGKILL)
        interp.wait_for(lambda: not get(path, "cgroup.procs"), what="the group to be empty")
        interp.wait_for(lambda: removed(path), what="the group to be removed")


def removed(path):
    try:
        os.rmdir(path)
    except OSError:
        pass
    return not os.path.exists(path)


def put(group, name, value):
    with open(os.path.join(group, name), "w") as out:
        out.write(str(value))


def get(group, name):
    with open(os.path.join(group, name)) as text:
        return text.read()


def killer_is_off(group):
    return "oom_kill_disable 1" in get(group, "memory.oom_control")


@contextlib.contextmanager
def grower(group, most, pause=0.0, command=None):
    child = subprocess.Popen((command or [sys.executable]) + ["-c", GROWS, str(most), str(pause)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        equal(child.stdout.readline(), b"ready\n", "what the program says")
        if group:
            put(group, "cgroup.procs", child.pid)
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()


def grow(child):
    child.stdin.write(b"go\n")
    child.stdin.flush()


class Watcher:
    """pycore watch, once it has said what it does."""

    def __init__(self, pycore, *words, before=()):
        self.popen = pycore.start("watch", *map(str, words), before=before,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said = ""

    def until(self, text):
        while text not in self.said:
            line = self.popen.stderr.readline().decode()
            that(line, "it never says %r: %s" % (text, self.said))
            self.said += line
        return self

    def finish(self, seconds=60):
        try:
            out, err = self.popen.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            out, err = self.popen.communicate()
            raise AssertionError("did not end: %s%s" % (self.said, err.decode()))
        self.said += err.decode()
        return out.decode()

    def __enter__(self):
        return self

    def __exit__(self, *why):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.communicate()


def told(watcher, status=0):
    out = watcher.finish()
    equal(watcher.popen.returncode, status, "exit status: %s" % watcher.said)
    return json.loads(out)


def leaks(pycore, core):
    """How many instances of Leak are in a core, and who keeps them."""
    rows = {row["type"]: row["count"]
            for row in pycore.json("objects", core, statuses=(0, 1))["types"]}
    drawn = pycore.run("refs", core, "--type", "__main__.Leak", "--format", "text").out
    that("growing" in drawn, "the list that grows is not named: %s" % drawn)
    return rows.get("__main__.Leak", 0)


@once
def a_core_is_written_when_the_group_is_out_of_memory(pycore):
    """A jump over the 95 %, in one allocation: the process waits in the kernel, state D."""
    jump = ("import sys, time\nclass Leak(object): pass\nclass Keeper(object): growing = []\n"
            "for n in range(1000): Keeper.growing.append(Leak())\n"
            "print('ready'); sys.stdout.flush(); sys.stdin.readline()\n"
            "def fatal(): return bytearray(b'x' * (400 << 20))\n"
            "fatal()")
    with v1_group(100 * MIB) as group, folder() as place:
        child = subprocess.Popen([sys.executable, "-c", jump], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
        try:
            equal(child.stdout.readline(), b"ready\n", "what the program says")
            put(group, "cgroup.procs", child.pid)
            # The 95 % are looked at, too; so high that only the end of memory is left.
            with Watcher(pycore, child.pid, "--percent", 100, "-o", place + "/core", "--format",
                         "json") as watcher:
                watcher.until("the process then goes on")
                that("killer is off" in watcher.said, watcher.said)
                that(killer_is_off(group), "the killer is on")
                grow(child)
                answer = told(watcher)
            that("out of memory" in answer["reason"] or "MiB" in answer["reason"], answer["reason"])
            that(not killer_is_off(group), "the killer is still off")
            equal(leaks(pycore, place + "/core"), 1000, "objects in the core")
            bt = pycore.json("bt", place + "/core", statuses=(0, 1))
            names = [frame["function"] for thread in bt["threads"] for frame in thread["frames"]]
            that("fatal" in names, "the frame that took the memory is not there: %s" % names)
            equal(child.wait(20), -signal.SIGKILL, "what the kernel does then")
        finally:
            child.kill()
            child.wait()
            child.stdin.close()
            child.stdout.close()


@once
def a_core_is_written_at_the_limit_of_the_group(pycore):
    with v1_group(150 * MIB) as group, folder() as place, grower(group, 400, 0.003) as child:
        with Watcher(pycore, child.pid, "-o", place + "/core", "--format", "json") as watcher:
            watcher.until("the process then goes on")
            that("142.5 MiB" in watcher.said and "95 %" in watcher.said, watcher.said)
            grow(child)
            answer = told(watcher)
        equal(answer["path"], place + "/core", "path")
        count = leaks(pycore, place + "/core")
        that(100 < count < 150, "%d objects of a megabyte in a group of 150" % count)
        that(not killer_is_off(group), "the killer is still off")
        equal(child.wait(20), -signal.SIGKILL, "the kernel goes on with its work")


@in_each_interpreter
def every_interpreter_is_dumped_at_its_limit(interpreter, pycore):
    with v1_group(150 * MIB) as group, folder() as place, \
            grower(group, 400, 0.003, interpreter.command) as child:
        with Watcher(pycore, child.pid, "-o", place + "/core", "--python-only", "--format",
                     "json", "--then", "kill") as watcher:
            watcher.until("is then killed")
            grow(child)
            told(watcher, 0)
        equal(child.wait(20), -signal.SIGKILL, "the process")
        where = ["--sysroot", interpreter.root] if interpreter.root else []
        rows = pycore.json("objects", place + "/core", *where, statuses=(0, 1))["types"]
        count = {row["type"]: row["count"] for row in rows}.get("__main__.Leak", 0)
        that(100 < count < 150, "%d objects of a megabyte in a group of 150" % count)


@once
def cached_files_are_no_reason(pycore):
    with v1_group(100 * MIB) as group, folder() as place, grower(group, 400) as child:
        reader = subprocess.Popen(["sh", "-c", "echo $$ >%s/cgroup.procs; exec dd if=/dev/zero of=%s"
                                   " bs=1M count=300 conv=fsync" % (group, place + "/big")],
                                  stderr=subprocess.DEVNULL)
        with Watcher(pycore, child.pid, "-o", place + "/core") as watcher:
            watcher.until("the process then goes on")
            equal(reader.wait(60), 0, "dd")
            that(int(get(group, "memory.usage_in_bytes")) > 90 * MIB, "the cache is not full")
            time.sleep(0.5)
            equal(watcher.popen.poll(), None, "the watcher: %s" % watcher.said)
            grow(child)
            watcher.finish()
            equal(watcher.popen.returncode, 0, watcher.said)


@once
def what_was_changed_is_put_back_when_the_watcher_is_killed(pycore):
    with v1_group(150 * MIB) as group, folder() as place, grower(group, 400) as child:
        for number in range(20):
            with Watcher(pycore, child.pid, "-o", place + "/core") as watcher:
                watcher.until("killer is off")
                that(killer_is_off(group), "the killer is on")
                if number % 2:
                    time.sleep(0.02)
                watcher.popen.kill()
                watcher.popen.wait()
            interp.wait_for(lambda: not killer_is_off(group), seconds=5, what="the killer")
        # And the group does not hang: what grows is killed.
        grow(child)
        equal(child.wait(20), -signal.SIGKILL, "the process")


@once
def what_was_changed_is_put_back_after_an_interrupt_and_at_the_end_of_the_process(pycore):
    with v1_group(150 * MIB) as group, folder() as place, grower(group, 400) as child:
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            with Watcher(pycore, child.pid, "-o", place + "/core") as watcher:
                watcher.until("the process then goes on")
                watcher.popen.send_signal(number)
                watcher.finish()
                equal(watcher.popen.returncode, 2, watcher.said)
            that(not killer_is_off(group), "the killer is off after signal %d" % number)
        with Watcher(pycore, child.pid, "-o", place + "/core") as watcher:
            watcher.until("the process then goes on")
            child.kill()
            watcher.finish()
            equal(watcher.popen.returncode, 1, watcher.said)
            that("ended before" in watcher.said, watcher.said)
        that(not killer_is_off(group), "the killer is off")
        equal(os.listdir(place), [], "files")


def guardian_of(watcher):
    with open("/proc/%d/task/%d/children" % (watcher.popen.pid, watcher.popen.pid)) as children:
        return [int(pid) for pid in children.read().split()]


@once
def a_guardian_that_is_killed_is_replaced(pycore):
    with v1_group(150 * MIB) as group, folder() as place, grower(group, 400) as child:
        with Watcher(pycore, child.pid, "-o", place + "/core") as watcher:
            watcher.until("the process then goes on")
            first, = guardian_of(watcher)
            os.kill(first, signal.SIGKILL)
            watcher.until("takes another")
            interp.wait_for(lambda: guardian_of(watcher) not in ([], [first]), seconds=5,
                            what="another guardian")
            that(killer_is_off(group), "the killer is on")
            watcher.popen.kill()
            watcher.popen.wait()
        interp.wait_for(lambda: not killer_is_off(group), seconds=5, what="the killer")


@once
def a_full_disk_does_not_hang_the_group(pycore):
    with v1_group(150 * MIB) as group, folder() as place, small_disk(place, "4m"), \
            grower(group, 400) as child:
        with Watcher(pycore, child.pid, "-o", place + "/core", "--then", "kill") as watcher:
            watcher.until("is then killed")
            grow(child)
            watcher.finish()
            equal(watcher.popen.returncode, 2, watcher.said)
            that("the disk is full" in watcher.said, watcher.said)
        that(not killer_is_off(group), "the killer is off")
        equal(os.listdir(place), [], "files")
        equal(child.wait(20), -signal.SIGKILL, "what the kernel does then")


@once
def a_watcher_in_the_group_that_it_watches_leaves_it(pycore):
    with v1_group(150 * MIB) as group, folder() as place, grower(group, 400, 0.002) as child:
        enter = ["sh", "-c", 'echo $$ >%s/cgroup.procs; exec "$@"' % group, "sh"]
        with Watcher(pycore, child.pid, "-o", place + "/core", before=enter) as watcher:
            watcher.until("the process then goes on")
            that("moved itself" in watcher.said, watcher.said)
            equal(get(group, "cgroup.procs").split(), [str(child.pid)], "processes of the group")
            grow(child)
            watcher.finish()
            equal(watcher.popen.returncode, 0, watcher.said)
        that(os.path.getsize(place + "/core") > 100 * MIB, "a small core")


@once
def the_biggest_of_a_group_is_written(pycore):
    with v1_group(200 * MIB) as group, folder() as place, grower(group, 10) as small, \
            grower(group, 400, 0.002) as big:
        with Watcher(pycore, "--cgroup", group, "-o", place + "/core", "--format", "json",
                     "--analyze") as watcher:
            watcher.until("the process then goes on")
            grow(small)
            equal(small.stdout.readline(), b"done\n", "what the small one says")
            grow(big)
            answer = told(watcher)
        equal(answer["target"]["pid"], big.pid, "the process")
        that("MiB" in answer["reason"], answer["reason"])
        # What grows, what is in it, and where it is.
        page = " ".join(open(place + "/core.txt").read().split())
        that(re.search(r"One list at 0x[0-9a-f]+ keeps 1\d\d\.\d MiB alive.*objects of __main__\.Leak"
                       r".* The way to it: sys\.modules\['__main__'\]\.Keeper"
                       r"\.__dict__\['growing'\]\.", page), page)


@once
def resident_memory_is_a_limit_without_a_group(pycore):
    with folder() as place, grower(None, 100, 0.002) as child:
        with Watcher(pycore, child.pid, "--rss", "60M", "-o", place + "/core", "--format", "json",
                     "--then", "stop") as watcher:
            watcher.until("left stopped")
            grow(child)
            answer = told(watcher)
        that("resident" in answer["reason"], answer["reason"])
        count = leaks(pycore, place + "/core")
        that(40 < count < 75, "%d objects of a megabyte at 60 MiB" % count)
        interp.wait_for(lambda: set(interp.thread_states(child.pid)) == {"T"}, seconds=5,
                        what="the process to be stopped")
        os.kill(child.pid, signal.SIGCONT)
        equal(child.stdout.readline(), b"done\n", "what it says when it goes on")


@once
def a_core_that_cannot_be_written_neither_kills_nor_stops(pycore):
    """Only the watched process's own memory is a limit here: nobody else ends it."""
    for then in "kill", "stop":
        with folder() as place, small_disk(place, "4m"), grower(None, 80, 0.002) as child:
            with Watcher(pycore, child.pid, "--rss", "60M", "-o", place + "/core", "--then",
                         then) as watcher:
                watcher.until("is then")
                grow(child)
                watcher.finish()
                equal(watcher.popen.returncode, 2, watcher.said)
                that("the disk is full" in watcher.said, watcher.said)
            interp.wait_for(lambda: not stopped(child.pid), seconds=5, what="the process to go on")
            equal(child.stdout.readline(), b"done\n", "what it says when it goes on, --then " + then)


@once
def a_process_is_killed_when_its_core_is_written_and_that_is_wanted(pycore):
    with folder() as place, grower(None, 80, 0.002) as child:
        with Watcher(pycore, child.pid, "--rss", "60M", "-o", place + "/core", "--then",
                     "kill") as watcher:
            watcher.until("is then killed")
            grow(child)
            watcher.finish()
            equal(watcher.popen.returncode, 0, watcher.said)
        equal(child.wait(20), -signal.SIGKILL, "how it ended")
        that(os.path.getsize(place + "/core") > 60 * MIB, "a small core")


@once
def a_process_goes_on_when_its_core_is_written(pycore):
    for then in [], ["--then", "continue"]:
        with folder() as place, grower(None, 80, 0.002) as child:
            with Watcher(pycore, child.pid, "--rss", "60M", "-o", place + "/core", *then) as watcher:
                watcher.until("then goes on")
                grow(child)
                watcher.finish()
                equal(watcher.popen.returncode, 0, watcher.said)
            equal(child.stdout.readline(), b"done\n", "what it says when it goes on")
            that(os.path.getsize(place + "/core") > 60 * MIB, "a small core")


@once
def a_command_is_run_and_watched(pycore):
    grows = "import time\nkeep = []\nfor n in range(100): keep.append(bytearray(b'x' * (1 << 20))); time.sleep(0.002)"
    with folder() as place:
        with Watcher(pycore, "--rss", "60M", "-o", place + "/core", "--format", "json", "--",
                     sys.executable, "-c", grows) as watcher:
            answer = told(watcher)
        that(os.path.getsize(place + "/core") > 60 * MIB, "a small core: %s" % answer)
        with Watcher(pycore, "--rss", "600M", "-o", place + "/other", "--", sys.executable, "-c",
                     grows) as watcher:
            watcher.finish()
            equal(watcher.popen.returncode, 1, watcher.said)
        pycore.refuses("watch", "--rss", "600M", "--", "/no/such/command", mentions="No such file")


@once
def pressure_is_a_trigger(pycore):
    """Where the kernel tells of it; a group at its limit that reads files again and again waits."""
    if not os.path.exists("/proc/pressure/memory"):
        raise Skip("the kernel does not tell of memory pressure")
    with v1_group(30 * MIB) as group, folder() as place, grower(None, 1) as child:
        with Watcher(pycore, child.pid, "--pressure", "1", "-o", place + "/core", "--format",
                     "json") as watcher:
            watcher.until("the process then goes on")
            enter = ["sh", "-c", 'echo $$ >%s/cgroup.procs; exec "$@"' % group, "sh"]
            subprocess.run(enter + ["dd", "if=/dev/urandom", "of=" + place + "/big", "bs=1M",
                                    "count=60", "conv=fsync"], stderr=subprocess.DEVNULL, check=True)
            reader = ("import mmap, sys\nf = open(sys.argv[1], 'rb')\n"
                      "m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)\n"
                      "while True: sum(m[at] for at in range(0, len(m), 4096))")
            thrash = subprocess.Popen(enter + [sys.executable, "-c", reader, place + "/big"])
            try:
                answer = told(watcher)
            finally:
                thrash.kill()
                thrash.wait()
        that("waited" in answer["reason"], answer["reason"])
        equal(stopped(child.pid), [], "stopped threads")


def v2_files(place, pid, limit):
    """What a group of version 2 has in its folder. Plain files: the kernel does nothing here."""
    for name, text in (("memory.max", limit), ("memory.high", "max"), ("memory.current", MIB),
                       ("memory.stat", "anon 0\ninactive_file 0\nactive_file 0\n"),
                       ("memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n"),
                       ("cgroup.procs", "%d\n" % pid), ("cgroup.controllers", "memory\n")):
        put(place, name, text)


@once
def a_group_of_version_2_is_watched_by_its_files(pycore):
    with folder() as group, folder() as place, grower(None, 10) as child:
        v2_files(group, child.pid, 100 * MIB)
        with Watcher(pycore, "--cgroup", group, "-o", place + "/core", "--format", "json") as watcher:
            watcher.until("the process then goes on")
            equal(get(group, "memory.high"), str(100 * MIB // 100 * 95), "memory.high")
            # Full, but of cached files.
            put(group, "memory.stat", "anon 0\ninactive_file %d\nactive_file 0\n" % (50 * MIB))
            put(group, "memory.current", 99 * MIB)
            time.sleep(0.4)
            equal(watcher.popen.poll(), None, "the watcher: %s" % watcher.said)
            put(group, "memory.stat", "anon 0\ninactive_file 0\nactive_file 0\n")
            answer = told(watcher)
        that("99.0 MiB" in answer["reason"], answer["reason"])
        equal(get(group, "memory.high"), "max", "memory.high afterwards")
        os.unlink(place + "/core")
        put(group, "memory.current", MIB)
        with Watcher(pycore, "--cgroup", group, "-o", place + "/core", "--format", "json") as watcher:
            watcher.until("the process then goes on")
            put(group, "memory.events", "low 0\nhigh 9\nmax 3\noom 1\noom_kill 0\n")
            that("out of memory" in told(watcher)["reason"], watcher.said)
        os.unlink(place + "/core")
        put(group, "memory.high", 98 * MIB)
        with Watcher(pycore, "--cgroup", group, "-o", place + "/core") as watcher:
            watcher.until("the process then goes on")
            equal(get(group, "memory.high"), str(100 * MIB // 100 * 95), "memory.high")
            time.sleep(0.3)
            equal(watcher.popen.poll(), None, "was out of memory before: %s" % watcher.said)
            watcher.popen.kill()
            watcher.popen.wait()
        interp.wait_for(lambda: get(group, "memory.high") == str(98 * MIB), seconds=5,
                        what="memory.high to be put back")
        put(group, "memory.high", 50 * MIB)
        with Watcher(pycore, "--cgroup", group, "-o", place + "/core") as watcher:
            watcher.until("the process then goes on")
            equal(get(group, "memory.high"), str(50 * MIB), "memory.high, which is lower already")


@once
def watching_takes_little_memory(pycore):
    with v1_group(150 * MIB) as group, folder() as place, grower(group, 1) as child:
        with Watcher(pycore, child.pid, "-o", place + "/core") as watcher:
            watcher.until("the process then goes on")
            time.sleep(0.3)
            with open("/proc/%d/status" % watcher.popen.pid) as status:
                status = dict(line.split(":", 1) for line in status)
            resident = int(status["VmRSS"].split()[0])
            that(resident < 12 * 1024, "watch has %d KiB" % resident)
