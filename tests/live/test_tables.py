"""Releases that no layout table names: read with the nearest one, or refused."""

import json
import os
import subprocess

from harness import TIMEOUT, Skip, equal, on, that


def without(scene, table, command):
    """What pycore says when it does not know that table."""
    built = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(scene.pycore.path))),
                         "tests", "tools", "pycore-without-table")
    if not os.path.exists(built):
        raise Skip("no tests/tools/pycore-without-table: make check builds it")
    return subprocess.run([built, command, *scene.target, "--format", "json"],
                          env={**os.environ, "PYCORE_WITHOUT_TABLE": table}, timeout=TIMEOUT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding="utf-8", errors="surrogateescape")


@on("stacks.py", ways=("core",))
def a_release_that_no_table_names_is_read_or_refused(scene):
    known = scene.ask("info")["interpreter"]
    equal(known["layout"]["verified"], True, "verified")
    table = known["layout"]["table"]
    done = without(scene, table, "info")
    if done.returncode == 2:
        equal(done.stdout, "", "standard output")
        that("no layout is known" in done.stderr and "release builds of " in done.stderr
             and "can be read" in done.stderr, "what it says: %r" % done.stderr)
        equal("debug build of" in done.stderr, scene.interpreter.build == "debug",
              "whether a debug build is named: %r" % done.stderr)
        return
    reply = json.loads(done.stdout)
    layout = reply["interpreter"]["layout"]
    equal(layout["verified"], False, "verified")
    that(layout["table"] != table, "the table is hidden and yet in use: %s" % table)
    equal(reply["interpreter"]["version"], scene.truth["version"], "version")
    that(any(scene.truth["version"] in line for line in reply["warnings"]),
         "no warning names the release: %r" % reply["warnings"])
    for command in "bt", "objects":
        guessed = json.loads(without(scene, table, command).stdout)
        right = scene.ask(command, statuses=(0, 1))
        for key in "threads", "types", "total":
            equal(guessed.get(key), right.get(key), "%s of %s" % (key, command))
