"""A Linux of a test's own: for what a machine has only one of, and other tests need as it is.

It is Debian's User-mode Linux, a program as others are, on this machine's files, which it can
only read. inside.py is its first process.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from harness import Failure, Skip

HERE = os.path.dirname(os.path.abspath(__file__))
TIMEOUT = 120


def run(function, pycore):
    """Run a test's function in there, with pycore, and fail as it does."""
    if not shutil.which("linux.uml"):
        raise Skip("there is no linux.uml: Debian's user-mode-linux")
    if os.geteuid() != 0:
        raise Skip("files of all users are read in there: that needs root")
    place = tempfile.mkdtemp(prefix="pycore-kernel-")
    try:
        said = start(place, function.__module__, function.__name__, pycore.path)
        if not os.path.exists(place + "/result"):
            raise Failure("no result from the other kernel: %s" % said[-3000:])
        with open(place + "/result") as result:
            why = json.load(result)
        if why:
            raise Failure("in the other kernel: %s" % why)
    finally:
        shutil.rmtree(place)


def start(place, *words):
    """Boot, and wait for the end. @return what it said on its console"""
    command = ["linux.uml", "mem=768M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro",
               "con=null", "con0=null,fd:1", "quiet", "panic=-1", "init=" + os.path.realpath(sys.executable),
               "--", "-B", os.path.join(HERE, "inside.py"), place, *words]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True,
                             env={"PATH": os.environ["PATH"], "HOME": place})
    try:
        return child.communicate(timeout=TIMEOUT)[0].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return "%d seconds were not enough: %s" % (
            TIMEOUT, child.communicate()[0].decode("utf-8", "replace"))
