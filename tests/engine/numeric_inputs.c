/* Operands for the tests of numeric instructions (layer 7, test support). */
#include "tests/engine/numeric_inputs.h"

#include "core/assert.h"
#include "core/platform.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SEED 1

struct float_shape {
    unsigned bits;
    unsigned fraction_bits;
    uint64_t sign;
    uint64_t exponent_max;
    uint64_t bias;
};

static const struct float_shape shape_f32 = {32, 23, (uint64_t)1 << 31, 0xff, 127};
static const struct float_shape shape_f64 = {64, 52, (uint64_t)1 << 63, 0x7ff, 1023};

static const struct float_shape *find_shape(char type)
{
    return type == 'f' ? &shape_f32 : &shape_f64;
}

struct value_set {
    uint64_t *values;
    size_t count;
    uint64_t mask;
};

static void add_value(struct value_set *set, uint64_t value)
{
    value &= set->mask;
    for (size_t i = 0; i < set->count; i++) {
        if (set->values[i] == value) {
            return;
        }
    }
    RP_ASSERT(set->count < RP_NUMERIC_SPECIAL_MAX);
    set->values[set->count++] = value;
}

/* A value with its neighbours and their negatives. */
static void add_int_around(struct value_set *set, uint64_t value)
{
    for (uint64_t step = 0; step < 3; step++) {
        add_value(set, value + step - 1);
        add_value(set, 0 - (value + step - 1));
    }
}

static void add_int_specials(struct value_set *set, unsigned bits)
{
    static const unsigned powers[] = {0,  1,  4,  5,  6,  7,  8,  15, 16, 23,
                                      24, 25, 31, 32, 52, 53, 54, 62, 63};
    static const uint64_t others[] = {
        0xaaaaaaaaaaaaaaaa, 0x5555555555555555, 0x0123456789abcdef, 100,
        0x123456789,        0x7fffff40,         0x7fffffbf,         0x7fffffc0,
        0x7fffffc1,         0xffffff7f,         0xffffff80,         0xffffff81,
        0x1000001,          0x1000002,          0x1000003,          0x2000002,
        0x2000006,          0x20000000000001,   0x20000000000003,   0x40000000000002,
        0x40000000000006,   0x7ffffffffffffdff, 0x7ffffffffffffe00, 0x7ffffffffffffe01,
        0xfffffffffffffbff, 0xfffffffffffffc00, 0xfffffffffffffc01, 0x7fffffbfffffffff,
        0x7fffffc000000000, 0x7fffffc000000001, 0xffffff7fffffffff, 0xffffff8000000000,
        0xffffff8000000001, 0x8000008000000000, 0x8000008000000001, 0x0020000020000001,
        0x8000000000000400, 0x8000000000000401, 0x8000000000000c00};
    for (size_t i = 0; i < RP_ARRAY_COUNT(powers); i++) {
        if (powers[i] < bits) {
            add_int_around(set, (uint64_t)1 << powers[i]);
        }
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(others); i++) {
        add_value(set, others[i]);
    }
}

/* A magnitude with its neighbours, in both signs. The neighbours of a magnitude's bits are the next
 * numbers. */
static void add_float_around(struct value_set *set, const struct float_shape *shape,
                             uint64_t magnitude)
{
    for (uint64_t step = 0; step < 3; step++) {
        const uint64_t value = (magnitude + step - 1) & ~shape->sign;
        add_value(set, value);
        add_value(set, value | shape->sign);
    }
}

static void add_float_specials(struct value_set *set, const struct float_shape *shape)
{
    const int fraction_bits = (int)shape->fraction_bits;
    const uint64_t implicit = (uint64_t)1 << fraction_bits;
    const uint64_t infinity = shape->exponent_max << fraction_bits;
    const uint64_t magnitudes[] = {0,
                                   2,
                                   implicit >> 1,
                                   implicit,
                                   implicit << 1,
                                   infinity - 1,
                                   infinity - implicit,
                                   infinity,
                                   infinity | implicit >> 1,
                                   infinity | (implicit - 1)};
    /* Exponents of 1/4 to 8, of the ends of the integers, of the last fraction, of the ends of the
     * other format. */
    static const int exponents[] = {-2, -1, 0,  1,  2,  3,  7,  15,  22,  23,   24,   31,   32,
                                    51, 52, 53, 62, 63, 64, 65, 126, 127, -126, -127, -149, -150};
    for (size_t i = 0; i < RP_ARRAY_COUNT(magnitudes); i++) {
        add_float_around(set, shape, magnitudes[i]);
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(exponents); i++) {
        const int64_t field = (int64_t)shape->bias + exponents[i];
        if (field > 0 && field < (int64_t)shape->exponent_max) {
            add_float_around(set, shape, (uint64_t)field << fraction_bits);
            add_value(set, (uint64_t)field << fraction_bits | implicit >> 1);
        }
    }
    /* Halves: 1.5, 2.5, 3.5 and ties next to 2^(fraction_bits - 1), where a half is the last bit.
     */
    add_float_around(set, shape, shape->bias << fraction_bits | implicit >> 1);
    add_float_around(set, shape, (shape->bias + 1) << fraction_bits | implicit >> 2);
    add_float_around(set, shape,
                     (shape->bias + 1) << fraction_bits | implicit >> 2 | implicit >> 1);
    add_float_around(set, shape, (shape->bias + 31) << fraction_bits | (implicit - 1));
}

