/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* xml.etree's and pyexpat's objects. */

static const struct ref_field tree_builder_fields[] = {
	{ F_TreeBuilderObject_root, LABEL_FIELD, EDGE_OWNED, "root" },
	{ F_TreeBuilderObject_this, LABEL_FIELD, EDGE_OWNED, "this" },
	{ F_TreeBuilderObject_last, LABEL_FIELD, EDGE_OWNED, "last" },
	{ F_TreeBuilderObject_last_for_tail, LABEL_FIELD, EDGE_OWNED, "last for tail" },
	{ F_TreeBuilderObject_data, LABEL_FIELD, EDGE_OWNED, "data" },
	{ F_TreeBuilderObject_stack, LABEL_FIELD, EDGE_OWNED, "stack" },
	{ F_TreeBuilderObject_element_factory, LABEL_FIELD, EDGE_OWNED, "element factory" },
	{ F_TreeBuilderObject_comment_factory, LABEL_FIELD, EDGE_OWNED, "comment factory" },
	{ F_TreeBuilderObject_pi_factory, LABEL_FIELD, EDGE_OWNED, "pi factory" },
	{ F_TreeBuilderObject_events_append, LABEL_FIELD, EDGE_OWNED, "events append" },
	{ F_TreeBuilderObject_start_event_obj, LABEL_FIELD, EDGE_OWNED, "start event" },
	{ F_TreeBuilderObject_end_event_obj, LABEL_FIELD, EDGE_OWNED, "end event" },
	{ F_TreeBuilderObject_start_ns_event_obj, LABEL_FIELD, EDGE_OWNED, "start ns event" },
	{ F_TreeBuilderObject_end_ns_event_obj, LABEL_FIELD, EDGE_OWNED, "end ns event" },
	{ F_TreeBuilderObject_comment_event_obj, LABEL_FIELD, EDGE_OWNED, "comment event" },
	{ F_TreeBuilderObject_pi_event_obj, LABEL_FIELD, EDGE_OWNED, "pi event" },
	{ 0 },
};

static const struct ref_field xmlparser_fields[] = {
	{ F_XMLParserObject_target, LABEL_ATTR, EDGE_OWNED, "target" },
	{ F_XMLParserObject_entity, LABEL_ATTR, EDGE_OWNED, "entity" },
	{ F_XMLParserObject_names, LABEL_FIELD, EDGE_OWNED, "names" },
	{ F_XMLParserObject_handle_start_ns, LABEL_FIELD, EDGE_OWNED, "handle start ns" },
	{ F_XMLParserObject_handle_end_ns, LABEL_FIELD, EDGE_OWNED, "handle end ns" },
	{ F_XMLParserObject_handle_start, LABEL_FIELD, EDGE_OWNED, "handle start" },
	{ F_XMLParserObject_handle_data, LABEL_FIELD, EDGE_OWNED, "handle data" },
	{ F_XMLParserObject_handle_end, LABEL_FIELD, EDGE_OWNED, "handle end" },
	{ F_XMLParserObject_handle_comment, LABEL_FIELD, EDGE_OWNED, "handle comment" },
	{ F_XMLParserObject_handle_pi, LABEL_FIELD, EDGE_OWNED, "handle pi" },
	{ F_XMLParserObject_handle_doctype, LABEL_FIELD, EDGE_OWNED, "handle doctype" },
	{ F_XMLParserObject_handle_close, LABEL_FIELD, EDGE_OWNED, "handle close" },
	{ F_XMLParserObject_elementtree_module, LABEL_FIELD, EDGE_OWNED, "module" },
	{ 0 },
};

static const struct ref_field element_iter_fields[] = {
	{ F_ElementIterObject_root_element, LABEL_FIELD, EDGE_OWNED, "root" },
	{ F_ElementIterObject_sought_tag, LABEL_FIELD, EDGE_OWNED, "tag" },
	{ 0 },
};

static const struct ref_field expat_fields[] = {
	{ F_xmlparseobject_intern, LABEL_ATTR, EDGE_OWNED, "intern" },
	{ F_xmlparseobject_parent, LABEL_FIELD, EDGE_OWNED, "parent" },
	{ 0 },
};

/* The elements that an iterator is inside of, outermost first. */
static int element_iter_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label label = { LABEL_FIELD, "inside", 0, 0 };
	uint32_t size = L(c->l, ParentLocator, sizeof), parent = L(c->l, ParentLocator, parent);
	uint64_t stack, n, to;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	if (status || !size)
		return status;
	stack = BODY(&b, c->l, ElementIterObject, parent_stack);
	n = BODY(&b, c->l, ElementIterObject, parent_stack_used);
	for (uint64_t i = 0; i < n && !status; i++) {
		if (!reader_spend(c->r, stack + i * size, i * size, size) ||
		    !reader_u64(c->r, stack + i * size + parent, &to))
			return PYCORE_ERR_FAULT;
		status = emit(fn, arg, to, EDGE_OWNED, &label);
	}
	return status ? status : body_status(&b);
}

static void element_iter_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	uint64_t stack, n;

	if (LOAD(c->l, c->r, o.address, ElementIterObject, parent_stack, &stack) &&
	    LOAD(c->l, c->r, o.address, ElementIterObject, parent_stack_size, &n) && stack &&
	    n < UINT64_C(1) << 32)
		fn(arg, stack, n * L(c->l, ParentLocator, sizeof));
}

/* enum HandlerTypes of pyexpat.c ends with _DummyDecl: the same in every release. */
#define HANDLERS 22

static int expat_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label label = { LABEL_FIELD, "handler", 0, 0 };
	uint64_t handlers;

	if (!HAS(c->l, xmlparseobject, handlers))
		return 0;
	if (!LOAD(c->l, c->r, o.address, xmlparseobject, handlers, &handlers))
		return PYCORE_ERR_FAULT;
	return handlers ? emit_items(c, handlers, HANDLERS, EDGE_OWNED, label, fn, arg) : 0;
}

static void expat_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct body b;
	uint64_t at;

	if (body_view(&b, c->r, o.address, o.type->basicsize))
		return;
	at = BODY(&b, c->l, xmlparseobject, handlers);
	if (at)
		fn(arg, at, 8 * HANDLERS);
	at = BODY(&b, c->l, xmlparseobject, buffer);
	if (at)
		fn(arg, at, BODY(&b, c->l, xmlparseobject, buffer_size));
}

const struct named_decoder pycore_xml_types[] = {
	{ "xml.etree.ElementTree.TreeBuilder", { .fields = tree_builder_fields } },
	{ "xml.etree.ElementTree.XMLParser", { .fields = xmlparser_fields } },
	{ "_elementtree._element_iterator",
	  { .fields = element_iter_fields,
	    .edges = element_iter_edges,
	    .storage = element_iter_storage } },
	{ "pyexpat.xmlparser",
	  { .fields = expat_fields, .edges = expat_edges, .storage = expat_storage } },
	{ NULL, { .fields = NULL } },
};
