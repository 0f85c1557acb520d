"""Every object of this process, as near as it can tell by itself.

The collector tells what it tracks and what that refers to. It is not told all: not of
keys of dicts that are strings, fields of code objects, names of types and descriptors.
These are read from the objects' own memory and from the static data of the modules that
are loaded: a word there that is the address of an object refers to it. For that nothing
need be known of any structure but the two words that every object begins with, so this
says nothing of what pycore knows of structures, and nothing that it reads is made by
asking: co_varnames, __qualname__ and their like are made when they are asked for.
"""

import array
import collections
import ctypes
import gc
import os
import sys
import types

import truth

try:
    import typing
except ImportError:
    typing = None  # 2.7

# They hold no references: what looks like one is a number, text, or C code's own.
LEAVES = (int, float, complex, str, bytes, array.array)
if sys.version_info < (3,):
    LEAVES += (long, unicode)
# "Q" is not known to 2.7.
WORD = "L"
# Of every object: a count and a type; in free-threaded builds more; of debug builds of 2.7 two
# links stand before them.
HEAD = object.__basicsize__
# The count that objects of frozen code begin with in 3.11, where an address may be, too.
FOR_EVER = 999999999
# Of static types there is no more than this.
STATIC_TYPE = HEAD + 384
# Types of which C code has some that nobody else knows of, though they are collected.
STATICS = ("ContextVar", "dict") if sys.version_info < (3, 10) else ("ContextVar",)
# Bytes of PyGC_Head; to 3.7 with gc_refs, of which the lowest bits are flags since 3.4.
GC_HEAD = 16 if sys.version_info >= (3, 8) else 32
COUNT_SHIFT = 1 if sys.version_info >= (3, 4) else 0
# _PyGC_REFS_UNTRACKED, -2; _PyGC_REFS_REACHABLE is -3.
NOT_TRACKED = (1 << 64 - COUNT_SHIFT) - 2
# OPCACHE_MIN_RUNS, and one more.
CALLS_OF_WARM = 1025
# What of_whom() says of types of whose objects the collector need not know.
UNTRACKED = "untracked"
# What a for statement keeps, and the collector does not track.
RANGE_ITERATOR = type(iter(range(0)))
# No program of ours has an object of that size.
MOST_BYTES = 1 << 31
# Words before the local variables of a running frame.
FRAME_HEAD = 9
# PyBUF_READ
READ_ONLY = 0x100
# PyModuleDef.m_size
MODULE_SIZE = HEAD + 40
# _Py_hashtable_t, with the two functions that its memory is from.
HASH_TABLE = 80
MALLOC = ctypes.cast(ctypes.pythonapi.PyMem_Malloc, ctypes.c_void_p).value
# Of a thread's state, what can hold references.
THREAD_STATE = 512 if sys.version_info >= (3, 13) else 256
# PF_W, PF_R
WRITABLE, READABLE = 2, 4
# Py_TPFLAGS_MANAGED_DICT, Py_TPFLAGS_HEAPTYPE, Py_TPFLAGS_HAVE_GC
MANAGED_DICT = 1 << 4
HEAP_TYPE = 1 << 9
HAVE_GC = 1 << 14

# They have names that are strings, and tp_traverse leaves these out.
PARTLY_KNOWN = (types.GeneratorType, type(str.join), type(dict.__dict__["fromkeys"]),
                types.CodeType, types.MemberDescriptorType, types.GetSetDescriptorType, types.ModuleType,
                type(object.__init__), property, slice)
if typing:
    PARTLY_KNOWN += (types.CoroutineType, types.AsyncGeneratorType, typing.TypeVar)


class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class ProgramHeader(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("offset", ctypes.c_uint64),
                ("address", ctypes.c_uint64), ("unused", ctypes.c_uint64),
                ("in_file", ctypes.c_uint64), ("size", ctypes.c_uint64), ("align", ctypes.c_uint64)]


class LoadedModule(ctypes.Structure):
    _fields_ = [("base", ctypes.c_uint64), ("name", ctypes.c_char_p),
                ("headers", ctypes.POINTER(ProgramHeader)), ("count", ctypes.c_uint16)]


def function(library, name, result, *arguments):
    """One of C, whose types are said once: each saying leaves objects behind."""
    found = getattr(library, name)
    found.restype = result
    found.argtypes = arguments
    return found


