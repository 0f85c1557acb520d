#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command's contract, with a fake library below it: words, exit statuses, where text goes.

$srcdir is the top of the tree; the command is run from the build tree. The
golden files are written anew where PYCORE_UPDATE is in the environment.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

COMMAND = os.path.abspath("tests/cli/pycore-fake")
GOLDEN = os.path.abspath(os.path.join(os.environ.get("srcdir", "."), "tests/golden/report"))
COMMANDS = ("analyze", "bt", "objects", "heap-top", "refs", "path", "show", "info", "verify",
            "diff", "audit")
LATER = (
    "memory tasks".split()
)


def run(*words, **how):
    how.setdefault("stdout", subprocess.PIPE)
    environment = dict(os.environ, **how.pop("env", {}))
    return subprocess.run(
        [COMMAND, *words], stderr=subprocess.PIPE, text=True, env=environment, **how
    )


class Command(unittest.TestCase):
    def setUp(self):
        self.before = os.getcwd()
        self.place = tempfile.mkdtemp()
        os.chdir(self.place)
        self.core("core.1234", "good")

    def tearDown(self):
        os.chdir(self.before)
        shutil.rmtree(self.place)

    def core(self, name, word):
        with open(name, "w", encoding="utf-8") as f:
            f.write(word + "\n")

    def words_of(self, command):
        more = {"refs": ["--type", "__main__.MyBigFatObject"], "show": ["0x7f4000"],
                "path": ["--addr", "0x7f1000"], "diff": ["core.1234"]}
        return [command, "core.1234"] + more.get(command, [])

    def one_line(self, result, status):
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout or "", "")
        self.assertTrue(result.stderr.startswith("pycore: "), result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)


class Usage(Command):
    def test_wrong_words_are_one_line_and_64(self):
        for words in (
            ["bt"],
            ["bt", "core.1234", "other"],
            ["bt", "core.1234", "--nonsense"],
            ["bt", "core.1234", "--format", "dot"],
            ["refs", "core.1234"],
            ["path", "core.1234"],
            ["path", "core.1234", "--addr", "0x1", "--all", "0"],
            ["heap-top", "core.1234", "--sort", "weight"],
            ["diff", "core.1234"],
            ["diff", "core.1234", ""],
            ["diff", "core.1234", "core.1235", "core.1234", "core.1235"],
            ["diff", "core.1234", "--pid", "1235"],
            ["snapshot"],
            ["show", "core.1234"],
            ["show", "core.1234", "nowhere"],
            ["show", "core.1234", "0x1", "0x2"],
            ["nonsense", "core.1234"],
            ["-q", "bt", "core.1234"],
        ):
            result = run(*words)
            self.one_line(result, 64)
            self.assertIn("--help)", result.stderr)

    def test_no_words_at_all_show_how(self):
        result = run()
        self.assertEqual(result.returncode, 64)
        self.assertTrue(result.stderr.startswith("usage: pycore "))

    def test_commands_of_later_releases_are_unknown(self):
        text = run("--help").stdout
        for command in LATER:
            self.one_line(run(command, "core.1234"), 64)
            self.assertNotIn(f"\n  {command} ", text)

    def test_help_has_examples(self):
        self.assertIn("Examples:", run("--help").stdout)
        for command in COMMANDS:
            for words in ([command, "--help"], ["help", command], [command, "-h"]):
                result = run(*words)
                self.assertEqual(result.returncode, 0)
                self.assertIn(f"Examples:\n  pycore {command} ", result.stdout)
                self.assertLessEqual(max(map(len, result.stdout.splitlines())), 80)

    def test_version_is_one_line(self):
        self.assertEqual(run("--version").stdout, "pycore 0.0.test\n")
        self.assertEqual(run("bt", "--version").stdout, "pycore 0.0.test\n")


