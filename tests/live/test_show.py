"""show: one object in full, beside what the program says of it."""

from harness import all_equal, equal, on, that

ALL = ("--limit", "0")


def shown(scene, address, *options):
    return scene.ask_once("show", address, *options)["object"]


def fields_of(scene, name, *options):
    return shown(scene, scene.truth["facts"][name]["address"], "--no-referrers", *ALL,
                 *options)["fields"]


def each(scene, key):
    return [(name, facts) for name, facts in sorted(scene.truth["facts"].items()) if key in facts]


@on("show.py")
def types_sizes_and_counts_are_the_interpreters(scene):
    pairs = []
    for name, facts in each(scene, "address"):
        got = shown(scene, facts["address"], "--no-referrers")
        pairs += [(name + " " + key, got[key], facts[key])
                  for key in ("address", "type", "bytes", "tracked")]
        if got["refcount"] is not None:
            pairs.append((name + " refcount", got["refcount"], scene.truth["counts"][name]))
        pairs.append((name + " asked", got["asked"], facts["address"]))
    all_equal(pairs, "objects")


@on("show.py")
def attributes_are_told_by_name(scene):
    pairs = []
    for name, facts in each(scene, "attributes"):
        got = {field["name"][1:]: field["address"] for field in fields_of(scene, name)
               if field["name"][:1] == "." and field["name"][:3] != ".__"}
        pairs.append((name, got, facts["attributes"]))
    all_equal(pairs, "attributes")


@on("show.py")
def items_are_told_by_key_and_index(scene):
    pairs = []
    for name, facts in each(scene, "items"):
        got = {field["key"]: field["address"] for field in fields_of(scene, name)
               if field["name"][:1] == "["}
        pairs.append((name, got, facts["items"]))
    for name, facts in each(scene, "sequence"):
        got = {field["name"]: field["address"] for field in fields_of(scene, name)}
        pairs += [("%s[%d]" % (name, i), got.get("[%d]" % i), address)
                  for i, address in enumerate(facts["sequence"])]
    all_equal(pairs, "items")


@on("show.py")
def every_referent_is_a_field(scene):
    wrong = []
    for name, facts in each(scene, "referents"):
        got = set()
        for field in fields_of(scene, name):
            got |= {field["address"], field.get("key")}
        missing = set(facts["referents"]) - got
        if missing:
            wrong.append("  %s: %s" % (name, sorted(missing)))
    that(not wrong, "missing fields:\n" + "\n".join(wrong))


@on("show.py")
def referrers_are_those_that_the_collector_finds(scene):
    wrong = []
    for name, facts in each(scene, "referrers"):
        if name in ("none", "function", "class"):
            continue
        got = shown(scene, facts["address"], *ALL)
        all_of_them = {row["address"] for row in got["referrers"]}
        missing = set(facts["referrers"]) - all_of_them
        # Frames are no objects, and what is a guess may be wrong.
        more = {row["address"] for row in got["referrers"]
                if row["root"] is None and not row.get("guess")} - set(facts["referrers"])
        # Nor does the collector know of tuples of constants, which it does not track.
        more = {address for address in more
                if shown(scene, address, "--no-referrers")["tracked"]}
        if missing or more:
            wrong.append("  %s: missing %s, too many %s"
                         % (name, sorted(missing),
                            [row for row in got["referrers"] if row["address"] in more]))
    that(not wrong, "referrers:\n" + "\n".join(wrong[:8]))


@on("show.py")
def the_way_from_the_module_is_told(scene):
    for key, address in zip(("foo", "bar"), scene.truth["objects"]):
        got = shown(scene, address)
        equal(got["root"], "module __main__", "root")
        equal([step["label"] for step in got["path"]],
              [".computate_something", "__defaults__[0]", "[42]", "['%s']" % key], "path")
        equal(got["path"][-1]["address"], address, "end of the path")


@on("show.py")
def values_are_written_as_python_does(scene):
    pairs = []
    for name in "dict", "list", "tuple", "text", "float", "long", "bytes":
        facts = scene.truth["facts"][name]
        pairs.append((name, shown(scene, facts["address"], "--no-referrers")["repr"][:900],
                      facts["repr"][:900]))
    all_equal(pairs, "values")


