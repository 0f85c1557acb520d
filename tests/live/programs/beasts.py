"""Instances of the types of CPython's C code: what the other parts of the zoo have no reason to make.

What a CPython lacks, or cannot make, is left out: the test knows which types it must
have seen.
"""

import gc
import importlib
import io
import os
import sys
import types

LEFT_ALONE = {"antigravity", "this", "_tkinter", "xxlimited", "xxlimited_35", "xxsubtype",
              "xxlimited_3_13", "_ctypes_test", "_xxtestfuzz"}
PURE = ("asyncio", "collections", "contextvars", "csv", "ctypes", "datetime", "decimal", "functools",
        "hashlib", "itertools", "json", "mmap", "operator", "pickle", "queue", "random", "re",
        "select", "socket", "sqlite3", "ssl", "string.templatelib", "struct", "threading", "time",
        "typing", "weakref", "xml.etree.ElementTree", "xml.parsers.expat", "zlib", "zoneinfo",
        "bz2", "lzma", "compression.zstd", "unicodedata", "tempfile", "ast", "uuid")


def c_modules():
    """Names of all modules in C that this CPython has, but for its own tests."""
    names = set(sys.builtin_module_names)
    for directory in sys.path:
        if directory.endswith("lib-dynload") and os.path.isdir(directory):
            names.update(name.split(".")[0] for name in os.listdir(directory))
    return sorted(name for name in names
                  if name not in LEFT_ALONE and not name.startswith(("_test", "_xx")))


class Modules:
    """import at the first use; what there is not is an AttributeError."""

    def __getattr__(self, name):
        try:
            found = importlib.import_module(name.replace("__", "."))
        except ImportError as error:
            raise AttributeError(str(error))
        setattr(self, name, found)
        return found


m = Modules()
made = []
kept = []  # what beasts need to stay as they are


class Plain:
    pass


class Big:
    """As long as it is, a string of its own is in no pool."""
    text = "beast " * 200


def step(iterator, n=1):
    for _ in range(n):
        next(iterator)
    return iterator


def iterators():
    d = {"a": [1], 2: [2]}
    od = m.collections.OrderedDict(d)
    sequence = types.new_class("Sequence", exec_body=lambda ns: ns.update(
        __getitem__=lambda self, i: [i], __len__=lambda self: 5))()
    yield lambda: [iter([[1], [2]]), reversed([[1]]), iter(([1],)), iter(b"abc"), iter("abc"),
                   iter("\u0100bc"), iter(bytearray(b"abc")), iter(d), iter(d.items()),
                   iter(d.values()), d.keys(), d.values(), d.items(), iter(od), iter(od.items()),
                   od.keys(), od.items(), od.values(), iter({Big.text}), iter(sequence),
                   reversed(sequence), iter(lambda: 1, [2]), range(10), range(1 << 70, 1 << 71, 3),
                   iter(range(5)), step(iter(range(1 << 70, 1 << 71, 3)))]
    yield lambda: [reversed(d), reversed(d.items()), reversed(d.values())]
    yield lambda: [reversed(od), reversed(od.items()), reversed(od.values())]
    yield lambda: [step(enumerate([[1], [2]])), step(enumerate([1, 2], 1 << 70))]
    yield lambda: [step(zip([[1], [2]], [3, 4])), step(map(len, [[], []])), filter(None, [[1]])]
    yield lambda: [iter(memoryview(b"abc"))]
    yield lambda: [m._string.formatter_parser("a{b!r:c}"),
                   m._string.formatter_field_name_split("a.b[c]")[1]]
    yield lambda: [iterators.__code__.co_lines()]
    yield lambda: [iterators.__code__.co_positions()]
    yield lambda: [iterators.__code__.co_branches()]
    yield lambda: [iter(list[int])]


def itertools():
    it = m.itertools
    many = [[i] for i in range(100)]
    tee = it.tee(iter(many))
    step(tee[0], 70)
    yield lambda: [tee, step(it.accumulate(many)), step(it.chain(many, many)),
                   it.chain.from_iterable([many]), step(it.combinations(many, 3)),
                   step(it.combinations_with_replacement(many, 3)), it.compress(many, [1]),
                   it.count([1].__len__()), step(it.count(1 << 70, 3)), step(it.cycle(many), 5),
                   it.dropwhile(len, many), it.filterfalse(len, many), step(it.groupby(many, len)),
                   list(it.groupby(many)), it.islice(many, 3), step(it.permutations(many, 3)),
                   it.permutations([1, 2]), step(it.product(many, many)), it.repeat([1]),
                   it.starmap(len, many), it.takewhile(len, many), it.zip_longest(many, [1])]
    yield lambda: [it.batched(many, 2)]
    yield lambda: [step(it.pairwise(many))]
    yield lambda: [it.accumulate(many, initial=[1])]


