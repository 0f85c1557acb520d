"""An asyncio server with clients in flight: each has asked, and waits for an answer."""

import asyncio

import telling

CLIENTS = 25


class Session:
    def __init__(self, number):
        self.number = number
        self.lines = []


async def answer(gate, sessions, reader, writer):
    session = Session(len(sessions))
    sessions[session.number] = session
    while True:
        line = await reader.readline()
        session.lines.append(line)
        if line.startswith(b"wait"):
            await gate.wait()
        writer.write(line.upper())
        await writer.drain()


async def client(port, number, waiting):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for n in range(number % 5):
        writer.write(b"line %d of %d\n" % (n, number))
        assert (await reader.readline()).startswith(b"LINE")
    writer.write(b"wait %d\n" % number)
    waiting.append(number)
    return await reader.readline()


async def ticks():
    n = 0
    while True:
        yield n
        n += 1
        await asyncio.sleep(0.01)


async def serve():
    loop = asyncio.get_event_loop()
    gate = asyncio.Event()
    sessions, waiting = {}, []
    server = await asyncio.start_server(
        lambda reader, writer: answer(gate, sessions, reader, writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clients = [loop.create_task(client(port, n, waiting)) for n in range(CLIENTS)]
    queue = asyncio.Queue(3)
    timeouts = [loop.create_task(asyncio.wait_for(queue.get(), 1000 + n)) for n in range(5)]
    group = asyncio.gather(*[asyncio.sleep(1000 + n) for n in range(5)])
    timers = [loop.call_later(500 + n, print, n) for n in range(20)]
    async for n in ticks():
        if n > 2 and len(waiting) == CLIENTS and all(s.lines and s.lines[-1].startswith(b"wait")
                                                     for s in sessions.values()):
            break
    telling.tell_and_stay(server, clients, timeouts, group, timers)


def main():
    asyncio.get_event_loop_policy().new_event_loop().run_until_complete(serve())
