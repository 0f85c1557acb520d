/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options_capture.h"

#define MOST_OPTIONS 60

bool wrong(struct settings *s, const char *format, const char *value)
{
	snprintf(s->error, sizeof(s->error), format, value);
	return false;
}

bool parse_number(const char *text, int base, uint64_t most, uint64_t *out)
{
	char *end;

	if (!isxdigit((unsigned char)*text))
		return false;
	errno = 0;
	*out = strtoull(text, &end, base);
	return !errno && !*end && *out <= most;
}

static bool grow(void **items, size_t n, size_t size)
{
	void *more = realloc(*items, (n + 2) * size);

	if (!more)
		return false;
	*items = more;
	return true;
}

static bool add_glob(struct settings *s, const char ***globs, size_t *n, const char *value)
{
	if (!grow((void **)globs, *n, sizeof(**globs)))
		return wrong(s, "%s", "no memory");
	(*globs)[(*n)++] = value;
	(*globs)[*n] = NULL;
	return true;
}

static bool apply_exe(struct settings *s, const char *value)
{
	s->open.exe = value;
	return true;
}

static bool apply_sysroot(struct settings *s, const char *value)
{
	s->open.sysroot = value;
	return true;
}

static bool apply_debug_dir(struct settings *s, const char *value)
{
	s->open.debug_dir = value;
	return true;
}

static bool apply_pid(struct settings *s, const char *value)
{
	s->pid = value;
	return true;
}

static const char *const formats[] = {
	[PYCORE_TEXT] = "text",     [PYCORE_JSON] = "json",
	[PYCORE_DOT] = "dot",       [PYCORE_FOLDED] = "folded",
	[PYCORE_SVG] = "svg",       [PYCORE_SPEEDSCOPE] = "speedscope",
};

/* Which formats a command has is looked at when its options are all known. */
static bool apply_format(struct settings *s, const char *value)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!strcmp(value, formats[i])) {
			s->report.format = (int32_t)i;
			return true;
		}
	}
	return wrong(s, "unknown format '%s'", value);
}

static bool apply_output(struct settings *s, const char *value)
{
	s->output = value;
	return true;
}

static bool apply_color(struct settings *s, const char *value)
{
	if (!strcmp(value, "auto"))
		s->color = COLOR_AUTO;
	else if (!strcmp(value, "always"))
		s->color = COLOR_ALWAYS;
	else if (!strcmp(value, "never"))
		s->color = COLOR_NEVER;
	else
		return wrong(s, "--color is auto, always or never, not '%s'", value);
	return true;
}

static bool apply_jobs(struct settings *s, const char *value)
{
	uint64_t n;

	if (!parse_number(value, 10, 1024, &n) || !n)
		return wrong(s, "-j takes a number from 1 to 1024, not '%s'", value);
	s->open.jobs = (uint32_t)n;
	return true;
}

static bool apply_no_freeze(struct settings *s, const char *value)
{
	s->open.no_freeze = true;
	return true;
}

static bool apply_redact(struct settings *s, const char *value)
{
	s->report.redact = true;
	return true;
}

static bool apply_quiet(struct settings *s, const char *value)
{
	s->quiet = true;
	return true;
}

static bool apply_verbose(struct settings *s, const char *value)
{
	s->verbose = s->report.verbose = true;
	return true;
}

static bool apply_help(struct settings *s, const char *value)
{
	s->help = true;
	return true;
}

static bool apply_version(struct settings *s, const char *value)
{
	s->version = true;
	return true;
}

static bool apply_type(struct settings *s, const char *value)
{
	if (!*value)
		return wrong(s, "%s", "--type takes a name, not nothing");
	s->report.type = value;
	return true;
}

static bool add_address(struct settings *s, const char *value, const char *complaint)
{
	uint64_t address;

	if (!parse_number(value, 0, UINT64_MAX, &address) || !address)
		return wrong(s, complaint, value);
	if (!grow((void **)&s->addresses, s->n_addresses, sizeof(*s->addresses)))
		return wrong(s, "%s", "no memory");
	s->addresses[s->n_addresses++] = address;
	return true;
}

static bool apply_addr(struct settings *s, const char *value)
{
	return add_address(s, value, "--addr takes an address such as 0x7f31c0a2d5e0, not '%s'");
}

static bool apply_no_referrers(struct settings *s, const char *value)
{
	s->report.no_referrers = true;
	return true;
}

