/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* zoneinfo.ZoneInfo: offsets and names stand in C arrays, which the collector does not see. */

#define MANY (UINT64_C(1) << 24)

static const struct ref_field zone_fields[] = {
	{ F_PyZoneInfo_ZoneInfo_key, LABEL_ATTR, EDGE_OWNED, "key" },
	{ F_PyZoneInfo_ZoneInfo_file_repr, LABEL_FIELD, EDGE_OWNED, "file" },
	{ 0 },
};

static const struct ref_field ttinfo_fields[] = {
	{ F__ttinfo_utcoff, LABEL_FIELD, EDGE_OWNED, "utcoffset" },
	{ F__ttinfo_dstoff, LABEL_FIELD, EDGE_OWNED, "dst" },
	{ F__ttinfo_tzname, LABEL_FIELD, EDGE_OWNED, "tzname" },
	{ 0 },
};

static int ttinfo_edges(const struct ctx *c, uint64_t at, edge_fn *fn, void *arg)
{
	struct body b;
	int status = body_view(&b, c->r, at, L(c->l, _ttinfo, sizeof));

	return status ? status : emit_fields(&b, c->l, ttinfo_fields, fn, arg);
}

static int zone_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	const struct layout *l = c->l;
	uint32_t size = L(l, _ttinfo, sizeof);
	uint64_t at, n;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	if (status || !HAS(l, PyZoneInfo_ZoneInfo, ttinfos))
		return status;
	at = BODY(&b, l, PyZoneInfo_ZoneInfo, ttinfos);
	n = BODY(&b, l, PyZoneInfo_ZoneInfo, num_ttinfos);
	for (uint64_t i = 0; i < n && !status; i++) {
		if (!reader_spend(c->r, at + i * size, i * size, size))
			return PYCORE_ERR_FAULT;
		status = ttinfo_edges(c, at + i * size, fn, arg);
	}
	/* What holds after the last transition. */
	if (!status)
		status = ttinfo_edges(c, o.address + L(l, PyZoneInfo_ZoneInfo, after_std), fn, arg);
	if (!status)
		status = ttinfo_edges(c, o.address + L(l, PyZoneInfo_ZoneInfo, after_dst), fn, arg);
	return status;
}

static void zone_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	static const unsigned lists[] = { F_PyZoneInfo_ZoneInfo_trans_list_utc,
					  F_PyZoneInfo_ZoneInfo_trans_ttinfos };
	uint32_t wall = L(c->l, PyZoneInfo_ZoneInfo, trans_list_wall);
	uint64_t at, n;
	struct body b;

	if (!HAS(c->l, PyZoneInfo_ZoneInfo, ttinfos) ||
	    body_view(&b, c->r, o.address, o.type->basicsize))
		return;
	at = BODY(&b, c->l, PyZoneInfo_ZoneInfo, ttinfos);
	n = BODY(&b, c->l, PyZoneInfo_ZoneInfo, num_ttinfos);
	if (at && n < MANY)
		fn(arg, at, n * L(c->l, _ttinfo, sizeof));
	n = BODY(&b, c->l, PyZoneInfo_ZoneInfo, num_transitions);
	if (n >= MANY)
		return;
	for (int i = 0; i < 2; i++) {
		at = body_field(&b, c->l, lists[i]);
		if (at)
			fn(arg, at, 8 * n);
		/* in standard and in summer time */
		at = body_u64(&b, wall + 8 * (uint64_t)i);
		if (at)
			fn(arg, at, 8 * n);
	}
}

const struct named_decoder pycore_zone_types[] = {
	{ "zoneinfo.ZoneInfo",
	  { .fields = zone_fields, .edges = zone_edges, .storage = zone_storage } },
	{ NULL, { .fields = NULL } },
};
