"""What is not a target, and what is not a command: one line that helps, and the right exit status."""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from subprocess import PIPE

import interp
from harness import Skip, equal, few, on, once, that

COMMANDS = ["analyze"], ["info"], ["bt"], ["objects"], ["heap-top"], ["refs", "--type", "dict"]


def refused_by_all(pycore, target, mentions=""):
    return [pycore.refuses(*command, target, mentions=mentions) for command in COMMANDS]


class Directory:
    """One for a test's files: entered, it is its path."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="pycore-")
        return self.path

    def __exit__(self, *why):
        shutil.rmtree(self.path, ignore_errors=True)


@once
def a_file_that_is_no_core_is_refused(pycore):
    with Directory() as directory:
        path = os.path.join(directory, "notes.txt")
        with open(path, "w") as out:
            out.write("This is not a core, though it is long enough for one.\n" * 100)
        refused_by_all(pycore, path, mentions="notes.txt")


@once
def an_empty_file_is_refused(pycore):
    with Directory() as directory:
        path = os.path.join(directory, "core.empty")
        open(path, "w").close()
        refused_by_all(pycore, path, mentions="empty")


@once
def a_directory_is_refused(pycore):
    with Directory() as directory:
        refused_by_all(pycore, directory, mentions="directory")


@once
def an_executable_is_refused(pycore):
    refused_by_all(pycore, "/bin/sleep", mentions="/bin/sleep")


@once
def a_file_that_is_not_there_is_refused(pycore):
    refused_by_all(pycore, "/nowhere/core.1", mentions="/nowhere/core.1")


@once
def a_fifo_does_not_hang(pycore):
    with Directory() as directory:
        path = os.path.join(directory, "fifo")
        os.mkfifo(path)
        refused_by_all(pycore, path)


@once
def a_core_of_another_program_is_refused(pycore):
    if not interp.kernel_writes_core_here():
        raise Skip("kernel.core_pattern does not put cores in the working directory")
    with Directory() as directory:
        unlimited = lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
        child = subprocess.Popen(["sleep", "1000"], cwd=directory, preexec_fn=unlimited)
        child.send_signal(signal.SIGABRT)
        child.wait()
        path, = [os.path.join(directory, name) for name in os.listdir(directory)]
        refused_by_all(pycore, path, mentions="Python")


@once
def a_process_that_is_not_python_is_refused_and_runs_on(pycore):
    child = subprocess.Popen(["sleep", "1000"])
    try:
        refused_by_all(pycore, str(child.pid), mentions="Python")
        interp.wait_for(lambda: interp.thread_states(child.pid) == "S", seconds=5,
                        what="sleep to sleep on")
    finally:
        child.kill()
        child.wait()


@once
def a_pid_that_nobody_has_is_refused(pycore):
    with open("/proc/sys/kernel/pid_max") as limit:
        refused_by_all(pycore, str(int(limit.read()) + 1), mentions="process")
    refused_by_all(pycore, "99999999999999999999")


@once
def a_zombie_is_refused(pycore):
    child = subprocess.Popen(["true"])
    interp.wait_for(lambda: "Z" in interp.thread_states(child.pid), what="true to end")
    try:
        refused_by_all(pycore, str(child.pid), mentions="ended")
    finally:
        child.wait()


AS_ANOTHER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
# Still root, so that it can be run from wherever it is, but with no power over others.
POWERLESS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"]


def can_set_privileges():
    return os.geteuid() == 0 and shutil.which("setpriv")


@once
def without_permission_the_line_names_what_to_look_at(pycore):
    """Another user's process; if we are not root, process 1 is one."""
    if not can_set_privileges():
        line = pycore.refuses("bt", "1")
    else:
        child = subprocess.Popen(AS_ANOTHER + ["sleep", "1000"])
        try:
            interp.wait_for(lambda: interp.name_of(child.pid) == "sleep", what="sleep to start")
            line = pycore.refuses("bt", str(child.pid), before=POWERLESS)
        finally:
            child.kill()
            child.wait()
    that("ptrace" in line or "root" in line or "user" in line, "does not help: " + line)


