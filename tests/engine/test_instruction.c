/* Claims about engine/instruction.c: every row of the opcode table is read whole, and nothing else.
 */
#include "engine/instruction.h"

#include "core/buffer.h"
#include "tests/support/unit.h"

/* Appends immediates of a kind in which every number is recognisable. */
static void put_immediates(struct rp_buffer *out, enum rp_immediate immediate)
{
    static const uint8_t sixteen[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    switch (immediate) {
    case RP_IMM_NONE:
        break;
    case RP_IMM_BLOCK:
    case RP_IMM_HEAPTYPE:
        rp_buffer_byte(out, 0x70);
        break;
    case RP_IMM_TRY_TABLE: /* catch tag 7 label 9; catch_all label 300 */
        rp_buffer_append(out, "\x40\x02\x00\x07\x09\x02\xac\x02", 8);
        break;
    case RP_IMM_BR_TABLE: /* 2 labels and the default */
        rp_buffer_append(out, "\x02\x01\xac\x02\x03", 5);
        break;
    case RP_IMM_BR_ON_CAST:
        rp_buffer_append(out, "\x03\xac\x02\x6e\x05", 5);
        break;
    case RP_IMM_CALL_INDIRECT:
    case RP_IMM_TYPE_FIELD:
    case RP_IMM_TYPE_U32:
    case RP_IMM_TYPE_DATA:
    case RP_IMM_TYPE_ELEM:
    case RP_IMM_TYPE_TYPE:
    case RP_IMM_TABLE_TABLE:
    case RP_IMM_ELEM_TABLE:
    case RP_IMM_DATA_MEMORY:
    case RP_IMM_MEMORY_MEMORY:
        rp_buffer_append(out, "\xac\x02\x07", 3);
        break;
    case RP_IMM_MEMARG: /* with a memory index */
        rp_buffer_append(out, "\x42\xac\x02\x05", 4);
        break;
    case RP_IMM_MEMARG_LANE:
        rp_buffer_append(out, "\x02\x05\x01", 3);
        break;
    case RP_IMM_I32:
    case RP_IMM_I64:
        rp_buffer_leb_s(out, -300);
        break;
    case RP_IMM_F32:
        rp_buffer_u32le(out, 0x7fa00001);
        break;
    case RP_IMM_F64:
        rp_buffer_u64le(out, 0x7ff0000000000001);
        break;
    case RP_IMM_V128:
    case RP_IMM_LANES16:
        rp_buffer_append(out, sixteen, sizeof(sixteen));
        break;
    case RP_IMM_LANE:
        rp_buffer_byte(out, 5);
        break;
    case RP_IMM_SELECT_T:
        rp_buffer_append(out, "\x01\x64\x70", 3);
        break;
    default: /* one index */
        rp_buffer_leb_u(out, 300);
        break;
    }
}

static void check_fields(const struct rp_instruction *instruction)
{
    switch ((enum rp_immediate)rp_op_infos[instruction->op].immediate) {
    case RP_IMM_BLOCK:
    case RP_IMM_HEAPTYPE:
        assert_int_equal(instruction->type.size, 1);
        break;
    case RP_IMM_TRY_TABLE:
        assert_int_equal(instruction->list_count, 2);
        assert_int_equal(instruction->list.size, 6);
        break;
    case RP_IMM_BR_TABLE:
        assert_int_equal(instruction->list_count, 3);
        assert_int_equal(instruction->list.size, 4);
        break;
    case RP_IMM_BR_ON_CAST:
        assert_int_equal(instruction->lane, 3);
        assert_int_equal(instruction->index[0], 300);
        assert_int_equal(*instruction->type.data, 0x6e);
        assert_int_equal(*instruction->type_2.data, 5);
        break;
    case RP_IMM_CALL_INDIRECT:
    case RP_IMM_ELEM_TABLE:
    case RP_IMM_MEMORY_MEMORY:
        assert_int_equal(instruction->index[0], 300);
        assert_int_equal(instruction->index[1], 7);
        break;
    case RP_IMM_MEMARG:
        assert_int_equal(instruction->align_log2, 2);
        assert_int_equal(instruction->memory_index, 300);
        assert_int_equal(instruction->memory_offset, 5);
        break;
    case RP_IMM_MEMARG_LANE:
        assert_int_equal(instruction->memory_index, 0);
        assert_int_equal(instruction->lane, 1);
        break;
    case RP_IMM_I32:
    case RP_IMM_I64:
        assert_int_equal((int64_t)instruction->number, -300);
        break;
    case RP_IMM_F32:
        assert_int_equal(instruction->number, 0x7fa00001);
        break;
    case RP_IMM_F64:
        assert_int_equal(instruction->number, 0x7ff0000000000001);
        break;
    case RP_IMM_SELECT_T:
        assert_int_equal(instruction->list_count, 1);
        assert_int_equal(instruction->type.size, 2);
        break;
    case RP_IMM_FUNC:
    case RP_IMM_LOCAL:
        assert_int_equal(instruction->index[0], 300);
        break;
    default:
        break;
    }
}

static void every_instruction_is_read_to_its_last_byte_and_not_without_it(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, UINT64_MAX);
    for (unsigned i = 0; i < RP_OP_COUNT; i++) {
        struct rp_buffer bytes;
        rp_buffer_init(&bytes, &allocator);
        const struct rp_op_info *info = &rp_op_infos[i];
        rp_buffer_byte(&bytes, info->prefix ? info->prefix : (uint8_t)info->code);
        if (info->prefix) {
            rp_buffer_leb_u(&bytes, info->code);
        }
        put_immediates(&bytes, (enum rp_immediate)info->immediate);
        for (size_t size = 0; size <= bytes.size; size++) {
            struct rp_reader reader;
            struct rp_instruction instruction;
            rp_reader_init(&reader, bytes.data, 0, size);
            bool whole = size == bytes.size;
            assert_int_equal(rp_instruction_read(&reader, &instruction), whole);
            assert_int_equal(reader.error == NULL, whole);
            if (whole) {
                assert_int_equal(instruction.op, i);
                assert_int_equal(rp_reader_left(&reader), 0);
                check_fields(&instruction);
            }
        }
        rp_buffer_deinit(&bytes);
    }
    assert_int_equal(allocator.used_bytes, 0);
}