def callables():
    f = m.functools
    op = m.operator
    deque = m.collections.deque([[1]])
    point = m.collections.namedtuple("point", "x y")
    yield lambda: [f.partial(len, [1], key=[2]), f.cmp_to_key(len)([1]), f.cmp_to_key(len),
                   op.itemgetter([1]), op.itemgetter(1, 2), op.attrgetter("a.b", "c"),
                   op.methodcaller("name", [1], key=[2]), iter(deque), reversed(deque), point.x,
                   point.__dict__["x"], super(Plain, Plain()), [].__len__, Plain().__init__,
                   m.ctypes.pythonapi, types.MethodType(len, [1]), Plain.__dict__]
    called = op.methodcaller("append", [1])
    called([])
    yield lambda: [called]
    instancemethod = m.ctypes.pythonapi.PyInstanceMethod_New
    instancemethod.restype = m.ctypes.py_object
    yield lambda: [instancemethod(m.ctypes.py_object(len))]


class Awaitable:
    def __await__(self):
        return iter([1])


async def generates():
    for i in range(3):
        yield [i]


async def waits(what):
    return await what


def awaitables():
    aio = m.asyncio
    loop = aio.new_event_loop()
    kept.append(loop)
    future = loop.create_future()
    failed = loop.create_future()
    failed.set_exception(ValueError([1]))
    done = loop.create_future()
    done.set_result([1])
    future.add_done_callback(len)
    waiter = loop.create_task(waits(future))
    waiter.add_done_callback(len)
    cancelled = loop.create_task(waits(loop.create_future()))
    cancelled.cancel()
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.call_soon(loop.stop)
    loop.run_forever()
    new = loop.create_task(waits(loop.create_future()))
    step_wrapper = loop._ready[-1]._callback
    yield lambda: [loop, future, failed, done, waiter, cancelled, new, step_wrapper,
                   iter(future), future._callbacks]
    agen, other, third = generates(), generates(), generates()
    yield lambda: [agen, agen.asend(None), agen.__anext__(), agen.athrow(ValueError),
                   other.aclose(), third]
    coroutine = waits(future)
    yield lambda: [coroutine, coroutine.__await__()]
    yield lambda: [anext(third, [1])]


def contexts():
    cv = m.contextvars
    variables = [cv.ContextVar("v%d" % i, default=[i]) for i in range(60)]
    context = cv.copy_context()
    tokens = [context.run(v.set, [i]) for i, v in enumerate(variables)]
    context.run(variables[0].set, [2])
    yield lambda: [variables, context, tokens, iter(context), context.keys(), context.items(),
                   iter(context.items()), context.values(), cv.copy_context()]
    small = cv.copy_context()
    yield lambda: [small.run(variables[0].set, [1]), small]


def typed():
    ty = m.typing
    T = ty.TypeVar("T", bound=list)
    yield lambda: [T, ty.List[T], ty.Union[int, str]]
    yield lambda: [ty.TypeVarTuple("Ts")]
    yield lambda: [parameters(ty.ParamSpec("P"))]
    yield lambda: [list[T], dict[str, T].__parameters__, dict[str, int], (list[T])[int]]
    yield lambda: [int | str, list[T] | None]
    space = {}
    exec("type Alias[T: list, *Ts, **P] = dict[T, Ts]\n"
         "class Generic[T: (int, str)]: pass\n"
         "def f[T = int](x: T): pass", space)
    yield lambda: [space, space["Alias"].__type_params__, space["Generic"].__type_params__,
                   space["f"].__type_params__]
    yield lambda: [space["Alias"].__value__]


def parameters(p):
    return [p, p.args, p.kwargs]


def templates():
    space = {"x": [1]}
    exec("made = t'a {x!r:>10} b'", space)
    yield lambda: [space["made"], iter(space["made"]), space["made"].interpolations]


