"""objects: how many there are of each type, and of what size."""

from harness import all_equal, equal, on, that, within

# Of builtin types, what taking the truth disturbs: containers that it used
# while it looked, and what the interpreter makes and drops behind its back.
DISTURBED = 40
DISTURBED_PART = 0.005

# What Python code cannot reach, but a heap walk sees: constants in static
# memory (small ints, one-letter strings, interned names), objects that only C
# holds. The truth is a lower bound for these, this much above it is believed.
UNSEEN = {"str": 6000, "int": 1500, "bytes": 3000, "tuple": 3000, "dict": 400, "code": 300,
          "float": 100}


def types_of(reply):
    return {row["type"]: row for row in reply["types"]}


@on("counts.py")
def instances_of_user_classes_are_counted_exactly(scene):
    got = types_of(scene.ask("objects"))
    truth = scene.truth["types"]
    all_equal([(name, got.get(name, {}).get("count"), truth[name][0])
               for name in scene.truth["exact"]], "counts")


@on("counts.py")
def sizes_of_user_classes_are_those_of_getsizeof(scene):
    got = types_of(scene.ask("objects"))
    truth = scene.truth["types"]
    all_equal([(name, got.get(name, {}).get("bytes"), truth[name][1])
               for name in scene.truth["exact"]], "bytes")


@on("counts.py")
def the_collectors_part_of_user_classes_is_exact(scene):
    got = types_of(scene.ask("objects"))
    truth = scene.truth["types"]
    all_equal([(name, got.get(name, {}).get("gc"), truth[name][2])
               for name in scene.truth["exact"]], "tracked by the collector")


@on("counts.py")
def builtin_types_are_counted_within_what_the_truth_disturbs(scene):
    got = types_of(scene.ask("objects"))
    wrong = []
    for name, (count, size, tracked) in scene.truth["types"].items():
        if name in scene.truth["exact"]:
            continue
        slack = DISTURBED + DISTURBED_PART * count
        row = got.get(name, {"count": 0, "bytes": 0, "gc": 0})
        if not count - slack <= row["count"] <= count + slack + UNSEEN.get(name, 0):
            wrong.append("  %s: count %s, truth %d" % (name, row["count"], count))
        # What the collector tracks it lists: no C code can hide it.
        if abs(row["gc"] - tracked) > slack:
            wrong.append("  %s: gc %s, truth %d" % (name, row["gc"], tracked))
    that(not wrong, "%d wrong:\n%s" % (len(wrong), "\n".join(wrong[:12])))


@on("counts.py")
def sizes_of_builtin_types_are_those_of_getsizeof(scene):
    got = types_of(scene.ask("objects"))
    wrong = []
    for name, (count, size, tracked) in scene.truth["types"].items():
        row = got.get(name)
        if name in scene.truth["exact"] or row is None or count < 200 or name in UNSEEN:
            continue
        # Of the same objects the mean size is the same.
        if abs(row["bytes"] / row["count"] - size / count) > 0.02 * size / count:
            wrong.append("  %s: %d objects of %d bytes, truth %d of %d"
                         % (name, row["count"], row["bytes"], count, size))
    that(not wrong, "%d wrong:\n%s" % (len(wrong), "\n".join(wrong[:12])))


@on("counts.py")
def the_total_is_the_sum_of_the_types(scene):
    reply = scene.ask("objects")
    equal(reply["total"]["count"], sum(row["count"] for row in reply["types"]), "count")
    equal(reply["total"]["bytes"], sum(row["bytes"] for row in reply["types"]), "bytes")
    names = [row["type"] for row in reply["types"]]
    equal(len(names), len(set(names)), "rows and names")
    that(all(row["gc"] <= row["count"] for row in reply["types"]), "more tracked than there are")


@on("counts.py")
def live_blocks_are_those_that_the_allocator_counts(scene):
    blocks = scene.ask("objects")["blocks"]
    wanted = scene.truth["blocks"]
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


@on("subinterpreter.py")
def objects_of_other_interpreters_count(scene):
    got = types_of(scene.ask("objects"))
    equal(got.get(scene.truth["type"], {}).get("count"), scene.truth["count"], "instances")


@on("counts.py")
def the_biggest_single_objects_are_named(scene):
    reply = scene.ask("heap-top")
    got = {row["address"]: [row["bytes"], row["type"]] for row in reply["objects"]}
    wanted = scene.truth["big"]
    all_equal([(name, got.get(address), [size, kind])
               for name, (address, size, kind) in wanted.items()], "objects")


@on("counts.py")
def the_types_that_take_most_come_first(scene):
    rows = scene.ask("heap-top")["types"]
    sizes = [row["bytes"] for row in rows]
    if not any("retained" in row for row in rows):
        equal(sizes, sorted(sizes, reverse=True), "bytes by type")
    by_name = types_of(scene.ask("objects"))
    all_equal([(row["type"], [row["count"], row["bytes"]],
                [by_name[row["type"]]["count"], by_name[row["type"]]["bytes"]])
               for row in rows if scene.way != "live" or row["type"] in scene.truth["exact"]],
              "heap-top beside objects")


@on("busy.py", ways=("live",))
def a_busy_process_can_be_counted(scene):
    for unused in range(3):
        got = types_of(scene.ask("objects"))
        that(got["threading.Thread"]["count"] >= len(scene.truth["workers"]), "threads are missing")
