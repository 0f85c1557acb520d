/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/replica.h"
#include "session/snapshot.h"

struct ctx session_ctx(struct pycore *s)
{
	return (struct ctx){ .l = &s->runtime.layout, .r = &s->reader, .types = &s->types,
			     .interps = &s->interps, .behind = &s->behind };
}

static bool keep(struct pycore *s, const char **text)
{
	if (*text)
		*text = arena_strdup(&s->arena, *text);
	return *text != NULL;
}

/* The caller's strings may be gone when a file is looked for later. */
static bool keep_options(struct pycore *s)
{
	struct pycore_options *o = &s->options;

	return (!o->exe || keep(s, &o->exe)) && (!o->sysroot || keep(s, &o->sysroot)) &&
	       (!o->debug_dir || keep(s, &o->debug_dir)) &&
	       (!o->unpack_dir || keep(s, &o->unpack_dir));
}

static int session_new(struct pycore **out, const struct pycore_options *options,
		       struct pycore_error *err)
{
	struct pycore *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (!s)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a session");
	pthread_mutex_init(&s->warnings_lock, NULL);
	rc = session_take(&s->options, sizeof(s->options), options, "pycore_options", err);
	if (!rc && !keep_options(s))
		rc = pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a session");
	if (rc)
		pycore_close(s);
	else
		*out = s;
	return rc;
}

/* Recognise the interpreter. What it needs never changes: a live process still runs. */
static int find_python(struct pycore *s, struct pycore_error *err)
{
	int rc;

	reader_init(&s->reader, s->target);
	s->has_reader = true;
	rc = runtime_find(&s->runtime, &s->reader, err);
	if (rc)
		return rc;
	rc = type_table_init(&s->types, &s->runtime);
	s->has_types = !rc;
	return rc ? pycore_fail(err, rc, "no memory for the table of types") : 0;
}

static int stop(struct pycore *s, struct pycore_error *err)
{
	int rc;

	if (s->options.max_stop_ms && !s->options.already_stopped)
		return replica_take(s->target, s->options.max_stop_ms, s->options.jobs, err);
	rc = target_freeze(s->target, err);
	if (rc)
		return rc;
	s->frozen = !s->options.already_stopped;
	return 0;
}

static void note_release(struct pycore *s)
{
	char line[300];

	if (s->runtime.table->unverified) {
		snprintf(line, sizeof(line),
			 "the layout %s was made from headers and never tried on an interpreter: "
			 "its checks passed, but what is not checked may be read wrongly",
			 s->runtime.table->name);
		session_note(s, line);
		return;
	}
	snprintf(line, sizeof(line),
		 "Python %s is no release that this pycore knows: read as %s, of which every check "
		 "passed",
		 s->runtime.version_text, s->runtime.table->name);
	session_note(s, line);
}

static int read_interpreters(struct pycore *s, struct pycore_error *err)
{
	int rc;

	/* What was seen of a process that ran is not what is there now. */
	reader_forget(&s->reader);
	rc = runtime_interpreters(&s->runtime, &s->reader, &s->interps, err);
	if (rc)
		return rc;
	if (s->interps.interps.n &&
	    !LOAD(&s->runtime.layout, &s->reader, s->interps.interps.items[0].address,
		  PyInterpreterState, modules, &s->types.modules))
		s->types.modules = 0;
	if (!s->interps.complete)
		session_warn(s, "the list of interpreters or of their threads breaks off: "
				"some may be missing");
	if (!s->runtime.verified)
		note_release(s);
	if (s->interps.finalizing)
		session_note(s, "Python was shutting down: modules and what they named may be gone, "
				"and so may be the states of other threads");
	return session_check_read(s, "the interpreters", err);
}

static int finish_open(struct pycore **out, struct pycore *s, int rc)
{
	if (rc)
		pycore_close(s);
	else
		*out = s;
	return rc;
}

/* Of an error, one line is all that is told: what was warned of before may be the reason. */
static int blame_loss(const struct pycore *s, int rc, struct pycore_error *err)
{
	struct pycore_error why = *err;

	if (!rc || !s->target || !s->target->lost)
		return rc;
	pycore_fail(err, rc, "%.90s: %.140s", s->target->lost, why.message);
	err->address = why.address;
	return rc;
}

int pycore_open_core(struct pycore **out, const char *path, const struct pycore_options *options,
		     struct pycore_error *err)
{
	struct pycore *s;
	int rc;

