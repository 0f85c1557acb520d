/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* Types of the standard library's C modules that are a handful of references. */

static const struct ref_field key_fields[] = {
	{ F_keyobject_cmp, LABEL_FIELD, EDGE_OWNED, "comparison" },
	{ F_keyobject_object, LABEL_ATTR, EDGE_OWNED, "obj" },
	{ 0 },
};

static const struct ref_field itemgetter_fields[] = {
	{ F_itemgetterobject_item, LABEL_FIELD, EDGE_OWNED, "item" },
	{ 0 },
};

static const struct ref_field attrgetter_fields[] = {
	{ F_attrgetterobject_attr, LABEL_FIELD, EDGE_OWNED, "attributes" },
	{ 0 },
};

static const struct ref_field methodcaller_fields[] = {
	{ F_methodcallerobject_name, LABEL_FIELD, EDGE_OWNED, "name" },
	{ F_methodcallerobject_args, LABEL_FIELD, EDGE_OWNED, "arguments" },
	{ F_methodcallerobject_kwds, LABEL_FIELD, EDGE_OWNED, "keywords" },
	/* Until the first call that is what was in memory before (3.13): no owner to be relied on. */
	{ F_methodcallerobject_vectorcall_kwnames, LABEL_FIELD, EDGE_BORROWED, "vectorcall names" },
	{ 0 },
};

static const struct ref_field dequeiter_fields[] = {
	{ F_dequeiterobject_deque, LABEL_FIELD, EDGE_OWNED, "deque" },
	{ 0 },
};

static const struct ref_field tuplegetter_fields[] = {
	{ F__tuplegetterobject_doc, LABEL_ATTR, EDGE_OWNED, "__doc__" },
	{ 0 },
};

static const struct ref_field arrayiter_fields[] = {
	{ F_arrayiterobject_ao, LABEL_FIELD, EDGE_OWNED, "array" },
	{ 0 },
};

static const struct ref_field unpackiter_fields[] = {
	{ F_unpackiterobject_so, LABEL_FIELD, EDGE_OWNED, "struct" },
	{ F_unpackiterobject_buf_obj, LABEL_FIELD, EDGE_OWNED, "buffer" },
	{ 0 },
};

static const struct ref_field abc_data_fields[] = {
	{ F__abc_data__abc_registry, LABEL_FIELD, EDGE_OWNED, "registry" },
	{ F__abc_data__abc_cache, LABEL_FIELD, EDGE_OWNED, "cache" },
	{ F__abc_data__abc_negative_cache, LABEL_FIELD, EDGE_OWNED, "negative cache" },
	{ 0 },
};

static const struct ref_field local_fields[] = {
	{ F_localobject_key, LABEL_FIELD, EDGE_OWNED, "key" },
	{ F_localobject_args, LABEL_FIELD, EDGE_OWNED, "arguments" },
	{ F_localobject_kw, LABEL_FIELD, EDGE_OWNED, "keywords" },
	{ F_localobject_dummies, LABEL_FIELD, EDGE_OWNED, "dicts by thread" },
	{ F_localobject_wr_callback, LABEL_FIELD, EDGE_OWNED, "callback" },
	{ F_localobject_localdicts, LABEL_FIELD, EDGE_OWNED, "dicts by thread" },
	{ F_localobject_thread_watchdogs, LABEL_FIELD, EDGE_OWNED, "thread watchdogs" },
	{ 0 },
};

static const struct ref_field localdummy_fields[] = {
	{ F_localdummyobject_localdict, LABEL_FIELD, EDGE_BORROWED, "dict" },
	{ 0 },
};

static const struct ref_field py_date_time_time_zone_fields[] = {
	{ F_PyDateTime_TimeZone_offset, LABEL_FIELD, EDGE_OWNED, "offset" },
	{ F_PyDateTime_TimeZone_name, LABEL_FIELD, EDGE_OWNED, "name" },
	{ 0 },
};

static const struct ref_field dialect_fields[] = {
	{ F_DialectObj_lineterminator, LABEL_ATTR, EDGE_OWNED, "lineterminator" },
	{ 0 },
};

