/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "object/decode.h"
#include "object/number.h"

int number_digits(const struct ctx *c, uint64_t address, uint64_t *n, bool *negative)
{
	const struct layout *l = c->l;
	uint64_t word;

	*n = 0;
	if (FACT(l, INT_SHAPE) == INT_LV_TAG) {
		if (!LOAD(l, c->r, address, PyLongObject, lv_tag, &word))
			return PYCORE_ERR_FAULT;
		*n = word >> 3;
		*negative = (word & 3) == 2;
		if ((word & 3) == 1) /* zero has a digit, which is not counted */
			*n = 0;
	} else {
		if (!reader_u64(c->r, address + L(l, PyVarObject, ob_size), &word))
			return PYCORE_ERR_FAULT;
		*negative = (int64_t)word < 0;
		*n = *negative ? -word : word;
	}
	return *n > UINT64_C(1) << 40 ? PYCORE_ERR_DAMAGED : 0;
}

static unsigned digit_size(const struct layout *l)
{
	return FACT(l, DIGIT_BITS) == 15 ? 2 : 4;
}

/* Read @p n digits of an int. */
static int read_digits(const struct ctx *c, uint64_t address, uint32_t *digits, uint64_t n)
{
	unsigned size = digit_size(c->l);
	uint32_t mask = (UINT32_C(1) << FACT(c->l, DIGIT_BITS)) - 1;
	const unsigned char *p;

	if (!n)
		return 0;
	p = reader_view(c->r, address + L(c->l, PyLongObject, ob_digit), n * size, digits);
	if (!p)
		return PYCORE_ERR_FAULT;
	/* From the last one on: they may widen in their own place. */
	for (uint64_t i = n; i-- > 0;) {
		uint32_t digit = 0;

		memcpy(&digit, p + i * size, size);
		digits[i] = digit & mask;
	}
	return 0;
}

static int int_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	bool negative;
	uint64_t n;
	int status = number_digits(c, o.address, &n, &negative);

	if (!n && FACT(c->l, INT_ZERO_HAS_DIGIT) == YES)
		n = 1;
	*bytes = L(c->l, PyLongObject, ob_digit);
	/* A long of Python 2 counts what a class of it adds. */
	if (HAS(c->l, PyIntObject, ob_ival))
		*bytes = o.type->basicsize;
	if (!status)
		*bytes += n * digit_size(c->l);
	return status;
}

/* Whether it is an int of Python 2, which is as wide as a machine's; long has digits. */
static bool is_machine_int(const struct ctx *c, uint64_t address)
{
	struct object o;

	return HAS(c->l, PyIntObject, ob_ival) && !object_at(c, address, &o) &&
	       o.type->flags & TPFLAGS_INT;
}

int number_int64(const struct ctx *c, uint64_t address, int64_t *out)
{
	unsigned bits = (unsigned)FACT(c->l, DIGIT_BITS);
	uint32_t digits[5] = { 0 };
	unsigned __int128 value = 0;
	bool negative;
	uint64_t n;
	int status;

	*out = 0;
	if (is_machine_int(c, address))
		return LOAD(c->l, c->r, address, PyIntObject, ob_ival, (uint64_t *)out) ?
			       0 :
			       PYCORE_ERR_FAULT;
	status = number_digits(c, address, &n, &negative);
	if (status)
		return status;
	if (n > (bits == 15 ? 5 : 3))
		return PYCORE_ERR_ARGUMENT;
	status = read_digits(c, address, digits, n);
	if (status)
		return status;
	for (uint64_t i = n; i-- > 0;)
		value = value << bits | digits[i];
	if (value > (unsigned __int128)INT64_MAX + negative)
		return PYCORE_ERR_ARGUMENT;
	*out = negative ? (int64_t)-(uint64_t)value : (int64_t)value;
	return 0;
}

#define BIG_DIGITS_MOST 64 /* more is only counted */
#define PARTS_MOST (BIG_DIGITS_MOST * 30 / 29 + 2)
#define PART 1000000000u
/* A number of that length is shown even where there is less room. */
#define BIG_SLACK 40

/* Divide the number by PART; @return the rest. */
static uint32_t divide(uint32_t *digits, uint64_t n, unsigned bits)
{
	uint64_t rest = 0;

	for (uint64_t i = n; i-- > 0;) {
		rest = rest << bits | digits[i];
		digits[i] = (uint32_t)(rest / PART);
		rest %= PART;
	}
	return (uint32_t)rest;
}

/* An int of more than 64 bits, as far as there is room for it. */
static int big_repr(const struct ctx *c, uint64_t address, uint64_t n, bool negative,
		    struct buf *out, size_t most)
{
	unsigned bits = (unsigned)FACT(c->l, DIGIT_BITS);
	size_t about = (size_t)((double)(n < UINT32_MAX ? n : UINT32_MAX) * bits * 0.30103) + 1;
	uint32_t digits[BIG_DIGITS_MOST], parts[PARTS_MOST];
	size_t n_parts = 0;
	int status;

