"""A thread that evaluates what a test writes to one pipe, and writes to another what it gives."""

import gc
import os
import sys
import threading


def address(thing):
    return "0x%x" % id(thing)


def evaluated(line):
    try:
        return address(eval(line, {"sys": sys, "gc": gc}))
    except Exception as error:
        return repr(error)


def serve():
    # In these modes Python 2 gives bytes and takes them.
    more = {} if sys.version_info < (3,) else {"encoding": "utf-8", "errors": "surrogatepass"}
    while True:
        with open("ask", **more) as pipe:
            lines = pipe.read().split("\0")
        with open("answer", "w", **more) as pipe:
            pipe.write("\0".join([evaluated(line) for line in lines]))


def begin():
    os.mkfifo("ask")
    os.mkfifo("answer")
    thread = threading.Thread(target=serve)
    thread.daemon = True
    thread.start()