	*out = NULL;
	rc = session_new(&s, options, err);
	if (rc)
		return rc;
	if (is_snapshot(path))
		return finish_open(out, s, open_snapshot(s, path, err));
	rc = target_open_core(&s->target, path, &s->options, session_warn, s, err);
	if (!rc)
		rc = find_python(s, err);
	if (!rc)
		rc = read_interpreters(s, err);
	return finish_open(out, s, err ? blame_loss(s, rc, err) : rc);
}

int pycore_open_live(struct pycore **out, pid_t pid, const struct pycore_options *options,
		     struct pycore_error *err)
{
	struct pycore *s;
	int rc;

	*out = NULL;
	rc = session_new(&s, options, err);
	if (rc)
		return rc;
	rc = target_open_live(&s->target, pid, &s->options, session_warn, s, err);
	if (!rc)
		rc = find_python(s, err);
	if (!rc && s->options.no_freeze)
		session_warn(s, "the process ran on while it was read: the answer may be torn");
	else if (!rc)
		rc = stop(s, err);
	if (!rc)
		rc = read_interpreters(s, err);
	return finish_open(out, s, rc);
}

int pycore_open_callback(struct pycore **out, const struct pycore_callback_target *from,
			 const struct pycore_options *options, struct pycore_error *err)
{
	struct pycore_callback_target taken;
	struct pycore *s;
	int rc;

	*out = NULL;
	rc = session_take(&taken, sizeof(taken), from, "pycore_callback_target", err);
	if (rc)
		return rc;
	if (!taken.read)
		return pycore_fail(err, PYCORE_ERR_ARGUMENT,
				   "struct pycore_callback_target: no function to read with");
	rc = session_new(&s, options, err);
	if (rc)
		return rc;
	rc = target_open_callback(&s->target, &taken, &s->options, session_warn, s, err);
	if (!rc)
		rc = find_python(s, err);
	if (!rc)
		rc = read_interpreters(s, err);
	return finish_open(out, s, rc);
}

void pycore_thaw(struct pycore *s)
{
	if (!s || !s->frozen || s->thawed)
		return;
	target_thaw(s->target);
	s->thawed = true;
}

double pycore_stopped_ms(const struct pycore *s)
{
	return s && s->target ? target_stopped_ms(s->target) : 0;
}

void pycore_close(struct pycore *s)
{
	if (!s)
		return;
	pycore_thaw(s); /* first of all: freeing may take long */
	if (s->whole) {
		whole_fini(s->whole);
		free(s->whole);
	}
	vec_free(&s->behind.edges);
	if (s->heap) {
		heap_fini(s->heap);
		free(s->heap);
	}
	interpreters_fini(&s->interps);
	if (s->has_types)
		type_table_fini(&s->types);
	else
		vec_free(&s->types.types); /* of a snapshot */
	snapshot_facts_fini(&s->facts);
	if (s->has_reader)
		reader_fini(&s->reader);
	if (s->target)
		target_close(s->target);
	vec_free(&s->warnings);
	arena_free(&s->warnings_arena);
	arena_free(&s->arena);
	pthread_mutex_destroy(&s->warnings_lock);
	free(s);
}

const char *pycore_version(void)
{
	return PACKAGE_VERSION;
}

int session_can_read(struct pycore *s, const char *what, struct pycore_error *err)
{
	if (!s->target)
		return pycore_fail(err, PYCORE_ERR_ARGUMENT,
				   "%.120s is a snapshot of a heap, which has not what %s are read from: "
				   "give the core or the process",
				   s->snapshot, what);
	if (s->thawed)
		return pycore_fail(err, PYCORE_ERR_ARGUMENT,
				   "the process runs again: %s can no longer be read", what);
	reader_renew(&s->reader);
	return 0;
}

int session_can_answer(struct pycore *s, const char *what, struct pycore_error *err)
{
	return s->target ? session_can_read(s, what, err) : 0;
}

int session_check_read(struct pycore *s, const char *what, struct pycore_error *err)
{
	if (!s->target)
		return 0;
	if (s->target->gone)
		return pycore_fail(err, PYCORE_ERR_GONE,
				   "process %" PRIu64 " ended while %s were read",
				   s->target->process.pid, what);
	if (s->reader.faults > s->faults_told)
		session_warnf(s, "%" PRIu64 " loads of %s failed, the first at 0x%" PRIx64,
			      s->reader.faults - s->faults_told, what, s->reader.first_fault);
	s->faults_told = s->reader.faults;
	return 0;
}