def newest():
    yield lambda: [frozendict({"a": [1]}), frozendict()]
    yield lambda: [sentinel("SENTINEL")]
    space = {}
    exec("lazy import colorsys\ndef f(): return globals()['colorsys']", space)
    yield lambda: [space]


def streams():
    text = io.TextIOWrapper(io.BytesIO(b"one\ntwo\n" * 10), encoding="utf-8")
    text.readline()
    writes = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    writes.write("pending")
    string = io.StringIO()
    string.write("written " * 10)
    sought = io.StringIO("text " * 50)
    sought.seek(3)
    nothing = io.StringIO(newline="\r\n")
    raw = open(os.devnull, "rb", buffering=0)
    both = open(os.devnull, "r+b")
    bytesio = io.BytesIO(b"x" * 100)
    yield lambda: [text, writes, string, sought, nothing, raw, both, bytesio, bytesio.getbuffer(),
                   io.BufferedRWPair(io.BytesIO(), io.BytesIO()), io.BufferedRandom(io.BytesIO()),
                   io.IncrementalNewlineDecoder(None, True), open(os.devnull, "w"),
                   gc.get_referents(bytesio.getbuffer())]
    area = m.mmap.mmap(-1, 5000)
    view = memoryview(area)
    yield lambda: [area, view, view[10:20], view.cast("B"), memoryview(b"abc" * 100)]


def numbers():
    yield lambda: [array_iterator(), m.array.array("d", range(100)), m.array.array("B")]
    d = m.decimal
    long = d.Decimal("1." + "123456789" * 50)
    yield lambda: [d.Decimal(1), long, d.Context(prec=5), d.getcontext(), d.localcontext(),
                   d.Context().flags, long + 0, d.Decimal("NaN")]
    t = m.datetime
    zone = t.timezone(t.timedelta(hours=1), "zone")
    yield lambda: [zone, t.datetime(2020, 1, 1, tzinfo=zone), t.time(1, tzinfo=zone),
                   t.timedelta(1, 2, 3), t.date(2020, 1, 1), t.datetime.now(), t.time(3),
                   t.timezone(t.timedelta(hours=3))]
    yield lambda: [t.date(2020, 1, 1).isocalendar()]
    yield lambda: [m.random.Random(1), m.random.SystemRandom()]
    yield lambda: [m.zoneinfo.ZoneInfo("Europe/Berlin"), m.zoneinfo.ZoneInfo("UTC")]
    zone = m.zoneinfo.ZoneInfo.from_file(io.BytesIO(tzif()), key="Test/" + "Zone")
    yield lambda: [zone, zone.utcoffset(m.datetime.datetime(2020, 7, 1))]


def tzif():
    """A file of RFC 8536: two offsets, ten transitions, a rule for what comes after."""
    pack = m.struct.pack

    def part(times, size):
        head = b"TZif2" + bytes(15) + pack(">6l", 0, 0, 0, len(times), 2, 9)
        body = b"".join(pack(">q" if size == 8 else ">l", t) for t in times)
        body += bytes(i % 2 for i in range(len(times)))
        return head + body + pack(">lbb", 3600, 0, 0) + pack(">lbb", 7200, 1, 4) + b"CET\0CEST\0"

    return part([], 4) + part([i * 15000000 for i in range(10)], 8) + \
        b"\nCET-1CEST,M3.5.0,M10.5.0/3\n"


def array_iterator():
    return step(iter(m.array.array("i", [1, 2])))


def texts():
    re = m.re
    pattern = re.compile("(?P<name>a+)(b)?(a)*")
    match = pattern.match("aabaa" + Big.text)
    scanner = pattern.scanner("aab" * 5)
    yield lambda: [pattern, match, scanner, scanner.match(), pattern.finditer("aab"),
                   re.compile(b"bytes"), re.compile("b").search(Big.text), match.regs]
    pattern.sub(r"\g<name>-\2-", "aab")
    template = getattr(re, "_compile_template", None)
    if template:
        yield lambda: [template(pattern, r"x\g<name>-\2-"), template(pattern, r"\1\2\1x")]
    j = m.json
    encoder = j.encoder.c_make_encoder({}, repr, j.encoder.encode_basestring_ascii, "  ", ":",
                                       ",", True, False, True)
    yield lambda: [encoder, j.scanner.c_make_scanner(j.JSONDecoder(object_hook=len))]
    c = m.csv
    reader = c.reader(iter(["a,b,'c d'\n"] * 3), quotechar="'")
    next(reader)
    writer = c.writer(io.StringIO(), lineterminator="end\n")
    writer.writerow(["a" * 100, 2])
    yield lambda: [reader, writer, reader.dialect, writer.dialect]
    st = m.struct
    packed = st.Struct("<" + "iqd" * 5)
    yield lambda: [packed, packed.iter_unpack(b"\0" * packed.size * 2), st.Struct("b")]
    u = m.unicodedata
    yield lambda: [u.ucd_3_2_0]
    yield lambda: [list(u.iter_graphemes(Big.text))[:3], u.iter_graphemes(Big.text)]
    for name in "gb2312", "big5", "euc_jp", "iso2022_jp", "euc_kr":
        yield lambda: codecs_of(name)


