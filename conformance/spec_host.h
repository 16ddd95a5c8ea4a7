/* The host module `spectest` of the official suite (layer 7). */
#ifndef RP_CONFORMANCE_SPEC_HOST_H
#define RP_CONFORMANCE_SPEC_HOST_H

#include "core/buffer.h"

/* Appends a module with the exports of the suite's spectest.wasm but `table64`, for engines without
 * memory64: every file needs `spectest`, and only modules with 64-bit tables can import `table64`.
 */
void rp_spec_host_write(struct rp_buffer *out);

#endif
