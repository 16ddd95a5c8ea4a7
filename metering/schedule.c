/* Gas schedules (layer 1): the built-in one, reading one from JSON, and the hash that names it
 * (docs/gas.md). */
#include "metering/schedule.h"

#include "core/assert.h"
#include "core/json.h"
#include "core/report.h"

#include <stdio.h>
#include <string.h>

#define SCHEDULE_VERSION 0u
#define SCHEDULE_TAG "reprise.gas_schedule"

struct term_default {
    const char *key;
    uint32_t unit;
    uint32_t price;
};

struct price_default {
    const char *key;
    uint32_t price;
};

static const struct price_default class_defaults[RP_GAS_CLASS_COUNT] = {
#define RP_GAS_CLASS(name, key, price) [RP_GAS_##name] = {key, price},
#define RP_GAS_TERM(name, key, unit, price)
#define RP_GAS_FLAT(name, key, price)
#include "metering/gas_schedule.def"
#undef RP_GAS_CLASS
#undef RP_GAS_TERM
#undef RP_GAS_FLAT
};

static const struct term_default term_defaults[RP_GAS_TERM_COUNT] = {
#define RP_GAS_CLASS(name, key, price)
#define RP_GAS_TERM(name, key, unit, price) [RP_GAS_TERM_##name] = {key, unit, price},
#define RP_GAS_FLAT(name, key, price)
#include "metering/gas_schedule.def"
#undef RP_GAS_CLASS
#undef RP_GAS_TERM
#undef RP_GAS_FLAT
};

static const struct price_default flat_defaults[RP_GAS_FLAT_COUNT] = {
#define RP_GAS_CLASS(name, key, price)
#define RP_GAS_TERM(name, key, unit, price)
#define RP_GAS_FLAT(name, key, price) [RP_GAS_FLAT_##name] = {key, price},
#include "metering/gas_schedule.def"
#undef RP_GAS_CLASS
#undef RP_GAS_TERM
#undef RP_GAS_FLAT
};

