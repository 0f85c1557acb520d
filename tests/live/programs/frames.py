"""pandas at work: frames that were made, joined, grouped and cut."""

import datetime
import gc
import sys

import numpy
import pandas

import reach
import telling

N = 3000


def is_loop(thing):
    return (type(thing) is tuple and len(thing) == 2 and type(thing[0]) is tuple
            and type(thing[1]).__name__ in ("PyCapsule", "_ArrayMethod"))


def loops():
    """What is in ufuncs' lists: types, and what to call for these. Nobody else knows the lists."""
    return [id(loop) for thing in gc.get_objects() if type(thing) is list and all(map(is_loop, thing))
            for loop in thing]


def names_of_variables():
    """The tuples that Cython has made for its functions' code, which keeps these up to 3.10."""
    return [id(getattr(thing.__code__, "co_varnames", None)) for thing in gc.get_objects()
            if sys.version_info < (3, 11) and "cython_function" in type(thing).__name__]


def main():
    days = pandas.date_range("2026-01-01", periods=N, freq="h")
    orders = pandas.DataFrame({
        "day": days,
        "user": ["user %d" % (n % 97) for n in range(N)],
        "price": numpy.arange(N) * 0.25,
        "items": pandas.Series([[n] * (n % 3) for n in range(N)], dtype=object),
        "kind": pandas.Categorical(["a", "b", "c"] * (N // 3)),
    })
    users = pandas.DataFrame({"user": ["user %d" % n for n in range(97)],
                              "joined": [datetime.date(2020, 1, 1 + n % 28) for n in range(97)]})
    joined = orders.merge(users, on="user")
    by_user = joined.groupby("user")["price"].agg(["sum", "mean", "count"])
    wide = orders.pivot_table(index="user", columns="kind", values="price", aggfunc="sum",
                              observed=False)
    views = [orders[orders["price"] > limit] for limit in range(0, 700, 50)]
    rows = [row for unused, row in orders.head(50).iterrows()]
    arrays = [numpy.zeros((n, 4)) for n in range(40)]
    slices = [array[1:, ::2] for array in arrays]
    objects = numpy.array([{"n": n} for n in range(200)], dtype=object)
    records = numpy.zeros(10, dtype=[("a", "i4"), ("b", "f8"), ("c", "O")])
    assert len(joined) == N and by_user["count"].sum() == N
    telling.tell_and_stay(orders, users, joined, by_user, wide, views, rows, arrays, slices,
                          objects, records, loops=loops(), names=names_of_variables(),
                          static_types=list(map(id, reach.static_kinds())))


main()
