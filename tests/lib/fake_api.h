/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAKE_API_H
#define TESTS_FAKE_API_H

#include <pycore/pycore.h>

/* The public interface without a target: each call hands out what a test put here. */
struct fake_api {
	struct pycore_info info;
	struct pycore_stacks stacks, stacks_with_locals;
	struct pycore_census census;
	const struct pycore_object *objects; /* biggest first */
	size_t n_objects;
	struct pycore_graph graph;
	struct pycore_detail detail; /* of its object alone */
	struct pycore_paths paths;
	struct pycore_dump_result dump;
	struct pycore_tree tree;
	struct pycore_verdict verdict;
	struct pycore_growth growth;
	struct pycore_snapshot_result snapshot;
	struct pycore_audit audit;
	struct pycore_suspects suspects;
	struct pycore_savings savings;
	const char *warnings[8];
	double stopped_ms;

	/* Statuses of the calls, 0: they work; then the message is "it failed on purpose". */
	int open_status, info_status, stacks_status, census_status, objects_status, graph_status,
		detail_status, retained_status, paths_status, dump_status, tree_status,
		growth_status, snapshot_status, suspects_status, savings_status;

	/* What was asked for. */
	struct pycore_stack_query stack_query;
	struct pycore_object_query object_query;
	struct pycore_graph_query graph_query;
	struct pycore_detail_query detail_query;
	struct pycore_path_query path_query;
	struct pycore_tree_query tree_query;
	const char *snapshot_path;
	struct pycore_audit_query audit_query;
	struct pycore_suspect_query suspect_query;
	struct pycore_savings_query savings_query;
	bool retained_asked;
	bool thawed, read_when_thawed;
};

extern struct fake_api fake_api;

/* A core of a small program that everything about is known of. */
void fake_api_demo(void);

/* Something for pycore_open_*() to hand out. */
struct pycore *fake_session(void);

#endif
