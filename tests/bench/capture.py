# SPDX-License-Identifier: MIT
"""What writing a core costs, beside gdb's gcore: time, and for how long the process stands still."""

import contextlib
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
import time

# MIB mebibytes of strings, then a thread that notes the longest time it did not run.
PROGRAM = """
import mmap, struct, sys, time
with open(sys.argv[2], "r+b") as f:
    note = mmap.mmap(f.fileno(), 8)
keep = [b"%012d" % number * 24 for number in range(int(sys.argv[1]) * 3100)]
print("ready", flush=True)
last = time.monotonic()
while True:
    now = time.monotonic()
    gap = now - last
    last = now
    if gap > struct.unpack("d", note[:])[0]:
        note[:] = struct.pack("d", gap)
"""


class Victim:
    """The process, and the longest time in ms that it stood still since it was last asked."""

    def __init__(self, python, mebibytes, place):
        path = os.path.join(place, "gap")
        with open(path, "wb") as out:
            out.write(bytes(8))
        self.file = open(path, "r+b")
        self.note = mmap.mmap(self.file.fileno(), 8)
        self.popen = subprocess.Popen([python, "-c", PROGRAM, str(mebibytes), path],
                                      stdout=subprocess.PIPE)
        self.popen.stdout.readline()
        self.pid = self.popen.pid

    def reset(self):
        self.note[:] = bytes(8)

    def gap(self):
        time.sleep(0.05)
        return struct.unpack("d", self.note[:])[0] * 1000

    def close(self):
        self.popen.kill()
        self.popen.wait()
        self.popen.stdout.close()
        self.note.close()
        self.file.close()


def timed(victim, *command, **more):
    """(wall ms, ms that the process stood still)"""
    victim.reset()
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   stdin=subprocess.DEVNULL, **more)
    return (time.monotonic() - began) * 1000, victim.gap()


def best(runs, act):
    """The least of each number: of one machine with others on it, that says most."""
    return tuple(map(min, zip(*[act() for unused in range(runs)])))


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="pycore-bench-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def measure(bench, python, mebibytes):
    pycore, runs = bench.chosen.pycore, min(bench.chosen.runs, 3)
    with folder() as place, contextlib.closing(Victim(python, mebibytes, place)) as victim:
        pid = str(victim.pid)
        core = os.path.join(place, "core")

        def dump(*options):
            took = timed(victim, pycore, "dump", "-q", pid, "-o", core, *options)
            dump.size = os.stat(core).st_blocks * 512
            os.unlink(core)
            return took

        def gcore():
            took = timed(victim, "gcore", "-o", core, pid)
            os.unlink("%s.%s" % (core, pid))
            return took

        bench.row("a process of %d MiB" % mebibytes, "")
        # By turns: so both have the same of what else the machine does.
        pairs = [(gcore(), dump()) for unused in range(runs)]
        theirs = tuple(map(min, zip(*[pair[0] for pair in pairs])))
        ours = tuple(map(min, zip(*[pair[1] for pair in pairs])))
        bench.row("  gcore", "%.0f ms" % theirs[0])
        bench.row("    it stands still for", "%.0f ms" % theirs[1])
        bench.row("  dump", "%.0f ms" % ours[0])
        bench.row("    times as fast as gcore", "%.1f" % (theirs[0] / ours[0]), "> 2.5",
                  theirs[0] > 2.5 * ours[0])
        bench.row("    it stands still for", "%.0f ms" % ours[1])
        bench.row("    times as short as for gcore", "%.1f" % (theirs[1] / ours[1]), "> 2.5",
                  theirs[1] > 2.5 * ours[1])
        for options in (["--max-memory", "1M"], ["--max-stop", "60000"], ["--python-only"],
                        ["--python-only", "--compress", "zstd"]):
            took = best(runs, lambda: dump(*options))
            bench.row("  dump " + " ".join(options), "%.0f ms" % took[0])
            bench.row("    it stands still for", "%.0f ms" % took[1])
            bench.row("    on disk", "%.0f MiB" % (dump.size / 1048576))
        for words in ["bt"], ["objects"], ["objects", "--max-stop", "60000"]:
            took = best(runs, lambda: timed(victim, pycore, words[0], "-q", pid, *words[1:]))
            bench.row("  %s" % " ".join(words), "%.0f ms" % took[0])
            bench.row("    it stands still for", "%.1f ms" % took[1])
        watch_memory(bench, pycore, pid, place)


def watch_memory(bench, pycore, pid, place):
    watch = subprocess.Popen([pycore, "watch", pid, "--rss", "900G", "-o", place + "/no"],
                             stderr=subprocess.PIPE)
    watch.stderr.readline()
    time.sleep(0.3)
    with open("/proc/%d/status" % watch.pid) as status:
        rows = dict(line.split(":", 1) for line in status)
    watch.terminate()
    watch.communicate()
    resident = int(rows["VmRSS"].split()[0]) / 1024
    bench.row("  watch: resident memory", "%.1f MiB" % resident, "< 12 MiB", resident < 12)
