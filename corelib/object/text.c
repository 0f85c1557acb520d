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

int text_at(const struct layout *l, struct reader *r, uint64_t address, struct text *out)
{
	struct body b;
	int status = body_view(&b, r, address, L(l, PyASCIIObject, sizeof));

	*out = (struct text){ .data = 0 };
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

struct putting {
	struct buf *out;
	size_t most;
};

static int put_char(void *arg, uint32_t ch)
{
	struct putting *p = arg;

	/* A whole character or none of it. */
	if (p->out->len + (ch < 0x80 ? 1 : ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4) > p->most)
		return 1;
	utf8_put(p->out, ch);
	return p->out->failed ? PYCORE_ERR_NOMEM : 0;
}

int text_utf8(const struct text *t, struct reader *r, struct buf *out, size_t most, bool *cut)
{
	struct putting p = { out, most };
	int status = text_each(t, r, put_char, &p);

	if (cut)
		*cut = status == 1;
	return status == 1 ? 0 : status;
}

bool text_is(const struct layout *l, struct reader *r, uint64_t address, const char *name,
	     size_t len)
{
	char scratch[256];
	struct body b;
	struct text t;
	const void *p;

	if (len > sizeof(scratch) || body_view(&b, r, address, L(l, PyASCIIObject, sizeof)))
		return false;
	if (BODY(&b, l, PyASCIIObject, length) != len)
		return false;
	if (text_at(l, r, address, &t) || t.kind != 1 || t.length != len)
		return false;
	p = len ? reader_probe(r, t.data, len, scratch) : "";
	return p && !memcmp(p, name, len);
}
