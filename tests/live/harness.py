"""What tests are written with: the registry of tests, pycore as a child, and checks that explain."""

import json
import os
import subprocess

from interp import WAYS

TIMEOUT = 120

tests = []


class Failure(Exception):
    pass


class Skip(Exception):
    """The machine cannot show this; with --require-all that is a failure too."""


class Test:
    def __init__(self, function, program, ways, arguments, where=None):
        self.run = function
        self.name = function.__name__
        self.area = function.__module__[len("test_"):]
        self.program = program
        self.ways = ways
        self.arguments = arguments
        self.where = where

    def ways_on(self, interpreter):
        """What is looked at in every way is so on one build of each release: that a core is gdb's
        makes no difference to another build of it that the kernel's core does not make.
        """
        if self.ways == WAYS and not interpreter.is_first_of_release:
            return tuple(way for way in WAYS if way != "gcore")
        return self.ways


def since(*release):
    """Of releases from that on: for tests of what others do not have."""
    return lambda interpreter: interpreter.release >= release


def few(interpreter):
    """For tests of pycore's own ways, not of an interpreter's: a few of all will do."""
    return interpreter.is_one_of_few


def on(program, ways=WAYS, arguments=(), where=None):
    """A test of what pycore says about a program, in each way of looking at it.

    With @p where, only on the interpreters that it is true of.
    """
    def register(function):
        tests.append(Test(function, program, ways, arguments, where))
        return function
    return register


def in_each_interpreter(function, where=None):
    """A test that starts what it needs by itself: it gets the interpreter and pycore."""
    tests.append(Test(function, None, (), (), where))
    return function


def in_interpreters(where):
    """The same, only for the interpreters that @p where is true of."""
    return lambda function: in_each_interpreter(function, where)


def once(function):
    """A test that no interpreter of the list matters to: it gets pycore alone."""
    tests.append(Test(function, None, None, ()))
    return function


class Answer:
    def __init__(self, arguments, done):
        self.arguments = arguments
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    def __str__(self):
        return "pycore %s: exit status %d, stderr %r, stdout %r" % (
            " ".join(self.arguments), self.status, self.err[-500:], self.out[:200])


class Pycore:
    """The binary under test, here or in a room."""

    def __init__(self, path, room=None):
        self.path = path
        self.before = room.before if room else []

    def start(self, *arguments, before=(), **more):
        return subprocess.Popen([*self.before, *before, self.path, *arguments],
                                stdin=subprocess.DEVNULL, **more)

    def run(self, *arguments, before=()):
        arguments = list(map(str, arguments))
        try:
            done = subprocess.run([*self.before, *before, self.path, *arguments],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=TIMEOUT, encoding="utf-8",
                                  errors="surrogateescape")
        except subprocess.TimeoutExpired:
            raise Failure("pycore %s: no answer in %d seconds" % (" ".join(arguments), TIMEOUT))
        except OSError as error:
            raise Failure("pycore does not run: %s" % error)
        answer = Answer(arguments, done)
        if answer.status < 0:
            raise Failure("died of signal %d: %s" % (-answer.status, answer))
        return answer

    def json(self, *arguments, statuses=(0,)):
        answer = self.run(*arguments, "--format", "json")
        if answer.status not in statuses:
            raise Failure("expected exit status %s: %s" % (" or ".join(map(str, statuses)), answer))
        try:
            reply = json.loads(answer.out)
        except ValueError as error:
            raise Failure("not JSON (%s): %s" % (error, answer))
        for key in "pycore", "target", "warnings":
            that(key in reply, "the key %r is missing: %s" % (key, answer))
        return reply

    def refuses(self, *arguments, before=(), mentions=""):
        """Exit status 2, nothing on standard output, and one line that says why."""
        answer = self.run(*arguments, before=before)
        equal(answer.status, 2, "exit status of " + str(answer))
        equal(answer.out, "", "standard output of " + str(answer))
        lines = answer.err.splitlines()
        equal(len(lines), 1, "lines on standard error of " + str(answer))
        that(len(lines[0]) > 20, "says little: " + str(answer))
        that(mentions in lines[0], "%r is not mentioned: %s" % (mentions, answer))
        return lines[0]


class Scene:
    """A process or a core of one program, and its truth."""

    def __init__(self, pycore, process, way, target):
        self.pycore = pycore
        self.process = process
        self.interpreter = process.interpreter
        self.truth = process.truth
        self.way = way
        self.target = target
        self.answers = {}

    def ask(self, command, *options, statuses=(0,)):
        return self.pycore.json(command, *self.target, *options, statuses=statuses)

    def ask_once(self, command, *options):
        """The answer that a test before had, too: for programs of which nothing changes."""
        if (command, options) not in self.answers:
            self.answers[command, options] = self.ask(command, *options)
        return self.answers[command, options]

    def text(self, command, *options, statuses=(0,)):
        answer = self.pycore.run(command, *self.target, *options)
        that(answer.status in statuses, "unexpected exit status: %s" % answer)
        return answer.out

    def evaluate(self, expressions):
        """The address of what each is in the live process, which runs programs/answers.py."""
        with open(os.path.join(self.process.directory, "ask"), "w", encoding="utf-8",
                  errors="surrogatepass") as pipe:
            pipe.write("\0".join(expressions))
        with open(os.path.join(self.process.directory, "answer"), encoding="utf-8") as pipe:
            return pipe.read().split("\0")


def that(condition, text):
    if not condition:
        raise Failure(text)


def shorten(thing):
    text = repr(thing)
    return text if len(text) < 400 else text[:300] + " ... " + text[-90:]


def equal(got, want, what):
    if got != want:
        raise Failure("%s\n  got:    %s\n  wanted: %s" % (what, shorten(got), shorten(want)))


def within(got, want, slack, what):
    if not isinstance(got, (int, float)) or abs(got - want) > slack:
        raise Failure("%s\n  got:    %r\n  wanted: %r, give or take %r" % (what, got, want, slack))


def all_equal(pairs, what):
    """Many comparisons, one report: (where, got, want) ..."""
    wrong = ["  %s: got %s, wanted %s" % (where, shorten(got), shorten(want))
             for where, got, want in pairs if got != want]
    if wrong:
        raise Failure("\n".join(["%s: %d wrong" % (what, len(wrong))] + wrong[:8]))


def executable_of(process):
    if process.interpreter.room:
        return process.interpreter.path
    return os.path.realpath("/proc/%d/exe" % process.pid)
