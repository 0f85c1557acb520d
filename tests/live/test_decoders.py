"""The decoders of builtin objects, beside sys.getsizeof, gc.get_referents and repr."""

import os
import subprocess

from harness import Failure, Skip, in_each_interpreter


@in_each_interpreter
def every_object_reads_as_the_interpreter_says(interpreter, pycore):
    build = os.path.dirname(os.path.dirname(pycore.path))
    check = os.path.join(build, "tests", "tools", "check_objects")
    if not os.path.exists(check):
        raise Skip("%s is not built: make check builds it" % check)
    with interpreter.start("zoo.py") as process:
        process.settle()
        done = subprocess.run(
            [check, str(process.pid), os.path.join(process.directory, "zoo.txt")],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", errors="replace", timeout=120)
    if done.returncode:
        raise Failure("check_objects: status %d\n%s" % (done.returncode, done.stdout[-1500:]))
