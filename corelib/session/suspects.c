/* SPDX-License-Identifier: MIT */
#include "graph/suspects.h"

#include "session/whole.h"

#define DEFAULT_PERCENT 10

static int no_memory(struct pycore_error *err)
{
	return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the suspects");
}

static uint64_t address_of(const struct whole *w, uint32_t object)
{
	return w->source.address(w->source.arg, object);
}

static const char *type_of(const struct whole *w, uint32_t object)
{
	return w->types.items[w->objects.type[object]].name;
}

static void describe(const struct whole *w, const struct suspect_found *found,
		     struct pycore_suspect *out)
{
	*out = (struct pycore_suspect){
		.kind = found->kind == SUSPECT_GROUP	   ? PYCORE_SUSPECT_GROUP
			: found->kind == SUSPECT_STRUCTURE ? PYCORE_SUSPECT_STRUCTURE
							   : PYCORE_SUSPECT_OBJECT,
		.type = w->types.items[found->type].name,
		.count = found->count,
		.bytes = found->bytes,
		.retained = found->retained,
		.items = found->items,
		.items_retained = found->items_retained,
		.held = found->held,
		.shared = found->shared,
	};
	if (found->items)
		out->item_type = w->types.items[found->item_type].name;
	if (found->kind != SUSPECT_GROUP) {
		out->address = address_of(w, found->object);
	} else if (found->object != WHOLE_NONE) {
		out->holder = address_of(w, found->object);
		out->holder_type = type_of(w, found->object);
	}
}

static int hand_out(struct pycore *s, const struct whole *w, const struct suspects *found,
		    const struct pycore_suspect_query *q, const struct pycore_suspects **out,
		    struct pycore_error *err)
{
	struct pycore_suspects *answer = arena_alloc(&s->arena, sizeof(*answer));
	struct pycore_suspect *list = arena_array(&s->arena, found->list.n + 1, sizeof(*list));

	const struct way_query wish = { .most = 1, .values = q->values, .longest = LONGEST_WAY };

	if (!answer || !list)
		return no_memory(err);
	for (size_t i = 0; i < found->list.n; i++) {
		const struct suspect_found *one = &found->list.items[i];
		uint32_t to = one->object == WHOLE_NONE ? one->first : one->object;
		int rc;

		describe(w, one, &list[i]);
		rc = session_paths(s, w, to, &wish, &list[i].path, err);
		if (rc < 0)
			return rc;
	}
	*answer = (struct pycore_suspects){ list, found->list.n, w->total_bytes, q->percent };
	*out = answer;
	return session_check_read(s, "references", err);
}

int pycore_get_suspects(struct pycore *s, const struct pycore_suspect_query *query,
			const struct pycore_suspects **out, struct pycore_error *err)
{
	struct pycore_suspect_query q;
	struct suspects found;
	const struct whole *w;
	int rc = session_take(&q, sizeof(q), query, "pycore_suspect_query", err);

	if (!rc && q.percent > 100)
		rc = pycore_fail(err, PYCORE_ERR_ARGUMENT, "%u %% is more than there is", q.percent);
	if (!rc)
		rc = session_can_read(s, "references", err);
	if (!rc)
		rc = session_whole(s, &w, err);
	if (rc)
		return rc;
	q.percent = q.percent ? q.percent : DEFAULT_PERCENT;
	rc = suspects_find(w, q.percent, &found) ? no_memory(err) : 0;
	if (!rc)
		rc = hand_out(s, w, &found, &q, out, err);
	suspects_fini(&found);
	return rc;
}
