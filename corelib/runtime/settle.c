/* SPDX-License-Identifier: MIT */
#include "runtime/settle.h"

#include "runtime/names.h"
#include "runtime/runtime.h"

/* sys.maxunicode of builds with a Py_UNICODE of two bytes */
#define MAX_OF_TWO_BYTES 0xffff

/* The type whose objects are numbers of digits. */
static bool find_long_type(const struct layout *l, struct reader *r, struct module *m,
			   uint64_t interp, uint64_t *type)
{
	uint64_t builtins;

	if (m && module_symbol(r->target, m, "PyLong_Type", type, NULL))
		return true;
	return interp && PROBE(l, r, interp, PyInterpreterState, builtins, &builtins) && builtins &&
	       names_get(l, r, builtins, HAS(l, PyIntObject, ob_ival) ? "long" : "int", type);
}

/* --enable-big-digits */
static void settle_digits(struct layout *l, struct reader *r, struct module *m, uint64_t interp)
{
	uint64_t type;
	unsigned bits;

	if (!find_long_type(l, r, m, interp, &type))
		return;
	bits = names_digit_bits(l, r, type);
	if (bits)
		FACT(l, DIGIT_BITS) = bits;
}

/*
 * --enable-unicode=ucs2 or ucs4. Functions of the one have other names than those of the
 * other, so that no extension module is loaded that was built for the other.
 */
static void settle_unicode(struct layout *l, struct reader *r, struct module *m, uint64_t interp)
{
	uint64_t at, object, most;

	if (FACT(l, TEXT) != TEXT_BYTES)
		return;
	if (m && module_symbol(r->target, m, "PyUnicodeUCS2_GetMax", &at, NULL))
		FACT(l, UNICODE_WIDTH) = 2;
	else if (m && module_symbol(r->target, m, "PyUnicodeUCS4_GetMax", &at, NULL))
		FACT(l, UNICODE_WIDTH) = 4;
	else if (interp && PROBE(l, r, interp, PyInterpreterState, sysdict, &at) && at &&
		 names_get(l, r, at, "maxunicode", &object) && names_int(l, r, object, &most))
		FACT(l, UNICODE_WIDTH) = most == MAX_OF_TWO_BYTES ? 2 : 4;
}

void settle_facts(struct layout *l, struct reader *r, struct module *m, uint64_t interp)
{
	settle_digits(l, r, m, interp);
	settle_unicode(l, r, m, interp);
}