def codecs_of(name):
    import codecs
    info = codecs.lookup(name)
    decoder = info.incrementaldecoder("replace")
    return [info.incrementalencoder("a " + "handler"), decoder, info.streamreader(io.BytesIO()),
            info.streamwriter(io.BytesIO(), "own " + "errors"), info]


def pickles():
    class Pickler(m._pickle.Pickler):
        def persistent_id(self, o):
            return None

    class Unpickler(m._pickle.Unpickler):
        def persistent_load(self, o):
            return None

    p = m.pickle
    out = io.BytesIO()
    pickler = m._pickle.Pickler(out, 4)
    pickler.dump([[i] for i in range(100)] + [Big.text])
    own = Pickler(io.BytesIO(), 2)
    own.dump([[1], {}])
    own.dispatch_table = {}
    unpickler = m._pickle.Unpickler(io.BytesIO(out.getvalue()), encoding="latin-1")
    unpickler.load()
    protocol0 = m._pickle.Unpickler(io.BytesIO(p.dumps([[1], "text", {1: 2}], 0)))
    protocol0.load()
    loads = Unpickler(io.BytesIO(p.dumps([[1], [2]])))
    loads.load()
    yield lambda: [pickler, own, unpickler, protocol0, loads, pickler.memo, unpickler.memo,
                   m._pickle.Pickler(io.BytesIO()), m._pickle.Unpickler(io.BytesIO()),
                   gc.get_referents(unpickler)]
    yield lambda: [p.PickleBuffer(bytearray(b"abc"))]


def documents():
    et = m.xml__etree__ElementTree
    tree = et.fromstring("<a x='1'>1<b/>2<c>3<d><e/></d></c><f/></a>")
    deep = tree.iter()
    step(deep, 4)
    builder = et.TreeBuilder()
    builder.start("a", {"x": "1"})
    builder.data("text")
    builder.start("b", {})
    parser = et.XMLParser()
    parser.feed("<a><b>text")
    pull = et.XMLPullParser(["start", "end"])
    pull.feed("<a><b>text</b>")
    yield lambda: [tree, list(tree), deep, tree.iter("e"), tree.itertext(), builder, parser, pull,
                   tree.findall("b")]
    expat = m.xml__parsers__expat.ParserCreate()
    expat.StartElementHandler = lambda name, attributes: None
    expat.CharacterDataHandler = [1].append
    expat.buffer_text = True
    expat.Parse("<a>text<b/>")
    yield lambda: [expat, expat.ExternalEntityParserCreate(None)]


def databases():
    s = m.sqlite3
    connection = s.connect(":memory:")
    connection.execute("create table t (a, b)")
    connection.executemany("insert into t values (?, ?)", [(1, "x"), (2, None), (3, "y" * 600)])
    connection.row_factory = s.Row
    connection.set_trace_callback(lambda text: None)
    connection.set_progress_handler(lambda: None, 1000)
    cursor = connection.execute("select a, b from t")
    cursor.row_factory = s.Row
    row = cursor.fetchone()
    finished = connection.execute("select 1")
    finished.fetchall()
    yield lambda: [connection, cursor, row, finished, gc.get_referents(connection),
                   gc.get_referents(cursor)]
    connection.execute("create table blobs (b blob)")
    connection.execute("insert into blobs values (zeroblob(10))")
    yield lambda: [connection.blobopen("blobs", "b", 1)]


