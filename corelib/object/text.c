/* SPDX-License-Identifier: MIT */
#include "object/text.h"

#include "object/decode.h"

/* struct state of PyASCIIObject, Include/cpython/unicodeobject.h */
#define STATE_INTERNED(s) ((s) & 3)
#define STATE_KIND(s) ((s) >> 2 & 7)
#define STATE_COMPACT (1u << 5)
#define STATE_ASCII (1u << 6)

static int head(const struct layout *l, struct body *b, uint64_t address, struct text *t)
{
	uint32_t state = text_state(l, (uint32_t)BODY(b, l, PyASCIIObject, state));

	t->length = BODY(b, l, PyASCIIObject, length);
	t->kind = STATE_KIND(state);
	t->interned = STATE_INTERNED(state);
	t->compact = state & STATE_COMPACT;
	t->ascii = state & STATE_ASCII;
	if (b->cut)
		return PYCORE_ERR_FAULT;
	if (t->length > UINT64_C(1) << 44)
		return PYCORE_ERR_DAMAGED;
	if (t->compact && t->ascii) {
		t->data = address + L(l, PyASCIIObject, sizeof);
		return t->kind == 1 ? 0 : PYCORE_ERR_DAMAGED;
	}
	if (t->compact)
		t->data = address + L(l, PyCompactUnicodeObject, sizeof);
	if (t->kind != 1 && t->kind != 2 && t->kind != 4)
		/* Kind 0 is a string made from wchar_t and never made ready (to 3.11). */
		return t->kind == 0 && HAS(l, PyASCIIObject, wstr) ? 0 : PYCORE_ERR_DAMAGED;
	return 0;
}

/* Python 2: unicode has its characters in a block of their own, str is bytes. */
static int two_at(const struct layout *l, struct reader *r, uint64_t address, struct text *out)
{
	uint64_t type, flags;
	struct body b;
	int status;

	if (!PROBE(l, r, address, PyObject, ob_type, &type) ||
	    !PROBE(l, r, type, PyTypeObject, tp_flags, &flags))
		return PYCORE_ERR_FAULT;
	out->bytes = flags & TPFLAGS_BYTES;
	if (!out->bytes && !(flags & TPFLAGS_UNICODE))
		return PYCORE_ERR_DAMAGED;
	status = body_view(&b, r, address,
			   out->bytes ? L(l, PyBytesObject, sizeof) : L(l, PyUnicodeObject, sizeof));
	if (status)
		return status;
	if (out->bytes) {
		out->length = BODY(&b, l, PyVarObject, ob_size);
		out->data = address + L(l, PyBytesObject, ob_sval);
		out->interned = BODY(&b, l, PyBytesObject, ob_sstate);
		out->kind = 1;
		out->compact = true;
	} else {
		out->length = BODY(&b, l, PyUnicodeObject, length);
		out->data = BODY(&b, l, PyUnicodeObject, str);
		out->kind = (uint8_t)FACT(l, UNICODE_WIDTH);
		out->pairs = out->kind == 2;
	}
	if (b.cut)
		return PYCORE_ERR_FAULT;
	return out->length > UINT64_C(1) << 44 ? PYCORE_ERR_DAMAGED : 0;
}

int text_at(const struct layout *l, struct reader *r, uint64_t address, struct text *out)
{
	struct body b;
	int status;

	*out = (struct text){ .data = 0 };
	if (FACT(l, TEXT) == TEXT_BYTES)
		return two_at(l, r, address, out);
	status = body_view(&b, r, address, L(l, PyASCIIObject, sizeof));
	if (status)
		return status;
	status = head(l, &b, address, out);
	if (HAS(l, PyASCIIObject, wstr))
		out->wstr = BODY(&b, l, PyASCIIObject, wstr);
	if (status)
		return status;
	if (!(out->compact && out->ascii)) {
		uint64_t len = out->compact ? L(l, PyCompactUnicodeObject, sizeof) :
					      L(l, PyUnicodeObject, sizeof);

		status = body_view(&b, r, address, len);
		if (status)
			return status;
		out->utf8 = BODY(&b, l, PyCompactUnicodeObject, utf8);
		out->utf8_length = BODY(&b, l, PyCompactUnicodeObject, utf8_length);
		out->wstr_length = BODY(&b, l, PyCompactUnicodeObject, wstr_length);
		if (!out->compact)
			out->data = BODY(&b, l, PyUnicodeObject, data);
		if (b.cut)
			return PYCORE_ERR_FAULT;
	} else if (out->wstr) {
		out->wstr_length = out->length;
	}
	/* Shared with the characters themselves: no memory of its own. */
	if (out->utf8 == out->data)
		out->utf8 = 0;
	if (out->wstr == out->data)
		out->wstr = 0;
	if (!out->kind) {
		out->data = out->wstr;
		out->length = out->wstr_length;
		out->kind = 4;
		if (out->length > UINT64_C(1) << 44)
			return PYCORE_ERR_DAMAGED;
	}
	return 0;
}

#define TEXT_BATCH 1024

