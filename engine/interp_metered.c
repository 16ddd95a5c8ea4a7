/* The metered table (layer 2): gas is charged instruction by instruction; for the tail of the gas,
 * and wherever a run is resumed in its middle. */
#define RP_METERED 1
#define RP_INTERPRET rp_interp_metered
#include "engine/interp_dispatch.inc"
