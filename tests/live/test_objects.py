"""objects: how many there are of each type, and of what size."""

from harness import all_equal, equal, on, since, that, within

# Of builtin types, what taking the truth disturbs: the objects that it used while it
# looked, those in which it was written down, and a lock. Two dozen were the most seen.
DISTURBED = 30
# Of these it uses more: the addresses that are in work (55 were the most seen).
IN_WORK = {"int": 80, "long": 80}

# What a heap walk sees and the process itself cannot reach.
# str: names that only C code or the table of interned strings holds; those of code that is
# frozen into the executable, in versions that freeze it (3.11 to 3.13), are some 350.
# tuple: names of arguments and of extension modules that C code keeps, some 60 (3.7).
UNSEEN = {"str": 420, "tuple": 60}
# dict: the table of interned strings is one itself.
UNSEEN_BYTES = {"dict": 400000, "frozenset": 6000}

# Types whose sys.getsizeof is no sum of parts that pycore knows: ctypes adds formats, and up
# to 3.12 its own fields twice; from 3.13 on it leaves out what every type has.
OWN_SIZEOF = ("StgDict", "_ctypes.", "ctypes.")


def types_of(reply):
    return {row["type"]: row for row in reply["types"]}


@on("counts.py")
def instances_of_user_classes_are_counted_exactly(scene):
    got = types_of(scene.ask_once("objects"))
    truth = scene.truth["types"]
    all_equal([(name, got.get(name, {}).get("count"), truth[name][0])
               for name in scene.truth["exact"]], "counts")


@on("counts.py")
def sizes_of_user_classes_are_those_of_getsizeof(scene):
    got = types_of(scene.ask_once("objects"))
    truth = scene.truth["types"]
    all_equal([(name, got.get(name, {}).get("bytes"), truth[name][1])
               for name in scene.truth["exact"]], "bytes")


@on("counts.py")
def the_collectors_part_of_user_classes_is_exact(scene):
    got = types_of(scene.ask_once("objects"))
    truth = scene.truth["types"]
    all_equal([(name, got.get(name, {}).get("gc"), truth[name][2])
               for name in scene.truth["exact"]], "tracked by the collector")


def check_builtin_types(scene, got, untracked=()):
    wrong = []
    # Where there is no GIL the truth has these: it reads the tables that C code has them in.
    unseen = {} if scene.interpreter.build == "free-threaded" else UNSEEN
    for name, (count, size, tracked) in scene.truth["types"].items():
        if name in scene.truth["exact"]:
            continue
        row = got.get(name, {"count": 0, "bytes": 0, "gc": 0})
        least = count - IN_WORK.get(name, DISTURBED)
        if not least <= row["count"] <= count + DISTURBED + unseen.get(name, 0):
            wrong.append("  %s: count %s, truth %d" % (name, row["count"], count))
        if row["gc"] > tracked + DISTURBED or (row["gc"] < tracked - DISTURBED
                                               and name not in untracked):
            wrong.append("  %s: gc %s, truth %d" % (name, row["gc"], tracked))
    that(not wrong, "%d wrong:\n%s" % (len(wrong), "\n".join(wrong[:12])))


@on("counts.py")
def builtin_types_are_counted_within_what_the_truth_disturbs(scene):
    check_builtin_types(scene, types_of(scene.ask_once("objects")))


@on("counts.py")
def sizes_of_builtin_types_are_those_of_getsizeof(scene):
    got = types_of(scene.ask_once("objects"))
    wrong = []
    for name, (count, size, tracked) in scene.truth["types"].items():
        row = got.get(name, {"count": 0, "bytes": 0})
        if name in scene.truth["exact"] or name.startswith(OWN_SIZEOF):
            continue
        # Of as many objects as in the truth, all but a few are the same.
        slack = 0.002 * size if count >= 200 else 0
        if row["count"] != count:
            if count < 200:
                continue
            slack = 0.005 * size + abs(row["count"] - count) * max(100, 2 * size / count)
        if not size - slack <= row["bytes"] <= size + slack + UNSEEN_BYTES.get(name, 0):
            wrong.append("  %s: %d objects of %d bytes, truth %d of %d"
                         % (name, row["count"], row["bytes"], count, size))
    that(not wrong, "%d wrong:\n%s" % (len(wrong), "\n".join(wrong[:12])))


def check_exact_types(scene, got):
    columns = "count", "bytes", "gc"
    all_equal([(name, [got.get(name, {}).get(column) for column in columns],
                scene.truth["types"][name]) for name in scene.truth["exact"]],
              "count, bytes, tracked by the collector")


@on("counts.py", ways=("live", "core"), arguments=("freeze",), where=since(3, 7))
def what_was_frozen_is_counted_as_before(scene):
    got = types_of(scene.ask("objects"))
    check_exact_types(scene, got)
    check_builtin_types(scene, got)


