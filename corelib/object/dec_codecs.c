/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* Incremental and stream codecs of _multibytecodec. */

static const struct ref_field multibyte_codec_fields[] = {
	{ F_MultibyteCodecObject_cjk_module, LABEL_FIELD, EDGE_OWNED, "module" },
	{ 0 },
};

static const struct ref_field multibyte_incremental_encoder_fields[] = {
	{ F_MultibyteIncrementalEncoderObject_errors, LABEL_ATTR, EDGE_OWNED, "errors" },
	{ F_MultibyteIncrementalEncoderObject_pending, LABEL_FIELD, EDGE_OWNED, "pending" },
	{ 0 },
};

static const struct ref_field multibyte_incremental_decoder_fields[] = {
	{ F_MultibyteIncrementalDecoderObject_errors, LABEL_ATTR, EDGE_OWNED, "errors" },
	{ 0 },
};

static const struct ref_field multibyte_stream_reader_fields[] = {
	{ F_MultibyteStreamReaderObject_errors, LABEL_ATTR, EDGE_OWNED, "errors" },
	{ F_MultibyteStreamReaderObject_stream, LABEL_ATTR, EDGE_OWNED, "stream" },
	{ 0 },
};

static const struct ref_field multibyte_stream_writer_fields[] = {
	{ F_MultibyteStreamWriterObject_errors, LABEL_ATTR, EDGE_OWNED, "errors" },
	{ F_MultibyteStreamWriterObject_pending, LABEL_FIELD, EDGE_OWNED, "pending" },
	{ F_MultibyteStreamWriterObject_stream, LABEL_ATTR, EDGE_OWNED, "stream" },
	{ 0 },
};

const struct named_decoder pycore_codecs_types[] = {
	{ "MultibyteCodec", { .fields = multibyte_codec_fields } },
	{ "_multibytecodec.MultibyteCodec", { .fields = multibyte_codec_fields } },
	{ "MultibyteIncrementalEncoder", { .fields = multibyte_incremental_encoder_fields } },
	{ "_multibytecodec.MultibyteIncrementalEncoder",
	  { .fields = multibyte_incremental_encoder_fields } },
	{ "MultibyteIncrementalDecoder", { .fields = multibyte_incremental_decoder_fields } },
	{ "_multibytecodec.MultibyteIncrementalDecoder",
	  { .fields = multibyte_incremental_decoder_fields } },
	{ "MultibyteStreamReader", { .fields = multibyte_stream_reader_fields } },
	{ "_multibytecodec.MultibyteStreamReader", { .fields = multibyte_stream_reader_fields } },
	{ "MultibyteStreamWriter", { .fields = multibyte_stream_writer_fields } },
	{ "_multibytecodec.MultibyteStreamWriter", { .fields = multibyte_stream_writer_fields } },
	{ NULL, { .fields = NULL } },
};
