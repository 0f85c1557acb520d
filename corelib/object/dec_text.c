/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/text.h"
#include "object/value.h"

static int str_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	const struct layout *l = c->l;
	struct text t;
	int status = text_at(l, c->r, o.address, &t);

	*bytes = o.type->basicsize;
	if (status)
		return status;
	if (t.compact && t.ascii)
		*bytes = L(l, PyASCIIObject, sizeof) + t.length + 1;
	else if (t.compact)
		*bytes = L(l, PyCompactUnicodeObject, sizeof) + (t.length + 1) * t.kind;
	else
		*bytes = L(l, PyUnicodeObject, sizeof) +
			 (t.data && t.data != t.wstr ? (t.length + 1) * t.kind : 0);
	if (t.wstr)
		*bytes += (t.wstr_length + 1) * 4;
	if (t.utf8)
		*bytes += t.utf8_length + 1;
	return *bytes < UINT64_C(1) << 47 ? 0 : PYCORE_ERR_DAMAGED;
}

static void str_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct text t;

	if (text_at(c->l, c->r, o.address, &t))
		return;
	if (!t.compact && t.data && t.data != t.wstr)
		fn(arg, t.data, (t.length + 1) * t.kind);
	if (t.wstr && t.wstr_length < UINT64_C(1) << 44)
		fn(arg, t.wstr, (t.wstr_length + 1) * 4);
	if (t.utf8 && t.utf8_length < UINT64_C(1) << 44)
		fn(arg, t.utf8, t.utf8_length + 1);
}

struct quoting {
	struct buf *out;
	size_t most;
	char quote;
	bool bytes;
	bool ascii;        /* all other characters are escaped */
	bool pairs;        /* of surrogates are one character */
	uint32_t high;     /* the first of a pair, or 0 */
	bool single, both; /* first pass */
};

static int look_for_quotes(void *arg, uint32_t ch)
{
	struct quoting *q = arg;

	q->single |= ch == '\'';
	if (ch == '"')
		q->both = true;
	return q->both ? 1 : 0;
}

static void put_escaped(struct quoting *q, uint32_t ch)
{
	buf_printf(q->out, ch < 0x100 ? "\\x%02x" : ch < 0x10000 ? "\\u%04x" : "\\U%08x", ch);
}

/* The character that @p ch completes; 0: it is the first half of one. */
static uint32_t join_pair(struct quoting *q, uint32_t ch)
{
	uint32_t high = q->high;

	q->high = 0;
	if (high && ch >= 0xdc00 && ch < 0xe000)
		return 0x10000 + ((high - 0xd800) << 10 | (ch - 0xdc00));
	if (high)
		put_escaped(q, high);
	if (ch >= 0xd800 && ch < 0xdc00)
		q->high = ch;
	return q->high ? 0 : ch;
}

static int put_quoted(void *arg, uint32_t ch)
{
	struct quoting *q = arg;

	if (q->out->len >= q->most)
		return 1;
	if (q->pairs) {
		ch = join_pair(q, ch);
		if (q->high)
			return 0;
	}
	if (ch == (unsigned char)q->quote || ch == '\\')
		buf_printf(q->out, "\\%c", (int)ch);
	else if (ch == '\n' || ch == '\r' || ch == '\t')
		buf_puts(q->out, ch == '\n' ? "\\n" : ch == '\r' ? "\\r" : "\\t");
	else if (q->ascii && ch >= 0x80)
		put_escaped(q, ch);
	else if (ch < ' ' || ch == 0x7f || (ch >= 0x80 && (q->bytes || ch < 0xa1)))
		buf_printf(q->out, "\\x%02x", ch);
	else if ((ch >= 0xd800 && ch < 0xe000) || (ch >= 0x2028 && ch < 0x2030) ||
		 (ch >= 0xfff9 && ch < 0x10000) || ch == 0xfeff || ch == 0xad)
		buf_printf(q->out, ch < 0x100 ? "\\x%02x" : "\\u%04x", ch);
	else if (ch > 0x10ffff)
		buf_puts(q->out, "\\ufffd");
	else
		utf8_put(q->out, ch);
	return q->out->failed ? PYCORE_ERR_NOMEM : 0;
}

static int quoted(const struct ctx *c, struct text *t, const char *prefix, struct buf *out,
		  size_t most)
{
	struct quoting q = {
		.out = out,
		.most = most,
		.quote = '\'',
		.bytes = *prefix == 'b' || t->bytes,
		.ascii = *prefix == 'u',
		.pairs = t->pairs,
	};
	struct text start = *t;
	int status;

	/* Quotes far beyond what will be shown do not matter. */
	if (start.length > most)
		start.length = most;
	status = text_each(&start, c->r, look_for_quotes, &q);
	if (status < 0)
		return status;
	if (q.single && !q.both)
		q.quote = '"';
	buf_puts(out, prefix);
	buf_putc(out, q.quote);
	status = text_each(t, c->r, put_quoted, &q);
	if (q.high)
		put_escaped(&q, q.high);
	if (status == 1)
		buf_puts(out, "...");
	buf_putc(out, q.quote);
	return status < 0 ? status : 0;
}