/* Numbers of f64 at which demotion to f32 rounds: ties between normal numbers, subnormal ones, to 0
 * and to infinity; and the ends of i32 with their halves. */
static void add_double_specials(struct value_set *set)
{
    static const uint64_t magnitudes[] = {
        0x47efffffe0000000, 0x47effffff0000000, 0x47efffffefffffff, 0x36a0000000000000,
        0x3690000000000000, 0x36a8000000000000, 0x36b4000000000000, 0x380fffffc0000000,
        0x380fffffe0000000, 0x3ff0000010000000, 0x3ff0000030000000, 0x3ff0000008000000,
        0x41dfffffffc00000, 0x41dfffffffe00000, 0x41e0000000100000, 0x41e0000000200000,
        0x41efffffffe00000, 0x41effffffff00000, 0x41f0000000000000, 0x4330000000000001,
        0x432fffffffffffff, 0x7ff0000000000001, 0x7ff4000000000000, 0x7ff8000000000001,
        0x7ffaaaaaaaaaaaaa};
    for (size_t i = 0; i < RP_ARRAY_COUNT(magnitudes); i++) {
        add_float_around(set, &shape_f64, magnitudes[i]);
    }
}

static void add_single_specials(struct value_set *set)
{
    static const uint64_t magnitudes[] = {0x4effffff, 0x4f7fffff, 0x5effffff, 0x5f7fffff,
                                          0x4b000001, 0x4affffff, 0x7f800001, 0x7fa00000,
                                          0x7fc00001, 0x7fd55555};
    for (size_t i = 0; i < RP_ARRAY_COUNT(magnitudes); i++) {
        add_float_around(set, &shape_f32, magnitudes[i]);
    }
}

size_t rp_numeric_specials(char type, uint64_t *out_values)
{
    struct value_set set = {.values = out_values, .count = 0, .mask = UINT64_MAX};
    switch (type) {
    case 'i':
        set.mask = UINT32_MAX;
        add_int_specials(&set, 32);
        break;
    case 'l':
        add_int_specials(&set, 64);
        break;
    case 'f':
        set.mask = UINT32_MAX;
        add_float_specials(&set, &shape_f32);
        add_single_specials(&set);
        break;
    default:
        RP_ASSERT(type == 'd');
        add_float_specials(&set, &shape_f64);
        add_double_specials(&set);
        break;
    }
    return set.count;
}

/* ---- random operands ---- */

static uint64_t draw(struct rp_pcg64 *pcg, uint64_t bound)
{
    return rp_pcg64_next(pcg) % bound;
}

/* A number with few bits set or few bits clear, so that products and sums tie. */
static uint64_t draw_sparse(struct rp_pcg64 *pcg)
{
    uint64_t value = 0;
    for (uint64_t left = draw(pcg, 5); left > 0; left--) {
        value ^= (uint64_t)1 << draw(pcg, 64);
    }
    return draw(pcg, 2) != 0 ? ~value : value;
}

static uint64_t draw_special(struct rp_pcg64 *pcg, char type)
{
    static struct {
        uint64_t values[RP_NUMERIC_SPECIAL_MAX];
        size_t count;
    } sets[4];
    const size_t index = (size_t)(strchr("ilfd", type) - "ilfd");
    if (sets[index].count == 0) {
        sets[index].count = rp_numeric_specials(type, sets[index].values);
    }
    return sets[index].values[draw(pcg, sets[index].count)];
}

/* An integer whose rounding to 24 or 53 bits is a tie or nearly one. */
static uint64_t draw_tie(struct rp_pcg64 *pcg)
{
    const unsigned kept = draw(pcg, 2) != 0 ? 24 : 53;
    const uint64_t head = rp_pcg64_next(pcg) >> (64 - kept) | (uint64_t)1 << (kept - 1);
    const unsigned shift = 1 + (unsigned)draw(pcg, 64 - kept);
    const uint64_t value = head << shift | (uint64_t)1 << (shift - 1);
    return value + draw(pcg, 3) - 1;
}

/* The raw material of one operand. It is drawn in this order whatever is used of it, because C
 * leaves the order open in which operands and arguments are evaluated, and a seed must mean the
 * same to every compiler. */
struct material {
    uint64_t choice;
    uint64_t sign;
    uint64_t bits;
    uint64_t amount;
    uint64_t sparse;
    uint64_t tie;
    uint64_t special;
};

static struct material draw_material(struct rp_pcg64 *pcg, char type)
{
    struct material m;
    m.choice = rp_pcg64_next(pcg);
    m.sign = draw(pcg, 2);
    m.bits = rp_pcg64_next(pcg);
    m.amount = rp_pcg64_next(pcg);
    m.sparse = draw_sparse(pcg);
    m.tie = draw_tie(pcg);
    m.special = draw_special(pcg, type);
    return m;
}

