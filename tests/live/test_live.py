"""Live processes: what pycore does to them, above all what it leaves."""

import os
import random
import signal
import time
from subprocess import DEVNULL, PIPE

import interp
from harness import Failure, equal, few, in_interpreters, on, that


def stopped(pid):
    """The threads that are stopped, by a signal or a tracer: T and t."""
    return [state for state in interp.thread_states(pid) if state in "Tt"]


def switches(pid):
    """How often the threads of a process gave up the processor, together."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/status" % (pid, task)) as status:
                total += sum(int(line.split()[1]) for line in status if "_ctxt_switches" in line)
        except OSError:
            pass
    return total


def runs_on(pid):
    """Fails unless no thread is stopped, soon, and the process does something."""
    interp.wait_for(lambda: not stopped(pid), seconds=5, what="the threads to be released")
    with open("/proc/%d/status" % pid) as status:
        that("TracerPid:\t0\n" in status.read(), "a tracer is still attached")
    before = switches(pid)
    interp.wait_for(lambda: switches(pid) > before + 10, seconds=5, what="the process to run on")


@on("busy.py", ways=("live",), where=few)
def a_process_runs_on_after_every_command(scene):
    for command in ["info"], ["bt"], ["objects"], ["heap-top"], ["refs", "--type", "threading.Thread"]:
        scene.pycore.run(*command, *scene.target)
        runs_on(scene.process.pid)


@on("busy.py", ways=("live",), where=few)
def a_process_runs_on_after_a_question_that_has_no_answer(scene):
    scene.pycore.refuses("objects", *scene.target, "--type", "NoSuchType")
    runs_on(scene.process.pid)


@on("busy.py", ways=("live",), where=few)
def a_process_that_pycore_dies_over_runs_on(scene):
    """Killed at once, killed later: at twenty moments of its work."""
    pid = scene.process.pid
    for number in range(20):
        child = scene.pycore.start("objects", str(pid), stdout=DEVNULL, stderr=DEVNULL)
        time.sleep(number * 0.004)
        child.kill()
        child.wait()
        runs_on(pid)


@in_interpreters(few)
def a_process_is_released_when_pycore_is_killed_while_it_stands_still(interpreter, pycore):
    with interpreter.start("bench_heap.py", 0.3) as process:
        process.settle()
        caught = 0
        for unused in range(40):
            child = pycore.start("objects", str(process.pid), stdout=DEVNULL, stderr=DEVNULL)
            try:
                while child.poll() is None and not stopped(process.pid):
                    pass
                caught += bool(stopped(process.pid))
            finally:
                child.send_signal(signal.SIGKILL)
                child.wait()
            interp.wait_for(lambda: not stopped(process.pid), seconds=5,
                            what="the threads to be released")
            if caught == 5:
                return
        raise Failure("the process was seen stopped in %d of 40 tries" % caught)


@on("busy.py", ways=("live",), where=few)
def a_process_runs_on_after_an_interrupt(scene):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        child = scene.pycore.start("objects", *scene.target, stdout=DEVNULL, stderr=DEVNULL)
        time.sleep(0.02)
        child.send_signal(number)
        child.wait(30)
        runs_on(scene.process.pid)


@on("stacks.py", ways=("live",), where=few)
def a_process_that_was_stopped_stays_stopped(scene):
    pid = scene.process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        interp.wait_for(lambda: set(interp.thread_states(pid)) == {"T"}, what="SIGSTOP")
        equal(len([thread for thread in scene.ask("bt")["threads"] if thread["frames"]]),
              len(scene.truth["threads"]), "threads")
        interp.wait_for(lambda: set(interp.thread_states(pid)) == {"T"}, seconds=5,
                        what="the process to be stopped as before")
    finally:
        os.kill(pid, signal.SIGCONT)
    interp.wait_for(lambda: not stopped(pid), seconds=5, what="the process to go on")


@on("stacks.py", ways=("live",), where=few)
def sleeping_threads_sleep_on(scene):
    """A system call that the freeze breaks into is taken up again, unseen by the program."""
    for unused in range(5):
        scene.ask("bt")
    threads = {thread["tid"]: thread for thread in scene.ask("bt")["threads"]}
    for wanted in scene.truth["threads"]:
        frames = threads[wanted["tid"]]["frames"]
        equal([frame["line"] for frame in frames if not frame["native"]],
              [line for name, qualname, filename, line in wanted["frames"]],
              "lines of %s" % wanted["name"])


@in_interpreters(few)
def a_process_that_exits_meanwhile_is_answered_or_refused(interpreter, pycore):
    for unused in range(12):
        with interpreter.start("busy.py") as process:
            child = pycore.start("objects", str(process.pid), stdout=PIPE, stderr=PIPE)
            time.sleep(random.random() * 0.05)
            process.popen.kill()
            process.popen.wait()
            out, err = child.communicate(timeout=60)
            that(child.returncode in (0, 1, 2), "exit status %d, %r" % (child.returncode, err))
            if child.returncode == 2:
                equal((len(err.splitlines()), out), (1, b""), "what it says: %r" % err)


@on("busy.py", ways=("live",), where=few)
def without_a_freeze_nothing_stands_still_and_the_report_says_so(scene):
    answer = scene.pycore.run("bt", *scene.target, "--no-freeze", "--format", "json")
    that(answer.status in (0, 1), str(answer))
    that("torn" in answer.out + answer.err, "does not say that it may be torn: %s" % answer)
    runs_on(scene.process.pid)