static bool apply_limit(struct settings *s, const char *value)
{
	uint64_t n;

	if (!parse_number(value, 10, INT64_MAX, &n))
		return wrong(s, "--limit takes a number, 0 for all, not '%s'", value);
	s->report.limit = (int64_t)n;
	return true;
}

static bool apply_sort(struct settings *s, const char *value)
{
	if (strcmp(value, "count") && strcmp(value, "bytes") && strcmp(value, "retained"))
		return wrong(s, "--sort is count, bytes or retained, not '%s'", value);
	s->report.sort = value;
	return true;
}

static bool apply_retained(struct settings *s, const char *value)
{
	s->report.retained = true;
	return true;
}

static bool apply_include(struct settings *s, const char *value)
{
	return add_glob(s, &s->include, &s->n_include, value);
}

static bool apply_exclude(struct settings *s, const char *value)
{
	return add_glob(s, &s->exclude, &s->n_exclude, value);
}

static bool apply_by_address(struct settings *s, const char *value)
{
	s->report.by_address = true;
	return true;
}

static bool apply_cost(struct settings *s, const char *value)
{
	s->report.cost = true;
	return true;
}

static bool apply_referents(struct settings *s, const char *value)
{
	s->report.referents = true;
	return true;
}

static bool apply_depth(struct settings *s, const char *value)
{
	uint64_t n;

	if (!parse_number(value, 10, 1000, &n) || !n)
		return wrong(s, "--depth takes a number from 1 to 1000, not '%s'", value);
	s->report.depth = (uint32_t)n;
	return true;
}

static bool apply_tree(struct settings *s, const char *value)
{
	s->report.tree = true;
	return true;
}

static bool apply_tree_depth(struct settings *s, const char *value)
{
	return apply_tree(s, NULL) && apply_depth(s, value);
}

static bool apply_all(struct settings *s, const char *value)
{
	uint64_t n;

	if (!parse_number(value, 10, 10000, &n) || !n)
		return wrong(s, "--all takes a number from 1 to 10000, not '%s'", value);
	s->report.paths = (uint32_t)n;
	return true;
}

static bool apply_max_nodes(struct settings *s, const char *value)
{
	uint64_t n;

	if (!parse_number(value, 10, 1000000, &n) || !n)
		return wrong(s, "--max-nodes takes a number from 1 to 1000000, not '%s'", value);
	s->report.max_nodes = (uint32_t)n;
	return true;
}

static bool apply_thread(struct settings *s, const char *value)
{
	uint64_t n;

	if (!parse_number(value, 10, INT32_MAX, &n) || !n)
		return wrong(s, "--thread takes the number of a thread, not '%s'", value);
	s->report.tid = n;
	return true;
}

static bool apply_locals(struct settings *s, const char *value)
{
	s->report.locals = true;
	return true;
}