def archives():
    data = os.urandom(1000)
    z = m.zlib
    decompressor = z.decompressobj()
    decompressor.decompress(z.compress(data) + b"unused " * 100)
    partly = z.decompressobj()
    partly.decompress(z.compress(data), 10)
    yield lambda: [z.compressobj(), decompressor, partly,
                   z.decompressobj(zdict=b"dictionary " * 60)]
    yield lambda: [limited(z._ZlibDecompressor(), z.compress(data))]
    b = m.bz2
    yield lambda: [b.BZ2Compressor(), limited(b.BZ2Decompressor(), b.compress(data))]
    x = m.lzma
    yield lambda: [x.LZMACompressor(), limited(x.LZMADecompressor(), x.compress(data))]
    zstd = m.compression__zstd
    yield lambda: [zstd.ZstdCompressor(), limited(zstd.ZstdDecompressor(), zstd.compress(data))]
    samples = [b"sample %d of a dictionary " % i * 10 for i in range(500)]
    yield lambda: [zstd.ZstdCompressor(zstd_dict=zstd.train_dict(samples, 5000))]


def limited(decompressor, compressed):
    decompressor.decompress(compressed, 10)
    return decompressor


def digests():
    h = m.hashlib
    for name in sorted(h.algorithms_available):
        yield lambda: [h.new(name)]
    for module in "_md5", "_sha1", "_sha256", "_sha512", "_sha2", "_sha3", "_blake2", "_hashlib":
        found = getattr(m, module, None)
        for name in sorted(vars(found) if found else ()):
            if name.startswith(("md5", "sha", "blake", "shake")):
                yield lambda: [getattr(found, name)(b"data")]
    yield lambda: [m.hmac.new(b"key", b"data", "sha256"), m._hashlib.hmac_new(b"key", b"", "md5")]
    yield lambda: [m._hmac.compute_md5, m._hmac.new(b"key", b"msg", "md5")]


def sockets():
    s = m.socket
    left, right = s.socketpair()
    yield lambda: [left, right]
    poll = m.select.poll()
    poll.register(left)
    yield lambda: [poll, m.select.epoll()]
    ssl = m.ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    wrapped = context.wrap_bio(incoming, outgoing, server_hostname="host.example" + "." + "org")
    yield lambda: [context, incoming, outgoing, wrapped, wrapped._sslobj]
    other = s.socket()
    tls = ssl.SSLContext(getattr(ssl, "PROTOCOL_TLS_SERVER", ssl.PROTOCOL_TLS))
    tls.set_servername_callback(lambda *a: None)
    yield lambda: [tls.wrap_socket(left, server_side=True, do_handshake_on_connect=False), other]


def threads():
    t = m.threading
    local = t.local()
    local.value = [1]
    with_arguments = type("Local", (t.local,), {"__init__": lambda self, *a, **k: None})([1], k=[2])
    lock, rlock = t.Lock(), t.RLock()
    lock.acquire()
    rlock.acquire()
    set_there, stay = t.Event(), t.Event()

    def work():
        local.value = [2]
        with_arguments.other = [3]
        set_there.set()
        stay.wait()

    thread = t.Thread(target=work, daemon=True)
    thread.start()
    set_there.wait()
    yield lambda: [local, with_arguments, lock, rlock, t.Condition(), thread,
                   list(vars(thread).values()), gc.get_referents(local)]
    kept.append(stay)
    queue = m.queue.SimpleQueue()
    for i in range(30):
        queue.put([i])
    for i in range(20):
        queue.get()
    yield lambda: [queue, m.queue.SimpleQueue(), m.queue.Queue()]


def frames():
    def inner(x=[1]):
        y = [2]
        return sys._getframe(), lambda: (x, y)

    frame, function = inner()
    yield lambda: [frame, function, function.__closure__, frame.f_locals, frame.f_back]
    try:
        raise ValueError([1]) from KeyError("k")
    except ValueError as error:
        failure = error
    yield lambda: [failure, failure.__traceback__, failure.__traceback__.tb_frame]
    yield lambda: [raised(lambda: ExceptionGroup("m", [failure])), raised(lambda: [][1]),
                   raised(lambda: None.attribute), raised(lambda: nameless)]
    yield lambda: [raised(lambda: open("/no/such/file")), raised(lambda: b"\xff".decode()),
                   raised(lambda: "\ud800".encode()), raised(lambda: compile("a b", "f", "exec"))]


def raised(function):
    try:
        return function()
    except Exception as error:
        return error


class Point(m.ctypes.Structure):
    _fields_ = [("x", m.ctypes.c_int), ("y", m.ctypes.c_int), ("p", m.ctypes.c_char_p)]