class Target(Command):
    def test_a_file_wins_over_a_number(self):
        self.core("77", "good")
        target = json.loads(run("info", "77", "--format", "json").stdout)["target"]
        self.assertEqual((target["kind"], target["path"]), ("core", "77"))
        for words in (["--pid", "77"], ["78"]):
            target = json.loads(run("info", "--format", "json", *words).stdout)["target"]
            self.assertEqual(target["kind"], "live")
            self.assertNotIn("path", target)
            self.assertEqual(target["stopped_ms"], 1.84)

    def test_what_is_no_target_is_one_line_and_2(self):
        os.mkdir("directory")
        os.mkfifo("fifo")
        open("empty", "w", encoding="utf-8").close()
        self.core("text", "unreadable")
        for name in ("directory", "fifo", "empty", "text", "missing", "0", "99999999999999"):
            self.one_line(run("bt", name), 2)
        self.one_line(run("bt", "--pid", "x"), 2)

    def test_a_hostile_name_does_not_reach_the_terminal(self):
        result = run("bt", "no\x1b[31m\u009b\u202efile")
        self.assertNotIn("\x1b", result.stderr)
        self.assertNotIn("\u009b", result.stderr)
        self.assertNotIn("\u202e", result.stderr)


class Output(Command):
    def test_reports_are_as_they_were(self):
        for command in COMMANDS:
            for form in ("text", "json") + (("dot",) if command == "refs" else ()):
                with self.subTest(command=command, format=form):
                    text = run(*self.words_of(command), "--format", form).stdout
                    self.compare(f"{command}.{'txt' if form == 'text' else form}", text)

    def test_the_other_reports_are_as_they_were(self):
        for name, words in {
            "objects-type.txt": ["objects", "core.1234", "--type", "str"],
            "objects-type.json": ["objects", "core.1234", "--type", "str", "--format", "json"],
            "objects-cost.txt": ["objects", "core.1234", "--cost", "--retained", "--by-address"],
            "objects-cost.json": ["objects", "core.1234", "--cost", "--format", "json"],
            "objects-type-cost.txt": ["objects", "core.1234", "--type", "str", "--cost"],
            "objects-retained.txt": ["objects", "core.1234", "--retained", "--by-address"],
            "heap-top-bytes.txt": ["heap-top", "core.1234", "--sort", "bytes"],
            "heap-top-tree.txt": ["heap-top", "core.1234", "--tree"],
            "heap-top-tree.json": ["heap-top", "core.1234", "--depth", "2", "--format", "json"],
            "path-verbose.txt": ["path", "core.1234", "--type", "str", "-qv"],
            "objects-verbose.txt": ["objects", "core.1234", "--by-address", "-qv"],
            "diff-third.txt": ["diff", "core.1234", "core.1234", "core.1234"],
            "diff-third.json": ["diff", "core.1234", "core.1234", "1234", "--format", "json"],
            "diff-count.txt": ["diff", "core.1234", "core.1234", "--sort", "count", "--limit", "1"],
            "diff-retained.txt": ["diff", "core.1234", "core.1234", "--sort", "retained",
                                  "--include", "app.*", "--exclude", "*Old"],
            "diff-same.txt": ["diff", "core.1234", "core.1234", "--include", "float"],
            "diff-moved.txt": ["diff", "core.1234", "core.1234", "--include", "app.Slim"],
            "snapshot.json": ["snapshot", "core.1234", "-q", "--format", "json"],
            "bt-redact.txt": ["bt", "core.1234", "--redact"],
            "bt-locals.txt": ["bt", "core.1234", "--locals"],
            "bt-locals.json": ["bt", "core.1234", "--locals", "--format", "json"],
            "bt-locals-redact.txt": ["bt", "core.1234", "--locals", "--redact"],
            "bt.folded": ["bt", "core.1234", "--format", "folded"],
            "bt.speedscope": ["bt", "core.1234", "--format", "speedscope"],
            "bt.svg": ["bt", "core.1234", "--format", "svg"],
            "bt-color.txt": ["bt", "core.1234", "--color", "always"],
            "analyze-live.txt": ["analyze", "1234"],
            "show-quick.txt": ["show", "core.1234", "0x7f4010", "--no-referrers"],
            "show-redact.txt": ["show", "core.1234", "0x7f4000", "--redact"],
            "show-redact.json": ["show", "core.1234", "0x7f4000", "--redact", "--format", "json"],
            "audit-limit.json": ["audit", "core.1234", "--limit", "1", "--format", "json"],
            "refs-redact.dot": ["refs", "core.1234", "--type", "M*", "--redact"],
        }.items():
            with self.subTest(name=name):
                self.compare(name, run(*words).stdout)

    def compare(self, name, text):
        path = os.path.join(GOLDEN, name)
        if os.environ.get("PYCORE_UPDATE"):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        with open(path, encoding="utf-8") as f:
            self.assertEqual(text, f.read())

    def test_dot_draws_the_graph(self):
        if not shutil.which("dot"):
            self.skipTest("no dot here")
        text = run(*self.words_of("refs")).stdout
        picture = subprocess.run(
            ["dot", "-Tpng"], input=text.encode(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=True,
        )
        self.assertTrue(picture.stdout.startswith(b"\x89PNG"))
        self.assertEqual(picture.stderr, b"")

    def test_svg_is_what_dot_draws(self):
        if not shutil.which("dot"):
            self.skipTest("no dot here")
        result = run(*self.words_of("refs"), "--format", "svg")
        self.assertEqual(result.returncode, run(*self.words_of("refs")).returncode, result.stderr)
        nodes = [node for node in xml.etree.ElementTree.fromstring(result.stdout).iter()
                 if node.get("class") == "node"]
        graph = json.loads(run(*self.words_of("refs"), "--format", "json").stdout)
        self.assertEqual(len(nodes), len(graph["nodes"]) + 1)  # and the legend
        text = "".join(xml.etree.ElementTree.fromstring(result.stdout).itertext())
        for part in "MyBigFatObject", '{\'foo\': "quoted\\"}', "held by C code", "20,000":
            self.assertIn(part, text)
        run(*self.words_of("refs"), "--format", "svg", "-o", "refs.svg")
        with open("refs.svg", encoding="utf-8") as f:
            self.assertEqual(f.read(), result.stdout)

    def test_without_dot_svg_is_refused_in_one_line(self):
        words = self.words_of("refs") + ["--format", "svg", "-o", "refs.svg"]
        result = run(*words, env={"PATH": self.place})
        self.one_line(result, 2)
        self.assertIn("graphviz's dot, which is not installed here: --format dot", result.stderr)
        for script, complaint in (("cat >/dev/null; echo \"<svg>\"; exit 3", "failed (status 3)"),
                                  ("kill -9 $$", "ended by signal 9")):
            with open("dot", "w", encoding="utf-8") as f:
                f.write("#!/bin/sh\n" + script + "\n")
            os.chmod("dot", 0o755)
            result = run(*words, env={"PATH": self.place + ":" + os.environ["PATH"]})
            self.one_line(result, 2)
            self.assertIn(complaint, result.stderr)
            self.assertFalse(os.path.exists("refs.svg"))

    def test_a_snapshot_is_refused_by_what_it_is_not_enough_for(self):
        self.core("base.pysnap", "good")
        for command in COMMANDS:
            words = self.words_of(command)
            words[1] = "base.pysnap"
            if command == "diff":
                self.assertEqual(run(*words, "base.pysnap").returncode, 0)
                continue
            result = run(*words)
            if command in ("objects", "heap-top", "refs", "path", "audit"):
                self.assertIn(result.returncode, (0, 1), result.stderr)
                continue
            self.one_line(result, 2)
            self.assertIn("base.pysnap is a snapshot", result.stderr)

    def test_a_snapshot_has_the_name_of_its_program(self):
        result = run("snapshot", "core.1234", "--format", "json")
        self.assertRegex(json.loads(result.stdout)["path"], r"^[a-z0-9.]+\.[0-9]+\.pysnap$")
        self.assertIn("41211 objects", result.stderr)

    def test_an_answer_does_not_replace_a_target(self):
        self.core("core.1235", "good")
        for word in "core.1234", "core.1235":
            result = run("diff", "core.1234", "core.1235", "-o", word)
            self.one_line(result, 2)

    def test_missing_parts_are_warned_of(self):
        self.core("core.p", "partial")
        result = run("bt", "core.p")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(
            result.stderr, "pycore: warning: thread 7 could not be read \\x1b[31m\\xc2\\x9b\n"
        )
        result = run("bt", "core.p", "-q", "--format", "json")
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        self.assertEqual(len(json.loads(result.stdout)["warnings"]), 1)

    def test_what_is_worth_knowing_is_no_missing_part(self):
        self.core("core.n", "noted")
        result = run("bt", "core.n")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr, "pycore: note: note that this release is not known\n")
        result = run("bt", "core.n", "--format", "json", "-q")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(len(json.loads(result.stdout)["warnings"]), 1)

    def test_no_answer_is_2(self):
        self.core("core.h", "heapless")
        self.core("core.n", "noted")
        self.core("core.p", "partial")
        for core in ("core.n", "core.p"):
            self.one_line(run("objects", core, "--type", "no.Such"), 2)
        self.one_line(run("objects", "core.h"), 2)
        self.assertEqual(run("analyze", "core.h").returncode, 1)
        self.one_line(run("objects", "core.1234", "--type", "no.Such"), 2)
        self.one_line(run("show", "core.1234", "0x7fffff"), 2)

    def test_a_file_is_written_whole_or_not_at_all(self):
        os.umask(0o022)
        self.assertEqual(run("bt", "core.1234", "-o", "out.txt").stdout, "")
        with open("out.txt", encoding="utf-8") as f:
            self.assertEqual(f.read(), run("bt", "core.1234").stdout)
        self.assertEqual(stat.S_IMODE(os.stat("out.txt").st_mode), 0o644)
        self.core("core.h", "heapless")
        self.one_line(run("objects", "core.h", "-o", "out.txt"), 2)
        self.assertEqual(sorted(os.listdir(".")), ["core.1234", "core.h", "out.txt"])
        self.assertGreater(os.path.getsize("out.txt"), 0)
        self.one_line(run("bt", "core.1234", "-o", "no/such/place"), 2)

    def test_a_link_is_written_through(self):
        self.core("real", "old")
        os.symlink("real", "link")
        self.assertEqual(run("info", "core.1234", "-o", "link").returncode, 0)
        self.assertTrue(os.path.islink("link"))
        with open("real", encoding="utf-8") as f:
            self.assertIn("3.11.2", f.read())

    @unittest.skipIf(os.geteuid(), "giving a link to somebody else needs root")
    def test_what_others_have_planted_in_a_shared_folder_is_not_followed(self):
        nobody = 65534
        os.mkdir("shared")
        os.chmod("shared", 0o1777)
        os.mkdir("own")
        self.core("own/real", "old")
        os.symlink("../own/real", "shared/link")
        os.symlink("../own", "shared/folder")
        os.mkfifo("shared/pipe")
        self.assertEqual(run("bt", "core.1234", "-o", "shared/link").returncode, 0)
        for name in ("link", "folder"):
            os.lchown("shared/" + name, nobody, nobody)
        os.chown("shared/pipe", nobody, nobody)
        written = os.stat("own/real").st_mtime_ns
        for path in ("shared/link", "shared/folder/more", "shared/pipe"):
            self.one_line(run("bt", "core.1234", "-o", path, timeout=20), 2)
        self.assertEqual((os.listdir("own"), os.stat("own/real").st_mtime_ns), (["real"], written))
        # The same in a folder that is one's own, and one's own link in the shared one.
        os.lchown("shared/folder", 0, 0)
        self.assertEqual(run("bt", "core.1234", "-o", "shared/folder/more").returncode, 0)
        os.chmod("shared", 0o777)
        self.assertEqual(run("bt", "core.1234", "-o", "shared/link").returncode, 0)
        self.assertEqual(run("bt", "core.1234", "-o", "/dev/null").returncode, 0)

    def test_the_target_is_not_written_over(self):
        self.one_line(run("bt", "core.1234", "-o", "./core.1234"), 2)
        self.assertEqual(os.path.getsize("core.1234"), 5)

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.one_line(run("bt", "core.1234", stdout=full), 2)
        self.one_line(run("bt", "core.1234", "-o", "/dev/full"), 2)

    def test_a_reader_that_goes_away_is_no_failure(self):
        reader, writer = os.pipe()
        os.close(reader)
        result = run("bt", "core.1234", stdout=writer)
        os.close(writer)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_color_is_for_terminals_alone(self):
        self.assertNotIn("\x1b", run("bt", "core.1234").stdout)
        self.assertIn("\x1b[1m", run("bt", "core.1234", "--color", "always").stdout)
        for words, env, colored in (
            ([], {"TERM": "xterm"}, True),
            ([], {"TERM": "xterm", "NO_COLOR": "1"}, False),
            ([], {"TERM": "dumb"}, False),
            (["--color", "never"], {"TERM": "xterm"}, False),
        ):
            text = self.on_terminal("info", "core.1234", *words, env=env)
            self.assertEqual("\x1b[" in text, colored)

    def on_terminal(self, *words, env):
        master, slave = os.openpty()
        env = {"NO_COLOR": "", **env}
        result = run(*words, stdout=slave, env=env)
        os.close(slave)
        self.assertEqual(result.returncode, 0)
        text = os.read(master, 1 << 16).decode()
        os.close(master)
        return text


if __name__ == "__main__":
    unittest.main(verbosity=1)
