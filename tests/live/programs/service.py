"""A service of the standard library alone: threads that answer HTTP with JSON, from a database,
and log. Some requests are in flight. It has tested itself before, with unittest.
"""

import argparse
import collections
import csv
import datetime
import decimal
import difflib
import email
import fractions
import hashlib
import io
import json
import logging
import logging.handlers
import pickle
import random
import re
import sqlite3
import string
import struct
import threading
import time
import unittest
import weakref
import xml.dom.minidom
import xml.etree.ElementTree
import zipfile

try:
    import ConfigParser as configparser
    import Cookie as cookies
    import httplib
    import Queue as queue
    import BaseHTTPServer as server
    import SocketServer as socketserver
    from thread import _count as count_threads
    from StringIO import StringIO
    from urlparse import urlsplit
except ImportError:
    import configparser
    import http.client as httplib
    import http.cookies as cookies
    import http.server as server
    import queue
    import socketserver
    from _thread import _count as count_threads
    from io import StringIO
    from urllib.parse import urlsplit

import telling

CLIENTS = 8
REQUESTS = 6
IN_FLIGHT = 4

LOG = logging.getLogger("service")
Row = collections.namedtuple("Row", "name price day")


class Store(object):
    def __init__(self):
        self.lock = threading.RLock()
        self.connection = sqlite3.connect(":memory:", check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("create table goods (name text, price text, day text)")
        self.recent = collections.OrderedDict()

    def put(self, row):
        with self.lock:
            self.connection.execute("insert into goods values (?, ?, ?)",
                                    (row.name, str(row.price), row.day.isoformat()))
            self.recent[row.name] = row
            while len(self.recent) > 20:
                self.recent.popitem(last=False)

    def find(self, name):
        with self.lock:
            found = self.connection.execute("select * from goods where name = ?", (name,))
            return [dict(row) for row in found]


class Service(socketserver.ThreadingMixIn, server.HTTPServer):
    daemon_threads = True
    request_queue_size = 50

    def __init__(self, store):
        server.HTTPServer.__init__(self, ("127.0.0.1", 0), Handler)
        self.store = store
        self.gate = threading.Event()
        self.in_flight = queue.Queue()
        self.seen = collections.Counter()


class Handler(server.BaseHTTPRequestHandler):
    def log_message(self, form, *arguments):
        LOG.info("%s " + form, self.client_address[0], *arguments)

    def do_POST(self):
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8"))
        day = datetime.date(2020, 1, given["day"])
        row = Row(given["name"], decimal.Decimal(given["price"]), day)
        self.server.store.put(row)
        self.server.seen[self.path] += 1
        self.answer({"stored": row.name})

    def do_GET(self):
        if self.path == "/wait":
            self.server.in_flight.put(self.client_address)
            self.server.gate.wait()
        cookie = cookies.SimpleCookie(self.headers["Cookie"])
        self.answer({"found": self.server.store.find(self.path[1:]), "cookie": len(cookie)})

    def answer(self, content):
        body = json.dumps(content).encode("utf-8")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Client(threading.Thread):
    def __init__(self, port, number):
        threading.Thread.__init__(self, name="client %d" % number)
        self.daemon = True
        self.port = port
        self.number = number
        self.answers = []

    def ask(self, method, path, content=None):
        connection = httplib.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path, content and json.dumps(content),
                           {"Cookie": "client=%d; day=1" % self.number})
        self.answers.append(json.loads(connection.getresponse().read().decode("utf-8")))
        connection.close()

    def run(self):
        for n in range(REQUESTS):
            name = "goods%d.%d" % (self.number, n)
            self.ask("POST", "/goods", {"name": name, "price": "%d.50" % n, "day": 1 + n})
            self.ask("GET", "/" + name)
        if self.number < IN_FLIGHT:
            self.ask("GET", "/wait")


class StoreTest(unittest.TestCase):
    def test_finds_what_was_put(self):
        store = Store()
        store.put(Row("one", decimal.Decimal("1.5"), datetime.date(2020, 1, 2)))
        self.assertEqual(store.find("one"), [{"name": "one", "price": "1.5", "day": "2020-01-02"}])

    def test_finds_nothing_else(self):
        self.assertEqual(Store().find("two"), [])