@on("counts.py", ways=("live", "core"), arguments=("debug",), where=since(3, 6))
def counts_are_the_same_with_the_hooks_of_pythonmalloc_debug(scene):
    check_with_pools(scene)


def check_with_pools(scene):
    reply = scene.ask("objects")
    check_exact_types(scene, types_of(reply))
    check_builtin_types(scene, types_of(reply))
    within(reply["blocks"]["live"], scene.truth["blocks"], scene.truth["blocks"] * 0.01,
           "live blocks")


@on("counts.py", ways=("core",), arguments=("pymalloc_debug",), where=since(3, 6))
def counts_are_the_same_with_the_hooks_of_pymalloc_debug(scene):
    check_with_pools(scene)


# Where memory is filled at each freeing, tracing takes a minute.
@on("counts.py", ways=("core",), arguments=("tracemalloc",),
    where=lambda interpreter: interpreter.release >= (3, 6) and interpreter.build != "debug")
def counts_are_the_same_while_memory_is_traced(scene):
    check_with_pools(scene)


@on("counts.py", ways=("live",), arguments=("pymalloc",),
    where=lambda it: it.build == "debug" and it.release >= (3, 6))
def a_debug_build_without_its_hooks_is_counted_as_well(scene):
    check_with_pools(scene)


def check_without_pools(scene):
    if scene.interpreter.build == "free-threaded":
        # It refuses to do without its allocator: the program has taken the nearest to it.
        reply = scene.ask("objects")
        check_exact_types(scene, types_of(reply))
        check_builtin_types(scene, types_of(reply))
        return
    reply = scene.ask("objects", statuses=(1,))
    that(any("no pools" in line for line in reply["warnings"]),
         "no warning that the allocator has no pools: %s" % reply["warnings"])
    equal(reply["blocks"]["pools"], 0, "pools")
    got = types_of(reply)
    check_exact_types(scene, got)
    check_builtin_types(scene, got)


@on("counts.py", ways=("live", "core"), arguments=("malloc",), where=since(3, 6))
def without_pools_what_can_be_reached_is_counted_and_a_warning_says_so(scene):
    check_without_pools(scene)


@on("counts.py", ways=("live",), arguments=("malloc_debug",), where=since(3, 6))
def without_pools_debug_hooks_change_nothing(scene):
    check_without_pools(scene)


@on("counts.py")
def the_total_is_the_sum_of_the_types(scene):
    reply = scene.ask_once("objects")
    equal(reply["total"]["count"], sum(row["count"] for row in reply["types"]), "count")
    equal(reply["total"]["bytes"], sum(row["bytes"] for row in reply["types"]), "bytes")
    names = [row["type"] for row in reply["types"]]
    equal(len(names), len(set(names)), "rows and names")
    that(all(row["gc"] <= row["count"] for row in reply["types"]), "more tracked than there are")


@on("counts.py")
def live_blocks_are_those_that_the_allocator_counts(scene):
    blocks = scene.ask_once("objects")["blocks"]
    # 2.7 does not tell how many it has.
    wanted = scene.truth.get("blocks", blocks["live"])
    within(blocks["live"], wanted, wanted * 0.01, "live blocks")
    equal(blocks["live"], sum(blocks[part] for part in ("object", "storage", "free_list", "unknown")),
          "live blocks and the sum of their classes")
    within(blocks["unknown"], 0, wanted * 0.02, "blocks that nobody claims")


@on("counts.py")
def instances_are_listed_with_address_size_and_refcount(scene):
    name = scene.truth["listed_type"]
    reply = scene.ask("objects", "--type", name, "--limit", "100000")
    got = {row["address"]: [row["bytes"], row["refcount"]] for row in reply["objects"]}
    wanted = {address: [size, references] for address, size, references in scene.truth["listed"]}
    equal(sorted(got), sorted(wanted), "addresses")
    all_equal([(address, got[address], wanted[address]) for address in wanted],
              "bytes and refcounts")
    equal({row["type"] for row in reply["objects"]}, {name}, "types")


@on("counts.py", ways=("gcore",))
def a_type_can_be_named_in_full_bare_or_by_a_glob(scene):
    bare = scene.truth["listed_type"].rpartition(".")[2]
    wanted = sorted(address for address, size, references in scene.truth["listed"])
    for name in bare, "*." + bare, "*.Slotted?hild":
        reply = scene.ask("objects", "--type", name, "--limit", "100000")
        equal(sorted(row["address"] for row in reply["objects"]), wanted, "--type " + name)


@on("counts.py", ways=("gcore",))
def single_objects_are_twenty_unless_asked_for(scene):
    name = scene.truth["listed_type"]
    equal(len(scene.ask("objects", "--type", name)["objects"]), 20, "objects without --limit")
    equal(len(scene.ask("objects", "--type", name, "--limit", "3")["objects"]), 3, "with --limit 3")
    equal(len(scene.ask("objects", "--limit", "3")["types"]), 3, "types with --limit 3")


