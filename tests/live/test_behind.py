"""What C code holds by memory of its own, to which pointers of objects lead."""

from harness import all_equal, equal, few, on, since, that

EXACT = {"measured": "measured"}  # others are guesses
SOME = {"far, in a block of Python's", "counted once, in the nearer of two", "called by sqlite",
        "called at exit", "measured"}


def label_of(name):
    return EXACT.get(name, "C memory")


def is_asked(name, label):
    """Free-threaded builds let constants live, and what refers to them: code that has run once."""
    return name not in EXACT or label == label_of(name)


def addresses(held):
    return [word for unused, address in held.values() for word in ("--addr", address)]


def shown(scene, address):
    # Where there are no pools, an answer may be in part.
    return scene.ask("show", address, "--limit", "0", statuses=(0, 1))["object"]


def few_of_3(interpreter):
    return few(interpreter) and since(3, 6)(interpreter)


def check_referrers(scene, names):
    pairs = []
    for name in sorted(names):
        holder, held = scene.truth["held"][name]
        got = [(row["address"], row["label"], row.get("guess", False))
               for row in shown(scene, held)["referrers"] if is_asked(name, row["label"])]
        pairs.append((name, got, [(holder, label_of(name), name not in EXACT)]))
    all_equal(pairs, "referrers")


@on("behind.py", ways=("core",), where=since(3, 6))
def show_names_who_holds_it_from_memory_of_its_own(scene):
    check_referrers(scene, SOME & set(scene.truth["held"]))


@on("behind.py", ways=("live",), where=few_of_3)
@on("behind.py", ways=("core",), arguments=("PYTHONMALLOC=malloc",), where=few_of_3)
@on("behind.py", ways=("core",), arguments=("PYTHONMALLOC=debug",), where=few_of_3)
def memory_of_each_allocator_is_followed(scene):
    check_referrers(scene, scene.truth["held"])


@on("behind.py", ways=("core",), where=since(3, 6))
def refs_draws_it(scene):
    pairs = []
    for name in "far, in a block of malloc's", "measured":
        holder, held = scene.truth["held"][name]
        edges = scene.ask("refs", "--addr", held, "--depth", "1")["edges"]
        got = [(edge["from"], edge["label"]) for edge in edges
               if edge["to"] == held and is_asked(name, edge["label"])]
        pairs.append((name, got, [(holder, label_of(name) + ("" if name in EXACT else "?"))]))
    all_equal(pairs, "edges")


@on("behind.py", ways=("core",), where=since(3, 6))
def what_is_behind_belongs_to_its_holder(scene):
    held = scene.truth["held"]
    rows = scene.ask("path", *addresses(held), "--limit", "0")["paths"]
    ways = {row["address"]: row for row in rows}
    all_equal([(name, (ways[address]["root"]["kind"], ways[address]["steps"][-2]["address"],
                       ways[address]["expression"]), ("module", holder, None))
               for name, (holder, address) in held.items()],
              "kind of root, the last step but one, and what Python can write of it")


@on("behind.py", ways=("core",), where=since(3, 6))
def what_is_lent_to_c_code_is_still_its_owners(scene):
    owner, lent = scene.truth["lent"]
    # To 3.10 what is left over on a frame's stack is a guess of the frame's.
    equal([row["address"] for row in shown(scene, lent)["referrers"] if row["type"] != "frame"],
          [owner], "referrers")
    nodes = scene.ask("refs", "--addr", lent)["nodes"]
    equal([node["dominator"] for node in nodes if node["address"] == lent], [owner],
          "without which it would be gone")


def has_packages(interpreter):
    return interpreter.has_packages()


# Sid's pandas is of a Cython that has them in dicts and tuples of the functions' own.
@on("cyfunctions.py", ways=("live",),
    where=lambda interpreter: interpreter.has_packages() and interpreter.release < (3, 14))
def functions_of_cython_have_their_defaults(scene):
    that(scene.truth["n"] > 10, "defaults of Cython's functions: %s" % scene.truth)
    wrong = []
    for function, default in scene.truth["defaults"]:
        rows = shown(scene, default)["referrers"]
        if (function, "C memory") not in [(row["address"], row["label"]) for row in rows]:
            wrong.append((default, rows))
    equal(wrong, [], "defaults without their function")


@on("behind.py", ways=("core",), where=since(3, 10))
def what_is_called_at_exit_is_held_by_the_interpreter(scene):
    rows = scene.ask("path", "--addr", scene.truth["at exit"])["paths"]
    equal([row["root"] for row in rows],
          [{"kind": "interpreter", "name": "atexit callbacks"}], "root")


# Later it is in a list.
@on("behind.py", ways=("core",), where=lambda interpreter: (3, 10) <= interpreter.release < (3, 14))
def the_interpreter_is_drawn_as_what_holds_it(scene):
    function = scene.truth["at exit"]
    equal([(row["type"], row["label"], row["root"]) for row in shown(scene, function)["referrers"]],
          [("interpreter", "atexit callbacks", "interpreter")], "referrers")
    reply = scene.ask("refs", "--addr", function)
    nodes = {node["address"]: node for node in reply["nodes"]}
    equal([(nodes[edge["from"]]["type"], nodes[edge["from"]]["root"], edge["label"])
           for edge in reply["edges"] if edge["to"] == function],
          [("interpreter", "interpreter", "atexit callbacks")], "edges")


@on("behind.py", ways=("core",), where=since(3, 6))
def what_c_code_holds_is_not_accused_but_what_it_leaks_is(scene):
    rows = scene.ask("audit", "--limit", "0", statuses=(0, 1))["excess"]
    equal([(row["type"], row["references"]) for row in rows
           if row["type"] in ("__main__.Held", "__main__.Leaked", "__main__.Lent")],
          [("__main__.Leaked", 1)], "excess of what C code holds")
