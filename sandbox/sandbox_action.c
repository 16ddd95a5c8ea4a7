/* Actions of a module and their values in JSON (layer 4; docs/sandbox.md). */
#include "core/assert.h"
#include "core/json.h"
#include "core/limits.h"
#include "determinism/float_env.h"
#include "sandbox/sandbox_state.h"

#include <math.h>
#include <string.h>

/* ---- finding ---- */

static bool find_export(const rp_sandbox *sandbox, const char *name, rp_extern_kind kind,
                        uint32_t *out_index)
{
    rp_extern found;
    rp_name wanted = {.data = name, .size = strlen(name)};
    if (rp_instance_export(sandbox->live.instance, wanted, &found) != RP_OK || found.kind != kind) {
        return false;
    }
    *out_index = found.index;
    return true;
}

/* Where payloads are written: the exported memory, else the imported one, which is the first of the
 * store because instance 0 made it. */
static bool find_memory(const rp_sandbox *sandbox, uint32_t *out_index)
{
    if (find_export(sandbox, "memory", RP_EXTERN_MEMORY, out_index)) {
        return true;
    }
    const rp_module *module = sandbox->live.module;
    for (size_t i = 0; i < rp_module_import_count(module); i++) {
        if (rp_module_import(module, i).kind == RP_EXTERN_MEMORY) {
            *out_index = 0;
            return true;
        }
    }
    return false;
}

static bool type_is(const rp_functype *type, const rp_valkind *params, size_t param_count,
                    rp_valkind result)
{
    return type->param_count == param_count && type->result_count == 1 &&
           type->results[0] == result &&
           memcmp(type->params, params, param_count * sizeof *params) == 0;
}

static bool is_json(const rp_sandbox *sandbox, struct rp_sandbox_action *action)
{
    static const rp_valkind two_i32[] = {RP_I32, RP_I32};
    if (!type_is(&action->type, two_i32, 2, RP_I64) ||
        !find_export(sandbox, "__alloc", RP_EXTERN_FUNC, &action->alloc_index) ||
        !find_memory(sandbox, &action->memory_index)) {
        return false;
    }
    rp_functype alloc = rp_store_func_type(sandbox->live.store, action->alloc_index);
    return type_is(&alloc, two_i32, 1, RP_I32);
}

static bool are_numbers(const rp_valkind *kinds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (kinds[i] != RP_I32 && kinds[i] != RP_I64 && kinds[i] != RP_F32 && kinds[i] != RP_F64) {
            return false;
        }
    }
    return true;
}

static rp_sandbox_error_code unknown_action(const char *name, const char *why,
                                            rp_sandbox_error *error)
{
    rp_sandbox_fail(error, RP_SANDBOX_UNKNOWN_ACTION, "action \"%.200s\": %s", name, why);
    if (error != NULL) {
        size_t size = strlen(name);
        size = size < sizeof error->function ? size : sizeof error->function - 1;
        memcpy(error->function, name, size);
    }
    return RP_SANDBOX_UNKNOWN_ACTION;
}

rp_sandbox_error_code rp_sandbox_find_action(const rp_sandbox *sandbox, const char *name,
                                             struct rp_sandbox_action *out_action,
                                             rp_sandbox_error *error)
{
    struct rp_sandbox_action action = {0};
    if (strlen(name) > RP_SANDBOX_ACTION_BYTES_MAX) {
        return unknown_action(name, "names of actions have at most 1,000 bytes", error);
    }
    if (!find_export(sandbox, name, RP_EXTERN_FUNC, &action.func_index)) {
        return unknown_action(name, "the module exports no function of this name", error);
    }
    action.type = rp_store_func_type(sandbox->live.store, action.func_index);
    if (!are_numbers(action.type.params, action.type.param_count) ||
        !are_numbers(action.type.results, action.type.result_count)) {
        return unknown_action(name, "its function takes or gives what is no number", error);
    }
    action.is_json = is_json(sandbox, &action);
    *out_action = action;
    return RP_SANDBOX_OK;
}

/* ---- payloads ---- */

static rp_sandbox_error_code parse_payload(const char *payload, size_t size,
                                           struct rp_json **out_root, rp_sandbox_error *error)
{
    rp_report report = {0};
    if (rp_json_parse(payload, size, out_root, &report) != RP_OK) {
        return rp_sandbox_fail_below(error, RP_SANDBOX_BAD_PAYLOAD, &report);
    }
    return RP_SANDBOX_OK;
}