static const uint8_t op_classes[RP_OP_COUNT] = {
#define X(id, prefix, code, text, immediate, signature, gas_class, feature, flags) \
    [RP_OP_##id] = RP_GAS_##gas_class,
#include "core/opcode.def"
#undef X
};

enum rp_gas_class rp_op_gas_class(enum rp_op op)
{
    RP_ASSERT(op < RP_OP_COUNT);
    return (enum rp_gas_class)op_classes[op];
}

static void hash_u32(struct rp_hash_state *state, uint32_t value)
{
    rp_hash_update(state, &value, sizeof value); /* hosts are little-endian: core/compiler.h */
}

static void hash_entry(struct rp_hash_state *state, char kind, const char *key, uint32_t unit,
                       uint32_t price)
{
    size_t size = strlen(key);
    RP_ASSERT(size <= UINT8_MAX);
    uint8_t head[2] = {(uint8_t)kind, (uint8_t)size};
    rp_hash_update(state, head, sizeof head);
    rp_hash_update(state, key, size);
    hash_u32(state, unit);
    hash_u32(state, price);
}

/* The hash of the canonical encoding: docs/gas.md, "Schedule hash". */
static void hash_schedule(struct rp_schedule *schedule)
{
    struct rp_hash_state state;
    rp_hash_init(&state);
    rp_hash_update(&state, SCHEDULE_TAG, sizeof SCHEDULE_TAG - 1);
    hash_u32(&state, schedule->version);
    hash_u32(&state, (uint32_t)(RP_ARRAY_COUNT(class_defaults) + RP_ARRAY_COUNT(term_defaults) +
                                RP_ARRAY_COUNT(flat_defaults)));
    for (size_t i = 0; i < RP_GAS_CLASS_COUNT; i++) {
        hash_entry(&state, 'c', class_defaults[i].key, 1, schedule->class_prices[i]);
    }
    for (size_t i = 0; i < RP_GAS_TERM_COUNT; i++) {
        const struct rp_gas_term_price *term = &schedule->terms[i];
        hash_entry(&state, 't', term_defaults[i].key, term->unit, term->price);
    }
    for (size_t i = 0; i < RP_GAS_FLAT_COUNT; i++) {
        hash_entry(&state, 'f', flat_defaults[i].key, 1, schedule->flat_prices[i]);
    }
    rp_hash_final(&state, schedule->hash);
}

/* Fills the derived fields. */
static void finish_schedule(struct rp_schedule *schedule)
{
    for (size_t i = 0; i < RP_OP_COUNT; i++) {
        schedule->op_prices[i] = schedule->class_prices[op_classes[i]];
        RP_ASSERT(schedule->op_prices[i] >= 1 && schedule->op_prices[i] <= RP_GAS_PRICE_MAX);
    }
    hash_schedule(schedule);
}

static void set_defaults(struct rp_schedule *schedule)
{
    *schedule = (struct rp_schedule){.version = SCHEDULE_VERSION};
    for (size_t i = 0; i < RP_GAS_CLASS_COUNT; i++) {
        schedule->class_prices[i] = class_defaults[i].price;
    }
    for (size_t i = 0; i < RP_GAS_TERM_COUNT; i++) {
        schedule->terms[i].unit = term_defaults[i].unit;
        schedule->terms[i].price = term_defaults[i].price;
    }
    for (size_t i = 0; i < RP_GAS_FLAT_COUNT; i++) {
        schedule->flat_prices[i] = flat_defaults[i].price;
    }
}

void rp_schedule_init(struct rp_schedule *schedule)
{
    set_defaults(schedule);
    finish_schedule(schedule);
}

/* Reads a price or unit; `group` and `key` name it in the report. */
static rp_status parse_price(const struct rp_json *value, const char *group, const char *key,
                             uint32_t *out_price, rp_report *report)
{
    int64_t number;
    if (!rp_json_int(value, &number)) {
        return rp_report_fail(report, RP_ERROR_SCHEDULE, "gas schedule: %s.%s is no integer", group,
                              key);
    }
    if (number < 1 || number > (int64_t)RP_GAS_PRICE_MAX) {
        return rp_report_fail(report, RP_ERROR_SCHEDULE,
                              "gas schedule: %s.%s is %lld; it must be from 1 to %u", group, key,
                              (long long)number, RP_GAS_PRICE_MAX);
    }
    *out_price = (uint32_t)number;
    return RP_OK;
}

static rp_status require_object(const struct rp_json *value, const char *name, rp_report *report)
{
    if (rp_json_is_object(value)) {
        return RP_OK;
    }
    return rp_report_fail(report, RP_ERROR_SCHEDULE, "gas schedule: %s is no object", name);
}

/* A group of plain prices: "classes" or "flat". */
static rp_status parse_prices(const struct rp_json *group, const char *group_name,
                              const struct price_default *defaults, size_t count, uint32_t *prices,
                              rp_report *report)
{
    rp_status status = require_object(group, group_name, report);
    for (size_t i = 0; status == RP_OK && i < rp_json_count(group); i++) {
        const char *key = rp_json_name_at(group, i);
        size_t found = 0;
        while (found < count && strcmp(defaults[found].key, key) != 0) {
            found++;
        }
        if (found == count) {
            return rp_report_fail(report, RP_ERROR_SCHEDULE, "gas schedule: %s has no key \"%s\"",
                                  group_name, key);
        }
        const struct rp_json *value = rp_json_value_at(group, i);
        status = parse_price(value, group_name, key, &prices[found], report);
    }
    return status;
}

static rp_status parse_term(const struct rp_json *value, const char *key,
                            struct rp_gas_term_price *term, rp_report *report)
{
    char name[64]; /* for the report */
    (void)snprintf(name, sizeof name, "terms.%s", key);
    rp_status status = require_object(value, name, report);
    for (size_t i = 0; status == RP_OK && i < rp_json_count(value); i++) {
        const char *part = rp_json_name_at(value, i);
        bool is_unit = strcmp(part, "unit") == 0;
        if (!is_unit && strcmp(part, "price") != 0) {
            return rp_report_fail(report, RP_ERROR_SCHEDULE, "gas schedule: %s has no key \"%s\"",
                                  name, part);
        }
        uint32_t *target = is_unit ? &term->unit : &term->price;
        status = parse_price(rp_json_value_at(value, i), name, part, target, report);
    }
    return status;
}

static rp_status parse_terms(const struct rp_json *group, struct rp_schedule *schedule,
                             rp_report *report)
{
    rp_status status = require_object(group, "terms", report);
    for (size_t i = 0; status == RP_OK && i < rp_json_count(group); i++) {
        const char *key = rp_json_name_at(group, i);
        size_t found = 0;
        while (found < RP_GAS_TERM_COUNT && strcmp(term_defaults[found].key, key) != 0) {
            found++;
        }
        if (found == RP_GAS_TERM_COUNT) {
            return rp_report_fail(report, RP_ERROR_SCHEDULE,
                                  "gas schedule: terms has no key \"%s\"", key);
        }
        status = parse_term(rp_json_value_at(group, i), key, &schedule->terms[found], report);
    }
    return status;
}

static rp_status parse_version(const struct rp_json *value, uint32_t *out_version,
                               rp_report *report)
{
    int64_t number;
    if (!rp_json_int(value, &number) || number < 0 || number > (int64_t)UINT32_MAX) {
        return rp_report_fail(report, RP_ERROR_SCHEDULE,
                              "gas schedule: version must be an integer from 0 to %u", UINT32_MAX);
    }
    *out_version = (uint32_t)number;
    return RP_OK;
}

/* One member of the outermost object. */
static rp_status parse_member(const char *name, const struct rp_json *value,
                              struct rp_schedule *schedule, rp_report *report)
{
    if (strcmp(name, "version") == 0) {
        return parse_version(value, &schedule->version, report);
    }
    if (strcmp(name, "classes") == 0) {
        return parse_prices(value, name, class_defaults, RP_GAS_CLASS_COUNT, schedule->class_prices,
                            report);
    }
    if (strcmp(name, "terms") == 0) {
        return parse_terms(value, schedule, report);
    }
    if (strcmp(name, "flat") == 0) {
        return parse_prices(value, name, flat_defaults, RP_GAS_FLAT_COUNT, schedule->flat_prices,
                            report);
    }
    return rp_report_fail(report, RP_ERROR_SCHEDULE, "gas schedule: there is no key \"%s\"", name);
}

rp_status rp_schedule_parse(struct rp_schedule *out_schedule, const void *json, size_t size,
                            rp_report *report)
{
    struct rp_json *root = NULL;
    rp_report json_report = {0};
    rp_status status = rp_json_parse(json, size, &root, &json_report);
    if (status == RP_ERROR_NO_MEMORY) {
        return rp_report_fail(report, status, "%s", json_report.text);
    }
    if (status != RP_OK) {
        return rp_report_fail(report, RP_ERROR_SCHEDULE, "gas schedule: %s", json_report.text);
    }
    struct rp_schedule schedule;
    set_defaults(&schedule);
    status = require_object(root, "the outermost value", report);
    for (size_t i = 0; status == RP_OK && i < rp_json_count(root); i++) {
        status =
            parse_member(rp_json_name_at(root, i), rp_json_value_at(root, i), &schedule, report);
    }
    rp_json_release(root);
    if (status == RP_OK) {
        finish_schedule(&schedule);
        *out_schedule = schedule;
    }
    return status;
}
