"""analyze: what retains much of the heap and how, and what a program might do without."""

from harness import all_equal, equal, on, that
from interp import Interpreter

# Of each hoard.
COUNT = 2500


def key_of(row):
    return row["kind"], row["type"], row.get("address")


def suspects_of(scene, *options):
    return scene.ask("analyze", *options)["suspects"]


@on("hoards.py", ways=("live", "core"))
def suspects_are_the_places_where_it_grows_and_no_other(scene):
    found = {key_of(row): row for row in suspects_of(scene)}
    wanted = {key_of(row): row for row in scene.truth["suspects"]}
    equal(sorted(found, key=str), sorted(wanted, key=str), "suspects")
    all_equal([("%s %s of %s" % (name, row["kind"], row["type"]), found[key][name], row[name])
               for key, row in wanted.items() for name in ("retained", "count")],
              "retained and counted")
    all_equal([(str(key), (found[key]["items"] or {}).get("type"), (row["items"] or [None])[0])
               for key, row in wanted.items()], "types of what they hold")
    all_equal([(str(key), found[key]["items"]["count"], row["items"][1])
               for key, row in wanted.items() if row["items"]], "how many they hold")


@on("hoards.py", ways=("live",))
def the_way_to_each_evaluates_to_the_very_object(scene):
    found = suspects_of(scene)
    holder = [row["holder"] for row in found if row["kind"] == "group"]
    equal(len(holder), 1, "groups")
    that(holder[0]["address"] in scene.truth["holders"], "%s holds none" % holder)
    equal(holder[0]["count"], COUNT, "objects that the holder refers to")
    wanted = [row.get("address") or row["holder"]["address"] for row in found]
    all_equal([(row["expression"], answer, address) for row, answer, address in
               zip(found, scene.evaluate([row["expression"] for row in found]), wanted)],
              "ids of what the ways lead to")
    all_equal([(row["text"], row["path"][-1]["address"], address)
               for row, address in zip(found, wanted)], "ends of the ways")
    told = {row["expression"] for row in scene.truth["suspects"] if row["expression"]}
    told |= {scene.truth["holders"][holder[0]["address"]]}
    equal(sorted(told - {row["expression"] for row in found}), [], "ways not told")


@on("hoards.py", ways=("core",))
def each_is_told_in_sentences_with_the_way_to_it(scene):
    page = " ".join(scene.text("analyze").split())
    for row in suspects_of(scene):
        that(row["text"] in page, "not on the page: %s" % row["text"])
        that(2 <= row["text"].count(". ") + 1 <= 3, "not two or three: %s" % row["text"])
        if row["root"]["kind"] == "module":
            that(row["expression"] in row["text"], "no way to it: %s" % row["text"])
        if row["root"]["kind"] == "local":
            that("works() local 'rows'" in row["text"], "no way to it: %s" % row["text"])


@on("hoards.py", ways=("core",))
def of_what_is_far_from_any_root_the_way_is_not_told(scene):
    rows = [row for row in scene.ask("analyze")["buffers"] if row["address"] == scene.truth["far"]]
    equal([(row["bytes"] > 100000, row["path"], row["expression"]) for row in rows],
          [(True, None, None)], "what is at the end of the chain")


@on("stacks.py", ways=("core",))
def a_program_that_hoards_nothing_has_no_suspect(scene):
    equal(suspects_of(scene), [], "suspects")
    that("no object and no group of one type keeps 10 %" in scene.text("analyze"), "not a word")


@on("wasteful.py", ways=("live", "core"))
def unused_room_is_what_copies_would_do_without(scene):
    rows = {row["type"]: row for row in scene.ask("analyze")["waste"]}
    all_equal([(name, [rows.get(name, {}).get(key) for key in ("objects", "bytes")], wanted)
               for name, wanted in scene.truth["waste"].items()], "objects and unused bytes")
    examples = {example["address"]: [row["type"], example["bytes"], example["used"]]
                for row in rows.values() for example in row["examples"]}
    that(all(row["examples"] for row in rows.values()), "no example of a type")
    told = scene.truth["sparse"]
    most = sorted(told, key=lambda address: told[address][1])[-10:]
    all_equal([(address, examples.get(address), told[address]) for address in most],
              "the most unused room")


@on("wasteful.py", ways=("live", "core"))
def duplicates_are_counted_to_the_object(scene):
    reply = scene.ask("analyze")
    found = {(row["type"], row["repr"]): [row["count"], row["bytes"], row["saved"]]
             for row in reply["duplicates"]}
    wanted = {(kind, text): [count, size, saved]
              for kind, text, count, size, saved in scene.truth["duplicates"]}
    equal(len(wanted), 20, "contents that are there often")
    equal(sorted(key for key in found if "often there" in key[1]), sorted(wanted), "contents")
    all_equal([(str(key), found.get(key), row) for key, row in wanted.items()],
              "count, bytes and what is saved")
    sums = {row["type"]: row for row in reply["duplicates_total"]}
    for kind in {row[0] for row in scene.truth["duplicates"]}:
        least = sum(row[4] for row in scene.truth["duplicates"] if row[0] == kind)
        that(least < sums[kind]["saved"] < 2 * least, "sum of what is saved: %s" % sums[kind])


@on("wasteful.py", ways=("live",))
def the_biggest_buffers_are_told_with_their_owners(scene):
    found = {row["address"]: row for row in scene.ask("analyze")["buffers"]}
    wanted = scene.truth["buffers"]
    all_equal([(address, [found[address][key] for key in ("type", "bytes", "expression")]
                if address in found else None, row) for address, row in wanted.items()], "buffers")
    ways = [row["expression"] for row in found.values() if row["address"] in wanted]
    equal(sorted(scene.evaluate(ways)), sorted(wanted), "what the ways lead to")
    sizes = [row["bytes"] for row in found.values()]
    equal(sizes, sorted(sizes, reverse=True), "order")


@on("wasteful.py", ways=("live",), arguments=("numpy",), where=Interpreter.has_packages)
def a_numpy_array_is_a_buffer_and_a_view_of_it_is_none(scene):
    the_biggest_buffers_are_told_with_their_owners(scene)
    arrays = [row for row in scene.ask("analyze")["buffers"] if row["type"] == "numpy.ndarray"]
    equal([row["expression"] for row in arrays], ["sys.modules['__main__'].OWNER.array"], "arrays")


@on("wasteful.py", ways=("core",))
def with_redact_no_text_is_shown(scene):
    for options in (), ("--format", "json"):
        answer = scene.pycore.run("analyze", *scene.target, "--redact", *options)
        equal(answer.status, 0, str(answer))
        for secret in "often there", "'bytearray'":
            that(secret not in answer.out, "%r is shown" % secret)
        that("BY_NAME[...]" in answer.out, "the way is not shown")
