/* SPDX-License-Identifier: MIT */
#include <pycore/capture.h>

#include "capture/dump.h"
#include "session/session.h"

int pycore_dump(pid_t pid, const struct pycore_dump_options *options,
		struct pycore_dump_result *out, struct pycore_error *err)
{
	struct pycore_dump_options taken;
	int rc;

	if (out)
		*out = (struct pycore_dump_result){ 0 };
	rc = session_take(&taken, sizeof(taken), options, "pycore_dump_options", err);
	return rc ? rc : dump_process(pid, &taken, out, err);
}
