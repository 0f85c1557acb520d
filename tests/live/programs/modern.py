"""What Python 2 has no syntax for. Functions that are to rest call what they are given for it."""

import functools
import types


def in_a_generator_of_another(rest):
    def numbers():
        yield 1
        yield from more()

    def more():
        yield 2
        rest()

    return list(numbers())


def in_a_coroutine(rest):
    class Waiting:
        def __await__(self):
            yield rest()

    async def lower():
        async with manager():
            await Waiting()

    class manager:
        async def __aenter__(self):
            pass

        async def __aexit__(self, *error):
            pass

    async def upper():
        await lower()

    upper().send(None)


def größe(rest):
    rest()


STACKS = in_a_generator_of_another, in_a_coroutine, größe


@types.coroutine
def sleeper():
    yield 1


def failure(target):
    def failing():
        inside = target("local of a failed function")
        raise ValueError(inside and "failed")

    try:
        failing()
    except ValueError as error:
        return error


def begun(generator):
    """As far as its first yield."""
    try:
        generator.__anext__().send(None)
    except StopIteration:
        return generator


def holders(target):
    """By name, what each holds one that @p target makes: it is to become a module's."""
    async def coroutine():
        inside = target("local of a coroutine")
        await sleeper()
        del inside

    async def generate():
        inside = target("local of an asynchronous generator")
        yield 1
        del inside

    @functools.lru_cache(None)
    def cached(number):
        return target("cached result")

    waiting = coroutine()
    waiting.send(None)
    cached(1)
    return {"COROUTINE": waiting, "ASYNC": begun(generate()), "CACHED": cached,
            "FAILURE": failure(target),
            "PROXY": types.MappingProxyType({"k": target("behind a proxy")})}