const struct option_spec option_specs[] = {
	{ "type", 0, "TYPE",
	  "objects of this type: module.qualname, a bare\nname, or a glob; builtins are bare: dict",
	  OPTIONS_TYPE, apply_type },
	{ "addr", 0, "ADDRESS", "the object there; may repeat", OPTIONS_GRAPH | OPTIONS_PATH,
	  apply_addr },
	{ "all", 0, "N", "up to N paths to each object, each by another holder", OPTIONS_PATH,
	  apply_all },
	{ "tree", 0, NULL, "what each object keeps alive, opened as a tree", OPTIONS_TREE,
	  apply_tree },
	{ "depth", 0, "N", "levels of the tree (default: 3); opens it", OPTIONS_TREE,
	  apply_tree_depth },
	{ "referents", 0, NULL, "what the objects refer to, not what refers to them",
	  OPTIONS_GRAPH, apply_referents },
	{ "depth", 0, "N", "steps from the objects", OPTIONS_GRAPH, apply_depth },
	{ "max-nodes", 0, "N", "size of the picture (default: what a page holds)", OPTIONS_GRAPH,
	  apply_max_nodes },
	{ "thread", 0, "TID", "only the thread with this number", OPTIONS_THREAD, apply_thread },
	{ "locals", 0, NULL, "the local variables of each frame too; with\n--redact, their types",
	  OPTIONS_THREAD, apply_locals },
	{ "limit", 0, "N", "threads to show, 0 for all (default: all)", OPTIONS_THREAD, apply_limit },
	{ "limit", 0, "N",
	  "rows to show, 0 for all (default: 20; in JSON all\ntypes, and 20 objects)",
	  OPTIONS_ROWS, apply_limit },
	{ "limit", 0, "N", "types to show, 0 for all (default: 20; in JSON all)", OPTIONS_DIFF,
	  apply_limit },
	{ "limit", 0, "N", "fields and referrers to show, 0 for all (default: 20)", OPTIONS_OBJECT,
	  apply_limit },
	{ "limit", 0, "N", "faults to show, 0 for all (default: 20)", OPTIONS_FAULTS, apply_limit },
	{ "depth", 0, "N", "levels of fields to show (default: 1)", OPTIONS_OBJECT, apply_depth },
	{ "no-referrers", 0, NULL, "do not look for what refers to the object: quick\nin a heap of any size",
	  OPTIONS_OBJECT, apply_no_referrers },
	{ "sort", 0, "KEY",
	  "by growth in bytes (default), count or retained\nbytes; with a third target, by what was kept first",
	  OPTIONS_DIFF, apply_sort },
	{ "sort", 0, "KEY", "by bytes, by count, or by retained bytes: what\nwould be freed (heap-top: the default)",
	  OPTIONS_TYPES, apply_sort },
	{ "retained", 0, NULL, "what types or objects retain, too: what would be\nfreed with them",
	  OPTIONS_BY_ADDRESS, apply_retained },
	{ "cost", 0, NULL, "the memory that the objects of each type take, too:\nblocks of the allocator, and what they own elsewhere",
	  OPTIONS_BY_ADDRESS, apply_cost },
	{ "include", 0, "GLOB", "only types with such a name; may repeat",
	  OPTIONS_TYPES | OPTIONS_DIFF, apply_include },
	{ "exclude", 0, "GLOB", "no types with such a name; may repeat",
	  OPTIONS_TYPES | OPTIONS_DIFF, apply_exclude },
	{ "by-address", 0, NULL, "types of one name in rows of their own", OPTIONS_BY_ADDRESS,
	  apply_by_address },
	{ "rss", 0, "SIZE", "when the process has so much resident memory: 800M, 2G",
	  OPTIONS_WATCH, apply_rss },
	{ "percent", 0, "N",
	  "when so much of the limit of its memory group is in\nuse (default: 95), or, without one, of the machine\n(default: 90)",
	  OPTIONS_WATCH, apply_percent },
	{ "pressure", 0, "N", "when memory is waited for in N percent of two seconds",
	  OPTIONS_WATCH, apply_pressure },
	{ "cgroup", 0, "DIR",
	  "watch this memory group; without a process, the\nbiggest in it is written", OPTIONS_WATCH,
	  apply_cgroup },
	{ "then", 0, "WHAT", "continue (default), kill or stop the process", OPTIONS_WATCH,
	  apply_then },
	{ "analyze", 0, NULL, "and write what analyze says of the core beside it", OPTIONS_WATCH,
	  apply_analyze },
	{ "dir", 0, "DIR", "put files there", OPTIONS_COLLECT, apply_dir },
	{ "core", 0, "WHAT",
	  "none (default), reduced (as by --python-only,\nzstd) or full: what to keep of the core",
	  OPTIONS_COLLECT, apply_core },
	{ "max-size", 0, "SIZE", "read so much of the core at most (default: 32G)", OPTIONS_COLLECT,
	  apply_max_size },
	{ "time", 0, "SECONDS", "for all of it (default: 300)", OPTIONS_COLLECT, apply_time },
	{ "keep", 0, "N", "remove all but the newest so many, 0: none\n(default: 20)",
	  OPTIONS_COLLECT, apply_keep },
	{ "python-only", 0, NULL,
	  "leave out what no question about Python needs:\nprogram code that its file has, unused stack",
	  OPTIONS_CAPTURE, apply_python_only },
	{ "all-memory", 0, NULL,
	  "with what the process's coredump_filter and\nMADV_DONTDUMP leave out", OPTIONS_CAPTURE,
	  apply_all_memory },
	{ "max-memory", 0, "SIZE",
	  "so much may wait to be written (default: half of\nwhat is free); the process waits when it is full",
	  OPTIONS_CAPTURE, apply_max_memory },
	{ "compress", 0, "HOW", "none (default) or zstd", OPTIONS_CAPTURE, apply_compress },
	{ "pid", 0, "PID", "the target is this process", OPTIONS_COMMON, apply_pid },
	{ "exe", 0, "FILE", "executable of a core, if the path in it is wrong", OPTIONS_COMMON,
	  apply_exe },
	{ "sysroot", 0, "DIR", "look for mapped files below DIR first", OPTIONS_COMMON,
	  apply_sysroot },
	{ "debug-dir", 0, "DIR", "where separate debug files are", OPTIONS_COMMON,
	  apply_debug_dir },
	{ "format", 0, "FORMAT", NULL, OPTIONS_COMMON, apply_format },
	{ "output", 'o', "FILE", "write there, not to standard output", OPTIONS_COMMON,
	  apply_output },
	{ "color", 0, "WHEN", "auto (default), always or never", OPTIONS_COMMON, apply_color },
	{ "redact", 0, NULL, "show no values of the target's objects", OPTIONS_COMMON,
	  apply_redact },
	{ "no-freeze", 0, NULL, "read a process without stopping it: what is\nread may be torn",
	  OPTIONS_COMMON, apply_no_freeze },
	{ "max-stop", 0, "MS",
	  "stop a process for so many milliseconds at most,\nand read a copy; no answer if that is too short",
	  OPTIONS_COMMON, apply_max_stop },
	{ "jobs", 'j', "N", "worker threads (default: the processors)", OPTIONS_COMMON,
	  apply_jobs },
	{ "quiet", 'q', NULL, "no progress and no warnings", OPTIONS_COMMON, apply_quiet },
	{ "verbose", 'v', NULL, "more detail", OPTIONS_COMMON, apply_verbose },
	{ "help", 'h', NULL, "this text", OPTIONS_COMMON, apply_help },
	{ "version", 0, NULL, "the version of pycore", OPTIONS_COMMON, apply_version },
	{ 0 },
};

