"""The example that the objgraph manual made known: who keeps the fat objects alive?"""

import os
import sys
import threading

import truth


class MyBigFatObject(object):
    pass


def computate_something(_cache={}):
    _cache[42] = dict(foo=MyBigFatObject(), bar=MyBigFatObject())
    x = MyBigFatObject()


computate_something()


def die():
    truth.ready({"died": truth.native_id()})
    os.abort()


if __name__ == "__main__":
    cache = computate_something.__defaults__[0]
    truth.write({
        "objects": [hex(id(cache[42]["foo"])), hex(id(cache[42]["bar"]))],
        "holder": hex(id(cache[42])),
        "cache": hex(id(cache)),
        "function": hex(id(computate_something)),
        "module": hex(id(sys.modules["__main__"])),
        "class": hex(id(MyBigFatObject)),
    })
    del cache
    if "thread" in sys.argv:
        threading.Thread(target=die).start()
        truth.stay()
    truth.ready()
    if "abort" in sys.argv:
        os.abort()
    truth.stay()
