/* Upload policies (layer 2; include/reprise/reprise.h, rp_policy): what a host refuses before
 * anything runs. One pass over what the module declares, and over its code if floats are refused;
 * linear in its size. Nothing here changes the module or costs gas. */
#include "core/assert.h"
#include "core/report.h"
#include "engine/instruction.h"
#include "engine/module.h"
#include "engine/store_check.h"

#include <string.h>

struct policy_check {
    const struct rp_module *module;
    const struct rp_policy *policy;
    rp_report *report;
};

static rp_status refuse_count(const struct policy_check *check, const char *rule, uint64_t value,
                              uint64_t limit)
{
    return rp_report_fail(check->report, RP_ERROR_POLICY,
                          "%s: the module has %llu, allowed are %llu", rule,
                          (unsigned long long)value, (unsigned long long)limit);
}

/* ---- floats ---- */

static bool is_float(uint32_t type)
{
    return type == RP_TYPE_F32 || type == RP_TYPE_F64;
}

static bool is_float_op(enum rp_op op)
{
    const char *letters = rp_signature_names[rp_op_infos[op].signature];
    return strchr(letters, 'f') != NULL || strchr(letters, 'd') != NULL;
}

/* One value type, or the empty type of a block. */
static bool has_float(struct rp_span types)
{
    return types.size == 1 && is_float(types.data[0]);
}

static rp_status refuse_float(const struct policy_check *check, uint32_t func_index,
                              uint64_t offset, const char *what)
{
    return rp_report_fail_at(check->report, RP_ERROR_POLICY, offset,
                             "refuse_floats: function %u: %s", func_index, what);
}

static rp_status check_local_types(const struct policy_check *check, uint32_t func_index,
                                   const struct rp_code *code)
{
    const struct rp_module *module = check->module;
    struct rp_reader reader;
    rp_reader_init(&reader, module->bytes, code->entry_offset, module->size);
    for (uint32_t count = rp_read_u32(&reader); count != 0; count--) {
        rp_read_u32(&reader);
        uint64_t offset = rp_reader_offset(&reader);
        if (is_float(rp_read_byte(&reader))) {
            return refuse_float(check, func_index, offset, "a local is a float");
        }
    }
    return RP_OK;
}

static rp_status check_float_code(const struct policy_check *check, uint32_t func_index)
{
    const struct rp_module *module = check->module;
    const struct rp_code *code = rp_module_code(module, func_index);
    rp_status status = check_local_types(check, func_index, code);
    if (status != RP_OK) {
        return status;
    }
    struct rp_reader reader;
    size_t begin = (size_t)(code->body - module->bytes);
    rp_reader_init(&reader, module->bytes, begin, begin + code->body_size);
    while (rp_reader_left(&reader) != 0) {
        struct rp_instruction instruction;
        bool valid = rp_instruction_read(&reader, &instruction);
        RP_ASSERT(valid);
        if (is_float_op(instruction.op) || has_float(instruction.type)) {
            return refuse_float(check, func_index, instruction.offset,
                                rp_op_infos[instruction.op].text);
        }
    }
    return RP_OK;
}

static rp_status check_floats(const struct policy_check *check)
{
    const struct rp_module *module = check->module;
    for (uint32_t i = 0; i < module->type_count; i++) {
        const struct rp_func_type *type = module->types[i];
        for (uint32_t j = 0; j < type->param_count + type->result_count; j++) {
            if (is_float(type->types[j])) {
                return rp_report_fail(check->report, RP_ERROR_POLICY,
                                      "refuse_floats: type %u has a float", i);
            }
        }
    }
    for (uint32_t i = 0; i < module->global_count; i++) {
        if (is_float(module->globals[i].type.type)) {
            return rp_report_fail(check->report, RP_ERROR_POLICY,
                                  "refuse_floats: global %u is a float", i);
        }
    }
    rp_status status = RP_OK;
    for (uint32_t i = module->func_import_count; status == RP_OK && i < module->func_count; i++) {
        status = check_float_code(check, i);
    }
    return status;
}

/* ---- features ---- */

static bool is_feature_allowed(const struct rp_policy *policy, const char *feature)
{
    for (size_t i = 0; i < policy->feature_count; i++) {
        if (strcmp(policy->features[i], feature) == 0) {
            return true;
        }
    }
    return policy->features == NULL;
}

static rp_status check_features(const struct policy_check *check)
{
    for (unsigned i = 0; i < RP_FEATURE_COUNT; i++) {
        bool is_simd = i == RP_FEATURE_SIMD || i == RP_FEATURE_RELAXED_SIMD;
        if (i == RP_FEATURE_MVP || (check->module->features >> i & 1u) == 0) {
            continue;
        }
        if (is_simd && check->policy->refuse_simd) {
            return rp_report_fail(check->report, RP_ERROR_POLICY,
                                  "refuse_simd: the module needs \"%s\"", rp_feature_names[i]);
        }
        if (!is_feature_allowed(check->policy, rp_feature_names[i])) {
            return rp_report_fail(check->report, RP_ERROR_POLICY,
                                  "features: the module needs \"%s\"", rp_feature_names[i]);
        }
    }
    return RP_OK;
}

