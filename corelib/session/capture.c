/* SPDX-License-Identifier: MIT */
#include <pycore/capture.h>

#include "capture/dump.h"
#include "capture/reduce.h"
#include "capture/watch.h"
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

int pycore_reduce(const char *core, const struct pycore_dump_options *options,
		  struct pycore_dump_result *out, struct pycore_error *err)
{
	struct pycore_dump_options taken;
	int rc;

	if (out)
		*out = (struct pycore_dump_result){ 0 };
	rc = session_take(&taken, sizeof(taken), options, "pycore_dump_options", err);
	if (!rc && !taken.path)
		rc = pycore_fail(err, PYCORE_ERR_ARGUMENT, "no name for the reduced core");
	return rc ? rc : reduce_core(core, &taken, out, err);
}

int pycore_watch_open(struct pycore_watch **out, const struct pycore_watch_options *options,
		      struct pycore_error *err)
{
	struct pycore_watch_options taken;
	int rc = session_take(&taken, sizeof(taken), options, "pycore_watch_options", err);

	*out = NULL;
	return rc ? rc : watch_open(out, &taken, err);
}

int pycore_watch_wait(struct pycore_watch *watch, struct pycore_watch_event *event,
		      struct pycore_error *err)
{
	return watch_wait(watch, event, err);
}

void pycore_watch_close(struct pycore_watch *watch)
{
	watch_close(watch);
}
