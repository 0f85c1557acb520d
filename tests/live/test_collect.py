"""Cores from a pipe, as the kernel's core_pattern gives them, and those that systemd keeps."""

import os
import re
import shutil
import subprocess
import time

from harness import Skip, equal, few, in_interpreters, once, that
from test_dump import Core, QUIET, dump, folder, running

# What the kernel gives besides: no standard streams.
BARE = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh"]


def collect(pycore, core, place, *words, bare=False):
    """(exit status, standard error, names in the folder)"""
    before = BARE if bare else []
    # Nothing is written anywhere else.
    environment = dict(os.environ, TMPDIR="/no/such/folder")
    with open(core, "rb") as source:
        done = subprocess.run([*before, pycore.path, "collect", "--dir", place, *words],
                              stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=120, text=True, env=environment)
    return done.returncode, done.stderr, sorted(os.listdir(place))


def page(place, name):
    with open(os.path.join(place, name)) as text:
        return text.read()


def same_bytes(a, b):
    with open(a, "rb") as first, open(b, "rb") as second:
        while True:
            one, two = first.read(1 << 20), second.read(1 << 20)
            if one != two:
                return False
            if not one:
                return True


@in_interpreters(few)
def a_kernel_s_core_is_analysed_and_reduced(interpreter, pycore):
    where = ["--sysroot", interpreter.root] if interpreter.root else []
    with interpreter.start("counts.py") as process, folder() as place:
        core = process.core()
        said = pycore.json("objects", core, *where, statuses=(0, 1))
        status, err, names = collect(pycore, core, place, "--core", "reduced", *where, "77", "6",
                                     "1234", bare=True)
        equal(names, ["core.77.1234.txt", "core.77.1234.zst"], "files: %s" % err)
        equal(status, 0, "exit status: %s" % err)
        that("SIGABRT" in page(place, names[0]) and "counts.py" in page(place, names[0]),
             "the page: %s" % page(place, names[0]))
        zst = os.path.join(place, names[1])
        that(os.path.getsize(zst) < os.path.getsize(core) / 2, "not reduced")
        kept = pycore.json("objects", zst, *where, statuses=(0, 1))
        for key in "types", "total":
            equal(kept[key], said[key], key + " of the reduced core")
        kept, said = (pycore.json("bt", path, *where, statuses=(0, 1)) for path in (zst, core))
        equal(kept["threads"], said["threads"], "threads of the reduced core")


def with_core(pycore, place, megabytes=2):
    """A core of a Python with so much in it, in a folder."""
    with running(QUIET, megabytes, 1) as child:
        dump(pycore, child.pid, place + "/the.core")
    return place + "/the.core"


@once
def what_is_left_of_a_reduced_core_is_as_it_was(pycore):
    with folder() as source, folder() as place:
        core = with_core(pycore, source)
        status, err, names = collect(pycore, core, place, "--core", "reduced", "77", "11", "1")
        equal(status, 0, err)
        with open(place + "/unpacked", "wb") as out:
            subprocess.run(["zstd", "-d", "-q", "-c", place + "/core.77.1.zst"], stdout=out,
                           check=True)
        cut = code = compared = 0
        with Core(core) as whole, Core(place + "/unpacked") as reduced:
            equal([desc for unused, desc in reduced.notes], [desc for unused, desc in whole.notes],
                  "notes")
            for addr, memsz, filesz, offset, flags in reduced.loads:
                load, = [load for load in whole.loads if load[0] <= addr < load[0] + load[1]]
                skip = addr - load[0]
                that(reduced.read(offset, filesz) == whole.read(load[3] + skip, filesz),
                     "memory at 0x%x differs" % addr)
                compared += filesz
                cut += memsz and not filesz and flags == 6 and load[2] > 0
                code += memsz and not filesz and flags == 5 and load[2] > 0
        that(cut and code and compared > 3 << 20, "%d stacks, %d codes, %d bytes" % (cut, code, compared))


