"""snapshot and diff: what a program says of its growth, to the object and to the byte."""

import json
import os
import shutil
import subprocess

from harness import Skip, all_equal, equal, on, that

KINDS = ("Grown", "Gone", "Fresh", "Passing")
SUMS = ("count", "bytes", "retained")


def snapshot(scene, name):
    path = os.path.join(scene.process.directory, "%s-%s" % (scene.way, name))
    told = scene.ask("snapshot", "-o", path)
    equal(told["path"], path, "path")
    equal(told["bytes"], os.path.getsize(path), "bytes")
    that(told["objects"] > 1000 and told["references"] > 1000, "too few: %s" % told)
    return path


def step(scene):
    """Have the program grow. @return what it then has"""
    with open(os.path.join(scene.process.directory, "ask"), "w") as pipe:
        pipe.write("grow")
    with open(os.path.join(scene.process.directory, "answer")) as pipe:
        return json.load(pipe)


def rows_of(reply):
    return {row["type"]: row for row in reply["types"]}


def compare(rows, which, truth):
    """Each type that has objects there, in each sum."""
    all_equal([("%s_%s of %s" % (key, which, name), rows[name][key + "_" + which], want)
               for name, wants in truth.items() if name in rows
               for key, want in zip(SUMS, wants)], "sums")


@on("grows.py", ways=("live",), arguments=("to grow",))
def growth_is_what_the_program_says(scene):
    before = scene.truth["sums"]
    a = snapshot(scene, "a.pysnap")
    after = step(scene)
    b = snapshot(scene, "b.pysnap")
    names = {kind: "__main__." + kind for kind in KINDS}
    for targets in ((a, b), (a, str(scene.process.pid))):
        reply = scene.pycore.json("diff", *targets)
        equal(reply["warnings"], [], "warnings")
        rows = rows_of(reply)
        equal(sorted(name for name in rows if name.startswith("__main__.")),
              sorted(names.values()), "types")
        compare(rows, "a", before)
        compare(rows, "b", after)
        equal(rows[names["Grown"]]["count_b"] - rows[names["Grown"]]["count_a"], 1000, "grown")
        for which in "ab":
            for key in ("count", "bytes"):
                equal(reply["total"]["%s_%s" % (key, which)],
                      sum(row["%s_%s" % (key, which)] for row in reply["types"]), "total " + key)
    rows = scene.pycore.json("diff", a, b, "--include", "__main__.*", "--exclude", "*Passing",
                             "--sort", "count", "--limit", "2")["types"]
    equal([row["type"] for row in rows], [names["Grown"], names["Fresh"]], "rows")
    text = scene.pycore.run("diff", a, b, "--include", "__main__.*").out
    that("2 are new, 1 gone" in text, "no new and gone types: %s" % text)
    that("+1,000" in text and "-30" in text, "no growth: %s" % text)


@on("grows.py", ways=("live",), arguments=("to keep",))
def what_came_and_stayed_is_kept(scene):
    a = snapshot(scene, "a.pysnap")
    middle = step(scene)
    b = snapshot(scene, "b.pysnap")
    last = step(scene)
    reply = scene.pycore.json("diff", a, b, *scene.target)
    equal(reply["warnings"], [], "warnings")
    rows = rows_of(reply)
    compare(rows, "b", middle)
    compare(rows, "c", last)
    kept = {kind: rows["__main__." + kind]["kept"] for kind in KINDS}
    equal(kept, {"Grown": 1000, "Gone": 0, "Fresh": 7, "Passing": 0}, "kept")
    one = middle["__main__.Fresh"][1] // 7
    equal(rows["__main__.Fresh"]["kept_bytes"], 7 * one, "kept bytes")
    c = snapshot(scene, "c.pysnap")
    equal(rows_of(scene.pycore.json("diff", a, b, c)), rows, "the same of three snapshots")


@on("retained.py", arguments=(22,))
def a_snapshot_says_what_its_target_does(scene):
    path = snapshot(scene, "it.pysnap")
    want = {row["type"]: (row["count"], row["bytes"], row["retained"])
            for row in scene.ask("heap-top", "--redact")["types"]}
    rows = rows_of(scene.ask("diff", path))
    equal(set(rows), set(want), "types")
    pairs = [("%s %s" % (name, which),
              tuple(row[key + which] for key in SUMS), want[name])
             for name, row in rows.items() for which in ("_a", "_b")]
    least = 200 if scene.interpreter.release >= (3,) else 100
    that(len(pairs) > least, "too few types: %d" % len(pairs))
    all_equal(pairs, "count, bytes and retained of target and snapshot")


