/* Assertions for bugs in Reprise (docs/ARCHITECTURE.md, "Three kinds of bad news"): always on, they
 * abort with the place and the condition (layer 0). Never used for what a module, a guest, a file
 * or an embedder can cause. */
#ifndef RP_CORE_ASSERT_H
#define RP_CORE_ASSERT_H

#include "core/compiler.h"

_Noreturn RP_COLD void rp_assert_failed(const char *condition, const char *file, int line);

#define RP_ASSERT(condition) \
    (RP_LIKELY(condition) ? (void)0 : rp_assert_failed(#condition, __FILE__, __LINE__))

#endif