@on("counts.py", ways=("gcore",))
def rows_can_be_sorted_and_chosen(scene):
    for key in "count", "bytes":
        rows = [row[key] for row in scene.ask("objects", "--sort", key)["types"]]
        equal(rows, sorted(rows, reverse=True), "--sort " + key)
    mine = set(types_of(scene.ask("objects", "--include", "__main__.My*")))
    wanted = {name for name in scene.truth["types"] if name.startswith("__main__.My")}
    equal(sorted(mine), sorted(wanted), "--include")
    others = types_of(scene.ask("objects", "--exclude", "__main__.*"))
    that("dict" in others and not [name for name in others if name.startswith("__main__.")],
         "--exclude")


@on("counts.py", ways=("gcore",))
def a_type_that_nothing_has_is_refused_with_the_closest(scene):
    line = scene.pycore.refuses("objects", *scene.target, "--type", "__main__.SlotedChild")
    that(scene.truth["listed_type"] in line, "does not name the closest: " + line)


@on("unheld.py", ways=("core",))
def what_static_data_of_c_code_alone_holds_is_found(scene):
    rows = scene.ask("objects", "--type", "*", "--limit", "0", "--redact")["objects"]
    listed = {int(row["address"], 16): row["type"] for row in rows}
    all_equal([(hex(address), listed.get(address), name)
               for name, address in scene.truth["hidden"]], "what is held")
    equal(sorted(listed.keys() & set(scene.truth["dead"])), [], "freed objects that are listed")


@on("unheld.py", ways=("core",))
def a_text_where_an_object_was_is_none(scene):
    that(len(scene.truth["texts"]) > 100 or scene.interpreter.build != "release",
         "only %d texts are where objects were" % len(scene.truth["texts"]))
    rows = scene.ask("objects", "--type", "object", "--limit", "0", "--redact")["objects"]
    listed = {int(row["address"], 16): row["refcount"] for row in rows}
    equal(sorted(listed.keys() & set(scene.truth["texts"])), [], "texts that are listed")
    address, count = scene.truth["of_frames"]
    that(32 <= count < 127, "%d references of frames are no text" % count)
    all_equal([(hex(kept), kept in listed, True) for kept in scene.truth["kept"] + [address]],
              "objects that count as many references as a text might read")


@on("subinterpreter.py")
def objects_of_other_interpreters_count(scene):
    got = types_of(scene.ask_once("objects"))
    equal(got.get(scene.truth["type"], {}).get("count"), scene.truth["count"], "instances")


@on("counts.py")
def the_biggest_single_objects_are_named(scene):
    reply = scene.ask_once("heap-top")
    got = {row["address"]: [row["bytes"], row["type"]] for row in reply["objects"]}
    wanted = scene.truth["big"]
    all_equal([(name, got.get(address), [size, kind])
               for name, (address, size, kind) in wanted.items()], "objects")


@on("counts.py")
def the_types_that_take_most_come_first(scene):
    rows = scene.ask_once("heap-top")["types"]
    sizes = [row["bytes"] for row in rows]
    if not any("retained" in row for row in rows):
        equal(sizes, sorted(sizes, reverse=True), "bytes by type")
    by_name = types_of(scene.ask_once("objects"))
    all_equal([(row["type"], [row["count"], row["bytes"]],
                [by_name[row["type"]]["count"], by_name[row["type"]]["bytes"]])
               for row in rows if scene.way != "live" or row["type"] in scene.truth["exact"]],
              "heap-top beside objects")


@on("busy.py", ways=("live",))
def a_busy_process_can_be_counted(scene):
    for unused in range(3):
        got = types_of(scene.ask("objects"))
        that(got["threading.Thread"]["count"] >= len(scene.truth["workers"]), "threads are missing")


# Of those before, nobody tells how many blocks there are.
@on("abandoned.py", where=since(3, 6))
def what_ended_threads_made_and_others_freed_is_counted_exactly(scene):
    reply = scene.ask("objects")
    got = types_of(reply)
    all_equal([(name, [got.get(name, {}).get("count"), got.get(name, {}).get("bytes")], wanted)
               for name, wanted in scene.truth["types"].items()], "count, bytes")
    listed = {row["address"]: row["bytes"]
              for row in scene.ask("objects", "--type", "bytearray", "--limit", "1000")["objects"]}
    all_equal([(address, listed.get(address), size)
               for address, size in scene.truth["big"].items()], "big objects")
    within(reply["blocks"]["live"], scene.truth["blocks"],
           6 if scene.interpreter.build == "free-threaded" else scene.truth["blocks"] * 0.01,
           "live blocks")
