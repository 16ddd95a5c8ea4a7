/* What a module imports, read from its bytes alone (layer 7): for modules that the engine refuses.
 */
#ifndef RP_CONFORMANCE_SPEC_IMPORTS_H
#define RP_CONFORMANCE_SPEC_IMPORTS_H

#include "core/reader.h"
#include "reprise/reprise.h"

/* Calls `visit` with the module name of every import that the module could change by writing to it:
 * a table, a memory or a global. Knows the types of imports of all of WebAssembly 3.0; stops where
 * it does not understand the bytes. */
void rp_spec_imports_visit(struct rp_span module, void (*visit)(void *user, rp_name name),
                           void *user);

#endif
