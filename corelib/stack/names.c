/* SPDX-License-Identifier: MIT */
#include "stack/names.h"

#define MOST_NAMES 65536
#define LONGEST_NAME 200

struct note {
	const struct ctx *c;
	struct map *by_ident;
};

static int note_thread(void *arg, uint64_t key, uint64_t value)
{
	struct note *n = arg;
	uint64_t *at;
	int64_t ident;

	if (n->by_ident->n == MOST_NAMES)
		return 1;
	if (value_int(n->c, key, &ident) < 0)
		return 0;
	at = map_put(n->by_ident, (uint64_t)ident, NULL);
	if (at)
		*at = value;
	return 0;
}

void thread_names_read(struct thread_names *names, const struct ctx *c, uint64_t interp)
{
	struct note n = { c, &names->by_ident };
	uint64_t module = value_module_dict(c, interp, "threading");
	uint64_t active = module ? value_dict_get(c, module, "_active") : 0;

	if (active)
		value_dict_each(c, active, note_thread, &n);
}

char *thread_names_get(const struct thread_names *names, const struct ctx *c, uint64_t ident,
		       struct arena *a)
{
	const uint64_t *thread = ident ? map_get(&names->by_ident, ident) : NULL;
	uint64_t name = thread ? value_attr(c, *thread, "_name") : 0;

	/* 2.7: private, and mangled */
	if (thread && !name)
		name = value_attr(c, *thread, "_Thread__name");
	return name ? value_strdup(c, name, a, LONGEST_NAME) : NULL;
}

void thread_names_fini(struct thread_names *names)
{
	map_free(&names->by_ident);
}