/* ---- sizes ---- */

static rp_status check_counts(const struct policy_check *check)
{
    const struct rp_module *module = check->module;
    const struct rp_policy *policy = check->policy;
    uint64_t elements = 0;
    for (uint32_t i = 0; i < module->table_count; i++) {
        elements += module->tables[i].limits.min;
    }
    uint64_t pages = 0;
    for (uint32_t i = 0; i < module->memory_count; i++) {
        pages += module->memories[i].min;
    }
    const struct {
        const char *rule;
        uint64_t value;
        uint64_t limit;
    } rules[] = {
        {"module_bytes_max", module->size, policy->module_bytes_max},
        {"functions_max", module->func_count - module->func_import_count, policy->functions_max},
        {"globals_max", module->global_count, policy->globals_max},
        {"data_segments_max", module->data_count, policy->data_segments_max},
        {"table_elements_max", elements, policy->table_elements_max},
        {"memory_pages_max", pages, policy->memory_pages_max},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(rules); i++) {
        if (rules[i].limit != 0 && rules[i].value > rules[i].limit) {
            return refuse_count(check, rules[i].rule, rules[i].value, rules[i].limit);
        }
    }
    return RP_OK;
}

static rp_status check_shape(const struct policy_check *check)
{
    const struct rp_module *module = check->module;
    const struct rp_policy *policy = check->policy;
    for (uint32_t i = module->func_import_count; i < module->func_count; i++) {
        const struct rp_code *code = rp_module_code(module, i);
        const uint8_t *begin = module->bytes + code->entry_offset;
        uint32_t size = (uint32_t)(code->body + code->body_size - begin);
        if (policy->function_bytes_max != 0 && size > policy->function_bytes_max) {
            return rp_report_fail(check->report, RP_ERROR_POLICY,
                                  "function_bytes_max: function %u has %u, allowed are %u", i, size,
                                  policy->function_bytes_max);
        }
    }
    for (uint32_t i = 0; policy->require_memory_maximum && i < module->memory_count; i++) {
        if (!module->memories[i].has_max) {
            return rp_report_fail(check->report, RP_ERROR_POLICY,
                                  "require_memory_maximum: memory %u declares none", i);
        }
    }
    if (policy->refuse_start && module->has_start) {
        return rp_report_fail(check->report, RP_ERROR_POLICY,
                              "refuse_start: function %u is the start function",
                              module->start_func);
    }
    return RP_OK;
}

/* ---- names ---- */

/* "module.name" or "module.*". */
static bool matches(const char *pattern, const struct rp_import *import)
{
    size_t size = strlen(pattern);
    struct rp_span module = import->module;
    struct rp_span name = import->name;
    if (size < module.size + 1 || pattern[module.size] != '.' ||
        (module.size != 0 && memcmp(pattern, module.data, module.size) != 0)) {
        return false;
    }
    const char *rest = pattern + module.size + 1;
    return strcmp(rest, "*") == 0 ||
           (strlen(rest) == name.size && memcmp(rest, name.data, name.size) == 0);
}

static rp_status check_names(const struct policy_check *check)
{
    const struct rp_module *module = check->module;
    const struct rp_policy *policy = check->policy;
    for (uint32_t i = 0; policy->imports != NULL && i < module->import_count; i++) {
        const struct rp_import *import = &module->imports[i];
        bool allowed = false;
        for (size_t j = 0; !allowed && j < policy->import_count; j++) {
            allowed = matches(policy->imports[j], import);
        }
        if (!allowed) {
            return rp_report_fail(check->report, RP_ERROR_POLICY,
                                  "imports: \"%.*s\".\"%.*s\" is not in the list",
                                  (int)import->module.size, (const char *)import->module.data,
                                  (int)import->name.size, (const char *)import->name.data);
        }
    }
    for (size_t i = 0; policy->exports != NULL && i < policy->export_count; i++) {
        const char *name = policy->exports[i];
        if (rp_module_find_export(module, name, strlen(name)) == NULL) {
            return rp_report_fail(check->report, RP_ERROR_POLICY,
                                  "exports: \"%s\" is demanded and not there", name);
        }
    }
    return RP_OK;
}

rp_status rp_module_check_policy(const rp_module *module, const rp_policy *policy,
                                 rp_report *report)
{
    rp_policy given = {0};
    const size_t least = offsetof(rp_policy, export_count) + sizeof policy->export_count;
    rp_status status =
        rp_struct_size_check("rp_policy", policy->struct_size, least, sizeof *policy, report);
    if (status != RP_OK) {
        return status;
    }
    memcpy(&given, policy, policy->struct_size);
    const struct policy_check check = {module, &given, report};
    status = check_counts(&check);
    if (status == RP_OK) {
        status = check_shape(&check);
    }
    if (status == RP_OK) {
        status = check_features(&check);
    }
    if (status == RP_OK) {
        status = check_names(&check);
    }
    if (status == RP_OK && given.refuse_floats) {
        status = check_floats(&check);
    }
    return status;
}
