/* The disassembler: a module as standard WebAssembly text (layer 2; core specification, chapter 6).
 *
 * The text, assembled again, gives the same bytes, for modules with minimal LEB128 numbers and no
 * custom section but names, as far as text can say what stands in the bytes (docs/command.md lists
 * what it cannot). Indices are printed as they stand; types, functions and segments keep their
 * order. The name section becomes identifiers, $"..." ones where needed, and (@name "...")
 * annotations where two things have one name; other custom sections become (@custom ...)
 * annotations. Offsets stand in comments only.
 *
 * All of WebAssembly 3.0 is printed, whatever the engine offers. The module need not be valid: what
 * cannot be decoded is refused, what is merely wrong is printed as it stands. No effect on gas. */
#ifndef RP_ENGINE_DISASM_H
#define RP_ENGINE_DISASM_H

#include "core/alloc.h"
#include "engine/text.h"
#include "reprise/reprise.h"

/* Prints the module to `sink`, in pieces. ERROR_MALFORMED with the offset, ERROR_NO_MEMORY,
 * ERROR_IO if the sink refused; text may have been written by then. */
rp_status rp_disasm_print(const void *bytes, size_t size, struct rp_allocator *allocator,
                          struct rp_text_sink sink, rp_report *report);

#endif