static const struct ref_field py_scanner_fields[] = {
	{ F_PyScannerObject_encoding, LABEL_ATTR, EDGE_OWNED, "encoding" },
	{ F_PyScannerObject_strict, LABEL_ATTR, EDGE_OWNED, "strict" },
	{ F_PyScannerObject_object_hook, LABEL_ATTR, EDGE_OWNED, "object_hook" },
	{ F_PyScannerObject_object_pairs_hook, LABEL_ATTR, EDGE_OWNED, "object_pairs_hook" },
	{ F_PyScannerObject_array_hook, LABEL_ATTR, EDGE_OWNED, "array_hook" },
	{ F_PyScannerObject_parse_float, LABEL_ATTR, EDGE_OWNED, "parse_float" },
	{ F_PyScannerObject_parse_int, LABEL_ATTR, EDGE_OWNED, "parse_int" },
	{ F_PyScannerObject_parse_constant, LABEL_ATTR, EDGE_OWNED, "parse_constant" },
	{ F_PyScannerObject_memo, LABEL_FIELD, EDGE_OWNED, "memo" },
	{ 0 },
};

static const struct ref_field py_encoder_fields[] = {
	{ F_PyEncoderObject_markers, LABEL_ATTR, EDGE_OWNED, "markers" },
	{ F_PyEncoderObject_defaultfn, LABEL_ATTR, EDGE_OWNED, "default" },
	{ F_PyEncoderObject_encoder, LABEL_ATTR, EDGE_OWNED, "encoder" },
	{ F_PyEncoderObject_indent, LABEL_ATTR, EDGE_OWNED, "indent" },
	{ F_PyEncoderObject_key_separator, LABEL_ATTR, EDGE_OWNED, "key_separator" },
	{ F_PyEncoderObject_item_separator, LABEL_ATTR, EDGE_OWNED, "item_separator" },
	{ F_PyEncoderObject_sort_keys, LABEL_ATTR, EDGE_OWNED, "sort_keys" },
	{ F_PyEncoderObject_skipkeys, LABEL_ATTR, EDGE_OWNED, "skipkeys" },
	{ 0 },
};

static const struct ref_field nldecoder_fields[] = {
	{ F_nldecoder_object_decoder, LABEL_FIELD, EDGE_OWNED, "decoder" },
	{ F_nldecoder_object_errors, LABEL_FIELD, EDGE_OWNED, "errors" },
	{ 0 },
};

static const struct ref_field rwpair_fields[] = {
	{ F_rwpair_reader, LABEL_FIELD, EDGE_OWNED, "reader" },
	{ F_rwpair_writer, LABEL_FIELD, EDGE_OWNED, "writer" },
	{ 0 },
};

static const struct ref_field bytesiobuf_fields[] = {
	{ F_bytesiobuf_source, LABEL_FIELD, EDGE_OWNED, "source" },
	{ 0 },
};

static const struct ref_field textio_fields[] = {
	{ F_textio_buffer, LABEL_ATTR, EDGE_OWNED, "buffer" },
	{ F_textio_encoding, LABEL_ATTR, EDGE_OWNED, "encoding" },
	{ F_textio_encoder, LABEL_FIELD, EDGE_OWNED, "encoder" },
	{ F_textio_decoder, LABEL_FIELD, EDGE_OWNED, "decoder" },
	{ F_textio_readnl, LABEL_FIELD, EDGE_OWNED, "readnl" },
	{ F_textio_errors, LABEL_ATTR, EDGE_OWNED, "errors" },
	{ F_textio_decoded_chars, LABEL_FIELD, EDGE_OWNED, "decoded chars" },
	{ F_textio_pending_bytes, LABEL_FIELD, EDGE_OWNED, "pending bytes" },
	{ F_textio_snapshot, LABEL_FIELD, EDGE_OWNED, "snapshot" },
	{ F_textio_raw, LABEL_FIELD, EDGE_OWNED, "raw" },
	{ 0 },
};

static const struct ref_field pattern_fields[] = {
	{ F_PatternObject_groupindex, LABEL_FIELD, EDGE_OWNED, "groupindex" },
	{ F_PatternObject_indexgroup, LABEL_FIELD, EDGE_OWNED, "indexgroup" },
	{ F_PatternObject_pattern, LABEL_ATTR, EDGE_OWNED, "pattern" },
	{ 0 },
};

static const struct ref_field match_fields[] = {
	{ F_MatchObject_string, LABEL_ATTR, EDGE_OWNED, "string" },
	{ F_MatchObject_regs, LABEL_ATTR, EDGE_OWNED, "regs" },
	{ F_MatchObject_pattern, LABEL_ATTR, EDGE_OWNED, "re" },
	{ 0 },
};

