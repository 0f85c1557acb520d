"""refs: who holds an object, back to something that has a name."""

import shutil
import subprocess

from harness import Skip, equal, on, that

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
