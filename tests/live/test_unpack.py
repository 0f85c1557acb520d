"""Cores that are compressed: read as they are, unpacked to where nothing stays."""

import gzip
import json
import lzma
import os
import shutil
import subprocess
import tempfile
import time

import cores
from harness import Skip, equal, few, on, that

WAYS = ("gcore",)


def tool(*command):
    def pack(source, target):
        if not shutil.which(command[0]):
            raise Skip("there is no %s" % command[0])
        with open(source, "rb") as plain, open(target, "wb") as packed:
            subprocess.run([*command, "-c"], stdin=plain, stdout=packed, check=True)
    return pack


def library(module, **how):
    def pack(source, target):
        with open(source, "rb") as plain, module.open(target, "wb", **how) as packed:
            shutil.copyfileobj(plain, packed, 1 << 20)
    return pack


PACKERS = {
    "zstd": tool("zstd", "-q", "-1"),
    "lz4": tool("lz4", "-q", "-1"),
    "xz": library(lzma, preset=0),
    "gzip": library(gzip, compresslevel=1),
}


class Place:
    """A folder to unpack in, which pycore is told of, and a compressed core beside it."""

    def __init__(self, core, packer):
        self.directory = tempfile.mkdtemp(prefix="pycore-", dir=os.path.dirname(core))
        self.folder = os.path.join(self.directory, "folder")
        os.mkdir(self.folder)
        # Its name tells nothing: it is the bytes that count.
        self.packed = os.path.join(self.directory, "a core")
        packer(core, self.packed)

    def before(self, *more):
        return ["env", "TMPDIR=" + self.folder, *more]

    def __enter__(self):
        return self

    def __exit__(self, *why):
        shutil.rmtree(self.directory)


def ask(scene, place, target, *command):
    before = place.before()
    arguments = [command[0], *scene.target[:-1], target, *command[1:], "--format", "json"]
    answer = scene.pycore.run(*arguments, before=before)
    left = os.listdir(place.folder)
    equal(left, [], "what is left in the folder")
    return answer


@on("refs.py", ways=("gcore", "core"), where=few)
def a_compressed_core_is_answered_as_the_core_itself(scene):
    core = scene.target[-1]
    for name, packer in PACKERS.items():
        with Place(core, packer) as place:
            for command in ("objects",), ("bt", "--locals"), ("heap-top",):
                plain = ask(scene, place, core, *command)
                packed = ask(scene, place, place.packed, *command)
                equal(packed.status, plain.status, "%s: exit status of %s" % (name, packed))
                equal(packed.out.replace(place.packed, core), plain.out, "%s: %s" % (name, command))
                equal(packed.err, plain.err, "%s: standard error" % name)


def with_zeros(gigabytes):
    """Packs a core with a mapping more, of zeros."""
    def zstd(data):
        return subprocess.run(["zstd", "-q", "-1", "-c"], input=data, check=True,
                              stdout=subprocess.PIPE).stdout

    def pack(core, path):
        with open(path, "wb") as out:
            out.write(zstd(cores.with_zeros(core, gigabytes)))
            out.write(zstd(bytes(cores.GIB // 16)) * (gigabytes * 16))
    return pack


def in_a_disk_of(megabytes, place):
    """The words before a command that sees a small disk at the place's folder."""
    if os.geteuid() != 0:
        raise Skip("mounting a small disk needs root")
    mount = 'mount -t tmpfs -o size=%dm tmpfs "$TMPDIR" && exec "$@"' % megabytes
    return place.before("unshare", "-m", "--propagation", "private", "sh", "-c", mount, "sh")


@on("refs.py", ways=WAYS, where=few)
def what_does_not_fit_is_refused_before_it_is_tried(scene):
    core = scene.target[-1]
    with Place(core, PACKERS["zstd"]) as place:
        # 64 MiB are left to others.
        line = scene.pycore.refuses("info", *scene.target[:-1], place.packed,
                                    before=in_a_disk_of(66, place), mentions="MiB are free")
        that(place.folder in line and "TMPDIR" in line, "does not help: " + line)


@on("refs.py", ways=WAYS, where=few)
def zeros_need_no_room(scene):
    core = scene.target[-1]
    with Place(core, with_zeros(1)) as place:
        megabytes = os.path.getsize(core) // (1 << 20) + 80
        command = ["objects", *scene.target[:-1], place.packed, "--format", "json"]
        small = scene.pycore.run(*command, before=in_a_disk_of(megabytes, place))
        equal(small.status, 0, "exit status of %s" % small)
        wanted = ask(scene, place, core, "objects")
        equal(json.loads(small.out)["types"], json.loads(wanted.out)["types"], "objects")


@on("refs.py", ways=WAYS, where=few)
def a_disk_that_gets_full_meanwhile_is_told(scene):
    with Place(scene.target[-1], PACKERS["gzip"]) as place:
        before = place.before("sh", "-c", 'ulimit -f 5000; exec "$@"', "sh")
        scene.pycore.refuses("info", *scene.target[:-1], place.packed, before=before,
                             mentions="cannot unpack")


@on("refs.py", ways=WAYS, where=few)
def nothing_stays_when_pycore_is_killed_in_the_midst(scene):
    with Place(scene.target[-1], with_zeros(200)) as place:
        for pause in 0.05, 0.2, 0.4:
            child = scene.pycore.start("info", *scene.target[:-1], place.packed,
                                       before=place.before(), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(pause)
            during = os.listdir(place.folder)
            status = child.poll()
            child.kill()
            child.wait()
            equal(status, None, "exit status: it was over too soon to be killed")
            equal(during + os.listdir(place.folder), [], "names in the folder")


@on("refs.py", ways=WAYS, where=few)
def of_a_compressed_core_that_is_cut_what_is_there_is_read(scene):
    core = scene.target[-1]
    for name, packer in PACKERS.items():
        with Place(core, packer) as place:
            whole = ask(scene, place, place.packed, "objects")
            size = os.path.getsize(place.packed)
            for part in 0.999, 0.9, 0.5, 0.2, 0.02, 0.0001:
                os.truncate(place.packed, int(size * part))
                answer = ask(scene, place, place.packed, "info")
                that(answer.status in (1, 2), "%s, %s of it: %s" % (name, part, answer))
                share = "could be unpacked" if answer.status == 1 else "cut short"
                that(share in answer.err, "%s, %s of it: not said: %s" % (name, part, answer))
    equal(whole.status, 0, "exit status of %s" % whole)


@on("refs.py", ways=WAYS, where=few)
def progress_is_told_on_a_terminal(scene):
    with Place(scene.target[-1], with_zeros(20)) as place:
        words = " ".join("'%s'" % word for word in
                         ["env", "TMPDIR=" + place.folder, scene.pycore.path, "info",
                          *scene.target[:-1], place.packed])
        done = subprocess.run(["script", "-qec", words, "/dev/null"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, timeout=60)
        that(b"unpacking [" in done.stdout, "no progress: %r" % done.stdout[:300])
