"""What a process wants left out of its cores is left out of those that pycore writes, too."""

import contextlib
import glob
import json
import os
import shutil
import signal
import subprocess
import sys

import interp
from harness import Skip, equal, once, that
from test_dump import Core, dump, folder

# Memory of each kind that core(5) and madvise(2) tell apart: {kind: address of a page}.
PROGRAM = r"""
import ctypes, json, mmap, os, sys, time
keep = []
def add(kind, fd=-1, flags=mmap.MAP_SHARED, write=True, size=8 * 4096):
    m = mmap.mmap(fd, size, flags=flags)
    if write:
        m[:len(kind)] = kind.encode()
    m[:1]
    keep.append((kind, m, ctypes.addressof(ctypes.c_char.from_buffer(m))))
    return m
def file(path, kind):
    with open(path, "wb") as out:
        out.write(kind.encode().ljust(8 * 4096, b"."))
    return os.open(path, os.O_RDWR)
memory = os.memfd_create("memory")
os.ftruncate(memory, 8 * 4096)
add("private", flags=mmap.MAP_PRIVATE)
add("never", flags=mmap.MAP_PRIVATE).madvise(mmap.MADV_DONTDUMP)
add("shared")
add("memfd", memory)
add("shm", file(sys.argv[1], ""))
add("file shared", file("one", ""))
add("file changed", file("two", ""), mmap.MAP_PRIVATE)
add("file read", file("three", "file read"), mmap.MAP_PRIVATE, write=False)
MAP_HUGETLB = 0x40000
if len(sys.argv) > 2:
    add("huge private", flags=mmap.MAP_PRIVATE | MAP_HUGETLB, size=int(sys.argv[2]))
    add("huge shared", flags=mmap.MAP_SHARED | MAP_HUGETLB, size=int(sys.argv[2]))
print(json.dumps({kind: address for kind, m, address in keep}), flush=True)
time.sleep(10000)
"""

# The bits of coredump_filter that bring each in: one of them will do.
BITS = {"private": 1, "never": 0, "shared": 2, "memfd": 2, "shm": 8, "file shared": 8,
        "file changed": 1 | 4, "file read": 4}
HUGE_BITS = {"huge private": 0x20, "huge shared": 0x40}


def kinds_in(path, places):
    """The kinds of memory that a core has the bytes of."""
    found = set()
    with Core(path) as core:
        for kind, address in places.items():
            for addr, memsz, filesz, offset, unused in core.loads:
                if addr <= address < addr + filesz:
                    got = core.read(offset + address - addr, len(kind))
                    equal(got, kind.encode(), "bytes of %s in %s" % (kind, path))
                    found.add(kind)
    return found


@contextlib.contextmanager
def huge_pages(number):
    """Where the kernel has such pages to give. @return bytes of one"""
    path = "/proc/sys/vm/nr_hugepages"
    try:
        with open("/proc/meminfo") as info:
            size, = [int(line.split()[1]) for line in info if line.startswith("Hugepagesize:")]
        with open(path) as file:
            before = int(file.read())
        with open(path, "w") as out:
            out.write(str(before + number))
    except (OSError, ValueError) as error:
        raise Skip("no huge pages: %s" % error)
    try:
        with open(path) as file:
            if int(file.read()) < before + number:
                raise Skip("the kernel has no memory for huge pages")
        yield size * 1024
    finally:
        with open(path, "w") as out:
            out.write(str(before))


class Program:
    def __init__(self, place, *arguments):
        self.shm = "/dev/shm/pycore-test-%d" % os.getpid()
        self.popen = subprocess.Popen(["prlimit", "--core=unlimited", sys.executable, "-c", PROGRAM,
                                       self.shm, *arguments], cwd=place, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE)
        self.pid = self.popen.pid
        self.places = json.loads(self.popen.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.popen.kill()
        self.popen.wait()
        self.popen.stdout.close()
        os.unlink(self.shm)


def theirs(program, place):
    """The cores that gdb and, at its end, the kernel write of a program."""
    if shutil.which("gcore"):
        subprocess.run(["gcore", "-o", place + "/gdb", str(program.pid)], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        yield "gcore", "%s/gdb.%d" % (place, program.pid)
    if interp.kernel_writes_core_here():
        os.kill(program.pid, signal.SIGABRT)
        program.popen.wait()
        path, = glob.glob(place + "/core*")
        yield "the kernel", path


def leaves_out_the_same(pycore, bits, want, *arguments):
    """As gcore and the kernel do, with these bits of the filter; None: the usual ones."""
    with folder() as place, Program(place, *arguments) as program:
        if bits is not None:
            with open("/proc/%d/coredump_filter" % program.pid, "w") as out:
                out.write("0x%x" % bits)
        told = dump(pycore, program.pid, place + "/ours", statuses=(0, 1))
        equal(kinds_in(place + "/ours", program.places), want, "memory with filter %s" % bits)
        equal(["coredump_filter" in line for line in told["warnings"]],
              [] if 1 & (bits or 1) else [True], "warnings with filter %s" % bits)
        for who, path in theirs(program, place):
            equal(kinds_in(path, program.places), want, "memory for %s with %s" % (who, bits))


def brought_in(kinds, bits):
    return {kind for kind, any_of in kinds.items() if any_of & (bits or 0x33)}


@once
def the_memory_that_coredump_filter_leaves_out_is_left_out_as_by_gcore_and_the_kernel(pycore):
    for bits in None, 0x31, 0x3b, 0x37, 0x32:
        leaves_out_the_same(pycore, bits, brought_in(BITS, bits))


@once
def huge_pages_are_left_out_by_bits_of_their_own(pycore):
    with huge_pages(2) as size:
        for bits in None, 0x11, 0x51:
            leaves_out_the_same(pycore, bits, brought_in({**BITS, **HUGE_BITS}, bits), str(size))


@once
def all_memory_is_taken_whatever_the_filter_says(pycore):
    with folder() as place, Program(place) as program:
        with open("/proc/%d/coredump_filter" % program.pid, "w") as out:
            out.write("0")
        dump(pycore, program.pid, place + "/ours", "--all-memory")
        equal(kinds_in(place + "/ours", program.places), set(BITS) - {"file shared", "file read"},
              "memory")
        # Programs and libraries are there either way: a core can be read where they are not.
        dump(pycore, program.pid, place + "/without", statuses=(0, 1))
        equal(kinds_in(place + "/without", program.places), set(), "memory")
        with Core(place + "/ours") as core, Core(place + "/without") as other:
            code = [load[:3] for load in core.loads if load[4] == 5 and load[2]]
            that(len(code) > 3, "no code: %s" % core.loads)
            equal([load[:3] for load in other.loads if load[4] == 5 and load[2]], code, "code")