static void what_is_no_instruction_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t size;
        size_t error_at;
    } cases[] = {
        {"\x06", 1, 0},                         /* no opcode */
        {"\xff", 1, 0},                         /* none either */
        {"\xfc\x12", 2, 0},                     /* no instruction of the prefix */
        {"\xfd\xff\xff\x03", 4, 0},             /* beyond the table */
        {"\xfe\x00", 2, 0},                     /* a prefix of another proposal */
        {"\x28\x80\x01\x00", 4, 1},             /* memory access: flags */
        {"\x1f\x40\x01\x04\x00", 5, 3},         /* clause kind */
        {"\xfb\x18\x04\x00\x70\x70", 6, 2},     /* cast flags */
        {"\x02\x80\x7f", 3, 1},                 /* block type: no such type */
        {"\x0e\xff\xff\xff\xff\x0f\x00", 7, 6}, /* a table longer than the code */
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct rp_reader reader;
        struct rp_instruction instruction;
        const uint8_t *bytes = (const uint8_t *)cases[i].data;
        rp_reader_init(&reader, bytes, 0, cases[i].size);
        assert_false(rp_instruction_read(&reader, &instruction));
        assert_non_null(reader.error);
        assert_int_equal(reader.error_at - bytes, cases[i].error_at);
    }
}

static void natural_alignments_are_the_access_sizes(void **state)
{
    (void)state;
    static const struct {
        enum rp_op op;
        unsigned log2;
    } cases[] = {
        {RP_OP_i32_load, 2},         {RP_OP_i64_load, 3},         {RP_OP_f32_store, 2},
        {RP_OP_f64_load, 3},         {RP_OP_i32_load8_s, 0},      {RP_OP_i64_load16_u, 1},
        {RP_OP_i64_load32_s, 2},     {RP_OP_i64_store8, 0},       {RP_OP_i32_store16, 1},
        {RP_OP_v128_load, 4},        {RP_OP_v128_store, 4},       {RP_OP_v128_load8x8_s, 3},
        {RP_OP_v128_load32x2_u, 3},  {RP_OP_v128_load8_splat, 0}, {RP_OP_v128_load64_splat, 3},
        {RP_OP_v128_load32_zero, 2}, {RP_OP_v128_load8_lane, 0},  {RP_OP_v128_store64_lane, 3},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        assert_int_equal(rp_instruction_natural_align(cases[i].op), cases[i].log2);
    }
    for (unsigned i = 0; i < RP_OP_COUNT; i++) { /* it has an answer for all of them */
        if (rp_op_infos[i].immediate == RP_IMM_MEMARG ||
            rp_op_infos[i].immediate == RP_IMM_MEMARG_LANE) {
            assert_true(rp_instruction_natural_align((enum rp_op)i) <= 4);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_is_read_to_its_last_byte_and_not_without_it),
        cmocka_unit_test(what_is_no_instruction_is_refused_at_its_place),
        cmocka_unit_test(natural_alignments_are_the_access_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