LIBC = ctypes.CDLL(None)
API = ctypes.pythonapi
READ = function(LIBC, "process_vm_readv", ctypes.c_ssize_t, ctypes.c_int, ctypes.POINTER(IoVec),
                ctypes.c_ulong, ctypes.POINTER(IoVec), ctypes.c_ulong, ctypes.c_ulong)
if sys.version_info >= (3,):
    LOOK = function(API, "PyMemoryView_FromMemory", ctypes.py_object, ctypes.c_void_p,
                    ctypes.c_ssize_t, ctypes.c_int)
INTERPRETERS = function(API, "PyInterpreterState_Head", ctypes.c_void_p)
THREADS = function(API, "PyInterpreterState_ThreadHead", ctypes.c_void_p, ctypes.c_void_p)
NEXT_THREAD = function(API, "PyThreadState_Next", ctypes.c_void_p, ctypes.c_void_p)
STATE_OF_MODULE = SIZE_OF_STATE = None
if hasattr(API, "PyModule_GetState"):
    STATE_OF_MODULE = function(API, "PyModule_GetState", ctypes.c_void_p, ctypes.py_object)
if hasattr(API, "PyModule_GetStateSize"):
    SIZE_OF_STATE = function(API, "PyModule_GetStateSize", ctypes.c_int, ctypes.py_object,
                             ctypes.POINTER(ctypes.c_ssize_t))
elif STATE_OF_MODULE:
    DEFINITION = function(API, "PyModule_GetDef", ctypes.c_void_p, ctypes.py_object)