static const struct ref_field scanner_fields[] = {
	{ F_ScannerObject_pattern, LABEL_ATTR, EDGE_OWNED, "pattern" },
	{ F_ScannerObject_state_string, LABEL_FIELD, EDGE_OWNED, "string" },
	{ F_ScannerObject_state_buffer_obj, LABEL_FIELD, EDGE_OWNED, "buffer" },
	{ 0 },
};

static const struct ref_field py_dec_context_fields[] = {
	{ F_PyDecContextObject_traps, LABEL_ATTR, EDGE_OWNED, "traps" },
	{ F_PyDecContextObject_flags, LABEL_ATTR, EDGE_OWNED, "flags" },
	{ 0 },
};

static const struct ref_field py_dec_context_manager_fields[] = {
	{ F_PyDecContextManagerObject_local, LABEL_FIELD, EDGE_OWNED, "local" },
	{ F_PyDecContextManagerObject_global, LABEL_FIELD, EDGE_OWNED, "global" },
	{ 0 },
};

static const struct ref_field poll_fields[] = {
	{ F_pollObject_dict, LABEL_FIELD, EDGE_OWNED, "registered" },
	{ 0 },
};

static const struct ref_field dir_entry_fields[] = {
	{ F_DirEntry_name, LABEL_ATTR, EDGE_OWNED, "name" },
	{ F_DirEntry_path, LABEL_ATTR, EDGE_OWNED, "path" },
	{ F_DirEntry_stat, LABEL_FIELD, EDGE_OWNED, "stat" },
	{ F_DirEntry_lstat, LABEL_FIELD, EDGE_OWNED, "lstat" },
	{ 0 },
};

static const struct ref_field py_sslcontext_fields[] = {
	{ F_PySSLContext_set_hostname, LABEL_FIELD, EDGE_OWNED, "server name callback" },
	{ F_PySSLContext_set_sni_cb, LABEL_FIELD, EDGE_OWNED, "server name callback" },
	{ F_PySSLContext_msg_cb, LABEL_FIELD, EDGE_OWNED, "message callback" },
	{ F_PySSLContext_keylog_filename, LABEL_ATTR, EDGE_OWNED, "keylog_filename" },
	{ F_PySSLContext_psk_client_callback, LABEL_FIELD, EDGE_OWNED, "psk client callback" },
	{ F_PySSLContext_psk_server_callback, LABEL_FIELD, EDGE_OWNED, "psk server callback" },
	{ 0 },
};

static const struct ref_field py_sslsession_fields[] = {
	{ F_PySSLSession_ctx, LABEL_FIELD, EDGE_OWNED, "context" },
	{ 0 },
};

static const struct ref_field py_sslsocket_fields[] = {
	{ F_PySSLSocket_Socket, LABEL_FIELD, EDGE_OWNED, "socket" },
	{ F_PySSLSocket_ctx, LABEL_ATTR, EDGE_OWNED, "context" },
	{ F_PySSLSocket_owner, LABEL_FIELD, EDGE_OWNED, "owner" },
	{ F_PySSLSocket_server_hostname, LABEL_ATTR, EDGE_OWNED, "server_hostname" },
	{ F_PySSLSocket_exc_type, LABEL_FIELD, EDGE_OWNED, "exception type" },
	{ F_PySSLSocket_exc_value, LABEL_FIELD, EDGE_OWNED, "exception value" },
	{ F_PySSLSocket_exc_tb, LABEL_FIELD, EDGE_OWNED, "exception traceback" },
	{ 0 },
};

static const struct ref_field comp_fields[] = {
	{ F_compobject_unused_data, LABEL_ATTR, EDGE_OWNED, "unused_data" },
	{ F_compobject_unconsumed_tail, LABEL_ATTR, EDGE_OWNED, "unconsumed_tail" },
	{ F_compobject_zdict, LABEL_FIELD, EDGE_OWNED, "zdict" },
	{ 0 },
};

static const struct ref_field scandir_fields[] = {
	{ F_ScandirIterator_path_object, LABEL_FIELD, EDGE_OWNED, "path" },
	{ F_ScandirIterator_path_cleanup, LABEL_FIELD, EDGE_OWNED, "path as bytes" },
	{ 0 },
};

static const struct ref_field segment_fields[] = {
	{ F_SegmentObject_string, LABEL_FIELD, EDGE_OWNED, "string" },
	{ 0 },
};

static const struct ref_field grapheme_fields[] = {
	{ F_GraphemeBreakIterator_str, LABEL_FIELD, EDGE_OWNED, "string" },
	{ 0 },
};

