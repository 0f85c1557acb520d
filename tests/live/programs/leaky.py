"""A small service that leaks, and dies of it: what pycore's README looks at.

Requests come in and are answered by a few workers. Sessions are meant to be
forgotten when they end; but an audit trail, a default argument as it happens,
remembers every request, and each request knows its session.
"""

import collections
import itertools
import os
import queue
import sys
import threading
import time


class User:
    def __init__(self, number):
        self.name = "user%05d" % number
        self.email = self.name + "@example.org"
        self.preferences = {"language": "en", "page": number % 50}


class Session:
    def __init__(self, user, number):
        self.user = user
        self.token = "%032x" % (number * 2654435761)
        self.started = time.time()
        self.basket = []


class Entry:
    __slots__ = ("article", "price", "note")

    def __init__(self, article, price):
        self.article = article
        self.price = price
        self.note = "article %d for %.2f" % (article, price)


class Request:
    def __init__(self, session, path):
        self.session = session
        self.path = path
        self.headers = {"host": "shop.example.org", "cookie": "session=" + session.token}


class OutOfMemory(MemoryError):
    pass


class Service:
    def __init__(self, limit):
        self.limit = limit
        self.users = [User(number) for number in range(200)]
        self.sessions = {}
        self.requests = queue.Queue(100)
        self.answered = 0
        self.numbers = itertools.count()

    def open_session(self):
        number = next(self.numbers)
        session = Session(self.users[number % len(self.users)], number)
        self.sessions[session.token] = session
        return session

    def close_session(self, session):
        del self.sessions[session.token]

    def work(self):
        while True:
            self.answer(self.requests.get())

    def answer(self, request):
        for article in range(5):
            request.session.basket.append(Entry(article, article * 1.25))
        audit(request)
        self.answered += 1
        if self.answered >= self.limit:
            self.report_and_die(request)

    def report_and_die(self, request):
        try:
            raise OutOfMemory("no memory for the answer to %s" % request.path)
        except OutOfMemory:
            # As the C library does when an extension finds its memory broken.
            os.abort()


def audit(request, _trail=collections.OrderedDict()):
    _trail[len(_trail)] = request


def heartbeat(interval):
    while True:
        time.sleep(interval)


def main():
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else 50000
    service = Service(limit)
    threads = [threading.Thread(target=service.work, name="worker-%d" % number, daemon=True)
               for number in range(3)]
    threads.append(threading.Thread(target=heartbeat, args=(3600,), name="heartbeat", daemon=True))
    for thread in threads:
        thread.start()
    while True:
        session = service.open_session()
        for page in "/", "/basket", "/checkout":
            service.requests.put(Request(session, page))
        service.close_session(session)


if __name__ == "__main__":
    main()
