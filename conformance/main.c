/* reprise-conformance: the official suites (layer 7). */
#include "conformance/spec_suite.h"
#include "conformance/wasi_runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_MISUSE 125

static const char usage[] =
    "usage: reprise-conformance spec DIR [--mode fast|metered|move|snapshot] [--every K]\n"
    "                                [--sample MIB] [--json FILE] [--filter NAME] [--folder "
    "core|custom]\n"
    "\n"
    "Runs the official WebAssembly test suite in DIR, the folder that holds core/.\n"
    "  --mode MODE    fast: the engine as it comes; metered: always the metered table; move: the\n"
    "                 whole state is copied into a new store at boundaries of every action;\n"
    "                 snapshot: it is saved, restored and saved again there\n"
    "  --every K      at every K-th boundary (default: the first 1,000, then every "
    "97th)\n"
    "  --sample MIB   each time a file's moves have copied so much, half as many of "
    "the\n"
    "                 boundaries are moved at (default: all of them)\n"
    "  --json FILE    write a report; - is stdout\n"
    "  --filter NAME  only this file, or group of files, of the manifest\n"
    "  --folder NAME  the folder of DIR to run (default: core)\n"
    "\n"
    "usage: reprise-conformance wasi DIR [--json FILE] [--env NAME=VALUE]...\n"
    "\n"
    "Runs the official WASI preview 1 suite in DIR, the folder that holds MANIFEST.tsv.\n"
    "  --env N=V      a variable in the environment of every test, as ERRNO_MODE_UNIX=1\n"
    "\n"
    "Exit codes: 0 all in scope passed, 1 something failed, 3 the data are missing, 125 misuse.\n";

static int refuse(const char *what, const char *word)
{
    (void)fprintf(stderr, "reprise-conformance: %s: %s (see --help)\n", word, what);
    return EXIT_MISUSE;
}

static bool parse_mode(const char *text, enum rp_spec_mode *out_mode)
{
    for (unsigned i = 0; i < RP_SPEC_MODE_COUNT; i++) {
        if (strcmp(text, rp_spec_mode_names[i]) == 0) {
            *out_mode = (enum rp_spec_mode)i;
            return true;
        }
    }
    return false;
}

static bool parse_count(const char *text, uint32_t *out_count)
{
    rp_name name = {.data = text, .size = strlen(text)};
    return rp_spec_table_number(name, out_count) && *out_count != 0;
}

static int run_spec(int argc, char **argv)
{
    struct rp_spec_options options = {.folder = "core"};
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (word[0] != '-') {
            if (options.root != NULL) {
                return refuse("one folder is enough", word);
            }
            options.root = word;
            continue;
        }
        if (value == NULL) {
            return refuse("no such option, or its value is missing", word);
        }
        i++;
        if (strcmp(word, "--mode") == 0) {
            if (!parse_mode(value, &options.mode)) {
                return refuse("no such mode", value);
            }
        } else if (strcmp(word, "--every") == 0) {
            if (!parse_count(value, &options.every)) {
                return refuse("--every needs a number from 1", value);
            }
        } else if (strcmp(word, "--sample") == 0) {
            if (!parse_count(value, &options.sample)) {
                return refuse("--sample needs a number from 1", value);
            }
        } else if (strcmp(word, "--json") == 0) {
            options.json_path = value;
        } else if (strcmp(word, "--filter") == 0) {
            options.filter = value;
        } else if (strcmp(word, "--folder") == 0) {
            options.folder = value;
        } else {
            return refuse("no such option", word);
        }
    }
    return options.root == NULL ? refuse("the folder of the suite is missing", "spec")
                                : rp_spec_suite_run(&options);
}

static int run_wasi(int argc, char **argv)
{
    struct rp_conformance_wasi_options options = {0};
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (word[0] != '-') {
            if (options.dir != NULL) {
                return refuse("one folder is enough", word);
            }
            options.dir = word;
            continue;
        }
        if (value == NULL) {
            return refuse("no such option, or its value is missing", word);
        }
        i++;
        if (strcmp(word, "--json") == 0) {
            options.json_path = value;
        } else if (strcmp(word, "--env") == 0) {
            if (strchr(value, '=') == NULL || options.env_count == RP_CONFORMANCE_ENV_MAX) {
                return refuse("--env needs NAME=VALUE, 16 times at most", value);
            }
            options.env[options.env_count] = value;
            options.env_count++;
        } else {
            return refuse("no such option", word);
        }
    }
    return options.dir == NULL ? refuse("the folder of the suite is missing", "wasi")
                               : rp_conformance_wasi(&options);
}

int main(int argc, char **argv)
{
    const char *suite = argc > 1 ? argv[1] : "";
    if (strcmp(suite, "--help") == 0 || strcmp(suite, "help") == 0) {
        return fputs(usage, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (strcmp(suite, "spec") == 0) {
        return run_spec(argc - 2, argv + 2);
    }
    if (strcmp(suite, "wasi") == 0) {
        return run_wasi(argc - 2, argv + 2);
    }
    return refuse("no such suite", argc > 1 ? suite : "nothing to run");
}