static const struct ref_field hmac_fields[] = {
	{ F_HMACObject_name, LABEL_ATTR, EDGE_OWNED, "name" },
	{ 0 },
};

static const struct ref_field zstd_compressor_fields[] = {
	{ F_ZstdCompressor_dict, LABEL_FIELD, EDGE_OWNED, "dictionary" },
	{ 0 },
};

static const struct ref_field zstd_decompressor_fields[] = {
	{ F_ZstdDecompressor_dict, LABEL_FIELD, EDGE_OWNED, "dictionary" },
	{ F_ZstdDecompressor_unused_data, LABEL_ATTR, EDGE_OWNED, "unused_data" },
	{ 0 },
};

static const struct ref_field zstd_dict_fields[] = {
	{ F_ZstdDict_c_dicts, LABEL_FIELD, EDGE_OWNED, "digested" },
	{ F_ZstdDict_dict_content, LABEL_ATTR, EDGE_OWNED, "dict_content" },
	{ 0 },
};

static const struct ref_field symtable_fields[] = {
	{ F_PySTEntryObject_ste_id, LABEL_ATTR, EDGE_OWNED, "id" },
	{ F_PySTEntryObject_ste_symbols, LABEL_ATTR, EDGE_OWNED, "symbols" },
	{ F_PySTEntryObject_ste_name, LABEL_ATTR, EDGE_OWNED, "name" },
	{ F_PySTEntryObject_ste_varnames, LABEL_ATTR, EDGE_OWNED, "varnames" },
	{ F_PySTEntryObject_ste_children, LABEL_ATTR, EDGE_OWNED, "children" },
	{ F_PySTEntryObject_ste_directives, LABEL_FIELD, EDGE_OWNED, "directives" },
	{ F_PySTEntryObject_ste_function_name, LABEL_FIELD, EDGE_OWNED, "function" },
	{ F_PySTEntryObject_ste_mangled_names, LABEL_FIELD, EDGE_OWNED, "mangled names" },
	{ F_PySTEntryObject_ste_annotation_block, LABEL_FIELD, EDGE_OWNED, "annotations" },
	{ 0 },
};

/* A tuple (3.14), or before that a block of references that the others count. */
static bool vectorcall_args(const struct ctx *c, struct object o, uint64_t *at, bool *tuple)
{
	struct object args;

	if (!HAS(c->l, methodcallerobject, vectorcall_args) ||
	    !LOAD(c->l, c->r, o.address, methodcallerobject, vectorcall_args, at) ||
	    !type_is_address(*at))
		return false;
	*tuple = !object_at(c, *at, &args) && args.type->flags & TPFLAGS_TUPLE;
	return true;
}

static int method_caller_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	uint64_t at;
	bool tuple;

	if (!vectorcall_args(c, o, &at, &tuple) || !tuple)
		return 0;
	return emit_field(fn, arg, at, "vectorcall arguments");
}

static void method_caller_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	uint64_t at, args, n = 0;
	bool tuple;

	if (!vectorcall_args(c, o, &at, &tuple) || tuple)
		return;
	if (LOAD(c->l, c->r, o.address, methodcallerobject, args, &args) && type_is_address(args) &&
	    reader_u64(c->r, args + L(c->l, PyVarObject, ob_size), &n) && n < 1 << 20)
		fn(arg, at, 8 * (n + 1));
}