int text_each(const struct text *t, struct reader *r, char_fn *fn, void *arg)
{
	unsigned char scratch[TEXT_BATCH * 4];

	for (uint64_t i = 0; i < t->length;) {
		uint64_t n = t->length - i < TEXT_BATCH ? t->length - i : TEXT_BATCH;
		const unsigned char *p;

		p = t->data ? reader_view(r, t->data + i * t->kind, n * t->kind, scratch) : NULL;
		if (!p)
			return PYCORE_ERR_FAULT;
		for (uint64_t k = 0; k < n; k++) {
			uint32_t ch = 0;
			int status;

			memcpy(&ch, p + k * t->kind, t->kind);
			status = fn(arg, ch);
			if (status)
				return status;
		}
		i += n;
	}
	return 0;
}

void utf8_put(struct buf *out, uint32_t ch)
{
	char text[4];
	size_t n = 0;

	if (ch > 0x10ffff || (ch >= 0xd800 && ch < 0xe000))
		ch = 0xfffd;
	if (ch < 0x80) {
		text[n++] = (char)ch;
	} else if (ch < 0x800) {
		text[n++] = (char)(0xc0 | ch >> 6);
	} else if (ch < 0x10000) {
		text[n++] = (char)(0xe0 | ch >> 12);
		text[n++] = (char)(0x80 | (ch >> 6 & 0x3f));
	} else {
		text[n++] = (char)(0xf0 | ch >> 18);
		text[n++] = (char)(0x80 | (ch >> 12 & 0x3f));
		text[n++] = (char)(0x80 | (ch >> 6 & 0x3f));
	}
	if (ch >= 0x80)
		text[n++] = (char)(0x80 | (ch & 0x3f));
	buf_add(out, text, n);
}

/* Characters that come in pieces: @c left more of which @c ch has the first. */
struct putting {
	struct buf *out;
	size_t most;
	bool bytes, pairs;
	unsigned left;
	uint32_t ch, least;
};

static int put_whole(struct putting *p, uint32_t ch)
{
	/* A whole character or none of it. */
	if (p->out->len + (ch < 0x80 ? 1 : ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4) > p->most)
		return 1;
	utf8_put(p->out, ch);
	return p->out->failed ? PYCORE_ERR_NOMEM : 0;
}

#define NO_CHARACTER 0xfffd

/* The end of a character came too early. */
static int put_broken(struct putting *p)
{
	if (!p->left)
		return 0;
	p->left = 0;
	return put_whole(p, NO_CHARACTER);
}

/* One byte of UTF-8. */
static int put_byte(struct putting *p, uint32_t byte)
{
	static const struct {
		uint8_t mask, head;
		uint32_t least;
	} forms[] = { { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	int status;

	if (p->left && (byte & 0xc0) == 0x80) {
		p->ch = p->ch << 6 | (byte & 0x3f);
		if (--p->left)
			return 0;
		return put_whole(p, p->ch < p->least ? NO_CHARACTER : p->ch);
	}
	status = put_broken(p);
	if (status)
		return status;
	if (byte < 0x80)
		return put_whole(p, byte);
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((byte & forms[i].mask) != forms[i].head)
			continue;
		p->left = i + 1;
		p->ch = byte & (uint8_t)~forms[i].mask;
		p->least = forms[i].least;
		return 0;
	}
	return put_whole(p, NO_CHARACTER);
}

/* One half of a pair, or a character that is none. */
static int put_half(struct putting *p, uint32_t ch)
{
	uint32_t high = p->ch;
	int status;

	if (p->left && ch >= 0xdc00 && ch < 0xe000) {
		p->left = 0;
		return put_whole(p, 0x10000 + ((high - 0xd800) << 10 | (ch - 0xdc00)));
	}
	status = put_broken(p);
	if (status || ch < 0xd800 || ch >= 0xdc00)
		return status ? status : put_whole(p, ch);
	p->ch = ch;
	p->left = 1;
	return 0;
}

static int put_char(void *arg, uint32_t ch)
{
	struct putting *p = arg;

	if (p->bytes)
		return put_byte(p, ch);
	return p->pairs ? put_half(p, ch) : put_whole(p, ch);
}

int text_utf8(const struct text *t, struct reader *r, struct buf *out, size_t most, bool *cut)
{
	struct putting p = {
		.out = out,
		.most = most,
		.bytes = t->bytes,
		.pairs = t->pairs,
	};
	int status = text_each(t, r, put_char, &p);

	if (!status)
		status = put_broken(&p);
	if (cut)
		*cut = status == 1;
	return status == 1 ? 0 : status;
}

static int same_char(void *arg, uint32_t ch)
{
	const char **name = arg;

	return ch != (unsigned char)*(*name)++;
}

static bool wide_is(const struct text *t, struct reader *r, const char *name)
{
	return !text_each(t, r, same_char, &name);
}

bool text_is(const struct layout *l, struct reader *r, uint64_t address, const char *name,
	     size_t len)
{
	bool compact = FACT(l, TEXT) == TEXT_COMPACT;
	char scratch[256];
	uint64_t has;
	struct text t;
	const void *p;

	if (len > sizeof(scratch) ||
	    !runtime_load(l, r, address,
			  compact ? F_PyASCIIObject_length : F_PyVarObject_ob_size, &has) ||
	    has != len)
		return false;
	if (text_at(l, r, address, &t) || t.length != len)
		return false;
	if (t.kind != 1)
		return !compact && wide_is(&t, r, name);
	p = len ? reader_probe(r, t.data, len, scratch) : "";
	return p && !memcmp(p, name, len);
}
