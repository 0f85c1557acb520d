/* SPDX-License-Identifier: MIT */
#include "fake_api.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

struct fake_api fake_api;

struct pycore {
	char warnings[8][200];
};

static struct pycore session;

struct pycore *fake_session(void)
{
	memset(&session, 0, sizeof(session));
	return &session;
}

static int answer(int status, struct pycore_error *err)
{
	if (fake_api.thawed)
		fake_api.read_when_thawed = true;
	if (status && err) {
		*err = (struct pycore_error){ .status = status };
		strcpy(err->message, "it failed on purpose");
	}
	return status;
}

static int open_session(struct pycore **out, struct pycore_error *err)
{
	int status = answer(fake_api.open_status, err);

	*out = status ? NULL : fake_session();
	return status;
}

/* The first word of a fake core says how the library shall behave. */
static void read_script(const char *path)
{
	char word[32] = "";
	FILE *f = fopen(path, "r");

	if (f && fscanf(f, "%31s", word) != 1)
		*word = '\0';
	if (f)
		fclose(f);
	if (!strcmp(word, "unreadable"))
		fake_api.open_status = PYCORE_ERR_FORMAT;
	else if (!strcmp(word, "heapless"))
		fake_api.census_status = fake_api.objects_status = PYCORE_ERR_DAMAGED;
	else if (!strcmp(word, "partial"))
		fake_api.warnings[0] = "thread 7 could not be read \x1b[31m\xc2\x9b";
	else if (!strcmp(word, "noted"))
		fake_api.warnings[0] = "note that this release is not known";
}

int pycore_open_core(struct pycore **out, const char *path, const struct pycore_options *options,
		     struct pycore_error *err)
{
	fake_api_demo();
	read_script(path);
	fake_api.info.kind = strstr(path, ".pysnap") ? "snapshot" : "core";
	fake_api.info.path = path;
	return open_session(out, err);
}

int pycore_open_live(struct pycore **out, pid_t pid, const struct pycore_options *options,
		     struct pycore_error *err)
{
	fake_api_demo();
	fake_api.info.kind = "live";
	fake_api.info.path = NULL;
	fake_api.info.pid = (uint64_t)pid;
	fake_api.info.signal = 0;
	fake_api.stopped_ms = 1.84;
	return open_session(out, err);
}

void pycore_thaw(struct pycore *s)
{
	fake_api.thawed = true;
}

double pycore_stopped_ms(const struct pycore *s)
{
	return fake_api.stopped_ms;
}

void pycore_close(struct pycore *s)
{
}

const char *pycore_warning(const struct pycore *s, size_t i)
{
	size_t n = 0;

	while (fake_api.warnings[n])
		n++;
	if (i < n)
		return fake_api.warnings[i];
	return i - n < 8 && *s->warnings[i - n] ? s->warnings[i - n] : NULL;
}

bool pycore_warning_is_note(const struct pycore *s, size_t i)
{
	const char *line = pycore_warning(s, i);

	return line && !strncmp(line, "note", 4);
}

void pycore_add_warning(struct pycore *s, const char *line)
{
	for (size_t i = 0; i < 8; i++) {
		if (!*s->warnings[i]) {
			snprintf(s->warnings[i], sizeof(s->warnings[i]), "%s", line);
			return;
		}
	}
}

const char *pycore_version(void)
{
	return "0.0.test";
}

int pycore_get_info(struct pycore *s, struct pycore_info *out, struct pycore_error *err)
{
	*out = fake_api.info;
	return answer(fake_api.info_status, err);
}

int pycore_get_stacks(struct pycore *s, const struct pycore_stacks **out, struct pycore_error *err)
{
	*out = &fake_api.stacks;
	return answer(fake_api.stacks_status, err);
}

int pycore_query_stacks(struct pycore *s, const struct pycore_stack_query *query,
			const struct pycore_stacks **out, struct pycore_error *err)
{
	fake_api.stack_query = *query;
	*out = query->locals ? &fake_api.stacks_with_locals : &fake_api.stacks;
	return answer(fake_api.stacks_status, err);
}

int pycore_get_census(struct pycore *s, const struct pycore_census **out, struct pycore_error *err)
{
	*out = &fake_api.census;
	return answer(fake_api.census_status, err);
}

int pycore_get_costs(struct pycore *s, const struct pycore_census **out, struct pycore_error *err)
{
	return pycore_get_census(s, out, err);
}

int pycore_get_retained(struct pycore *s, bool each_type, const struct pycore_census **out,
			struct pycore_error *err)
{
	fake_api.retained_asked = true;
	*out = &fake_api.census;
	return answer(fake_api.retained_status, err);
}

int pycore_get_paths(struct pycore *s, const struct pycore_path_query *query,
		     const struct pycore_paths **out, struct pycore_error *err)
{
	fake_api.path_query = *query;
	*out = &fake_api.paths;
	return answer(fake_api.paths_status, err);
}