const struct named_decoder pycore_stdlib_types[] = {
	{ "functools.KeyWrapper", { .fields = key_fields } },
	{ "operator.itemgetter", { .fields = itemgetter_fields } },
	{ "operator.attrgetter", { .fields = attrgetter_fields } },
	{ "operator.methodcaller",
	  { .fields = methodcaller_fields,
	    .edges = method_caller_edges,
	    .storage = method_caller_storage } },
	{ "_collections._deque_iterator", { .fields = dequeiter_fields } },
	{ "_collections._deque_reverse_iterator", { .fields = dequeiter_fields } },
	{ "collections._deque_iterator", { .fields = dequeiter_fields } },
	{ "collections._deque_reverse_iterator", { .fields = dequeiter_fields } },
	{ "_collections._tuplegetter", { .fields = tuplegetter_fields } },
	{ "collections._tuplegetter", { .fields = tuplegetter_fields } },
	{ "arrayiterator", { .fields = arrayiter_fields } },
	{ "array.arrayiterator", { .fields = arrayiter_fields } },
	{ "unpack_iterator", { .fields = unpackiter_fields } },
	{ "_struct.unpack_iterator", { .fields = unpackiter_fields } },
	{ "_abc_data", { .fields = abc_data_fields } },
	{ "_abc._abc_data", { .fields = abc_data_fields } },
	{ "_thread._local", { .fields = local_fields } },
	{ "_thread._localdummy", { .fields = localdummy_fields } },
	{ "datetime.timezone", { .fields = py_date_time_time_zone_fields } },
	{ "_csv.Dialect", { .fields = dialect_fields } },
	{ "_json.Scanner", { .fields = py_scanner_fields } },
	{ "_json.Encoder", { .fields = py_encoder_fields } },
	{ "_io.IncrementalNewlineDecoder", { .fields = nldecoder_fields } },
	{ "_io.BufferedRWPair", { .fields = rwpair_fields } },
	{ "_io._BytesIOBuffer", { .fields = bytesiobuf_fields } },
	{ "_io.TextIOWrapper", { .fields = textio_fields } },
	{ "_sre.SRE_Pattern", { .fields = pattern_fields } },
	{ "re.Pattern", { .fields = pattern_fields } },
	{ "_sre.SRE_Match", { .fields = match_fields } },
	{ "re.Match", { .fields = match_fields } },
	{ "_sre.SRE_Scanner", { .fields = scanner_fields } },
	{ "decimal.Context", { .fields = py_dec_context_fields } },
	{ "decimal.ContextManager", { .fields = py_dec_context_manager_fields } },
	{ "select.poll", { .fields = poll_fields } },
	{ "posix.DirEntry", { .fields = dir_entry_fields } },
	{ "_ssl._SSLContext", { .fields = py_sslcontext_fields } },
	{ "_ssl.Session", { .fields = py_sslsession_fields } },
	{ "_ssl.SSLSession", { .fields = py_sslsession_fields } },
	{ "_ssl._SSLSocket", { .fields = py_sslsocket_fields } },
	{ "zlib.Compress", { .fields = comp_fields } },
	{ "zlib.Decompress", { .fields = comp_fields } },
	{ "_hmac.HMAC", { .fields = hmac_fields } },
	{ "compression.zstd.ZstdCompressor", { .fields = zstd_compressor_fields } },
	{ "compression.zstd.ZstdDecompressor", { .fields = zstd_decompressor_fields } },
	{ "compression.zstd.ZstdDict", { .fields = zstd_dict_fields } },
	{ "posix.ScandirIterator", { .fields = scandir_fields } },
	{ "symtable entry", { .fields = symtable_fields } },
	{ "unicodedata.GraphemeBreakIterator", { .fields = grapheme_fields } },
	{ "unicodedata.Segment", { .fields = segment_fields } },
	/* No references: what is in them may look like some. */
	{ "_blake2.blake2b", { .fields = NULL } },
	{ "_blake2.blake2s", { .fields = NULL } },
	{ "_bz2.BZ2Compressor", { .fields = NULL } },
	{ "_lzma.LZMACompressor", { .fields = NULL } },
	{ "_md5.md5", { .fields = NULL } },
	{ "_random.Random", { .fields = NULL } },
	{ "_sha1.sha1", { .fields = NULL } },
	{ "_sha2.SHA224Type", { .fields = NULL } },
	{ "_sha2.SHA256Type", { .fields = NULL } },
	{ "_sha2.SHA384Type", { .fields = NULL } },
	{ "_sha2.SHA512Type", { .fields = NULL } },
	{ "_sha256.sha224", { .fields = NULL } },
	{ "_sha256.sha256", { .fields = NULL } },
	{ "_sha3.sha3_224", { .fields = NULL } },
	{ "_sha3.sha3_256", { .fields = NULL } },
	{ "_sha3.sha3_384", { .fields = NULL } },
	{ "_sha3.sha3_512", { .fields = NULL } },
	{ "_sha3.shake_128", { .fields = NULL } },
	{ "_sha3.shake_256", { .fields = NULL } },
	{ "_sha512.sha384", { .fields = NULL } },
	{ "_sha512.sha512", { .fields = NULL } },
	{ "_socket.socket", { .fields = NULL } },
	{ "_ssl.MemoryBIO", { .fields = NULL } },
	{ "_thread.RLock", { .fields = NULL } },
	{ "_thread._ThreadHandle", { .fields = NULL } },
	{ "_thread.lock", { .fields = NULL } },
	{ "random.Random", { .fields = NULL } },
	{ "select.epoll", { .fields = NULL } },
	{ NULL, { .fields = NULL } },
};
