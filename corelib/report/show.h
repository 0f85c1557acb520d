/* SPDX-License-Identifier: MIT */
#ifndef REPORT_SHOW_H
#define REPORT_SHOW_H

#include "report/report.h"

/* One object, as text: in full, and as one line for print. */
void show_text(const struct report *r, struct buf *out);
void print_text(const struct report *r, struct buf *out);

#endif
