"""heap-top and objects --retained: what each object alone keeps alive."""

from harness import all_equal, equal, on, that

SEED = 20


def retained_of(scene, name):
    reply = scene.ask("objects", "--retained", "--type", name, "--limit", "0", "--redact")
    return {row["address"]: row for row in reply["objects"]}


@on("retained.py", arguments=(SEED,))
def each_object_of_a_random_graph_retains_what_goes_with_it(scene):
    truth = scene.truth["objects"]
    names = sorted({row[0] for row in truth.values()})
    that(len(truth) > 300 and len(names) >= 7, "too small a graph: %d %s" % (len(truth), names))
    pairs = []
    for name in names:
        got = retained_of(scene, name)
        pairs += [("%s %s" % (address, kind),
                   (got.get(address, {}).get("bytes"), got.get(address, {}).get("retained")),
                   (size, retained))
                  for address, (kind, retained, size) in truth.items() if kind == name]
    equal(len(pairs), len(truth), "objects compared")
    all_equal(pairs, "bytes and retained bytes")


@on("retained.py", arguments=(SEED + 1,))
def a_type_retains_the_union_of_what_its_objects_do(scene):
    got = {row["type"]: row["retained"] for row in scene.ask("heap-top")["types"]}
    all_equal([(name, got[name], scene.truth["kinds"][name])
               for name in ("__main__.Node", "__main__.Slotted")], "retained by type")


@on("retained.py", arguments=(SEED,))
def what_one_object_exclusively_owns_is_what_it_retains(scene):
    got = retained_of(scene, "__main__.Owner")
    equal(got[scene.truth["owner"]]["retained"], scene.truth["owned"], "bytes of the owner")


@on("retained.py", arguments=(SEED,))
def heap_top_ranks_by_retained_bytes_and_says_what_holds_each(scene):
    reply = scene.ask("heap-top", "--limit", "40")
    rows = reply["objects"]
    retained = [row["retained"] for row in rows]
    equal(retained, sorted(retained, reverse=True), "order of the objects")
    types = [row["retained"] for row in reply["types"]]
    equal(types, sorted(types, reverse=True), "order of the types")
    owner = [row for row in rows if row["address"] == scene.truth["owner"]]
    equal(len(owner), 1, "rows of the owner")
    equal(owner[0]["expression"], "sys.modules['__main__'].OWNER", "what holds the owner")
    equal(owner[0]["root"], {"kind": "module", "name": "module __main__: OWNER"}, "root")
    equal(owner[0]["path"][-1]["address"], scene.truth["owner"], "end of its path")
    for row in rows:
        that(row["path"] and row["root"], "no path: %s" % row)
