"""refs: who holds an object, back to something that has a name."""

import shutil
import subprocess
import xml.etree.ElementTree

from harness import Skip, all_equal, equal, on, that

TYPE = "__main__.MyBigFatObject"


def graph_of(scene, *options):
    reply = scene.ask("refs", "--type", TYPE, *options)
    return {node["address"]: node for node in reply["nodes"]}, reply["edges"]


@on("refs.py")
def both_objects_are_in_the_graph_and_nothing_else_of_their_type(scene):
    nodes, edges = graph_of(scene)
    equal(sorted(address for address, node in nodes.items() if node["type"] == TYPE),
          sorted(scene.truth["objects"]), "objects of the type")


@on("refs.py")
def the_dict_holds_them_by_their_keys(scene):
    nodes, edges = graph_of(scene)
    got = sorted((edge["from"], edge["label"], edge["to"]) for edge in edges
                 if edge["to"] in scene.truth["objects"])
    foo, bar = scene.truth["objects"]
    holder = scene.truth["holder"]
    equal(got, sorted([(holder, "['foo']", foo), (holder, "['bar']", bar)]), "edges to the objects")


@on("refs.py")
def the_cache_is_a_default_of_the_function(scene):
    nodes, edges = graph_of(scene)
    got = [(edge["from"], edge["label"], edge["to"]) for edge in edges]
    that((scene.truth["cache"], "[42]", scene.truth["holder"]) in got,
         "no edge [42] from the cache: %s" % got)
    that((scene.truth["function"], "__defaults__[0]", scene.truth["cache"]) in got,
         "no edge __defaults__[0] from the function: %s" % got)
    equal(nodes[scene.truth["function"]]["type"], "function", "type of the function")
    that("computate_something" in nodes[scene.truth["function"]]["repr"], "function without a name")


@on("refs.py")
def the_module_holds_the_function_and_is_the_root(scene):
    nodes, edges = graph_of(scene)
    roots = {address for address, node in nodes.items() if node["root"] == "module __main__"}
    that(roots, "no root is module __main__: %s" % [node["root"] for node in nodes.values()])
    # By a path of any length: the module's dict may be a node or be left out.
    reached = set(roots)
    while True:
        more = {edge["to"] for edge in edges if edge["from"] in reached} - reached
        if not more:
            break
        reached |= more
    for address in [scene.truth["function"], scene.truth["cache"]] + scene.truth["objects"]:
        that(address in reached, "%s is not reached from the root" % address)
    labels = [edge["label"] for edge in edges if edge["to"] == scene.truth["function"]]
    that([label for label in labels if "computate_something" in label],
         "the edge to the function does not name it: %s" % labels)


@on("refs.py")
def every_edge_joins_two_nodes_and_addresses_are_unique(scene):
    reply = scene.ask("refs", "--type", TYPE)
    addresses = [node["address"] for node in reply["nodes"]]
    equal(len(addresses), len(set(addresses)), "nodes and addresses")
    for edge in reply["edges"]:
        that(edge["from"] in addresses and edge["to"] in addresses, "loose edge: %s" % edge)


@on("refs.py")
def an_address_is_as_good_as_a_type(scene):
    reply = scene.ask("refs", "--addr", scene.truth["holder"])
    got = [(edge["from"], edge["label"], edge["to"]) for edge in reply["edges"]]
    that((scene.truth["cache"], "[42]", scene.truth["holder"]) in got, "no edge [42]: %s" % got)


@on("refs.py")
def referents_go_the_other_way(scene):
    reply = scene.ask("refs", "--addr", scene.truth["cache"], "--referents")
    nodes = {node["address"] for node in reply["nodes"]}
    for address in scene.truth["objects"]:
        that(address in nodes, "%s is not below the cache" % address)


@on("refs.py")
def dot_is_the_default_and_names_all_that_matter(scene):
    text = scene.text("refs", "--type", TYPE)
    that(text.lstrip().startswith("digraph"), "not a digraph: %r" % text[:80])
    for part in ("MyBigFatObject", "foo", "bar", "42", "computate_something", "__defaults__[0]",
                 "__main__", "_cache"):
        that(part in text, "%r is not in the picture" % part)
    that(text.count("->") < 40, "%d edges do not make a picture" % text.count("->"))