@once
def a_whole_core_is_kept_to_the_last_byte(pycore):
    with folder() as source, folder() as place:
        core = with_core(pycore, source)
        for bare in False, True:
            status, err, names = collect(pycore, core, place, "--core", "full", "77", "11",
                                         "%d" % bare, bare=bare)
            equal(status, 0, err)
            that(same_bytes(core, "%s/core.77.%d" % (place, bare)), "the core differs")
            disk = os.stat("%s/core.77.%d" % (place, bare)).st_blocks * 512
            that(disk < os.path.getsize(core) * 0.75, "no holes: %d" % disk)
        equal(len(names), 4, "files: %s" % names)


@once
def without_a_wish_the_page_alone_is_kept(pycore):
    with folder() as source, folder() as place:
        status, err, names = collect(pycore, with_core(pycore, source), place, "77", "11")
        equal(status, 0, err)
        that(len(names) == 1 and re.fullmatch(r"core\.77\.\d+\.txt", names[0]), names)
        that("What fills memory" in page(place, names[0]), page(place, names[0]))


@once
def what_is_too_big_or_too_slow_is_cut_and_told(pycore):
    with folder() as source, folder() as place:
        core = with_core(pycore, source, 8)
        # What is cut is part of the first thread's stack: libraries are before it.
        size = os.path.getsize(core) - (64 << 10)
        status, err, names = collect(pycore, core, place, "--max-size", str(size), "77", "11", "1")
        equal((status, names), (1, ["core.77.1.txt"]), err)
        that("--max-size" in err and "cut short" in page(place, names[0]), err)
        began = time.monotonic()
        slow = subprocess.Popen(["sh", "-c", "cat; sleep 30"], stdin=open(core, "rb"),
                                stdout=subprocess.PIPE)
        done = subprocess.run([pycore.path, "collect", "--dir", place, "--time", "2", "77", "11", "2"],
                              stdin=slow.stdout, stderr=subprocess.PIPE, text=True, timeout=60)
        slow.kill()
        slow.wait()
        slow.stdout.close()
        that(time.monotonic() - began < 15, "took %.1f s" % (time.monotonic() - began))
        that("too long" in done.stderr, done.stderr)


@once
def of_what_tells_nothing_the_reason_is_given(pycore):
    with folder() as source, folder() as place:
        core = with_core(pycore, source)
        status, err, names = collect(pycore, core, place, "--max-size", "65536", "77", "11", "1")
        equal((status, names), (2, []), err)
        that(err.startswith("pycore: process 77: nothing can be told of its core: ")
             and "cut short" in err, err)
        status, err, names = collect(pycore, "/bin/sh", place, "77", "11", "1")
        equal((status, names), (2, []), err)
        that("not a core" in err, err)


