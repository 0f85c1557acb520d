"""Roots of other Debian suites as machines of their own: throw-away, with our files visible inside."""

import os
import shutil
import subprocess
import tempfile

TIMEOUT = 120
HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.dirname(os.path.dirname(HERE))

# All mounts are in a mount namespace of this shell's; what is written to the root is written to
# memory. Both are gone when the last process in there is, and the last is cat: it ends with us.
MAKE = """
set -e
lower=$1 base=$2
shift 2
mount -t tmpfs -o mode=755 tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay \
    -o "lowerdir=$lower,upperdir=$base/upper,workdir=$base/work" "$base/root"
mount -t proc proc "$base/root/proc"
mount --rbind /dev "$base/root/dev"
for shown; do
    mkdir -p "$base/root$shown"
    mount --bind "$shown" "$base/root$shown"
done
echo ready
exec cat
"""


class NoRoom(Exception):
    """This machine cannot make one; the text says what is missing."""


class Room:
    """A root to run commands in: `before` goes before their words.

    The directories shown, and `files`, for what tests leave, are at the same paths in there.
    """

    def __init__(self, lower, *shown):
        if os.geteuid() != 0:
            raise NoRoom("mounting a root needs root")
        self.lower = lower
        self.directory = tempfile.mkdtemp(prefix="pycore-room-")
        self.files = os.path.join(self.directory, "files")
        base = os.path.join(self.directory, "mnt")
        os.mkdir(self.files)
        os.chmod(self.directory, 0o755)
        os.mkdir(base)
        self.holder = subprocess.Popen(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", MAKE, "sh", lower, base,
             *shown, self.files],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "ready\n":
            why = self.holder.stderr.read().strip()
            self.close()
            raise NoRoom("cannot mount a copy of %s: %s" % (lower, why))
        self.before = ["nsenter", "--mount=/proc/%d/ns/mnt" % self.holder.pid, "chroot",
                       os.path.join(base, "root")]

    def run(self, *words, **more):
        """What a command in there prints, errors among it, and its exit status."""
        more.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run([*self.before, *words], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT, encoding="utf-8",
                              errors="replace", **more)
        return done.stdout, done.returncode

    def gdb_version(self):
        return gdb_version(self.before)

    def close(self):
        # By its end of file; communicate() closes the other pipes too.
        self.holder.communicate()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()


def gdb_version(before=()):
    """What the gdb there calls itself: "16.3"; None without one."""
    try:
        done = subprocess.run([*before, "gdb", "--version"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except OSError:
        return None
    words = done.stdout.partition("\n")[0].split()
    return words[-1] if done.returncode == 0 and words else None


class Rooms:
    """The rooms that were asked for, one a root, until closed."""

    def __init__(self, build):
        self.build = build
        self.made = {}

    def of(self, path):
        """The room for a file in a root of tests/tools/get-interpreters with a gdb, or None."""
        root = os.path.dirname(path)
        while not os.path.exists(os.path.join(root, ".pycore-gdb")):
            if root == "/":
                return None
            root = os.path.dirname(root)
        if root not in self.made:
            self.made[root] = Room(root, SOURCES, self.build)
        return self.made[root]

    def __enter__(self):
        return self

    def __exit__(self, *why):
        for room in self.made.values():
            room.close()
