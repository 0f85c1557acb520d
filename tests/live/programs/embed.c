/* SPDX-License-Identifier: MIT */
#include <Python.h>

/* A program that has Python in it: embed SCRIPT ARGUMENT... */
int main(int argc, char **argv)
{
	FILE *script = argc > 1 ? fopen(argv[1], "r") : NULL;
	int status;

	if (!script)
		return 2;
	setenv("PYTHONHOME", EMBED_HOME, 1);
	Py_Initialize();
	PyRun_SimpleString("import sys\n"
			   "sys.argv = ['embed']\n"
			   "sys.path.insert(0, '.')\n");
	status = PyRun_SimpleFile(script, argv[1]);
	Py_Finalize();
	return status ? 1 : 0;
}
