/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_H
#define PYCORE_H

#include <pycore/error.h>
#include <pycore/session.h>
#include <pycore/info.h>
#include <pycore/stack.h>
#include <pycore/heap.h>
#include <pycore/object.h>
#include <pycore/graph.h>
#include <pycore/path.h>
#include <pycore/suspects.h>
#include <pycore/verify.h>
#include <pycore/growth.h>
#include <pycore/audit.h>
#include <pycore/report.h>
#include <pycore/capture.h>

#endif