class Bits(m.ctypes.Structure):
    _fields_ = [("a", m.ctypes.c_int, 3), ("b", m.ctypes.c_int, 5)]


def foreign():
    c = m.ctypes
    callback = c.CFUNCTYPE(c.c_int, c.c_int, c.py_object)(lambda x, y: 1)
    many = (Point * 100)()
    many[3].p = b"text"
    string = c.c_char_p(b"some bytes")
    strlen = c.CDLL(None).strlen
    strlen.argtypes = [c.c_char_p]
    strlen.restype = c.c_size_t
    strlen.errcheck = lambda *a: a[0]
    yield lambda: [callback, many, many[3], string, strlen, Point, Bits, Point.x, Bits.a,
                   c.pointer(many), c.byref(string), c.cast(string, c.c_void_p), c.POINTER(Point),
                   Point * 7, c.create_string_buffer(1000), c.c_int(3), c.py_object([1]),
                   type("Both", (c.Union,), {"_fields_": [("i", c.c_int), ("p", Point)]})(),
                   c.CFUNCTYPE(c.c_int, Point), type("Sub", (Point,), {})(), type(Point),
                   gc.get_referents(callback), c.c_wchar_p("wide " * 5), c.pythonapi.Py_IncRef]
    yield lambda: [Point.from_param(many[1]), c.c_char_p.from_param(b"bytes"),
                   c.c_int.from_buffer(bytearray(8))]


class Buffer:
    def __buffer__(self, flags):
        return memoryview(b"abc")


def rare():
    yield lambda: [m._codecs.charmap_build("".join(map(chr, range(256))))]
    yield lambda: [each_exception()]
    yield lambda: [m.csv.Error("csv"), m.ssl.SSLError(1, "ssl")]
    yield lambda: [m._dbm.open("beast", "n")]
    yield lambda: [types.new_class("Own", (m.typing.Generic[m.typing.TypeVar("T")],))()]
    yield lambda: [m.random.Random(3), os.sched_param(1)]
    yield lambda: held_buffer()
    yield lambda: profiled()
    yield lambda: [m.threading.ExceptHookArgs((ValueError, ValueError(1), None, None))]
    yield lambda: [m._tokenize.TokenizerIter(iter(["a = 1\n"]).__next__, extra_tokens=True)]
    yield lambda: [m._tokenize.TokenizerIter("a = 1")]
    yield lambda: [m.typing.TypeVar("T", bound=int).evaluate_bound]
    yield lambda: evaluators()
    yield lambda: [os.statx(".", 0xfff)]


def held_buffer():
    held = memoryview(Buffer())
    return [held, gc.get_referents(gc.get_referents(held)[0])]


def profiled():
    profiler = m._lsprof.Profiler(subcalls=True)
    profiler.enable()
    each_exception()
    profiler.disable()
    return [profiler, profiler.getstats()]


def evaluators():
    space = {}
    exec("type Alias = [1]\nclass C[T = int]: pass", space)
    return [space["Alias"].evaluate_value, space["C"].__type_params__[0].evaluate_default]


def each_exception():
    """One of each builtin class of exceptions, with what it takes."""
    found = []
    arguments = ((), ("m", [ValueError(1)]), ("utf-8", b"x", 0, 1, "why"), ("utf-8", "x", 0, 1, "why"),
                 ("x", 0, 1, "why"))
    for cls in sorted(vars(m.builtins).values(), key=str):
        if not isinstance(cls, type) or not issubclass(cls, BaseException):
            continue
        for some in arguments:
            try:
                found.append(cls(*some))
                break
            except TypeError:
                pass
    return found