int pycore_get_tree(struct pycore *s, const struct pycore_tree_query *query,
		    const struct pycore_tree **out, struct pycore_error *err)
{
	fake_api.tree_query = *query;
	*out = &fake_api.tree;
	return answer(fake_api.tree_status, err);
}

int pycore_get_suspects(struct pycore *s, const struct pycore_suspect_query *query,
			const struct pycore_suspects **out, struct pycore_error *err)
{
	fake_api.suspect_query = *query;
	*out = &fake_api.suspects;
	return answer(fake_api.suspects_status, err);
}

int pycore_get_savings(struct pycore *s, const struct pycore_savings_query *query,
		       const struct pycore_savings **out, struct pycore_error *err)
{
	fake_api.savings_query = *query;
	*out = &fake_api.savings;
	return answer(fake_api.savings_status, err);
}

int pycore_get_growth(struct pycore *s, struct pycore *a, struct pycore *c,
		      const struct pycore_growth **out, struct pycore_error *err)
{
	fake_api.growth.third = c != NULL;
	*out = &fake_api.growth;
	return answer(fake_api.growth_status, err);
}

int pycore_write_snapshot(struct pycore *s, const char *path, struct pycore_snapshot_result *out,
			  struct pycore_error *err)
{
	fake_api.snapshot_path = path;
	*out = fake_api.snapshot;
	return answer(fake_api.snapshot_status, err);
}

int pycore_dump(pid_t pid, const struct pycore_dump_options *options,
		struct pycore_dump_result *out, struct pycore_error *err)
{
	*out = fake_api.dump;
	return answer(fake_api.dump_status, err);
}

int pycore_reduce(const char *core, const struct pycore_dump_options *options,
		  struct pycore_dump_result *out, struct pycore_error *err)
{
	return answer(fake_api.dump_status, err);
}

int pycore_watch_open(struct pycore_watch **out, const struct pycore_watch_options *options,
		      struct pycore_error *err)
{
	*out = NULL;
	return answer(fake_api.dump_status, err);
}

/* The limit is reached at once. */
int pycore_watch_wait(struct pycore_watch *watch, struct pycore_watch_event *event,
		      struct pycore_error *err)
{
	*event = (struct pycore_watch_event){ .pid = 1234, .reason = "on purpose" };
	return 1;
}

void pycore_watch_close(struct pycore_watch *watch)
{
}

int pycore_get_objects(struct pycore *s, const struct pycore_object_query *query,
		       const struct pycore_objects **out, struct pycore_error *err)
{
	static struct pycore_objects found;
	static struct pycore_object objects[16];
	static const char *types[16];

	fake_api.object_query = *query;
	*out = &found;
	found = (struct pycore_objects){ .objects = objects, .types = types };
	for (size_t i = 0; i < fake_api.n_objects; i++) {
		const struct pycore_object *o = &fake_api.objects[i];

		if (query->type && fnmatch(query->type, o->type, 0))
			continue;
		found.total++;
		if (found.n_objects == 16 || (query->limit && found.n_objects == query->limit))
			continue;
		objects[found.n_objects++] = *o;
		types[found.n_types++] = o->type;
	}
	if (query->type && !found.total)
		return answer(PYCORE_ERR_NOT_FOUND, err);
	return answer(fake_api.objects_status, err);
}

int pycore_get_graph(struct pycore *s, const struct pycore_graph_query *query,
		     const struct pycore_graph **out, struct pycore_error *err)
{
	fake_api.graph_query = *query;
	*out = &fake_api.graph;
	return answer(fake_api.graph_status, err);
}

int pycore_get_object(struct pycore *s, const struct pycore_detail_query *query,
		      const struct pycore_detail **out, struct pycore_error *err)
{
	static struct pycore_detail found;

	fake_api.detail_query = *query;
	found = fake_api.detail;
	found.asked = query->address;
	found.found_as = query->name ? "local 'user' of login\x1b[31m()" : NULL;
	if (query->no_referrers)
		found.has_referrers = false;
	*out = &found;
	if (!query->name && query->address - found.object.address >= found.object.bytes)
		return answer(PYCORE_ERR_NOT_FOUND, err);
	return answer(fake_api.detail_status, err);
}

int pycore_verify(struct pycore *s, size_t limit, const struct pycore_verdict **out,
		  struct pycore_error *err)
{
	static struct pycore_verdict found;

	found = fake_api.verdict;
	if (limit && limit < found.n_faults)
		found.n_faults = limit;
	*out = &found;
	return answer(fake_api.objects_status, err);
}

int pycore_get_audit(struct pycore *s, const struct pycore_audit_query *query,
		     const struct pycore_audit **out, struct pycore_error *err)
{
	fake_api.audit_query = *query;
	*out = &fake_api.audit;
	return answer(fake_api.objects_status, err);
}
