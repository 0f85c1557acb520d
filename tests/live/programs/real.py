"""Runs another program as a module: the syntax tree of what python is given stays in memory for
as long as that runs, and this one's is always the same.
"""

import sys

__import__(sys.argv.pop(1)).main()
