/* What the names of a script stand for (layer 7): definitions, instances, registered modules. */
#ifndef RP_CONFORMANCE_SPEC_SUBJECTS_H
#define RP_CONFORMANCE_SPEC_SUBJECTS_H

#include "core/alloc.h"
#include "core/opcode.h"
#include "reprise/reprise.h"

enum rp_spec_standing {
    RP_SPEC_ABSENT, /* there is nothing of that name */
    RP_SPEC_READY,
    RP_SPEC_OUT_OF_SCOPE, /* needs `feature` */
    RP_SPEC_BROKEN        /* should be there, but the command that makes it failed */
};

/* A module, or an instance of it. */
struct rp_spec_subject {
    enum rp_spec_standing standing;
    enum rp_feature feature;
    rp_name filename;  /* of the module */
    rp_module *module; /* if READY */
    uint32_t instance; /* index in the store, if READY and an instance */
};

struct rp_spec_binding {
    rp_name name;
    struct rp_spec_subject subject;
};

/* Names and what they stand for now; a later binding replaces. */
struct rp_spec_bindings {
    struct rp_spec_binding *items;
    uint32_t count;
    uint32_t capacity;
};

rp_status rp_spec_bindings_set(struct rp_spec_bindings *bindings, struct rp_allocator *allocator,
                               rp_name name, struct rp_spec_subject subject, rp_report *report);
/* ABSENT if there is nothing of that name. */
struct rp_spec_subject rp_spec_bindings_get(const struct rp_spec_bindings *bindings, rp_name name);
/* Puts every name of instance `instance` out of scope. */
void rp_spec_bindings_exclude(struct rp_spec_bindings *bindings, uint32_t instance,
                              enum rp_feature feature);
void rp_spec_bindings_deinit(struct rp_spec_bindings *bindings, struct rp_allocator *allocator);

bool rp_spec_name_equals(rp_name name, const char *text);

#endif
