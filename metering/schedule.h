/* Gas schedules (layer 1): prices by class, size terms, flat prices. Specification: docs/gas.md;
 * list: gas_schedule.def.
 *
 * Invariant: every price and unit is at least 1 and at most RP_GAS_PRICE_MAX, so a schedule cannot
 * make an instruction free. */
#ifndef RP_METERING_SCHEDULE_H
#define RP_METERING_SCHEDULE_H

#include "core/hash.h"
#include "core/opcode.h"
#include "reprise/reprise.h"

#define RP_GAS_PRICE_MAX 1000000u

enum rp_gas_class {
#define RP_GAS_CLASS(name, key, price) RP_GAS_##name,
#define RP_GAS_TERM(name, key, unit, price)
#define RP_GAS_FLAT(name, key, price)
#include "metering/gas_schedule.def"
#undef RP_GAS_CLASS
    RP_GAS_CLASS_COUNT
};

enum rp_gas_term {
#define RP_GAS_CLASS(name, key, price)
#undef RP_GAS_TERM
#define RP_GAS_TERM(name, key, unit, price) RP_GAS_TERM_##name,
#include "metering/gas_schedule.def"
#undef RP_GAS_TERM
    RP_GAS_TERM_COUNT
};

enum rp_gas_flat {
#define RP_GAS_TERM(name, key, unit, price)
#undef RP_GAS_FLAT
#define RP_GAS_FLAT(name, key, price) RP_GAS_FLAT_##name,
#include "metering/gas_schedule.def"
#undef RP_GAS_CLASS
#undef RP_GAS_TERM
#undef RP_GAS_FLAT
    RP_GAS_FLAT_COUNT
};

struct rp_gas_term_price {
    uint32_t unit;
    uint32_t price;
};

struct rp_schedule {
    uint32_t version;
    uint32_t class_prices[RP_GAS_CLASS_COUNT];
    struct rp_gas_term_price terms[RP_GAS_TERM_COUNT];
    uint32_t flat_prices[RP_GAS_FLAT_COUNT];
    uint32_t op_prices[RP_OP_COUNT]; /* derived: the class price of each opcode */
    uint8_t hash[RP_HASH_BYTES];     /* derived: of the canonical encoding */
};

/* The schedule of gas_schedule.def. */
void rp_schedule_init(struct rp_schedule *schedule);

/* The built-in schedule with the prices of a JSON object in place:
 * {"version":N,"classes":{"div":4,…},"terms":{"bytes":{"unit":16,"price":1},…},
 * "flat":{"host_call":50,…}}; what is absent keeps its price. Refused by name: unknown keys, prices
 * and units of 0 or above the maximum. */
rp_status rp_schedule_parse(struct rp_schedule *out_schedule, const void *json, size_t size,
                            rp_report *report);

enum rp_gas_class rp_op_gas_class(enum rp_op op);

/* price * ceil(count / unit); UINT64_MAX when that overflows 2^63-1, which fits into no limit. */
static inline uint64_t rp_schedule_term(const struct rp_schedule *schedule, enum rp_gas_term term,
                                        uint64_t count)
{
    const struct rp_gas_term_price *price = &schedule->terms[term];
    uint64_t units = count / price->unit + (count % price->unit != 0);
    unsigned __int128 total = (unsigned __int128)units * price->price;
    return total > (uint64_t)INT64_MAX ? UINT64_MAX : (uint64_t)total;
}

#endif
