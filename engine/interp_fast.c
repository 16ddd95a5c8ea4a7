/* The fast table (layer 2): gas is charged for each straight-line run as it begins. */
#define RP_METERED 0
#define RP_INTERPRET rp_interp_fast
#include "engine/interp_dispatch.inc"
