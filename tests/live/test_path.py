"""path: each expression, evaluated in the process itself, gives the very object."""

import os

from harness import all_equal, equal, few, on, since, that

TYPE = "__main__.Target"
# Roots that Python has no word for.
IN_WORDS = {"held by C code alone": "native", "in a cycle alone": "garbage",
            "the other in a cycle": "garbage"}


def paths_of(scene, *options):
    rows = scene.ask("path", "--type", TYPE, "--limit", "0", *options)["paths"]
    found = {}
    for row in rows:
        found.setdefault(row["address"], []).append(row)
    return found


@on("paths.py", ways=("live",))
def every_path_evaluates_to_the_object_that_it_leads_to(scene):
    found = paths_of(scene)
    asked, unsaid = [], []
    for name, address in scene.truth["ids"].items():
        for row in found.get(address, ()):
            if row["expression"]:
                asked.append((name, address, row["expression"]))
        if name not in IN_WORDS and not any(row["expression"] for row in found.get(address, ())):
            unsaid.append(name)
    that(not unsaid, "no expression for %s" % unsaid)
    answers = scene.evaluate([expression for unused, unused, expression in asked])
    equal(len(answers), len(asked), "answers")
    all_equal([("%s: %s" % (name, expression), answer, address)
               for (name, address, expression), answer in zip(asked, answers)], "ids")


@on("paths.py", ways=("live",))
def each_of_several_paths_evaluates_too(scene):
    rows = [row for rows in paths_of(scene, "--all", "4").values() for row in rows]
    said = [row for row in rows if row["expression"]]
    thrice = scene.truth["ids"]["held three times"]
    equal(len({row["expression"] for row in said if row["address"] == thrice}), 3,
          "paths to what is held three times")
    answers = scene.evaluate([row["expression"] for row in said])
    all_equal([(row["expression"], answer, row["address"])
               for row, answer in zip(said, answers)], "ids")


@on("paths.py", ways=("live",))
def paths_of_a_snapshot_are_those_that_redact_shows(scene):
    path = os.path.join(scene.process.directory, "it.pysnap")
    scene.ask("snapshot", "-o", path)
    words = ("path", "--type", TYPE, "--limit", "0", "--redact")
    rows = scene.pycore.json(*words, path)["paths"]
    equal(rows, scene.ask(*words)["paths"], "paths")
    whole = [row for row in rows if row["expression"] and "[...]" not in row["expression"]]
    that(len(whole) > 30, "%d of %d have no key in it" % (len(whole), len(rows)))
    answers = scene.evaluate([row["expression"] for row in whole])
    all_equal([(row["expression"], answer, row["address"])
               for row, answer in zip(whole, answers)], "ids")


@on("paths.py", ways=("live", "core"))
def what_python_cannot_say_is_said_in_words(scene):
    found = paths_of(scene)
    for name, kind in IN_WORDS.items():
        rows = found[scene.truth["ids"][name]]
        equal([row["root"]["kind"] for row in rows], [kind], "root of what is " + name)


@on("paths.py", ways=("core",))
def a_module_global_is_written_as_such(scene):
    found = paths_of(scene)
    ids = scene.truth["ids"]
    for name, expression, root in (
            ("global", "sys.modules['__main__'].GLOBAL", "module __main__: GLOBAL"),
            ("item", "sys.modules['__main__'].LIST[1][1]", "module __main__: LIST"),
            ("nested", "sys.modules['__main__'].HOLDER.made['k'][2][0]",
             "module __main__: HOLDER"),
            ("closure", "sys.modules['__main__'].CLOSURE.__closure__[0].cell_contents",
             "module __main__: CLOSURE")):
        row = found[ids[name]][0]
        equal(row["expression"], expression, "path to what is a " + name)
        equal(row["root"], {"kind": "module", "name": root}, "root of it")
        equal(row["steps"][-1]["address"], ids[name], "end of the steps")


@on("paths.py", ways=("core",))
def a_local_is_told_with_its_thread_and_function(scene):
    row = paths_of(scene)[scene.truth["ids"]["local of a waiting thread"]][0]
    equal(row["root"]["kind"], "local", "kind of root")
    that(row["root"]["name"].startswith("thread "), row["root"]["name"])
    that(row["root"]["name"].endswith(": waits() local 'plain'"), row["root"]["name"])


