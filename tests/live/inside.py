"""The first process of the kernel that own_kernel.py starts: PLACE MODULE FUNCTION PYCORE.

Runs a test's function, and leaves in PLACE/result what is wrong, or null.
"""

import ctypes
import importlib
import json
import os
import subprocess
import sys
import traceback

MOUNTS = (("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/run"), ("tmpfs", "/dev/shm"),
          ("cgroup2", "/sys/fs/cgroup"))
# Not /tmp: what is tested may be there.
TEMPORARY = "/run/tmp"
POWER_OFF = 0x4321FEDC  # linux/reboot.h


def attempt(module, function, pycore):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    try:
        harness = importlib.import_module("harness")
        getattr(importlib.import_module(module), function)(harness.Pycore(pycore))
    except BaseException:
        return traceback.format_exc()


def main():
    # The kernel adds words of its own behind those that it was given.
    place, module, function, pycore = sys.argv[1:5]
    os.environ.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C.UTF-8", TMPDIR=TEMPORARY)
    for kind, at in MOUNTS:
        os.makedirs(at, exist_ok=True)
        subprocess.run(["mount", "-n", "-t", kind, "none", at], check=True)
    os.mkdir(TEMPORARY)
    subprocess.run(["mount", "-n", "-t", "hostfs", "-o", place, "none", "/mnt"], check=True)
    child = os.fork()
    if not child:
        os.chdir(TEMPORARY)
        why = attempt(module, function, pycore)
        with open("/mnt/result.new", "w") as out:
            json.dump(why, out)
        os.rename("/mnt/result.new", "/mnt/result")
        os._exit(0)
    while os.wait()[0] != child:
        pass


try:
    main()
except BaseException:
    traceback.print_exc()
finally:
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).reboot(POWER_OFF)
