/* One instruction as it stands in the bytes: opcode and immediates (layer 2; core specification,
 * 5.4). For readers of code that is not executed: disassembly, inspection.
 *
 * Nothing is validated but the encoding: indices may name nothing. All of WebAssembly 3.0 is read,
 * whatever the engine offers. */
#ifndef RP_ENGINE_INSTRUCTION_H
#define RP_ENGINE_INSTRUCTION_H

#include "core/opcode.h"
#include "core/reader.h"

/* Which fields are set follows from the opcode's kind of immediate; the others are zero. */
struct rp_instruction {
    enum rp_op op;
    uint64_t offset;       /* of the opcode, from the start of the module */
    uint32_t index[2];     /* indices, in the order of the bytes */
    uint32_t memory_index; /* memory accesses */
    uint32_t align_log2;
    uint64_t memory_offset;
    uint8_t lane;        /* also the flags of br_on_cast */
    uint64_t number;     /* constants: integers sign-extended, floats as bits */
    struct rp_span type; /* block type, heap type, types of `select`; br_on_cast: the first */
    struct rp_span type_2;
    struct rp_span list; /* br_table: labels, the default last; try_table: clauses; 16 lanes */
    uint32_t list_count;
};

/* Reads the instruction at the cursor. False on malformed bytes, with the reader's error set. */
bool rp_instruction_read(struct rp_reader *reader, struct rp_instruction *out_instruction);

/* Moves over one value, reference, packed or heap type. Errors as above. */
void rp_instruction_skip_type(struct rp_reader *reader);

/* Bytes that a load or store touches, as a power of two: its natural alignment. */
unsigned rp_instruction_natural_align(enum rp_op op);

#endif