static int str_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		    size_t most)
{
	struct text t;
	int status = text_at(c->l, c->r, o.address, &t);

	return status ? status : quoted(c, &t, "", out, most);
}

static int bytes_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		      size_t most)
{
	struct text t;
	int status = value_text(c, o, &t);

	return status ? status : quoted(c, &t, t.bytes ? "" : "b", out, most);
}

/* A bytearray's buffer; in 3.15 it is inside a bytes object of its own. */
struct buffer {
	uint64_t block, block_bytes, start, alloc, object;
};

static int buffer_of(const struct ctx *c, struct object o, struct buffer *out)
{
	const struct layout *l = c->l;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*out = (struct buffer){ .block = 0 };
	if (status)
		return status;
	out->alloc = BODY(&b, l, PyByteArrayObject, ob_alloc);
	out->start = HAS(l, PyByteArrayObject, ob_start) ? BODY(&b, l, PyByteArrayObject, ob_start) :
							   BODY(&b, l, PyByteArrayObject, ob_bytes);
	if (FACT(l, BYTEARRAY_OWNS_BYTES) == YES) {
		out->object = BODY(&b, l, PyByteArrayObject, ob_bytes_object);
	} else {
		out->block = BODY(&b, l, PyByteArrayObject, ob_bytes);
		out->block_bytes = out->alloc;
	}
	if (out->alloc > UINT64_C(1) << 46)
		return PYCORE_ERR_DAMAGED;
	return body_status(&b);
}

static int bytearray_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct buffer buffer;
	int status = buffer_of(c, o, &buffer);

	*bytes = o.type->basicsize;
	if (status)
		return status;
	*bytes += buffer.alloc;
	/* The head of its bytes object is counted, though that is an object of its own. */
	if (buffer.alloc && FACT(c->l, BYTEARRAY_OWNS_BYTES) == YES)
		*bytes += L(c->l, PyBytesObject, ob_sval) + 1;
	return 0;
}

static int bytearray_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	struct buffer buffer;
	int status = buffer_of(c, o, &buffer);

	if (status || FACT(c->l, BYTEARRAY_OWNS_BYTES) != YES)
		return status;
	return emit_field(fn, arg, buffer.object, "buffer");
}

static void bytearray_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct buffer buffer;

	if (!buffer_of(c, o, &buffer) && buffer.block && buffer.alloc)
		fn(arg, buffer.block, buffer.block_bytes);
}

static int bytearray_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
			  size_t most)
{
	struct text t = { .kind = 1 };
	struct buffer buffer;
	int status = buffer_of(c, o, &buffer);

	if (!status)
		status = object_ob_size(c, o, &t.length);
	if (!status && t.length > buffer.alloc)
		status = PYCORE_ERR_DAMAGED;
	if (status)
		return status;
	t.data = buffer.start;
	buf_puts(out, "bytearray(");
	status = quoted(c, &t, "b", out, most);
	buf_putc(out, ')');
	return status;
}

const struct decoder pycore_dec_str = {
	.extent = str_extent,
	.storage = str_storage,
	.buffer = BUFFER_COUNTED,
	.repr = str_repr,
};
/* Of Python 2; it may keep what it was encoded to once. */
static const struct ref_field unicode_fields[] = {
	{ F_PyUnicodeObject_defenc, LABEL_FIELD, EDGE_OWNED, "defenc" },
	{ 0 },
};

static int unicode_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
			size_t most)
{
	struct text t;
	int status = text_at(c->l, c->r, o.address, &t);

	return status ? status : quoted(c, &t, "u", out, most);
}

const struct decoder pycore_dec_unicode = {
	.fields = unicode_fields,
	.extent = str_extent,
	.storage = str_storage,
	.buffer = BUFFER_COUNTED,
	.repr = unicode_repr,
};
/* str of Python 2 counts what it is itself, and not what a class of it adds. */
static int bytes_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	uint64_t n;
	int status;

	if (FACT(c->l, TEXT) != TEXT_BYTES)
		return generic_extent(c, o, bytes);
	status = object_ob_size(c, o, &n);
	*bytes = L(c->l, PyBytesObject, ob_sval) + 1;
	if (status || n >> 47)
		return status ? status : PYCORE_ERR_DAMAGED;
	*bytes += n;
	return 0;
}

const struct decoder pycore_dec_bytes = {
	.extent = bytes_extent,
	.repr = bytes_repr,
	.buffer = BUFFER_COUNTED,
};
const struct decoder pycore_dec_bytearray = {
	.edges = bytearray_edges,
	.extent = bytearray_extent,
	.storage = bytearray_storage,
	.buffer = BUFFER_OWNED,
	.repr = bytearray_repr,
};