/* What getopt_long() wants to know; its codes are places in option_specs, plus FIRST_CODE. */
#define FIRST_CODE 256

struct getopt_tables {
	struct option longs[MOST_OPTIONS + 1];
	char shorts[2 * MOST_OPTIONS + 3];
};

/*
 * A leading '-' has getopt hand out the other words in their places: so they
 * may stand anywhere, also where POSIXLY_CORRECT is in the environment.
 */
static void make_tables(struct getopt_tables *t, uint32_t sets)
{
	char *shorts = t->shorts;
	size_t n = 0;

	*shorts++ = '-';
	*shorts++ = ':';
	for (int i = 0; option_specs[i].name; i++) {
		const struct option_spec *spec = &option_specs[i];

		if (!(spec->sets & sets))
			continue;
		t->longs[n++] = (struct option){
			.name = spec->name,
			.has_arg = spec->arg ? required_argument : no_argument,
			.val = FIRST_CODE + i,
		};
		if (spec->letter) {
			*shorts++ = spec->letter;
			if (spec->arg)
				*shorts++ = ':';
		}
	}
}

static const struct option_spec *spec_of(int code)
{
	if (code >= FIRST_CODE)
		return &option_specs[code - FIRST_CODE];
	for (const struct option_spec *spec = option_specs; spec->name; spec++) {
		if (spec->letter && spec->letter == code)
			return spec;
	}
	return NULL;
}

static bool add_object(struct settings *s, const char *word)
{
	if (s->n_addresses)
		return wrong(s, "one object is enough: what is '%s'?", word);
	return add_address(s, word, "'%s' is no address such as 0x7f31c0a2d5e0");
}

/* The words that are no options: the target, then the object for the command that shows one. */
static bool add_word(struct settings *s, const struct command *command, const char *word)
{
	if (s->target && command->options & OPTIONS_OBJECT)
		return add_object(s, word);
	if (s->target && command->options & OPTIONS_DIFF && !s->more[1]) {
		s->more[s->more[0] != NULL] = word;
		return true;
	}
	if (s->target && command->options & OPTIONS_COLLECT && !s->when) {
		*(s->signal ? &s->when : &s->signal) = word;
		return true;
	}
	if (s->target && command->options & OPTIONS_DIFF)
		return wrong(s, "three targets are enough: what is '%s'?", word);
	if (s->target)
		return wrong(s, "one target is enough: what is '%s'?", word);
	s->target = word;
	return true;
}

static bool wrong_option(struct settings *s, int code, const char *word)
{
	const struct option_spec *spec = optopt ? spec_of(optopt) : NULL;

	if (code == ':')
		return wrong(s, "option '%s' wants a value", word);
	if (spec && optopt >= FIRST_CODE)
		return wrong(s, "option '--%s' takes no value", spec->name);
	return wrong(s, "unknown option '%s'", word);
}

static bool has_word(const char *words, const char *word, size_t len)
{
	for (const char *at = words; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (!strncmp(at, word, len) && (at[len] == ' ' || !at[len]))
			return true;
	}
	return false;
}

