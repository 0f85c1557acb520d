/* SPDX-License-Identifier: MIT */
#include "session/session.h"

/* No struct of ours will ever be as big: a bigger one was not initialised. */
#define BIGGEST_STRUCT 4096

int session_take(void *to, size_t size, const void *from, const char *name,
		 struct pycore_error *err)
{
	const unsigned char *bytes = from;
	size_t theirs;

	memset(to, 0, size);
	memcpy(to, &size, sizeof(size));
	if (!from)
		return 0;
	memcpy(&theirs, from, sizeof(theirs));
	if (theirs < sizeof(theirs) || theirs > BIGGEST_STRUCT)
		return pycore_fail(err, PYCORE_ERR_ARGUMENT,
				   "struct %s: its member size is not set to sizeof(struct %s)",
				   name, name);
	for (size_t i = size; i < theirs; i++) {
		if (bytes[i])
			return pycore_fail(err, PYCORE_ERR_ARGUMENT,
					   "struct %s: the caller asks for something that this "
					   "older library does not know",
					   name);
	}
	memcpy(to, from, theirs < size ? theirs : size);
	memcpy(to, &size, sizeof(size));
	return 0;
}
