/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_INFO_H
#define PYCORE_INFO_H

#include <pycore/session.h>

/** A file mapped by the target. */
struct pycore_file {
	const char *path;
	const char *build_id; /**< hex of the one in the target's memory, NULL if not readable */
	const char *found;    /**< "yes", "no" or "differs" */
};

/** What the target is, and how the interpreter in it was recognised. Strings live with the session. */
struct pycore_info {
	const char *kind; /**< "core", "live", "callback" or "snapshot": of this kind only path, pid,
			   * python, build and runtime are known */
	const char *path; /**< core file or snapshot, or NULL */
	uint64_t pid;
	const char *command; /**< command line or its beginning, or NULL */
	int32_t signal;      /**< that ended it, or 0 */
	const char *signal_name; /**< "SIGSEGV", or NULL */
	uint64_t signal_tid;
	uint64_t fault_address; /**< of SIGSEGV and SIGBUS, else 0 */
	uint64_t n_threads;     /**< native ones */

	const char *python;     /**< "3.11.2" */
	const char *build;      /**< "release", "debug" or "free-threaded" */
	uint64_t runtime;       /**< address of _PyRuntime */
	uint64_t n_interpreters;
	const char *layout_table;   /**< "cpython-3.11" */
	bool layout_verified;       /**< a table names this very release, and was tried on it */
	bool layout_untried;        /**< the table was made without such an interpreter at hand */
	const char *found_by;       /**< "symbol", "section", "cookie" or "scan" */
	const char *version_source; /**< "debug offsets", "Py_Version", "file name" */
	const char *build_source;   /**< "symbol", "sys.gettotalrefcount", "debug offsets", "file
				     * name"; NULL: the checks of the layout alone */
	uint32_t fields_table, fields_debug_offsets, fields_dwarf; /**< how many fields came from where */

	bool gc_collecting, gc_enabled;
	bool finalizing;
	uint64_t gil_tid; /**< native thread that holds the main interpreter's GIL, 0: nobody */
	bool gil_held;
	bool gc_unknown; /**< where the collector says so is not known: 2.7 without symbols */

	uint64_t bytes_mapped;   /**< that the target had */
	uint64_t bytes_readable; /**< of these, from the core or from files found */

	const struct pycore_file *files;
	size_t n_files;
};

/** Fill @p out; what it points to lives until pycore_close(). */
PYCORE_API int pycore_get_info(struct pycore *session, struct pycore_info *out,
			       struct pycore_error *err);

#endif