@on("show.py")
def a_cycle_is_marked_and_ends(scene):
    address = scene.truth["facts"]["cycle"]["address"]
    got = shown(scene, address, "--depth", "5", "--no-referrers")
    itself = [field for field in got["fields"] if field["address"] == address]
    equal([(field["name"], field.get("seen"), field.get("fields")) for field in itself],
          [("[1]", True, None)], "the list in itself")


@on("show.py")
def deeper_fields_are_there_when_asked_for(scene):
    got = {field["name"]: field for field in fields_of(scene, "plain", "--depth", "3")}
    three = {field["name"]: field for field in got[".three"]["fields"]}
    equal([field["value"] for field in three["['k']"]["fields"]], ["3"], "fields of .three['k']")


@on("show.py")
def statics_and_the_like_are_said_to_be_it(scene):
    none = shown(scene, scene.truth["none"], "--no-referrers")
    equal((none["allocator"], none["type"], none["repr"]), ("static", "NoneType", "None"), "None")
    small = shown(scene, scene.truth["small"], "--no-referrers")
    equal((small["small_int"], small["repr"]), (True, "7"), "7")
    interned = shown(scene, scene.truth["interned"], "--no-referrers")
    equal((interned["interned"], interned["small_int"]), (True, False), "an interned str")
    facts = scene.truth["facts"]
    equal(shown(scene, facts["text"]["address"], "--no-referrers")["interned"], False, "a str")
    long = shown(scene, facts["long"]["address"], "--no-referrers")
    free_threaded = scene.interpreter.build == "free-threaded"
    equal((long["small_int"], long["allocator"]),
          (False, "mimalloc" if free_threaded else "pymalloc"), "an int")


@on("show.py")
def an_address_inside_of_an_object_is_taken_for_it(scene):
    steps = [("plain", 8), ("big", 24), ("bytes", 200), ("plain", -16), ("long", 30), ("class", 100)]
    if scene.interpreter.release >= (3,):
        steps.append(("wide text", 4000))  # 2.7 has text in a block of its own
    for name, step in steps:
        address = scene.truth["facts"][name]["address"]
        inside = hex(int(address, 16) + step)
        got = shown(scene, inside, "--no-referrers")
        equal((got["address"], got["asked"]), (address, inside), "%s%+d" % (name, step))


@on("show.py")
def what_is_no_object_is_said_to_be_what_it_is(scene):
    line = scene.pycore.refuses("show", *scene.target, scene.truth["freed"])
    # A debug build writes over what is freed.
    that("freed memory" in line and
         (("Wide" in line) == (scene.interpreter.build != "debug")), line)
    line = scene.pycore.refuses("show", *scene.target, scene.truth["kept"])
    that("free list" in line and "tuple" in line, line)
    line = scene.pycore.refuses("show", *scene.target, scene.truth["storage"])
    that("list at " + scene.truth["storage_of"] in line, line)
    scene.pycore.refuses("show", *scene.target, "0x10", mentions="nothing is mapped")
    scene.pycore.refuses("show", *scene.target, "0xfffffffffffffff8", mentions="nothing is mapped")


@on("show.py")
def redact_shows_no_values(scene):
    for name in "dict", "plain", "text":
        address = scene.truth["facts"][name]["address"]
        for text in (scene.text("show", address, "--redact", "--depth", "3"),
                     scene.text("show", address, "--redact", "--depth", "3", "--format", "json")):
            for secret in "tuple key", "zwei", "interned'", "12345678901":
                that(secret not in text, "%r is shown: %s" % (secret, text))


@on("show.py", ways=("gcore",))
def limits_are_kept_and_told(scene):
    address = scene.truth["facts"]["big"]["address"]
    got = shown(scene, address, "--no-referrers")
    equal((len(got["fields"]), got["more_fields"]), (20, 1980), "fields")
    got = shown(scene, address, "--no-referrers", "--limit", "3")
    equal((len(got["fields"]), got["more_fields"]), (3, 1997), "fields with --limit 3")
    got = shown(scene, scene.truth["none"], "--limit", "5")
    equal(len(got["referrers"]), 5, "referrers with --limit 5")
    that(got["more_referrers"] > 500, "None has more referrers")
    that("1,980 more" in scene.text("show", address, "--no-referrers"), "text without the rest")
