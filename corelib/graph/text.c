/* SPDX-License-Identifier: MIT */
#include "graph/shape.h"

/* Longest chain of prefixes that is written; folding makes no longer ones. */
#define MOST_PREFIXES 8

static void one_text(const struct shapes *s, const struct shape *shape, const struct ctx *c,
		     uint64_t detail, bool several, struct buf *out)
{
	struct label label = { .kind = shape->kind, .text = shape->text, .key = shape->key };

	switch (shape->kind) {
	case LABEL_KEY:
		label.key = detail;
		break;
	case LABEL_INDEX:
	case LABEL_IS_KEY:
		label.index = detail;
		break;
	default:
		several = false;
	}
	if (several)
		buf_puts(out, shape->kind == LABEL_IS_KEY ? "key" : "[\xe2\x80\xa6]");
	else if (s->label_text)
		s->label_text(s->label_arg, &label, out);
	else if (value_label(c, &label, out) < 0)
		buf_putc(out, '?');
}

void shape_text(const struct shapes *s, const struct ctx *c, uint32_t number, uint64_t detail,
		bool several, struct buf *out)
{
	uint32_t chain[MOST_PREFIXES];
	uint64_t details[MOST_PREFIXES];
	unsigned n = 0;
	bool guess = false;

	while (n < MOST_PREFIXES && number < s->list.n) {
		const struct shape *shape = &s->list.items[number];

		chain[n] = number;
		details[n++] = detail;
		guess |= shape->guess;
		number = shape->prefix - 1; /* none: UINT32_MAX */
		detail = shape->prefix_detail;
	}
	while (n--)
		one_text(s, &s->list.items[chain[n]], c, details[n], several && n == 0, out);
	if (guess)
		buf_putc(out, '?');
}
