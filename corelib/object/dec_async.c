/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* Awaitables: _asyncio, asynchronous generators, wrappers of coroutines. */

/* A task is a future with more behind it. */
#define FUTURE_FIELDS \
	{ F_FutureObj_fut_loop, LABEL_ATTR, EDGE_OWNED, "_loop" }, \
	{ F_FutureObj_fut_callback0, LABEL_FIELD, EDGE_OWNED, "callback" }, \
	{ F_FutureObj_fut_context0, LABEL_FIELD, EDGE_OWNED, "context" }, \
	{ F_FutureObj_fut_callbacks, LABEL_FIELD, EDGE_OWNED, "callbacks" }, \
	{ F_FutureObj_fut_exception, LABEL_FIELD, EDGE_OWNED, "exception" }, \
	{ F_FutureObj_fut_exception_tb, LABEL_FIELD, EDGE_OWNED, "exception traceback" }, \
	{ F_FutureObj_fut_result, LABEL_FIELD, EDGE_OWNED, "result" }, \
	{ F_FutureObj_fut_source_tb, LABEL_ATTR, EDGE_OWNED, "_source_traceback" }, \
	{ F_FutureObj_fut_cancel_msg, LABEL_ATTR, EDGE_OWNED, "_cancel_message" }, \
	{ F_FutureObj_fut_cancelled_exc, LABEL_FIELD, EDGE_OWNED, "cancelled exception" }, \
	{ F_FutureObj_fut_cancelled_exc_type, LABEL_FIELD, EDGE_OWNED, "cancelled exception type" }, \
	{ F_FutureObj_fut_cancelled_exc_value, LABEL_FIELD, EDGE_OWNED, "cancelled exception value" }, \
	{ F_FutureObj_fut_cancelled_exc_traceback, LABEL_FIELD, EDGE_OWNED, \
	  "cancelled exception traceback" }, \
	{ F_FutureObj_fut_awaited_by, LABEL_FIELD, EDGE_OWNED, "awaited by" }

static const struct ref_field future_fields[] = {
	FUTURE_FIELDS,
	{ 0 },
};

static const struct ref_field task_fields[] = {
	FUTURE_FIELDS,
	{ F_TaskObj_task_fut_waiter, LABEL_ATTR, EDGE_OWNED, "_fut_waiter" },
	{ F_TaskObj_task_coro, LABEL_FIELD, EDGE_OWNED, "coroutine" },
	{ F_TaskObj_task_name, LABEL_FIELD, EDGE_OWNED, "name" },
	{ F_TaskObj_task_context, LABEL_FIELD, EDGE_OWNED, "context" },
	{ 0 },
};

static const struct ref_field futureiter_fields[] = {
	{ F_futureiterobject_future, LABEL_FIELD, EDGE_OWNED, "future" },
	{ 0 },
};

static const struct ref_field task_step_meth_wrapper_fields[] = {
	{ F_TaskStepMethWrapper_sw_task, LABEL_FIELD, EDGE_OWNED, "task" },
	{ F_TaskStepMethWrapper_sw_arg, LABEL_FIELD, EDGE_OWNED, "argument" },
	{ 0 },
};

static const struct ref_field task_wakeup_meth_wrapper_fields[] = {
	{ F_TaskWakeupMethWrapper_ww_task, LABEL_FIELD, EDGE_OWNED, "task" },
	{ 0 },
};

static const struct ref_field py_running_loop_holder_fields[] = {
	{ F_PyRunningLoopHolder_rl_loop, LABEL_FIELD, EDGE_OWNED, "loop" },
	{ 0 },
};

static const struct ref_field py_async_gen_asend_fields[] = {
	{ F_PyAsyncGenASend_ags_gen, LABEL_FIELD, EDGE_OWNED, "generator" },
	{ F_PyAsyncGenASend_ags_sendval, LABEL_FIELD, EDGE_OWNED, "value" },
	{ 0 },
};

static const struct ref_field py_async_gen_athrow_fields[] = {
	{ F_PyAsyncGenAThrow_agt_gen, LABEL_FIELD, EDGE_OWNED, "generator" },
	{ F_PyAsyncGenAThrow_agt_args, LABEL_FIELD, EDGE_OWNED, "arguments" },
	{ F_PyAsyncGenAThrow_agt_typ, LABEL_FIELD, EDGE_OWNED, "type" },
	{ F_PyAsyncGenAThrow_agt_val, LABEL_FIELD, EDGE_OWNED, "value" },
	{ F_PyAsyncGenAThrow_agt_tb, LABEL_FIELD, EDGE_OWNED, "traceback" },
	{ 0 },
};

static const struct ref_field py_async_gen_wrapped_value_fields[] = {
	{ F__PyAsyncGenWrappedValue_agw_val, LABEL_FIELD, EDGE_OWNED, "value" },
	{ 0 },
};

static const struct ref_field py_coro_wrapper_fields[] = {
	{ F_PyCoroWrapper_cw_coroutine, LABEL_FIELD, EDGE_OWNED, "coroutine" },
	{ 0 },
};

static const struct ref_field anextawaitable_fields[] = {
	{ F_anextawaitableobject_wrapped, LABEL_FIELD, EDGE_OWNED, "wrapped" },
	{ F_anextawaitableobject_default_value, LABEL_FIELD, EDGE_OWNED, "default" },
	{ 0 },
};

static const struct ref_field py_aiter_wrapper_fields[] = {
	{ F_PyAIterWrapper_ags_aiter, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ 0 },
};

const struct named_decoder pycore_async_types[] = {
	{ "_asyncio.Future", { .fields = future_fields } },
	{ "_asyncio.Task", { .fields = task_fields } },
	{ "FutureIter", { .fields = futureiter_fields } },
	{ "_asyncio.FutureIter", { .fields = futureiter_fields } },
	{ "TaskStepMethWrapper", { .fields = task_step_meth_wrapper_fields } },
	{ "_asyncio.TaskStepMethWrapper", { .fields = task_step_meth_wrapper_fields } },
	{ "TaskWakeupMethWrapper", { .fields = task_wakeup_meth_wrapper_fields } },
	{ "_RunningLoopHolder", { .fields = py_running_loop_holder_fields } },
	{ "_asyncio._RunningLoopHolder", { .fields = py_running_loop_holder_fields } },
	{ "async_generator_asend", { .fields = py_async_gen_asend_fields } },
	{ "async_generator_athrow", { .fields = py_async_gen_athrow_fields } },
	{ "async_generator_wrapped_value", { .fields = py_async_gen_wrapped_value_fields } },
	{ "coroutine_wrapper", { .fields = py_coro_wrapper_fields } },
	{ "anext_awaitable", { .fields = anextawaitable_fields } },
	{ "aiter_wrapper", { .fields = py_aiter_wrapper_fields } },
	{ NULL, { .fields = NULL } },
};