rp_sandbox_error_code rp_sandbox_check_payload(const char *payload, size_t size,
                                               rp_sandbox_error *error)
{
    struct rp_json *root;
    rp_sandbox_error_code code = parse_payload(payload, size, &root, error);
    if (code == RP_SANDBOX_OK) {
        rp_json_release(root);
    }
    return code;
}

static bool read_int(const struct rp_json *json, rp_value *value)
{
    int64_t number;
    if (!rp_json_int(json, &number)) {
        return false;
    }
    if (value->kind == RP_I64) {
        value->of.i64 = number;
        return true;
    }
    value->of.i32 = (int32_t)(uint32_t)number;
    return number >= INT32_MIN && number <= (int64_t)UINT32_MAX;
}

static bool read_float(const struct rp_json *json, rp_value *value)
{
    uint64_t bits;
    if (!rp_json_f64(json, &bits)) {
        return false;
    }
    if (value->kind == RP_F64) {
        value->of.f64_bits = bits;
        return true;
    }
    double number;
    memcpy(&number, &bits, sizeof number);
    float rounded = (float)number;
    memcpy(&value->of.f32_bits, &rounded, sizeof rounded);
    return isfinite(rounded) != 0;
}

static const char *kind_name(rp_valkind kind)
{
    switch (kind) {
    case RP_I32:
        return "i32";
    case RP_I64:
        return "i64";
    case RP_F32:
        return "f32";
    default:
        return "f64";
    }
}

static rp_sandbox_error_code read_array(const struct rp_sandbox_action *action,
                                        const struct rp_json *root, rp_value *args,
                                        rp_sandbox_error *error)
{
    const rp_functype *type = &action->type;
    size_t count = rp_json_count(root);
    if (!(rp_json_is_array(root) || rp_json_is_null(root)) || count != type->param_count) {
        return rp_sandbox_fail(error, RP_SANDBOX_BAD_PAYLOAD,
                               "a numeric action of %zu parameters takes an array of as many "
                               "numbers",
                               type->param_count);
    }
    for (size_t i = 0; i < count; i++) {
        args[i] = (rp_value){.kind = type->params[i]};
        const struct rp_json *item = rp_json_at(root, i);
        bool is_int = args[i].kind == RP_I32 || args[i].kind == RP_I64;
        if (!(is_int ? read_int(item, &args[i]) : read_float(item, &args[i]))) {
            return rp_sandbox_fail(error, RP_SANDBOX_BAD_PAYLOAD,
                                   "argument %zu is no number that fits into %s", i,
                                   kind_name(args[i].kind));
        }
    }
    return RP_SANDBOX_OK;
}

rp_sandbox_error_code rp_sandbox_read_args(const struct rp_sandbox_action *action,
                                           const char *payload, size_t size, rp_value *args,
                                           rp_sandbox_error *error)
{
    if (size == 0) {
        return read_array(action, NULL, args, error);
    }
    struct rp_json *root;
    struct rp_float_env env;
    rp_float_env_enter(&env);
    rp_sandbox_error_code code = parse_payload(payload, size, &root, error);
    if (code == RP_SANDBOX_OK) {
        code = read_array(action, root, args, error);
        rp_json_release(root);
    }
    rp_float_env_leave(&env);
    return code;
}

/* ---- answers ---- */

/* A text of its own allocator, terminated, for rp_sandbox_result_release. */
static rp_sandbox_error_code make_value(size_t size, char **out_value, rp_sandbox_error *error)
{
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    char *value = rp_alloc(&allocator, size + 1);
    if (value == NULL) {
        return rp_sandbox_fail(error, RP_SANDBOX_HOST_FAILURE, "no memory for a value of %zu bytes",
                               size);
    }
    value[size] = 0;
    *out_value = value;
    return RP_SANDBOX_OK;
}

static void release_value(char *value, size_t size)
{
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    allocator.used_bytes = size + 1;
    rp_free(&allocator, value, size + 1);
}

void rp_sandbox_result_release(rp_sandbox_result *result)
{
    if (result->value != NULL) {
        release_value(result->value, result->value_size);
    }
    memset(result, 0, sizeof *result);
}