@on("paths.py", ways=("core",))
def with_redact_no_key_of_a_dict_is_shown(scene):
    answer = scene.pycore.run("path", *scene.target, "--type", TYPE, "--limit", "0", "--redact",
                              "--format", "json")
    equal(answer.status, 0, str(answer))
    for secret in "'k'", "it's", "long long", "MainThread", "Thread-1":
        that(secret not in answer.out, "%r is shown" % secret)
    that(".HOLDER.made[...][2][0]" in answer.out, "the way is not shown")


@on("loops.py", ways=("live", "core"), where=since(3, 6))
def a_running_loop_is_a_root_by_its_thread(scene):
    rows = scene.ask("path", "--type", "__main__.Loop", "--limit", "0")["paths"]
    roots = {row["address"]: row["root"] for row in rows}
    that(len(roots) == len(rows) == 4, "loops: %s" % rows)
    for name, address in scene.truth["running"].items():
        equal(roots[address]["kind"], "asyncio", "kind of root of loop " + name)
        that(roots[address]["name"].endswith(" %s: running loop" % name), roots[address]["name"])
    equal([roots[address]["kind"] for address in scene.truth["others"]], ["module"] * 2,
          "roots of loops that do not run")


@on("loops.py", ways=("core",), where=since(3, 6))
def a_thread_is_drawn_with_the_loop_that_it_runs(scene):
    path = os.path.join(scene.process.directory, scene.way + ".pysnap")
    scene.ask("snapshot", "-o", path)
    words = ("--type", "__main__.Loop", "--max-nodes", "100", "--redact")
    graph = scene.ask("refs", *words)
    root_of = {node["address"]: node["root"] for node in graph["nodes"]}
    edges = sorted((edge["to"], root_of[edge["from"]].split()[0]) for edge in graph["edges"]
                   if edge["label"] == "running loop")
    equal(edges, sorted((loop, "thread") for loop in scene.truth["running"].values()), "edges")
    kept = scene.pycore.json("refs", path, *words)
    for key in "nodes", "edges":
        equal([{name: row[name] for name in row if name != "name"} for row in kept[key]],
              [{name: row[name] for name in row if name != "name"} for row in graph[key]],
              key + " of a snapshot")


@on("loops.py", ways=("live",), where=since(3, 6))
def what_waits_in_a_loop_is_held_by_it(scene):
    rows = {row["address"]: row for row in scene.ask("path", "--type", "__main__.Held", "--limit", "0")["paths"]}
    asked = []
    for name, addresses in scene.truth["held"].items():
        for address in addresses:
            row = rows[address]
            equal(row["root"]["kind"], "asyncio", "kind of root")
            that(row["root"]["name"].endswith(" %s: running loop" % name), row["root"]["name"])
            equal(row["steps"][0]["address"], scene.truth["running"][name], "first step")
            asked.append((row["expression"], address))
    equal(scene.evaluate([expression for expression, unused in asked]),
          [address for unused, address in asked], "ids")


@on("globals.py", ways=("core",), where=few)
def a_global_of_c_code_is_named(scene):
    path = os.path.join(scene.process.directory, scene.way + ".pysnap")
    scene.ask("snapshot", "-o", path)
    rows = {}
    for command in "path", "heap-top":
        for target in scene.target, [path]:
            reply = scene.pycore.json(command, *target, "--type", "__main__.Held", "--redact")
            for row in reply["paths" if command == "path" else "objects"]:
                rows.setdefault(row["address"], []).append(row["root"])
    for address, inside, name in scene.truth["held"]:
        equal(rows[address], [{"kind": "native", "name": name}] * 4, "roots")
        nodes = {node["address"]: node for node in
                 scene.ask("refs", "--addr", inside)["nodes"]}
        equal(nodes[address]["root_name"], name, "name in the graph")
        that("[%s]" % name in scene.text("refs", "--addr", inside, "--format", "text"), "text")
    roots = rows[scene.truth["by C code"][0]]
    equal([root["kind"] for root in roots], ["native"] * 4, "kind of another")
    that("+0x" not in roots[0]["name"], roots)


def counts_by_process(interpreter):
    """From 3.13 on the thread's state says it."""
    return (3, 6) <= interpreter.release <= (3, 12)


@on("forked.py", ways=("live",), where=counts_by_process)
def a_child_does_not_run_the_loop_of_its_parent(scene):
    truth = scene.truth
    equal((truth["runs"], truth["runs in the child"]), (True, False), "what the interpreter says")
    for pid, runs in (scene.process.pid, True), (truth["child"], False):
        rows = scene.pycore.json("path", str(pid), "--type", "__main__.Loop")["paths"]
        equal([(row["address"], row["root"]["kind"] == "asyncio") for row in rows],
              [(truth["loop"], runs)], "loops of process %d, and whether it runs them" % pid)
