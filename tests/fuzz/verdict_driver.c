/* Loads many modules in one process, for scripts/compare-verdicts (tests). On stdin, until its end:
 * a size (u32, little-endian) and that many bytes, for each module. On stdout a line for each: the
 * status without its "ERROR_", a tab, and the text of the report, with control characters as '?'.
 * Lines are flushed one by one, so that a crash tells by their count which module it was. Exit 1 if
 * the input ends inside a module. */
#include "core/assert.h"
#include "reprise/reprise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE_BYTES_MAX (1u << 28)

static void print_verdict(rp_status status, const rp_report *report)
{
    const char *name = rp_status_name(status);
    const char *tail = strncmp(name, "ERROR_", 6) == 0 ? name + 6 : name;
    printf("%s\t", tail);
    for (const char *text = report->text; *text != 0; text++) {
        (void)putchar(*text >= 0 && *text < ' ' ? '?' : *text);
    }
    (void)putchar('\n');
    (void)fflush(stdout);
}

static void judge_module(rp_engine *engine, const uint8_t *bytes, size_t size)
{
    rp_module *module = NULL;
    rp_report report = {0};
    rp_status status = rp_module_load(engine, bytes, size, &module, &report);
    RP_ASSERT((status == RP_OK) == (module != NULL));
    print_verdict(status, &report);
    rp_module_destroy(module);
}

/* False at the end of the input, and inside a module. */
static bool read_module(uint8_t **out_bytes, size_t *out_size, bool *out_clean)
{
    uint8_t head[4];
    size_t got = fread(head, 1, sizeof head, stdin);
    *out_clean = got == 0;
    if (got != sizeof head) {
        return false;
    }
    size_t size = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    /* A block of the exact size, so that a sanitizer sees a read past the module. */
    uint8_t *bytes = size <= MODULE_BYTES_MAX ? malloc(size != 0 ? size : 1) : NULL;
    if (bytes == NULL || fread(bytes, 1, size, stdin) != size) {
        free(bytes);
        return false;
    }
    *out_bytes = bytes;
    *out_size = size;
    return true;
}

int main(void)
{
    rp_engine_config config = {.struct_size = sizeof config, .allocation_limit_bytes = 1u << 30};
    rp_engine *engine = NULL;
    rp_status status = rp_engine_create(&config, &engine, NULL);
    RP_ASSERT(status == RP_OK);
    uint8_t *bytes = NULL;
    size_t size = 0;
    bool clean = false;
    while (read_module(&bytes, &size, &clean)) {
        judge_module(engine, bytes, size);
        free(bytes);
    }
    rp_engine_destroy(engine);
    return clean ? EXIT_SUCCESS : EXIT_FAILURE;
}
