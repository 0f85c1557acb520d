/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* Generic aliases, unions, type variables, template strings. */

static const struct ref_field ga_fields[] = {
	{ F_gaobject_origin, LABEL_ATTR, EDGE_OWNED, "__origin__" },
	{ F_gaobject_args, LABEL_ATTR, EDGE_OWNED, "__args__" },
	{ F_gaobject_parameters, LABEL_ATTR, EDGE_OWNED, "__parameters__" },
	{ 0 },
};

static const struct ref_field union_fields[] = {
	{ F_unionobject_args, LABEL_ATTR, EDGE_OWNED, "__args__" },
	{ F_unionobject_hashable_args, LABEL_FIELD, EDGE_OWNED, "hashable arguments" },
	{ F_unionobject_unhashable_args, LABEL_FIELD, EDGE_OWNED, "unhashable arguments" },
	{ F_unionobject_parameters, LABEL_ATTR, EDGE_OWNED, "__parameters__" },
	{ 0 },
};

static const struct ref_field typevar_fields[] = {
	{ F_typevarobject_name, LABEL_ATTR, EDGE_OWNED, "__name__" },
	{ F_typevarobject_bound, LABEL_ATTR, EDGE_OWNED, "__bound__" },
	{ F_typevarobject_evaluate_bound, LABEL_ATTR, EDGE_OWNED, "evaluate_bound" },
	{ F_typevarobject_constraints, LABEL_ATTR, EDGE_OWNED, "__constraints__" },
	{ F_typevarobject_evaluate_constraints, LABEL_ATTR, EDGE_OWNED, "evaluate_constraints" },
	{ F_typevarobject_default_value, LABEL_ATTR, EDGE_OWNED, "__default__" },
	{ F_typevarobject_evaluate_default, LABEL_ATTR, EDGE_OWNED, "evaluate_default" },
	{ 0 },
};

static const struct ref_field typevartuple_fields[] = {
	{ F_typevartupleobject_name, LABEL_ATTR, EDGE_OWNED, "__name__" },
	{ F_typevartupleobject_bound, LABEL_ATTR, EDGE_OWNED, "__bound__" },
	{ F_typevartupleobject_default_value, LABEL_ATTR, EDGE_OWNED, "__default__" },
	{ F_typevartupleobject_evaluate_default, LABEL_ATTR, EDGE_OWNED, "evaluate_default" },
	{ 0 },
};

static const struct ref_field paramspec_fields[] = {
	{ F_paramspecobject_name, LABEL_ATTR, EDGE_OWNED, "__name__" },
	{ F_paramspecobject_bound, LABEL_ATTR, EDGE_OWNED, "__bound__" },
	{ F_paramspecobject_default_value, LABEL_ATTR, EDGE_OWNED, "__default__" },
	{ F_paramspecobject_evaluate_default, LABEL_ATTR, EDGE_OWNED, "evaluate_default" },
	{ 0 },
};

static const struct ref_field paramspecattr_fields[] = {
	{ F_paramspecattrobject___origin__, LABEL_ATTR, EDGE_OWNED, "__origin__" },
	{ 0 },
};

static const struct ref_field typealias_fields[] = {
	{ F_typealiasobject_name, LABEL_ATTR, EDGE_OWNED, "__name__" },
	{ F_typealiasobject_qualname, LABEL_ATTR, EDGE_OWNED, "__qualname__" },
	{ F_typealiasobject_type_params, LABEL_ATTR, EDGE_OWNED, "__type_params__" },
	{ F_typealiasobject_compute_value, LABEL_ATTR, EDGE_OWNED, "evaluate_value" },
	{ F_typealiasobject_value, LABEL_ATTR, EDGE_OWNED, "__value__" },
	{ F_typealiasobject_module, LABEL_ATTR, EDGE_OWNED, "__module__" },
	{ 0 },
};

static const struct ref_field constevaluator_fields[] = {
	{ F_constevaluatorobject_value, LABEL_FIELD, EDGE_OWNED, "value" },
	{ 0 },
};

static const struct ref_field template_fields[] = {
	{ F_templateobject_strings, LABEL_ATTR, EDGE_OWNED, "strings" },
	{ F_templateobject_interpolations, LABEL_ATTR, EDGE_OWNED, "interpolations" },
	{ 0 },
};

static const struct ref_field interpolation_fields[] = {
	{ F_interpolationobject_value, LABEL_ATTR, EDGE_OWNED, "value" },
	{ F_interpolationobject_expression, LABEL_ATTR, EDGE_OWNED, "expression" },
	{ F_interpolationobject_conversion, LABEL_ATTR, EDGE_OWNED, "conversion" },
	{ F_interpolationobject_format_spec, LABEL_ATTR, EDGE_OWNED, "format_spec" },
	{ 0 },
};

static const struct ref_field templateiter_fields[] = {
	{ F_templateiterobject_stringsiter, LABEL_FIELD, EDGE_OWNED, "strings" },
	{ F_templateiterobject_interpolationsiter, LABEL_FIELD, EDGE_OWNED, "interpolations" },
	{ 0 },
};

static const struct ref_field sentinel_fields[] = {
	{ F_sentinelobject_name, LABEL_ATTR, EDGE_OWNED, "__name__" },
	{ F_sentinelobject_module, LABEL_ATTR, EDGE_OWNED, "__module__" },
	{ F_sentinelobject_repr, LABEL_FIELD, EDGE_OWNED, "repr" },
	{ 0 },
};

static const struct ref_field py_lazy_import_fields[] = {
	{ F_PyLazyImportObject_lz_builtins, LABEL_FIELD, EDGE_OWNED, "builtins" },
	{ F_PyLazyImportObject_lz_from, LABEL_FIELD, EDGE_OWNED, "from" },
	{ F_PyLazyImportObject_lz_attr, LABEL_FIELD, EDGE_OWNED, "attribute" },
	{ F_PyLazyImportObject_lz_code, LABEL_FIELD, EDGE_OWNED, "code" },
	{ 0 },
};

const struct named_decoder pycore_typing_types[] = {
	{ "types.GenericAlias", { .fields = ga_fields } },
	{ "types.UnionType", { .fields = union_fields } },
	{ "typing.Union", { .fields = union_fields } },
	{ "typing.TypeVar", { .fields = typevar_fields } },
	{ "typing.TypeVarTuple", { .fields = typevartuple_fields } },
	{ "typing.ParamSpec", { .fields = paramspec_fields } },
	{ "typing.ParamSpecArgs", { .fields = paramspecattr_fields } },
	{ "typing.ParamSpecKwargs", { .fields = paramspecattr_fields } },
	{ "typing.TypeAliasType", { .fields = typealias_fields } },
	{ "_typing._ConstEvaluator", { .fields = constevaluator_fields } },
	{ "string.templatelib.Template", { .fields = template_fields } },
	{ "string.templatelib.Interpolation", { .fields = interpolation_fields } },
	{ "string.templatelib.TemplateIter", { .fields = templateiter_fields } },
	{ "sentinel", { .fields = sentinel_fields } },
	{ "lazy_import", { .fields = py_lazy_import_fields } },
	{ NULL, { .fields = NULL } },
};
