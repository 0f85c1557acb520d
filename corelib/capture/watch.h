/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_WATCH_H
#define CAPTURE_WATCH_H

#include <pycore/capture.h>

/* As the public functions, of options that are whole and outlive the watch. */
int watch_open(struct pycore_watch **out, const struct pycore_watch_options *options,
	       struct pycore_error *err);
int watch_wait(struct pycore_watch *w, struct pycore_watch_event *event, struct pycore_error *err);
void watch_close(struct pycore_watch *w);

#endif