@once
def a_core_that_may_not_be_read_is_refused(pycore):
    if not can_set_privileges():
        raise Skip("needs root and setpriv")
    with Directory() as directory:
        path = os.path.join(directory, "core")
        with open(path, "w") as out:
            out.write("secret")
        os.chmod(path, 0o600)
        os.chown(path, 65534, 65534)
        pycore.refuses("bt", path, before=POWERLESS, mentions="ermission")


@once
def wrong_usage_is_64_with_a_word_on_help(pycore):
    for arguments in ([], ["no-such-command", "1"], ["bt"], ["bt", "--no-such-option", "1"],
                      ["bt", "--format", "poem", "1"], ["objects", "--limit", "many", "1"],
                      ["bt", "1", "2"], ["refs", "--type"]):
        answer = pycore.run(*arguments)
        equal((answer.status, answer.out), (64, ""), "usage: %s" % answer)
        that(answer.err.strip(), "silent: %s" % answer)


@once
def help_and_version_are_on_standard_output(pycore):
    for arguments in (["--help"], ["-h"], ["--version"], ["bt", "--help"], ["objects", "--help"],
                      ["refs", "--help"], ["heap-top", "--help"], ["info", "--help"],
                      ["analyze", "--help"]):
        answer = pycore.run(*arguments)
        equal((answer.status, answer.err), (0, ""), "help: %s" % answer)
        that(answer.out.strip(), "silent: %s" % answer)
    that("pycore objects" in pycore.run("objects", "--help").out, "help without an example")


@once
def a_file_wins_over_a_number(pycore):
    with Directory() as directory:
        child = subprocess.Popen(["sleep", "1000"])
        try:
            with open(os.path.join(directory, str(child.pid)), "w"):
                pass
            before = ["env", "-C", directory]
            pycore.refuses("bt", str(child.pid), before=before, mentions="empty")
            pycore.refuses("bt", "./%d" % child.pid, before=before, mentions="empty")
            pycore.refuses("bt", "--pid", str(child.pid), before=before, mentions="Python")
        finally:
            child.kill()
            child.wait()


@on("refs.py", ways=("gcore",), where=few)
def a_core_that_was_cut_short_is_answered_in_part_or_refused(scene):
    whole = scene.target[-1]
    size = os.path.getsize(whole)
    path = whole + ".cut"
    for part in 0.0001, 0.001, 0.01, 0.3, 0.6, 0.9, 0.999:
        shutil.copy(whole, path)
        os.truncate(path, int(size * part))
        try:
            for command in COMMANDS:
                began = time.monotonic()
                answer = scene.pycore.run(*command, *scene.target[:-1], path)
                that(answer.status in (0, 1, 2), str(answer))
                that(answer.err.strip(), "a cut core, and not a word on it: %s" % answer)
                that(time.monotonic() - began < 30, "took long: %s" % answer)
        finally:
            os.unlink(path)


@on("refs.py", ways=("gcore",), where=few)
def options_may_stand_before_or_after_the_target(scene):
    options = ["--format", "json", "--limit", "3"]
    first = scene.pycore.run("objects", *options, *scene.target)
    last = scene.pycore.run("objects", *scene.target, *options)
    equal((first.status, last.status), (0, 0), "exit statuses: %s; %s" % (first, last))
    equal(first.out, last.out, "answers")


@on("refs.py", ways=("gcore",), where=few)
def an_answer_can_go_to_a_file(scene):
    path = os.path.join(scene.process.directory, "answer")
    answer = scene.pycore.run("bt", *scene.target, "-o", path)
    equal((answer.status, answer.out), (0, ""), str(answer))
    with open(path) as written:
        equal(written.read(), scene.text("bt"), "the file beside standard output")


@on("refs.py", ways=("gcore",), where=few)
def output_that_cannot_be_written_is_no_success(scene):
    with open("/dev/full", "w") as full:
        child = scene.pycore.start("objects", *scene.target, stdout=full, stderr=PIPE)
        unused, err = child.communicate(timeout=60)
    that(child.returncode not in (0, 64) and child.returncode > 0,
         "exit status %d" % child.returncode)
    that(err.strip(), "silent")