static uint64_t find_mask(char type)
{
    return type == 'i' || type == 'f' ? UINT32_MAX : UINT64_MAX;
}

static uint64_t draw_int(struct rp_pcg64 *pcg, char type)
{
    const struct material m = draw_material(pcg, type);
    switch (m.choice % 6) {
    case 0:
        return (m.special + m.amount % 17 - 8) & find_mask(type);
    case 1:
        return m.bits >> m.amount % 64 & find_mask(type);
    case 2:
        return (0 - (m.bits >> m.amount % 64)) & find_mask(type);
    case 3:
        return m.sparse & find_mask(type);
    case 4:
        return m.tie & find_mask(type);
    default:
        return m.bits & find_mask(type);
    }
}

static uint64_t pack_float(const struct float_shape *shape, uint64_t sign, uint64_t exponent,
                           uint64_t fraction)
{
    const uint64_t implicit = (uint64_t)1 << shape->fraction_bits;
    return (sign & 1) * shape->sign | (exponent & shape->exponent_max) << shape->fraction_bits |
           (fraction & (implicit - 1));
}

static uint64_t draw_float(struct rp_pcg64 *pcg, char type)
{
    const struct float_shape *shape = find_shape(type);
    const struct material m = draw_material(pcg, type);
    switch (m.choice % 9) {
    case 0:
        return m.special;
    case 1:
        return (m.special + m.amount % 17 - 8) & find_mask(type);
    case 2: /* of the magnitude of integers */
        return pack_float(shape, m.sign, shape->bias - 4 + m.amount % 72, m.bits);
    case 3: /* the same with few bits: halves, ties */
        return pack_float(shape, m.sign, shape->bias - 4 + m.amount % 72, m.sparse);
    case 4: /* subnormal */
        return pack_float(shape, m.sign, 0, m.bits >> m.amount % 64);
    case 5: /* any exponent, few bits */
        return pack_float(shape, m.sign, m.amount, m.sparse);
    case 6: /* a fraction that ends in zeros, at the magnitude where f32 ends */
        return pack_float(shape, m.sign, shape->bias + 120 + m.amount % 10, m.bits << m.tie % 40);
    case 7: /* the same where f32 is subnormal */
        return pack_float(shape, m.sign, shape->bias - 152 + m.amount % 30, m.bits << m.tie % 40);
    default:
        return m.bits & find_mask(type);
    }
}

/* The second operand of a float instruction, chosen against the first. */
static uint64_t draw_float_against(struct rp_pcg64 *pcg, char type, uint64_t a)
{
    const struct float_shape *shape = find_shape(type);
    const uint64_t exponent = a >> shape->fraction_bits & shape->exponent_max;
    const uint64_t wide = shape->fraction_bits + 2;
    const struct material m = draw_material(pcg, type);
    switch (m.choice % 6) {
    case 0: /* a neighbour, perhaps of other sign: cancellation, equality */
        return ((a + m.amount % 9 - 4) ^ m.sign * shape->sign) & find_mask(type);
    case 1: /* half a unit of the first, or near it */
        return pack_float(shape, m.sign, exponent - shape->fraction_bits - m.amount % 3, m.sparse);
    case 2: /* a product that is subnormal, tying often */
        return pack_float(shape, m.sign, shape->bias - exponent + m.amount % wide, m.sparse);
    case 3: /* a quotient that is subnormal, or near overflow */
        return pack_float(shape, m.sign, exponent + shape->bias - m.amount % wide, m.sparse);
    case 4: /* a product near overflow */
        return pack_float(shape, m.sign, 3 * shape->bias - exponent + m.amount % 4 - 2, m.bits);
    default:
        return draw_float(pcg, type);
    }
}

void rp_numeric_random(struct rp_pcg64 *pcg, const char *types, unsigned count,
                       uint64_t *out_operands)
{
    for (unsigned i = 0; i < count; i++) {
        const bool is_float = types[i] == 'f' || types[i] == 'd';
        if (!is_float) {
            out_operands[i] = draw_int(pcg, types[i]);
        } else if (i == 1) {
            out_operands[i] = draw_float_against(pcg, types[i], out_operands[0]);
        } else {
            out_operands[i] = draw_float(pcg, types[i]);
        }
    }
}

struct rp_numeric_plan rp_numeric_plan(uint64_t random_count)
{
    struct rp_numeric_plan plan = {.seed = DEFAULT_SEED, .random_count = random_count};
    const char *seed = getenv("REPRISE_TEST_SEED");
    const char *is_long = getenv("REPRISE_TEST_LONG");
    if (is_long != NULL && strcmp(is_long, "1") == 0) {
        plan.random_count *= 100;
        plan.seed = rp_platform_realtime_ns();
    }
    if (seed != NULL) {
        plan.seed = strtoull(seed, NULL, 0);
    }
    return plan;
}