@on("refs.py")
def graphviz_draws_it(scene):
    if not shutil.which("dot"):
        raise Skip("graphviz is not installed")
    done = subprocess.run(["dot", "-Tsvg"], input=scene.text("refs", "--type", TYPE),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    equal((done.returncode, done.stderr), (0, ""), "dot")
    for part in "MyBigFatObject", "__defaults__[0]", "computate_something":
        that(part in done.stdout, "%r is not in the picture" % part)


@on("counts.py", ways=("gcore",))
def a_picture_of_many_objects_stays_a_picture(scene):
    reply = scene.ask("refs", "--type", scene.truth["listed_type"])
    that(0 < len(reply["nodes"]) <= 200, "%d nodes" % len(reply["nodes"]))
    reply = scene.ask("refs", "--type", scene.truth["listed_type"], "--max-nodes", "10")
    that(0 < len(reply["nodes"]) <= 10, "%d nodes with --max-nodes 10" % len(reply["nodes"]))


SEED = 20


def picture_of_all(scene):
    return scene.ask("refs", "--addr", scene.truth["top"], "--referents", "--depth", "1000",
                     "--max-nodes", "100000")


@on("retained.py", arguments=(SEED,))
def each_node_retains_and_is_kept_as_the_program_found_by_taking_away(scene):
    nodes = {node["address"]: node for node in picture_of_all(scene)["nodes"]
             if node["collapsed"] is None and node["address"] in scene.truth["objects"]}
    truth, keepers = scene.truth["objects"], scene.truth["keepers"]
    that(len(nodes) > 150, "too few nodes are drawn one by one: %d" % len(nodes))
    all_equal([("retained by " + address, node["retained"], truth[address][1])
               for address, node in nodes.items()], "retained bytes")
    pairs = [("keeper of " + address, node["dominator"], keepers[address])
             for address, node in nodes.items() if address != scene.truth["top"]]
    that(len({want for _, _, want in pairs}) > 30, "too few keepers")
    all_equal(pairs, "dominators")


@on("retained.py", arguments=(SEED,))
def an_edge_is_bold_if_it_comes_from_what_alone_keeps_the_object(scene):
    reply = picture_of_all(scene)
    single = {node["address"] for node in reply["nodes"]
              if node["collapsed"] is None and node["address"] in scene.truth["objects"]}
    edges = [edge for edge in reply["edges"]
             if edge["from"] in single and edge["to"] in single and edge["from"] != edge["to"]]
    pairs = [("%s -> %s" % (edge["from"], edge["to"]), edge["dominator"],
              scene.truth["keepers"].get(edge["to"]) == edge["from"]) for edge in edges]
    bold = sum(want for _, _, want in pairs)
    that(bold > 50 and len(pairs) - bold > 100, "%d of %d edges are bold" % (bold, len(pairs)))
    all_equal(pairs, "dominator edges")
    drawn = scene.text("refs", "--addr", scene.truth["top"], "--referents", "--depth", "1000",
                       "--max-nodes", "100000")
    equal(sum("->" in line and "penwidth=3" in line for line in drawn.splitlines()),
          sum(edge["dominator"] for edge in reply["edges"]), "bold edges in the picture")


@on("alike.py")
def alike_objects_are_one_node_that_counts_them(scene):
    truth = scene.truth
    reply = scene.ask("refs", "--type", "__main__.Payload")
    nodes = {node["address"]: node for node in reply["nodes"]}
    found = {node["collapsed"]["count"]: node for node in nodes.values()
             if node["type"] == "__main__.Payload"}
    equal(sorted(found), [truth["some"], truth["many"]], "classes of payloads")
    few, many = found[truth["some"]], found[truth["many"]]
    equal((few["retained"], few["dominator"], few["bytes"] < few["retained"]),
          (truth["in_table"], truth["table"], True), "payloads of the table")
    equal((many["retained"], many["dominator"]), (truth["payloads"], None), "payloads of the dicts")
    dicts = [node for node in nodes.values() if node["count"] == truth["many"]
             and node["type"] == "dict"]
    equal([(node["collapsed"], node["retained"], node["dominator"]) for node in dicts],
          [({"count": truth["many"]}, truth["dicts"], truth["cache"])], "dicts")
    equal(nodes[truth["cache"]]["dominator"], truth["module"], "what keeps the list")
    edges = {(edge["from"], edge["to"]): edge for edge in reply["edges"]}
    for way, count in ((truth["cache"], dicts[0]["address"]), truth["many"]), \
                      ((dicts[0]["address"], many["address"]), truth["many"]), \
                      ((truth["table"], few["address"]), truth["some"]):
        equal((edges[way]["count"], edges[way]["dominator"]), (count, True), "edge %s %s" % way)
    text = scene.text("refs", "--type", "__main__.Payload")
    that("dict \u00d7 4,123" in text and "__main__.Payload \u00d7 300" in text, text)


@on("alike.py")
def what_nested_objects_retain_counts_once(scene):
    nodes = [node for node in scene.ask("refs", "--type", "__main__.Link")["nodes"]
             if node["type"] == "__main__.Link"]
    links = scene.truth["links"]
    equal(sum(node["count"] for node in nodes), len(links), "links")
    most = max(nodes, key=lambda node: node["count"])
    that(most["count"] > 400, "the chain is drawn in pieces: %s" % nodes)
    first = [retained for unused, retained in links].index(most["retained"])
    that(0 < first < 10, "the biggest class begins in the middle of the chain: %d" % first)
    equal(most["dominator"], links[first - 1][0], "what keeps the links")


@on("alike.py")
def what_holds_an_object_from_outside_is_told_and_coloured(scene):
    addresses = [word for address in scene.truth["kinds"] for word in ("--addr", address)]
    reply = scene.ask("refs", *addresses)
    nodes = {node["address"]: node["root_kind"] for node in reply["nodes"]}
    equal({address: nodes[address] for address in scene.truth["kinds"]}, scene.truth["kinds"],
          "kinds of roots")
    rows = {node["address"]: node for node in reply["nodes"]}
    equal([rows[address]["dominator"] for address in scene.truth["garbage"]], [None, None],
          "what keeps garbage")
    that("frame" in nodes.values(), "no frame holds the local variable: %s" % nodes)
    text = scene.text("refs", *addresses)
    for words, colour in ("held by C code", "#f9d3c8"), ("garbage", "#f0b4b4"):
        that('BGCOLOR="%s">%s<' % (colour, words) in text, "no %s in the legend" % words)
        that(any(words in line and 'fillcolor="%s"' % colour in line and line.startswith("\tn")
                 for line in text.splitlines()), "no node of %s" % words)


@on("refs.py", ways=("live",))
def svg_has_every_node(scene):
    if not shutil.which("dot"):
        raise Skip("graphviz is not installed")
    picture = xml.etree.ElementTree.fromstring(scene.pycore.run(
        "refs", *scene.target, "--type", TYPE, "--format", "svg").out)
    titles = [node.find("{*}title").text for node in picture.iter() if node.get("class") == "node"]
    nodes, unused = graph_of(scene)
    equal(sorted(titles), sorted(["legend"] + ["n%d" % n for n in range(len(nodes))]), "nodes")
