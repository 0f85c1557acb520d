/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "layout/layout.h"

/*
 * Linked with the command's own sources: the layout table that $PYCORE_WITHOUT_TABLE
 * names ("cpython-3.13.5") is not there, as if that release were not known.
 */
__attribute__((constructor)) static void hide_table(void)
{
	layout_hide(getenv("PYCORE_WITHOUT_TABLE"));
}
