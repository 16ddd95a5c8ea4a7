/* A script of the official suite: the commands of one file (layer 7; the suite's README, "A file").
 */
#ifndef RP_CONFORMANCE_SPEC_SCRIPT_H
#define RP_CONFORMANCE_SPEC_SCRIPT_H

#include "conformance/spec_value.h"

/* X(NAME, "type in the script") */
#define RP_SPEC_COMMANDS(X)                           \
    X(MODULE, "module")                               \
    X(MODULE_DEFINITION, "module_definition")         \
    X(MODULE_INSTANCE, "module_instance")             \
    X(REGISTER, "register")                           \
    X(ACTION, "action")                               \
    X(ASSERT_RETURN, "assert_return")                 \
    X(ASSERT_TRAP, "assert_trap")                     \
    X(ASSERT_EXHAUSTION, "assert_exhaustion")         \
    X(ASSERT_EXCEPTION, "assert_exception")           \
    X(ASSERT_INVALID, "assert_invalid")               \
    X(ASSERT_MALFORMED, "assert_malformed")           \
    X(ASSERT_UNLINKABLE, "assert_unlinkable")         \
    X(ASSERT_UNINSTANTIABLE, "assert_uninstantiable") \
    X(ASSERT_INVALID_CUSTOM, "assert_invalid_custom")

enum rp_spec_command_type {
#define X(name, text) RP_SPEC_##name,
    RP_SPEC_COMMANDS(X)
#undef X
        RP_SPEC_COMMAND_TYPE_COUNT
};

extern const char *const rp_spec_command_names[RP_SPEC_COMMAND_TYPE_COUNT];

struct rp_spec_action {
    bool is_get;   /* read a global; else call a function */
    bool has_name; /* of an instance; else the current one */
    rp_name instance;
    rp_name field;
    struct rp_spec_value *args;
    uint32_t arg_count;
};

/* Strings may hold any code point, U+0000 included, and are borrowed from the script. */
struct rp_spec_command {
    enum rp_spec_command_type type;
    uint32_t line;
    bool has_name;
    rp_name name; /* module, register: `name`; module_instance: `instance` */
    bool has_source;
    rp_name source; /* module_instance: the definition `module`; register: `as` */
    rp_name filename;
    rp_name text;
    struct rp_spec_action action; /* if the type has one */
    struct rp_spec_value *expected;
    uint32_t expected_count;
};

struct rp_spec_script {
    struct rp_arena arena;
    struct rp_json *json;
    struct rp_spec_command *commands;
    uint32_t command_count;
};

/* Reads the script from the text of a JSON file. On failure nothing needs to be released. */
rp_status rp_spec_script_init(struct rp_spec_script *script, struct rp_allocator *allocator,
                              const void *text, size_t size, rp_report *report);
void rp_spec_script_deinit(struct rp_spec_script *script);

/* A whole file into `out_bytes`, which the caller has initialised. ERROR_IO naming the path. */
rp_status rp_spec_file_read(const char *path, struct rp_buffer *out_bytes, rp_report *report);

#endif