def without(value, names):
    """What is only in the target: which it is, and in a graph what parameters are called."""
    if isinstance(value, dict):
        return {key: without(part, names) for key, part in value.items() if key not in names}
    return [without(part, names) for part in value] if isinstance(value, list) else value


@on("alike.py", ways=("core",))
def a_snapshot_answers_as_its_target_does(scene):
    path = snapshot(scene, "it.pysnap")
    again = os.path.join(scene.process.directory, "again.pysnap")
    scene.pycore.run("snapshot", path, "-o", again)
    with open(path, "rb") as one, open(again, "rb") as other:
        equal(one.read() == other.read(), True, "a snapshot of a snapshot is the same")
    of_kinds = [word for address in scene.truth["kinds"] for word in ("--addr", address)]
    for words in (["objects", "--retained", "--by-address", "-v"],
                  ["objects", "--type", "dict", "--limit", "50"],
                  ["objects", "--type", "__main__.Link", "--sort", "retained", "--limit", "0"],
                  ["heap-top"], ["audit"],
                  ["path", "--type", "__main__.*", "--limit", "50"],
                  ["refs", "--type", "__main__.Payload"], ["refs", "--max-nodes", "200"] + of_kinds,
                  ["refs", "--addr", scene.truth["cache"], "--referents"]):
        names = ("target", "name") if words[0] == "refs" else ("target",)
        want = without(scene.ask(*(words + ["--redact"])), names)
        got = without(scene.pycore.json(words[0], path, *words[1:] + ["--redact"]), names)
        that(len(json.dumps(want)) > 300, "too little: %s" % want)
        equal(got, want, "pycore " + " ".join(words))


@on("grows.py", ways=("core",))
def a_snapshot_is_not_what_it_cannot_be(scene):
    path = snapshot(scene, "it.pysnap")
    that(os.path.getsize(path) * 10 < os.path.getsize(scene.target[-1]), "not small")
    for command in "bt", "info", "analyze", "verify":
        scene.pycore.refuses(command, path, mentions="is a snapshot of a heap")
    for command in "path", "refs":
        scene.pycore.refuses(command, path, "--addr", "0x1000", mentions="no live object is at")
    scene.pycore.refuses("objects", path, "--type", "no.Such", mentions="no type is named no.Such")
    scene.pycore.refuses("show", path, "0x1000", mentions="is a snapshot of a heap")
    with open(path, "rb") as file:
        whole = file.read()
    scene.pycore.refuses("snapshot", *scene.target, "-o", path, mentions="not written over")
    with open(path, "rb") as file:
        equal(file.read(), whole, "the file that was there")
    cut = os.path.join(scene.process.directory, "cut.pysnap")
    with open(cut, "wb") as file:
        file.write(whole[:len(whole) // 2])
    scene.pycore.refuses("diff", path, cut, mentions="cut.pysnap is a damaged snapshot")
    with open(cut, "wb") as file:
        file.write(b"PYSNAP1\n" + whole[8:])
    scene.pycore.refuses("objects", cut, mentions="another version of pycore made")


@on("grows.py", ways=("core",))
def no_value_is_in_a_snapshot(scene):
    if not shutil.which("zstd"):
        raise Skip("no zstd here")
    with open(snapshot(scene, "secret.pysnap"), "rb") as file:
        equal(file.read(8), b"PYSNAP4\n", "first bytes")
        numbers = subprocess.run(["zstd", "-dc"], input=file.read(), stdout=subprocess.PIPE,
                                 check=True).stdout
    for name in b"__main__.Grown", b"attribute_of_main", b"module __main__":
        that(name in numbers, "no %r in it" % name)
    with open(scene.target[-1], "rb") as core:
        values = core.read()
    for value in b"secret payload", b"secret key", b"secret thread":
        that(value in values, "no %r in the core" % value)
    that(b"secret" not in numbers, "a value is in it")


@on("grows.py", ways=("live",))
def objects_of_two_processes_are_not_taken_for_one(scene):
    path = snapshot(scene, "one.pysnap")
    with scene.interpreter.start("grows.py", "another") as other:
        pid = other.pid
        reply = scene.pycore.json("diff", path, str(pid), path, statuses=(1,))
        two = scene.pycore.json("diff", path, str(pid))
    that(any("not of one process" in line for line in reply["warnings"]), reply["warnings"])
    equal(two["warnings"], [], "warnings of two, which need no addresses")