class Memory:
    """Reads of addresses that may be no addresses at all."""

    def __init__(self):
        self.bytes = ctypes.create_string_buffer(HEAD)
        self.words = (ctypes.c_uint64 * (HEAD // 8)).from_buffer(self.bytes)
        self.here = IoVec(ctypes.addressof(self.bytes), HEAD)
        self.there = IoVec(0, HEAD)
        self.pid = os.getpid()

    def readable(self, address):
        self.there.base = address
        return READ(self.pid, self.here, 1, self.there, 1, 0) == HEAD

    def is_object(self, address, kinds):
        if not self.readable(address):
            return False
        if truth.FREE_THREADED:
            return self.has_count(kinds)
        references, kind = self.words[HEAD // 8 - 2:]
        # What is free has no count: 0, or the address of the next that is free. From
        # 3.14 on there are flags above the count.
        flags = references >> 48 if sys.version_info >= (3, 14) else 0
        if (kind not in kinds or not references & 0xffffffff
                or (references >> 32) - (flags << 16) >= 4 or flags >= 16):
            return False
        # Where the heap begins low, two addresses look like a count and a type.
        if (references >= 65536 and not references & 7 and abs(references - FOR_EVER) > 65536
                and self.readable(references)):
            return False
        return not kinds[kind] or self.has_head(address, kinds[kind])

    def has_count(self, kinds):
        """Of the words that were read: a type, and a count in two parts, that of the owner first."""
        unused, flags, others, kind = self.words
        owner = flags >> 32
        others = (others >> 2) - (others >> 63 << 62)
        return kind in kinds and (owner == 0xffffffff or 0 < owner + others < 1 << 32)

    def has_head(self, address, tracked):
        """Whether the collector's links are before it: what is left over in memory has none, nor
        has part of another object. What is linked is linked both ways; the lowest bits are flags.
        """
        if any(start <= address < end for start, end in SEGMENTS):
            return True
        head = address - GC_HEAD
        if GC_HEAD > 16:
            # What is behind the links says whether there are any.
            state = self.readable(head + 16) and self.words[0] >> COUNT_SHIFT
            if state == NOT_TRACKED:
                return tracked is UNTRACKED
            if state != NOT_TRACKED - 1:
                return False
        if not self.readable(head):
            return False
        after, before = self.words[0], self.words[1] & ~3
        if not after:
            return tracked is UNTRACKED and not before
        return (self.readable(after & ~3) and self.words[1] & ~3 == head
                and self.readable(before) and self.words[0] & ~3 == head)


def words(address, size):
    """A look at memory, not a copy: that would stay behind and look like what it is of. (2.7 has
    no other way; there only text is looked for where it may have been.)
    """
    if sys.version_info < (3,):
        return array.array(WORD, ctypes.string_at(address, size & ~7))
    return LOOK(address, size & ~7, READ_ONLY).cast(WORD)


def all_kinds():
    kinds = {object}
    todo = [object]
    while todo:
        for kind in type.__subclasses__(todo.pop()):
            if kind not in kinds:
                kinds.add(kind)
                todo.append(kind)
    return kinds


def static_kinds():
    """Types of C code that are static: what is not told of is of one of these."""
    return [kind for kind in all_kinds() if not kind.__flags__ & HEAP_TYPE]


def of_whom(kind):
    """Whether the collector knows its instances: HAVE_GC, UNTRACKED where it need not, or None.

    Not True and False: there are few references to those, which are counted.
    """
    if not kind.__flags__ & HAVE_GC:
        return None
    # Nor of a frame while it runs (to 3.10).
    free = tuple, dict, types.FrameType
    return UNTRACKED if issubclass(kind, free) or kind.__name__ in STATICS else HAVE_GC


def by_address(kinds):
    return {id(kind): of_whom(kind) for kind in kinds}


def static_data(kind_of_access=WRITABLE):
    """[start, end) of that data of each module that is loaded."""
    found = []

    def note(module, size, unused):
        module = module.contents
        for number in range(module.count):
            header = module.headers[number]
            if header.kind == 1 and header.flags & kind_of_access:
                start = module.base + header.address
                found.append((start + 7 & ~7, start + header.size))
        return 0

    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(LoadedModule), ctypes.c_size_t,
                            ctypes.c_void_p)
    LIBC.dl_iterate_phdr(kind(note), None)
    return found


MEMORY = Memory()
SEGMENTS = static_data()


def thread_states():
    """Addresses: a thread's dict, untracked if nothing tracked is in it, is known to them alone."""
    state = THREADS(INTERPRETERS())
    while state:
        yield state
        state = NEXT_THREAD(state)


def interpreter_state():
    """The words of it where it is no static data and has strings of one letter, each kept when it
    is made (3.10): those before the cache of methods, whose references may dangle.
    """
    return words(INTERPRETERS(), 15000) if sys.version_info[:2] == (3, 10) else []


def is_table(at):
    """Whether there is a hash table of C's, of which CPython does not know what it keeps in it."""
    if not (at & 7 == 0 and at >> 12 and not at >> 47 and MEMORY.readable(at)
            and MEMORY.readable(at + HASH_TABLE - HEAD)):
        return False
    entries, buckets, first = words(at, 24)
    return (words(at + HASH_TABLE - 16, 8)[0] == MALLOC and 0 < buckets < 1 << 24
            and not buckets & buckets - 1 and entries < 1 << 24 and MEMORY.readable(first))


def constants_of_all_code():
    """Where there is no GIL the constants of code that is gone, too: a table of C's has each
    once, and for ever (_Py_hashtable_t, of 3.13).
    """
    state = INTERPRETERS()
    end, = [end for start, end in SEGMENTS if start <= state < end]
    for word in words(state, end - state):
        if not is_table(word):
            continue
        unused, buckets, first = words(word, 24)
        for entry in words(first, buckets * 8):
            while entry:
                entry, unused, key, value = words(entry, 32)
                if key == value:
                    yield key


def module_state(module):
    """The words of memory that C code has for itself in a module."""
    if not STATE_OF_MODULE:
        return []  # 2.7 has static data alone
    state = STATE_OF_MODULE(module)
    size = ctypes.c_ssize_t()
    if SIZE_OF_STATE:
        SIZE_OF_STATE(module, ctypes.byref(size))
    elif DEFINITION(module):
        size.value = ctypes.c_ssize_t.from_address(DEFINITION(module) + MODULE_SIZE).value
    return words(state, size.value) if state and size.value > 0 else []


def running_frames():
    """Of every thread; since 3.11 there is no such object until somebody asks for it."""
    for frame in sys._current_frames().values():
        while frame:
            yield frame
            frame = frame.f_back


def referents(thing):
    """As the collector tells. Not of modules: _asyncio's tells of freed objects (3.12), which
    are freed once more when the answer is.
    """
    if isinstance(thing, types.ModuleType):
        return [vars(thing)]
    return gc.get_referents(thing)


def frame_words(frame):
    """The local variables of a running frame, of which the collector is not told since 3.11,
    and its stack of values, of which it is never told.
    """
    if sys.version_info < (3, 11):
        return [], words(id(frame) + HEAD, sys.getsizeof(frame) - 16 - HEAD)
    code = frame.f_code
    size = FRAME_HEAD + code.co_nlocals + len(code.co_cellvars) + len(code.co_freevars)
    at = words(id(frame) + HEAD + 8, 8)[0]
    return words(at, size * 8), words(at + size * 8, code.co_stacksize * 8)


def body(thing):
    """The words of an object that may be references the collector does not know of.

    It knows nothing of types that it never tracks, and not all of a few others. Of any
    other a look would find nothing but what it does not own: memory of buffers, borrowed
    references that may dangle.
    """
    kind = type(thing)
    size = HEAD
    if isinstance(thing, type):
        size = kind.__basicsize__ if thing.__flags__ & HEAP_TYPE else STATIC_TYPE
    elif isinstance(thing, bytearray):
        # Its memory is that of a bytes object from 3.15 on.
        size = bytearray.__basicsize__
    elif kind in PARTLY_KNOWN or not (kind.__flags__ & HAVE_GC or isinstance(thing, LEAVES)):
        size = kind.__basicsize__
        if kind is types.CodeType and (3, 8) <= sys.version_info < (3, 10):
            size -= 32  # the opcode cache: behind a short map is what was there before it
    # Not the words of the head: a copy of those would look like one more object.
    found = array.array(WORD, words(id(thing) + HEAD, size - HEAD))
    if isinstance(thing, type):
        # tp_name is text, and behind a short one is what was there before it. Some types
        # have it twice.
        found = array.array(WORD, [word for word in found if word != found[1]])
    if kind.__name__ == "ndarray":
        # numpy's. Its first words are memory that may be anything, but for arrays of objects.
        found = found[4:]
        if thing.dtype.hasobject:
            found.extend(words(thing.ctypes.data, thing.nbytes))
    if kind.__flags__ & MANAGED_DICT and sys.version_info >= (3, 11):
        # Its __dict__, of which 3.13.0 does not tell while the values are inline.
        found.extend(words(id(thing) - (16 if truth.FREE_THREADED else 32), 16))
    return found


def is_leaf(kind):
    """Whether objects of the type refer to nothing that the collector or their bodies tell of."""
    return not kind.__flags__ & HAVE_GC and issubclass(kind, LEAVES)


def has_body(kind):
    """Whether body() of an object of the type may have words at all."""
    return (issubclass(kind, (type, bytearray)) or kind in PARTLY_KNOWN
            or not (kind.__flags__ & HAVE_GC or issubclass(kind, LEAVES))
            or kind.__name__ == "ndarray"
            or kind.__flags__ & MANAGED_DICT and sys.version_info >= (3, 11))


class Census(object):
    """type -> [count, bytes, tracked] of all that can be reached."""

    def __init__(self):
        self.rows = {}
        # Of most objects no more than that: types by what need not be asked of their objects.
        self.leaves = set()
        self.without_body = set()
        self.memory = MEMORY
        self.not_objects = set()
        # The frames that code objects keep (3.9) are dead, or run while we look. Of an object()
        # there is no more to see than a count and its type: so begin the length and the items
        # of many a tuple of bases, where another object was once.
        self.types = static_kinds()
        self.kinds = by_address(kind for kind in self.types
                                if kind not in (types.FrameType, object))
        # Those that have no free lists.
        self.of_statics = by_address(
            kind for kind in self.types
            if kind.__name__ in STATICS or not kind.__flags__ & HAVE_GC
            and kind not in (float, types.CodeType, object))
        self.seen = {id(self), id(vars(self)), id(self.types), id(self.of_statics), id(self.rows),
                     id(self.kinds), id(self.not_objects)}
        self.seen.update((id(self.seen), id(self.leaves), id(self.without_body)))
        for kinds in self.kinds, self.of_statics:
            self.seen.update(map(id, kinds))

    def objects_at(self, candidates, kinds=None):
        found = []
        for word in candidates:
            if (word & 7 or word < 4096 or word >> 47 or word in self.seen
                    or word in self.not_objects):
                continue
            if self.memory.is_object(word, kinds or self.kinds):
                thing = ctypes.cast(word, ctypes.py_object).value
                # What is left over from a list looks like one, of nonsensical length.
                if sys.getsizeof(thing) < MOST_BYTES:
                    found.append(thing)
            elif not kinds:
                self.not_objects.add(word)
        return found

    def objects_of_any_type(self, candidates):
        kinds = by_address(self.rows)
        kinds.update(self.kinds)
        return self.objects_at(candidates, kinds)

    def static_roots(self):
        """What static data refers to and is of a type that has no free list: those are static
        too, and lead to what is taken from them while we look, or what is free. Nor what is
        static itself: only C code in a module knows of it.

        The data may also say where something was, and is not any more (the cache of methods).
        A number may be there that we have in hand, but nobody else has.
        """
        ours, = [sys.getrefcount(thing) - 1 for thing in [object()]]
        found = [thing for start, end in SEGMENTS
                 for thing in self.objects_at(words(start, end - start), self.of_statics)
                 if not any(first <= id(thing) < last for first, last in SEGMENTS)]
        times = collections.Counter(map(id, found))
        return [thing for thing in found if sys.getrefcount(thing) > ours + times[id(thing)]]

    def interned(self):
        """The table of interned strings, which keeps those that nothing else does."""
        probe = sys.intern("".join(["in ", "that table"]))
        found = [table for start, end in SEGMENTS
                 for table in self.objects_at(words(start, end - start), {id(dict): None})
                 if table.get(probe) is probe]
        assert len(found) == 1
        return found

    def note(self, thing, size):
        """For those who want to know more of the objects than their counts."""

    def row_of(self, kind):
        row = self.rows.get(kind)
        if row is None:
            row = self.rows[kind] = [0, 0, 0]
            self.seen.add(id(row))
            if is_leaf(kind):
                self.leaves.add(kind)
            if not has_body(kind):
                self.without_body.add(kind)
        return row

    def follow(self, todo):
        seen = self.seen
        seen.add(id(todo))
        seen.add(id(sys._getframe()))
        while todo:
            thing = todo.pop()
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            kind = type(thing)
            row = self.rows.get(kind) or self.row_of(kind)
            size = sys.getsizeof(thing)
            row[0] += 1
            row[1] += size
            self.note(thing, size)
            if kind in self.leaves:
                continue
            row[2] += gc.is_tracked(thing)
            todo += referents(thing)
            if isinstance(thing, dict):
                todo += dict.keys(thing)
            if kind not in self.without_body:
                todo += self.objects_at(body(thing))
            if isinstance(thing, types.ModuleType):
                todo += self.objects_of_any_type(module_state(thing))


def warm(census):
    """Call what is called for each object so often that 3.8 to 3.10 keep what it looks up, in memory
    that is its code's: before that is counted.
    """
    things = census.types
    for unused in range(CALLS_OF_WARM):
        census.objects_at(body(things))
        census.memory.has_head(id(things), HAVE_GC)
        of_whom(list)
        truth.name_of(list)


def count(census=None, frames=()):
    """type -> [count, bytes, tracked]. @p frames run, and will run on."""
    segments = static_data()
    if segments != SEGMENTS:  # more has been loaded
        SEGMENTS[:] = segments
    del segments
    census = census or Census()
    if (3, 8) <= sys.version_info < (3, 11):
        warm(census)
    # A caller's frame that is looked at would stay, and hold what it knows.
    frame = sys._getframe()
    census.seen.add(id(frame))
    del frame
    # Before there are addresses by the hundred thousand, each of them an int that may be where
    # something was.
    census.follow(census.static_roots())
    census.follow(census.objects_at(interpreter_state(), census.of_statics))
    census.follow(gc.get_objects())
    # Some are made ready when they are first asked for something: by now.
    census.follow(static_kinds())
    for state in thread_states():
        census.follow(census.objects_of_any_type(words(state, THREAD_STATE)))
    if truth.FREE_THREADED:
        constants = array.array(WORD, constants_of_all_code())
        # One of a module's body, which is gone, is there, or that is not the table.
        assert id(os.makedirs.__defaults__) in constants
        census.follow(census.objects_at(constants))
        census.follow(census.interned())
    census.follow(list(frames))
    for frame in frames:
        variables, stack = frame_words(frame)
        census.follow(census.objects_at(variables))
        # Behind the top of the stack is what has been there: take what cannot be mistaken.
        census.follow(census.objects_at(stack, by_address([RANGE_ITERATOR])))
    return census.rows