	if (n > BIG_DIGITS_MOST || out->len + about > most + BIG_SLACK) {
		buf_printf(out, "<int of about %zu digits>", about);
		return 0;
	}
	status = read_digits(c, address, digits, n);
	if (status)
		return status;
	while (n && n_parts < PARTS_MOST) {
		parts[n_parts++] = divide(digits, n, bits);
		while (n && !digits[n - 1])
			n--;
	}
	buf_puts(out, negative ? "-" : "");
	for (size_t i = n_parts; i--;)
		buf_printf(out, i + 1 == n_parts ? "%u" : "%09u", parts[i]);
	return 0;
}

static int int_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		    size_t most)
{
	bool negative;
	int64_t value;
	uint64_t n;
	int status = number_int64(c, o.address, &value);

	if (!status)
		buf_printf(out, "%lld", (long long)value);
	if (status == PYCORE_ERR_ARGUMENT) {
		status = number_digits(c, o.address, &n, &negative);
		if (!status)
			status = big_repr(c, o.address, n, negative, out, most);
	}
	/* As Python 2 tells long from int. */
	if (!status && HAS(c->l, PyIntObject, ob_ival) && o.type->flags & TPFLAGS_LONG)
		buf_putc(out, 'L');
	return status;
}

/* In Python 2 it is an int of fixed size. */
static int bool_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	return HAS(c->l, PyIntObject, ob_ival) ? generic_extent(c, o, bytes) :
						 int_extent(c, o, bytes);
}

static int bool_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		     size_t most)
{
	int64_t value;
	int status = number_int64(c, o.address, &value);

	if (!status)
		buf_puts(out, value ? "True" : "False");
	return status;
}

/* The decimal point of printf() is the locale's; repr() knows only '.'. */
static void put_double(struct buf *out, double value)
{
	char text[40], *point;
	int precision = 15;

	if (isnan(value) || isinf(value)) {
		buf_puts(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
		return;
	}
	do {
		snprintf(text, sizeof(text), "%.*g", precision, value);
	} while (precision++ < 17 && strtod(text, NULL) != value);
	for (point = text; *point; point++) {
		if (!strchr("0123456789+-e", *point))
			*point = '.';
	}
	buf_puts(out, text);
	if (!strpbrk(text, ".e"))
		buf_puts(out, ".0");
}

/* As repr() of float: as many digits as tell it, without an exponent from 1e-4 to below 1e16. */
static void put_float(struct buf *out, double value)
{
	if (value == trunc(value) && fabs(value) < 1e16 && fabs(value) >= 1e15) {
		buf_printf(out, "%lld.0", (long long)value);
		return;
	}
	put_double(out, value);
}

static int float_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		      size_t most)
{
	uint64_t bits;
	double value;

	if (!LOAD(c->l, c->r, o.address, PyFloatObject, ob_fval, &bits))
		return PYCORE_ERR_FAULT;
	memcpy(&value, &bits, sizeof(value));
	put_float(out, value);
	return 0;
}

static void put_part(struct buf *out, double value)
{
	size_t before = out->len;

	put_float(out, value);
	/* complex writes 1j, not 1.0j */
	if (!out->failed && out->len > before + 2 && !strcmp(out->text + out->len - 2, ".0"))
		out->text[out->len -= 2] = '\0';
}

static int complex_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
			size_t most)
{
	double scratch[2], part[2];
	const void *p = reader_view(c->r, o.address + L(c->l, PyComplexObject, cval),
				    sizeof(scratch), scratch);

	if (!p || !HAS(c->l, PyComplexObject, cval))
		return PYCORE_ERR_FAULT;
	memcpy(part, p, sizeof(part));
	if (part[0] == 0 && !signbit(part[0])) {
		put_part(out, part[1]);
		buf_putc(out, 'j');
		return 0;
	}
	buf_putc(out, '(');
	put_part(out, part[0]);
	if (!signbit(part[1]) || isnan(part[1]))
		buf_putc(out, '+');
	put_part(out, part[1]);
	buf_puts(out, "j)");
	return 0;
}

static int none_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		     size_t most)
{
	buf_puts(out, "None");
	return 0;
}

static int ellipsis_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
			 size_t most)
{
	buf_puts(out, "Ellipsis");
	return 0;
}

static int not_implemented_repr(const struct ctx *c, struct object o, struct buf *out,
				unsigned depth, size_t most)
{
	buf_puts(out, "NotImplemented");
	return 0;
}

const struct decoder pycore_dec_int = { .extent = int_extent, .repr = int_repr };
const struct decoder pycore_dec_bool = { .extent = bool_extent, .repr = bool_repr };
const struct decoder pycore_dec_machine_int = { .repr = int_repr };
const struct decoder pycore_dec_float = { .repr = float_repr };
const struct decoder pycore_dec_complex = { .repr = complex_repr };
const struct decoder pycore_dec_none = { .repr = none_repr };
const struct decoder pycore_dec_ellipsis = { .repr = ellipsis_repr };
const struct decoder pycore_dec_not_implemented = { .repr = not_implemented_repr };
