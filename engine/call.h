/* Calls from the embedder (layer 2): running, stopping, resuming, and how a run's end is told. */
#ifndef RP_ENGINE_CALL_H
#define RP_ENGINE_CALL_H

#include "engine/store.h"

/* Sets the text of an outcome, printf style. */
void rp_outcome_describe(rp_outcome *outcome, const char *format, ...) RP_PRINTF(2, 3);

#endif
