/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

const struct decoder pycore_dec_generic = { .fields = NULL };

/*
 * Its words are a pointer of C code, often to a table of types and functions that looks like an
 * object, and functions: nothing that it owns as objects own one another. But where it leads
 * to memory that C code has for itself, references may be.
 */
static const struct decoder dec_capsule = { .inside = emit_body };

const struct decoder_name pycore_decoder_names[] = {
	{ "NoneType", &pycore_dec_none },
	{ "NotImplementedType", &pycore_dec_not_implemented },
	{ "PyCapsule", &dec_capsule },
	{ "_io.BufferedRandom", &pycore_dec_buffered },
	{ "_io.BufferedReader", &pycore_dec_buffered },
	{ "_io.BufferedWriter", &pycore_dec_buffered },
	{ "_io.BytesIO", &pycore_dec_bytesio },
	{ "_io.StringIO", &pycore_dec_stringio },
	{ "Struct", &pycore_dec_struct },
	{ "_struct.Struct", &pycore_dec_struct },
	{ "_queue.SimpleQueue", &pycore_dec_simple_queue },
	{ "Element", &pycore_dec_element },
	{ "array.array", &pycore_dec_array },
	{ "async_generator", &pycore_dec_coroutine },
	{ "bool", &pycore_dec_bool },
	{ "buffer", &pycore_dec_buffer },
	{ "builtin_function_or_method", &pycore_dec_builtin },
	{ "builtin_method", &pycore_dec_builtin },
	{ "bytearray", &pycore_dec_bytearray },
	{ "cStringIO.StringI", &pycore_dec_string_input },
	{ "cStringIO.StringO", &pycore_dec_string_output },
	{ "cell", &pycore_dec_cell },
	{ "classmethod", &pycore_dec_classmethod },
	{ "classmethod_descriptor", &pycore_dec_descriptor },
	{ "classobj", &pycore_dec_classobj },
	{ "code", &pycore_dec_code },
	{ "collections.OrderedDict", &pycore_dec_ordereddict },
	{ "collections.defaultdict", &pycore_dec_defaultdict },
	{ "collections.deque", &pycore_dec_deque },
	{ "complex", &pycore_dec_complex },
	{ "coroutine", &pycore_dec_coroutine },
	{ "datetime.datetime", &pycore_dec_datetime },
	{ "datetime.time", &pycore_dec_time },
	{ "dictproxy", &pycore_dec_mappingproxy },
	{ "ellipsis", &pycore_dec_ellipsis },
	{ "file", &pycore_dec_file },
	{ "float", &pycore_dec_float },
	{ "frame", &pycore_dec_frame },
	{ "frozendict", &pycore_dec_dict },
	{ "frozenset", &pycore_dec_frozenset },
	{ "function", &pycore_dec_function },
	{ "functools._lru_cache_wrapper", &pycore_dec_lru_cache },
	{ "functools._lru_list_elem", &pycore_dec_lru_elem },
	{ "functools.partial", &pycore_dec_partial },
	{ "generator", &pycore_dec_generator },
	{ "getset_descriptor", &pycore_dec_descriptor },
	{ "instance", &pycore_dec_instance },
	{ "instancemethod", &pycore_dec_instancemethod },
	{ "managedbuffer", &pycore_dec_managedbuffer },
	{ "mappingproxy", &pycore_dec_mappingproxy },
	{ "member_descriptor", &pycore_dec_descriptor },
	{ "memoryview", &pycore_dec_memoryview },
	{ "method", &pycore_dec_method },
	{ "method_descriptor", &pycore_dec_descriptor },
	{ "module", &pycore_dec_module },
	{ "property", &pycore_dec_property },
	{ "set", &pycore_dec_set },
	{ "slice", &pycore_dec_slice },
	{ "staticmethod", &pycore_dec_staticmethod },
	{ "traceback", &pycore_dec_traceback },
	{ "unicode", &pycore_dec_unicode },
	{ "weakcallableproxy", &pycore_dec_weakref },
	{ "weakproxy", &pycore_dec_weakref },
	{ "weakref", &pycore_dec_weakref },
	{ "weakref.CallableProxyType", &pycore_dec_weakref },
	{ "weakref.ProxyType", &pycore_dec_weakref },
	{ "weakref.ReferenceType", &pycore_dec_weakref },
	{ "wrapper_descriptor", &pycore_dec_descriptor },
	{ "xml.etree.ElementTree.Element", &pycore_dec_element },
	{ "xrange", &pycore_dec_xrange },
	{ NULL, NULL },
};

static const struct {
	uint64_t flag;
	const struct decoder *decoder;
} by_flag[] = {
	{ TPFLAGS_INT, &pycore_dec_machine_int },
	{ TPFLAGS_LONG, &pycore_dec_int },
	{ TPFLAGS_LIST, &pycore_dec_list },
	{ TPFLAGS_TUPLE, &pycore_dec_tuple },
	{ TPFLAGS_BYTES, &pycore_dec_bytes },
	{ TPFLAGS_UNICODE, &pycore_dec_str },
	{ TPFLAGS_DICT, &pycore_dec_dict },
	{ TPFLAGS_BASE_EXC, &pycore_dec_exception },
	{ TPFLAGS_TYPE, &pycore_dec_type },
};

const struct named_decoder *const pycore_decoder_tables[] = {
	pycore_async_types,    pycore_buffer_types, pycore_builtin_types,   pycore_codecs_types,
	pycore_context_types,  pycore_ctypes_types, pycore_iterators_types, pycore_itertools_types,
	pycore_numpy_types,    pycore_pickle_types, pycore_profile_types,   pycore_sqlite_types,
	pycore_stdlib_types,   pycore_typing_types, pycore_xml_types,       pycore_zone_types,
	NULL,
};

const struct decoder *decoder_named(const char *tp_name)
{
	for (const struct decoder_name *n = pycore_decoder_names; n->tp_name; n++) {
		if (!strcmp(n->tp_name, tp_name))
			return n->decoder;
	}
	for (size_t i = 0; pycore_decoder_tables[i]; i++) {
		for (const struct named_decoder *d = pycore_decoder_tables[i]; d->tp_name; d++) {
			if (!strcmp(d->tp_name, tp_name))
				return &d->decoder;
		}
	}
	return NULL;
}

const struct decoder *decoder_for(const char *tp_name, uint64_t flags, const struct decoder *base)
{
	const struct decoder *d = tp_name ? decoder_named(tp_name) : NULL;

	if (d)
		return d;
	if (base && base != &pycore_dec_generic)
		return base;
	for (size_t i = 0; i < sizeof(by_flag) / sizeof(*by_flag); i++) {
		if (flags & by_flag[i].flag)
			return by_flag[i].decoder;
	}
	return &pycore_dec_generic;
}