@once
def an_interrupted_core_is_said_not_to_be_whole(pycore):
    with folder() as source, folder() as place:
        core = with_core(pycore, source)
        slow = subprocess.Popen(["sh", "-c", "cat; sleep 30"], stdin=open(core, "rb"),
                                stdout=subprocess.PIPE)
        child = subprocess.Popen([pycore.path, "collect", "--dir", place, "77", "11", "2"],
                                 stdin=slow.stdout, stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        child.terminate()
        err = child.communicate(timeout=60)[1]
        slow.kill()
        slow.wait()
        slow.stdout.close()
        equal(child.returncode, 1, err)
        that("not whole: it was interrupted" in err, err)


@once
def only_the_newest_are_kept(pycore):
    with folder() as source, folder() as place:
        core = with_core(pycore, source)
        open(place + "/core.1.txt", "w").close()
        open(place + "/core.1.2.other", "w").close()
        for number in range(5):
            collect(pycore, core, place, "--keep", "3", "--core", "reduced", str(70 + number % 2),
                    "11", str(number))
        equal(sorted(os.listdir(place)),
              ["core.1.2.other", "core.1.txt"] + sorted(
                  "core.%d.%d.%s" % (70 + number % 2, number, end)
                  for number in (2, 3, 4) for end in ("txt", "zst")), "files")


@once
def twenty_are_kept_unless_told_otherwise(pycore):
    """Of one second the ones with higher numbers, which are later for the most part."""
    with folder() as source, folder() as place:
        core = with_core(pycore, source, 1)

        def names(times):
            return ["core.%d.%d.txt" % (pid, when) for when in times for pid in (7, 8)]

        def left_of(times, *options):
            for name in names(times):
                open(os.path.join(place, name), "w").close()
            status, err, left = collect(pycore, core, place, *options, "77", "11", "999")
            equal(status, 0, err)
            os.unlink(os.path.join(place, "core.77.999.txt"))
            left.remove("core.77.999.txt")
            return left

        equal(left_of(range(100, 115), "--keep", "0"), sorted(names(range(100, 115))), "all")
        equal(left_of([]), sorted(names(range(106, 115)) + ["core.8.105.txt"]), "nineteen, and one")


@once
def what_is_no_core_leaves_nothing(pycore):
    with folder() as source, folder() as place:
        for text in b"", b"x" * 10000, b"\x7fELF" + b"\0" * 5000:
            with open(source + "/no", "wb") as out:
                out.write(text)
            for what in "none", "reduced", "full":
                status, err, names = collect(pycore, source + "/no", place, "--core", what, "77")
                equal(status, 2, err)
                equal([name for name in names if what != "full" or name.endswith("txt")], [], err)
                for name in names:
                    os.unlink(os.path.join(place, name))


@once
def of_another_program_only_a_whole_core_is_kept(pycore):
    sleeper = subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL)
    try:
        with folder() as source, folder() as place:
            core = source + "/core"
            dump(pycore, sleeper.pid, core)
            for what, kept in ("none", []), ("reduced", []), ("full", ["core.77.1"]):
                status, err, names = collect(pycore, core, place, "--core", what, "77", "11", "1")
                equal((status, names), (2, kept), err)
            # It may have been a Python.
            status, err, names = collect(pycore, core, place, "--core", "reduced", "--max-size",
                                         str(os.path.getsize(core) - 4096), "77", "11", "2")
            equal((status, names), (2, ["core.77.1", "core.77.2.zst"]), err)
    finally:
        sleeper.kill()
        sleeper.wait()


@once
def a_link_in_the_folder_is_not_followed(pycore):
    with folder() as source, folder() as place:
        core = with_core(pycore, source)
        for end in "", ".txt":
            os.symlink(source + "/victim", place + "/core.77.1" + end)
            status, err, names = collect(pycore, core, place, "--core", "full", "77", "11", "1")
            equal(status, 2, err)
            that(not os.path.lexists(source + "/victim"), "the link was followed")
            for name in names:
                os.unlink(os.path.join(place, name))


@once
def what_systemd_keeps_is_read_as_it_is(pycore):
    """/var/lib/systemd/coredump/core.COMM.UID.BOOT.PID.TIME.zst, and .lz4, .xz."""
    with folder() as place:
        core = with_core(pycore, place)
        said = pycore.json("objects", core)
        stored = place + "/core.python3.1000.0c6d5b1c2a7e4b0f9f8f0e1d2c3b4a59.4242.1700000000000000"
        found = 0
        for tool, end in ("zstd", "zst"), ("lz4", "lz4"), ("xz", "xz"):
            if not shutil.which(tool):
                continue
            found += 1
            with open(core, "rb") as source, open(stored + "." + end, "wb") as out:
                subprocess.run([tool, "-1", "-c"], stdin=source, stdout=out, check=True)
            again = pycore.json("objects", stored + "." + end)
            equal((again["types"], again["total"]), (said["types"], said["total"]), end)
        if not found:
            raise Skip("neither zstd nor lz4 nor xz is here")