def odds():
    with m.tempfile.TemporaryDirectory(dir=".") as directory:
        open(os.path.join(directory, "file"), "w").close()
        scan = os.scandir(directory)
        entries = list(os.scandir(directory))
        entries[0].stat()
        step(scan)
        kept.append(scan)
    yield lambda: [scan, entries, os.stat("."), os.times(), os.uname(), m.time.gmtime(),
                   os.statvfs("."), os.terminal_size((1, 2)), m.resource.getrusage(0)]
    yield lambda: [sys.flags, sys.float_info, sys.hash_info, sys.thread_info, sys.version_info,
                   sys.int_info, sys.get_asyncgen_hooks()]
    yield lambda: [m.pwd.getpwuid(0), m.grp.getgrgid(0)]
    yield lambda: [m.abc.ABC._abc_impl, m.collections__abc.Sized._abc_impl]
    yield lambda: [m.datetime.datetime_CAPI, m._socket.CAPI, m.socket.CAPI]
    yield lambda: [m._symtable.symtable("def f(x):\n return x", "f", "exec")]
    yield lambda: [m._lsprof.Profiler()]
    yield lambda: [m._multiprocessing.SemLock(1, 1, 1, "/beast%d" % os.getpid(), True)]
    yield lambda: [compile("x = 1\nfor i in y: print(i)", "f", "exec", m.ast.PyCF_ONLY_AST)]
    proxied = Plain()
    weakref = m.weakref
    kept.append(proxied)
    yield lambda: [weakref.ref(proxied, len), weakref.proxy(proxied, len), weakref.proxy(len, len),
                   weakref.ref(proxied), weakref.WeakKeyDictionary({proxied: [1]}),
                   weakref.finalize(proxied, len, [1])]
    yield lambda: [property(len, None, len, "doc"), classmethod(len), staticmethod(len),
                   types.SimpleNamespace(a=[1]), types.MappingProxyType({"a": [1]}),
                   types.ModuleType("made"), object.__init__, int.real, dict.fromkeys]


FAMILIES = (iterators, itertools, callables, awaitables, contexts, typed, templates, newest, streams,
            numbers, texts, pickles, documents, databases, archives, digests, sockets, threads,
            frames, foreign, odds, rare)


def arrays():
    """Of numpy, which few have: when a program asks for it."""
    np = importlib.import_module("numpy")
    grid = np.arange(6000.0).reshape(100, 60)
    objects = np.array([[[1], "two"], [None, {3: 4}]], dtype=object)
    records = np.zeros(50, dtype=[("number", "i4"), ("what", "O"), ("at", "f8", (3,))])
    records["what"][7] = ["held"]
    class Own(np.ndarray):
        pass
    own = np.zeros(30).view(Own)
    own.label = ["label"]
    yield lambda: [grid, grid[3:5], grid.T, grid.copy(order="F"), objects, objects.T, objects[1],
                   np.asfortranarray(objects), records, records[7], records["what"],
                   records.dtype, records.dtype.fields, np.zeros(()), np.zeros((0, 5)),
                   np.array(["text", "longer"]), np.array(["a"], dtype="S10"),
                   np.array(["2020-01-01"], dtype="M8[D]"), np.dtype("f8"), np.dtype("O"),
                   np.dtype((np.int32, (2, 3))), np.dtype("i4", metadata={"a": [1]}),
                   np.float64(1.5), np.int32(3), np.bool_(True), np.str_("s"), np.bytes_(b"s"),
                   np.datetime64("2020-01-01"), own, np.ma.array([1, 2], mask=[0, 1]),
                   np.frombuffer(bytearray(80)), np.add, np.nditer(grid), grid.flat,
                   np.broadcast(grid, 1), np.random.default_rng(1), grid.__array_interface__,
                   np.empty(100, dtype=object), np.ones(1000000, dtype="i1")]


def fill(families=FAMILIES):
    """Make all there are. @return why some were not made"""
    failures = []
    for name in c_modules() + list(PURE):
        try:
            importlib.import_module(name)
        except Exception as error:
            failures.append("%s: %r" % (name, error))
    for family in families:
        makers = family()
        while True:
            try:
                maker = next(makers)
            except StopIteration:
                break
            except Exception as error:
                failures.append("%s: %r" % (family.__name__, error))
                break
            try:
                made.append(maker())
            except Exception as error:
                failures.append("%s: %r" % (family.__name__, error))
    return failures


def c_types():
    """Every type that is of C code."""
    seen = {}
    todo = [object] + [o for o in gc.get_objects() if issubclass(type(o), type)]
    while todo:
        cls = todo.pop()
        if id(cls) not in seen:
            seen[id(cls)] = cls
            todo.extend(type.__subclasses__(cls))
    return [cls for cls in seen.values() if is_c(cls)]


def is_c(cls):
    if not cls.__flags__ & 1 << 9:
        return True  # no heap type
    # A class statement leaves functions, or where it was.
    return "." in tp_name(cls) and "__firstlineno__" not in cls.__dict__


def tp_name(cls):
    address = m.ctypes.c_uint64.from_address(id(cls) + object.__basicsize__ + 8).value
    return m.ctypes.string_at(address).decode()
