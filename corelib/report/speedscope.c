/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/vec.h"
#include "report/flame.h"
#include "report/report.h"

/*
 * The file format of speedscope.app: one profile with a sample for each stack
 * that differs, the weight being how many threads have it.
 */
struct speedscope {
	const struct report *r;
	struct flame flame;
	VEC(const struct pycore_frame *) frames; /* sorted, each once */
};

static int by_frame(const void *a, const void *b)
{
	return flame_compare(*(const struct pycore_frame *const *)a,
			     *(const struct pycore_frame *const *)b);
}

static bool list_frames(struct speedscope *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->flame.n; i++) {
		const struct pycore_thread *t = s->flame.stacks[i].thread;

		for (size_t level = 0; level < flame_depth(t); level++) {
			if (!vec_push(&s->frames, flame_frame(t, level)))
				return false;
		}
	}
	if (s->frames.n)
		qsort(s->frames.items, s->frames.n, sizeof(*s->frames.items), by_frame);
	for (size_t i = 0; i < s->frames.n; i++) {
		if (!kept || flame_compare(s->frames.items[kept - 1], s->frames.items[i]))
			s->frames.items[kept++] = s->frames.items[i];
	}
	s->frames.n = kept;
	return true;
}

static json_t *frames_json(const struct speedscope *s, struct json_out *out)
{
	json_t *frames = json_array();

	for (size_t i = 0; i < s->frames.n; i++) {
		const struct pycore_frame *f = s->frames.items[i];
		json_t *frame = json_object();

		json_put(out, frame, "name", json_text(flame_function(f)));
		if (f)
			json_put(out, frame, "file", json_text(f->file));
		if (f && f->line > 0)
			json_put(out, frame, "line", json_integer(f->line));
		json_push(out, frames, frame);
	}
	return frames;
}

static json_t *sample_json(const struct speedscope *s, const struct pycore_thread *t,
			   struct json_out *out)
{
	json_t *sample = json_array();

	for (size_t level = 0; level < flame_depth(t); level++) {
		const struct pycore_frame *f = flame_frame(t, level);
		const struct pycore_frame **at = bsearch(&f, s->frames.items, s->frames.n,
							 sizeof(*s->frames.items), by_frame);

		json_push(out, sample, json_integer(at ? at - s->frames.items : 0));
	}
	return sample;
}

static json_t *profile_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct speedscope *s = ctx;
	json_t *profile = json_object(), *samples = json_array(), *weights = json_array();

	json_put(out, profile, "type", json_text("sampled"));
	json_put(out, profile, "name", json_text("threads"));
	json_put(out, profile, "unit", json_text("none"));
	json_put(out, profile, "startValue", json_integer(0));
	json_put(out, profile, "endValue", json_count(s->flame.total));
	for (size_t n = 0; n < s->flame.n; n++) {
		json_push(out, samples, sample_json(s, s->flame.stacks[n].thread, out));
		json_push(out, weights, json_count(s->flame.stacks[n].n));
	}
	json_put(out, profile, "samples", samples);
	json_put(out, profile, "weights", weights);
	return profile;
}

static json_t *name_json(const struct report *r)
{
	struct buf name = { 0 };
	json_t *text;

	buf_printf(&name, "pycore bt %s %llu", r->info.path ? r->info.path : "process",
		   (unsigned long long)r->info.pid);
	text = name.failed ? NULL : json_text(name.text);
	buf_free(&name);
	return text;
}

static bool keep_all(void *ctx)
{
	return true;
}

void bt_speedscope(const struct report *r, struct buf *out)
{
	struct speedscope s = { .r = r, .flame = flame_make(&r->threads) };
	struct json_out json = { .root = json_object() };
	json_t *shared = json_object();

	if (s.flame.failed || !list_frames(&s))
		json.failed = true;
	json_put(&json, json.root, "$schema",
		 json_text("https://www.speedscope.app/file-format-schema.json"));
	json_put(&json, json.root, "exporter", json_text("pycore"));
	json_put(&json, json.root, "name", name_json(r));
	json_put(&json, json.root, "activeProfileIndex", json_integer(0));
	json_put(&json, shared, "frames", frames_json(&s, &json));
	json_put(&json, json.root, "shared", shared);
	json_list(&json, "profiles", 1, profile_json, &s);
	json_write(&json, out, keep_all, NULL);
	json_decref(json.root);
	vec_free(&s.frames);
	flame_free(&s.flame);
}
