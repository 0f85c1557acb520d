"""What a test can only do to a kernel of its own: be its core handler, and limit memory as it will."""

import os
import re
import signal
import subprocess
import sys
import time

import interp
import own_kernel
from harness import equal, once, that
from test_collect import page
from test_dump import contained, folder, script
from test_watch import MIB, Watcher, get, grow, grower, leaks, put, told

CRASHES = """
import sys, time
class Kept: pass
keep = [Kept() for number in range(int(sys.argv[1]))]
def the_end():
    print("ready", flush=True)
    time.sleep(10000)
the_end()
"""


def crash(count, *before):
    """@return the process that was, once the kernel is done with it"""
    child = script(CRASHES, count, before=before)
    child.send_signal(signal.SIGSEGV)
    equal(child.wait(60), -signal.SIGSEGV, "what the process died of")
    child.stdout.close()
    return child.pid


def kept_in(pycore, core):
    rows = pycore.json("objects", core)["types"]
    return {row["type"]: row["count"] for row in rows}.get("__main__.Kept")


def set_handler(pycore, core):
    # The kernel takes no longer line than one of 128 bytes.
    if not os.path.exists("/run/tmp/cores"):
        os.symlink(pycore.path, "/run/tmp/pycore")
        os.mkdir("/run/tmp/cores")
    put("/proc/sys/kernel", "core_pattern",
        "|/run/tmp/pycore collect --dir /run/tmp/cores --core %s %%P %%s %%t" % core)
    put("/proc/sys/kernel", "core_pipe_limit", 4)


def collect_all(pycore):
    for core, end in ("full", ""), ("reduced", ".zst"):
        set_handler(pycore, core)
        before = int(time.time())
        pid = crash(4321)
        # It is only now that the kernel has let the process go: all is done.
        names = sorted(os.listdir("/run/tmp/cores"))
        when = int(names[0].split(".")[2])
        equal(names, ["core.%d.%d%s" % (pid, when, last) for last in sorted((end, ".txt"))],
              "files of %s" % core)
        that(before <= when <= time.time(), "the time of %s, after %d" % (names, before))
        text = page("/run/tmp/cores", "core.%d.%d.txt" % (pid, when))
        that("SIGSEGV" in text and "the_end" in text and "Kept" in text, "the page: %s" % text)
        path = "/run/tmp/cores/core.%d.%d%s" % (pid, when, end)
        equal(kept_in(pycore, path), 4321, "objects of the core")
        functions = [frame["function"] for thread in pycore.json("bt", path)["threads"]
                     for frame in thread["frames"]]
        equal(functions, ["the_end", "<module>"], "frames of the core")
        for name in names:
            os.unlink("/run/tmp/cores/" + name)
    sleeper = subprocess.Popen(["sleep", "1000"])
    sleeper.send_signal(signal.SIGSEGV)
    equal(sleeper.wait(60), -signal.SIGSEGV, "what the other process died of")
    equal(os.listdir("/run/tmp/cores"), [], "files of what is no Python")


@once
def the_kernel_hands_its_cores_to_collect(pycore):
    own_kernel.run(collect_all, pycore)


def collected_from(pycore, pid):
    """Nothing of the process was missing, though its executable is not where it says."""
    pages = [name for name in os.listdir("/run/tmp/cores") if name.startswith("core.%d." % pid)
             and name.endswith(".txt")]
    equal(len(pages), 1, "pages: %s" % os.listdir("/run/tmp/cores"))
    text = page("/run/tmp/cores", pages[0])
    that("(/mnt/python-inside " in text and "Kept" in text and "the_end" in text, text)
    that("cannot find" not in text and "100.0 % of the" in text, text)


def collect_of_containers(pycore):
    set_handler(pycore, "reduced")
    with folder() as place, contained(place, CRASHES, 4321) as pid:
        os.kill(pid, signal.SIGSEGV)
        interp.wait_for(lambda: not os.path.exists("/proc/%d" % pid), seconds=60,
                        what="the kernel to be done with it")
    collected_from(pycore, pid)
    # With the mounts of all, but another root.
    os.mkdir("/run/jail")
    subprocess.run("mount --rbind / /run/jail && mount -t tmpfs none /run/jail/mnt"
                   " && cp %s /run/jail/mnt/python-inside" % os.path.realpath(sys.executable),
                   shell=True, check=True)
    pid = crash(4321, "chroot", "/run/jail", "sh", "-c",
                'shift; exec /mnt/python-inside "$@"', "sh")
    collected_from(pycore, pid)


@once
def the_files_of_a_container_are_found_while_the_kernel_keeps_its_process(pycore):
    own_kernel.run(collect_of_containers, pycore)


def watch_a_group(pycore):
    root = "/sys/fs/cgroup"
    group = root + "/web"
    put(root, "cgroup.subtree_control", "+memory")
    os.mkdir(group)
    put(group, "memory.max", 48 * MIB)
    with folder() as place, grower(group, 400) as child:
        with Watcher(pycore, "--cgroup", group, "-o", place + "/core", "--format", "json",
                     "--python-only") as watcher:
            watcher.until("the process then goes on")
            high = int(get(group, "memory.high"))
            that(0 <= 48 * MIB * 95 // 100 - high < 8192, "memory.high is %d" % high)
            grow(child)
            answer = told(watcher)
        equal(answer["target"]["pid"], child.pid, "the process")
        that(re.search(r"has 4[5-7]\.. MiB, of 48.0", answer["reason"]), answer["reason"])
        count = leaks(pycore, place + "/core")
        that(24 < count < 48, "%d objects of a megabyte in a group of 48" % count)
        equal(get(group, "memory.high"), "max\n", "memory.high afterwards")
        equal(child.wait(60), -signal.SIGKILL, "the kernel goes on with its work")
        that("oom_kill 1" in get(group, "memory.events"), get(group, "memory.events"))
    # Killed itself, it leaves nothing behind; and what was lower already stays.
    with folder() as place, grower(group, 1) as child:
        with Watcher(pycore, child.pid, "-o", place + "/core") as watcher:
            watcher.until("the process then goes on")
            that(get(group, "memory.high") != "max\n", "memory.high is as it was")
            watcher.popen.kill()
            watcher.popen.wait()
        interp.wait_for(lambda: get(group, "memory.high") == "max\n", seconds=5,
                        what="memory.high to be put back")


@once
def a_group_of_version_2_is_watched(pycore):
    own_kernel.run(watch_a_group, pycore)