static rp_sandbox_error_code read_json_answer(const rp_sandbox *sandbox,
                                              const struct rp_sandbox_action *action,
                                              uint64_t answer, char **out_value, size_t *out_size,
                                              rp_sandbox_error *error)
{
    uint64_t address = answer >> 32;
    size_t size = (uint32_t)answer;
    uint64_t end = rp_store_memory_size(sandbox->live.store, action->memory_index);
    if (address > end || size > end - address) {
        return rp_sandbox_fail(error, RP_SANDBOX_BAD_RESULT,
                               "the answer lies at %llu, %zu bytes long: outside of the memory of "
                               "%llu bytes",
                               (unsigned long long)address, size, (unsigned long long)end);
    }
    char *value = NULL;
    rp_sandbox_error_code code = make_value(size, &value, error);
    if (code != RP_SANDBOX_OK) {
        return code;
    }
    rp_report report = {0};
    rp_status status = RP_OK;
    if (size != 0) {
        status =
            rp_store_memory_read(sandbox->live.store, action->memory_index, address, value, size);
        RP_ASSERT(status == RP_OK);
    }
    struct rp_json *root;
    status = rp_json_parse(value, size, &root, &report);
    if (status != RP_OK) {
        release_value(value, size);
        return rp_sandbox_fail_below(error, RP_SANDBOX_BAD_RESULT, &report);
    }
    rp_json_release(root);
    *out_value = value;
    *out_size = size;
    return RP_SANDBOX_OK;
}

/* Appends a number; false: JSON cannot say it. */
static bool append_number(struct rp_buffer *text, const rp_value *value)
{
    double number = 0;
    float narrow = 0;
    switch (value->kind) {
    case RP_I32:
        rp_buffer_printf(text, "%d", value->of.i32);
        return true;
    case RP_I64:
        rp_buffer_printf(text, "%lld", (long long)value->of.i64);
        return true;
    case RP_F32:
        memcpy(&narrow, &value->of.f32_bits, sizeof narrow);
        number = (double)narrow;
        break;
    default:
        memcpy(&number, &value->of.f64_bits, sizeof number);
        break;
    }
    if (isfinite(number) == 0) {
        return false;
    }
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    rp_json_append_f64(text, bits);
    return true;
}

static rp_sandbox_error_code print_numbers(const rp_functype *type, const rp_value *results,
                                           struct rp_buffer *text, rp_sandbox_error *error)
{
    if (type->result_count == 0) {
        rp_buffer_append(text, "null", 4);
    }
    bool is_list = type->result_count > 1;
    for (size_t i = 0; i < type->result_count; i++) {
        if (is_list) {
            rp_buffer_byte(text, i == 0 ? '[' : ',');
        }
        if (!append_number(text, &results[i])) {
            return rp_sandbox_fail(error, RP_SANDBOX_BAD_RESULT,
                                   "result %zu is NaN or infinite: JSON has no such number", i);
        }
    }
    if (is_list) {
        rp_buffer_byte(text, ']');
    }
    return RP_SANDBOX_OK;
}

rp_sandbox_error_code rp_sandbox_read_answer(const rp_sandbox *sandbox,
                                             const struct rp_sandbox_action *action,
                                             const rp_value *results, char **out_value,
                                             size_t *out_size, rp_sandbox_error *error)
{
    if (action->is_json) {
        return read_json_answer(sandbox, action, (uint64_t)results[0].of.i64, out_value, out_size,
                                error);
    }
    struct rp_allocator allocator;
    struct rp_buffer text;
    struct rp_float_env env;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&text, &allocator);
    rp_float_env_enter(&env);
    rp_sandbox_error_code code = print_numbers(&action->type, results, &text, error);
    rp_float_env_leave(&env);
    if (code == RP_SANDBOX_OK && text.failed) {
        code = rp_sandbox_fail(error, RP_SANDBOX_HOST_FAILURE, "no memory for the value");
    }
    if (code == RP_SANDBOX_OK) {
        code = make_value(text.size, out_value, error);
    }
    if (code == RP_SANDBOX_OK) {
        memcpy(*out_value, text.data, text.size);
        *out_size = text.size;
    }
    rp_buffer_deinit(&text);
    return code;
}