/* With --pid there is no target among the words: what was taken for it is the object. */
static bool settle_object(struct settings *s, const struct command *command)
{
	const char *word = s->target;

	if (!(command->options & OPTIONS_OBJECT) || !s->pid || !word || s->n_addresses)
		return true;
	s->target = NULL;
	return add_object(s, word);
}

static bool check(struct settings *s, const struct command *command)
{
	const char *format = formats[s->report.format];

	if (s->help || s->version)
		return true;
	if (!has_word(command->formats, format, strlen(format)))
		return wrong(s, "there is no format '%s' here", format);
	if (command->options & OPTIONS_CAPTURE && s->report.redact)
		return wrong(s, "%s", "a core has every value of the process: there is no --redact here");
	if (command->options & OPTIONS_COLLECT) {
		const char *numbers[] = { s->target ? s->target : s->pid, s->signal, s->when };

		s->target = numbers[0];
		s->pid = NULL;
		for (size_t i = 0; i < 3; i++) {
			if (numbers[i] && (!*numbers[i] || strlen(numbers[i]) > 20 ||
					   strspn(numbers[i], "0123456789") < strlen(numbers[i])))
				return wrong(s, "process, signal and time are numbers, not '%s'", numbers[i]);
		}
		if (!s->dir)
			return wrong(s, "%s", "where to? Give --dir DIR");
	}
	if (command->options & OPTIONS_WATCH && (s->words || s->cgroup) && !s->target && !s->pid)
		return true;
	if (s->words)
		return wrong(s, "both '%s' and a command: which of them?",
			     s->target ? s->target : s->pid);
	if (!s->target && !s->pid)
		return wrong(s, "%s", "which core file or process?");
	if (s->target && s->pid)
		return wrong(s, "both --pid and '%s': which of them?", s->target);
	if ((s->target && !*s->target) || (s->more[0] && !*s->more[0]) ||
	    (s->more[1] && !*s->more[1]))
		return wrong(s, "%s", "the target's name is empty");
	if (command->options & OPTIONS_DIFF && !s->more[0])
		return wrong(s, "%s", "compared with what? Give two targets, or three");
	if (s->report.locals && s->report.format != PYCORE_TEXT && s->report.format != PYCORE_JSON)
		return wrong(s, "there are no locals in format '%s': give text or json", format);
	if ((command->options & OPTIONS_OBJECT) && !s->n_addresses)
		return wrong(s, "%s", "which object? Give its address after the target");
	if ((command->options & (OPTIONS_GRAPH | OPTIONS_PATH)) && !s->report.type &&
	    !s->n_addresses)
		return wrong(s, "%s", "which objects? Give --type TYPE or --addr ADDRESS");
	return true;
}

static bool parse_words(struct settings *s, const struct command *command,
			const struct getopt_tables *t, int argc, char **argv)
{
	int code;

	opterr = 0;
	optind = 0; /* glibc: begin anew, whatever was parsed before */
	for (;;) {
		const struct option_spec *spec;
		int before = optind ? optind : 1;

		code = getopt_long(argc, argv, t->shorts, t->longs, NULL);
		if (code == -1)
			break;
		if (code == 1) {
			if (!add_word(s, command, optarg))
				return false;
			continue;
		}
		if (code == '?' || code == ':')
			return wrong_option(s, code, argv[before < argc ? before : argc - 1]);
		spec = spec_of(code);
		if (!spec || !spec->apply(s, optarg))
			return false;
	}
	if (command->options & OPTIONS_WATCH && optind < argc && !strcmp(argv[optind - 1], "--")) {
		s->words = argv + optind;
		return true;
	}
	for (; optind < argc; optind++) {
		if (!add_word(s, command, argv[optind]))
			return false;
	}
	return true;
}

bool options_parse(struct settings *s, const struct command *command, int argc, char **argv)
{
	struct getopt_tables tables = { 0 };

	s->open.size = sizeof(s->open);
	s->report.size = sizeof(s->report);
	s->report.limit = -1;
	apply_format(s, !strncmp(command->formats, "dot", 3) ? "dot" : "text");
	make_tables(&tables, command->options);
	if (!parse_words(s, command, &tables, argc, argv) || !settle_object(s, command) ||
	    !check(s, command))
		return false;
	s->report.include = s->include;
	s->report.exclude = s->exclude;
	s->report.addresses = s->addresses;
	s->report.n_addresses = s->n_addresses;
	return true;
}

void options_free(struct settings *s)
{
	free(s->include);
	free(s->exclude);
	free(s->addresses);
}
