"""Syntax trees of the standard library, and the tables of symbols and code made of some."""

import ast
import os
import symtable
import sys
import tokenize
import warnings

import telling

# A debug build takes its time.
FILES = 8 if hasattr(sys, "gettotalrefcount") else 45
# To 2.7 text is bytes.
open_source = getattr(tokenize, "open", open)


def sources():
    folder = os.path.dirname(os.__file__)
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.endswith(".py") and os.path.getsize(path) < 60000:
            with open_source(path) as source:
                yield path, source.read()


def main():
    warnings.simplefilter("ignore")
    trees, code, tables = {}, {}, {}
    for path, text in sources():
        if len(trees) == FILES:
            break
        trees[path] = ast.parse(text, path)
        if len(trees) % 5 == 0:
            code[path] = compile(trees[path], path, "exec")
            tables[path] = symtable.symtable(text, path, "exec")
    telling.tell_and_stay(trees, code, tables)