def tested():
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(StoreTest)
    result = unittest.TextTestRunner(stream=StringIO()).run(suite)
    assert result.testsRun == 2 and result.wasSuccessful()
    return suite, result


def settings():
    parser = configparser.RawConfigParser()
    for section in "log", "store":
        parser.add_section(section)
        parser.set(section, "path", "/var/%s" % section)
    document = xml.dom.minidom.parseString("<a x='1'>%s</a>" % "".join(
        "<b n='%d'>text %d</b>" % (n, n) for n in range(20)))
    rows = list(csv.DictReader("%d,%d" % (n, n * n) for n in range(1000, 1020)))
    return parser, document, rows, pickle.loads(pickle.dumps(rows, 2))


def commands():
    parser = argparse.ArgumentParser(description="A service.")
    parser.add_argument("--port", type=int, default=80)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--quiet", action="count")
    parser.add_argument("--path", action="append")
    parser.add_argument("--version", action="version", version="1")
    choice = parser.add_subparsers().add_parser("run").add_mutually_exclusive_group()
    choice.add_argument("--fast", action="store_const", const=1)
    choice.add_argument("--slow", action="store_false")
    return parser, parser.parse_args(["--path", "a", "run", "--fast"])


def archive():
    packed = zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED)
    for n in range(10):
        packed.writestr("file %d" % n, b"text " * n)
    return packed, packed.open("file 3")


def mail():
    return email.message_from_string(
        "From: a@example.org\nSubject: goods\nContent-Type: multipart/mixed; boundary=x\n\n"
        "--x\nContent-Type: text/plain\n\none\n--x\n\ntwo\n--x--\n")


def tools():
    """What a service has besides."""
    word = re.compile(r"(?P<first>\w+) (\w+)")
    ring = collections.deque(range(1000, 1100), maxlen=50)
    by_first = collections.defaultdict(set)
    for n in ring:
        by_first[str(n)[0]].add(fractions.Fraction(n, 7))
    strong = [Tool(n) for n in range(10)]
    weak = (weakref.WeakValueDictionary((tool.number, tool) for tool in strong),
            weakref.WeakSet(strong))
    numbers = random.Random(1), struct.Struct("<IQ"), hashlib.sha256(b"text"), complex(1, 2)
    matcher = difflib.SequenceMatcher(None, "a text", "and a test")
    text = string.Template("$a of $b"), string.Formatter(), word.match("one two"), matcher
    tree = xml.etree.ElementTree.fromstring("<a x='1'>%s</a>" % ("<b>text<c/></b>" * 9))
    return (word, ring, by_first, strong, weak, numbers, text, tree, urlsplit("http://a:80/b?c#d"),
            (n for n in ring), enumerate(ring), frozenset(ring), memoryview(b"text"), slice(1, 2),
            super(Tool, strong[0]), datetime.datetime(2020, 1, 2), datetime.timedelta(1))


class Tool(object):
    """What is referred to weakly."""
    __slots__ = ("number", "__weakref__")

    def __init__(self, number):
        self.number = number

    @property
    def name(self):
        return "tool %d" % self.number


def log_to_memory():
    memory = logging.handlers.MemoryHandler(100000, logging.CRITICAL)
    memory.setFormatter(logging.Formatter("%(asctime)s %(threadName)s %(message)s"))
    LOG.addHandler(memory)
    LOG.setLevel(logging.DEBUG)
    return memory


def main():
    kept = [tested(), settings(), commands(), archive(), mail(), tools(), log_to_memory()]
    service = Service(Store())
    # It does not look up before the next client comes.
    serving = threading.Thread(target=service.serve_forever, args=(100000,), name="service")
    serving.daemon = True
    serving.start()
    clients = [Client(service.server_address[1], n) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients[IN_FLIGHT:]:
        client.join()
    for unused in range(IN_FLIGHT):
        service.in_flight.get()
    assert service.seen["/goods"] == CLIENTS * REQUESTS
    # Who has answered ends a moment later, and lets go of memory, some of it for others.
    while count_threads() > 1 + 2 * IN_FLIGHT:
        time.sleep(0.001)
    telling.tell_and_stay(service, clients, kept)
