/* What the names of a script stand for (layer 7). */
#include "conformance/spec_subjects.h"

#include "core/report.h"

#include <string.h>

static struct rp_spec_binding *find_binding(const struct rp_spec_bindings *bindings, rp_name name)
{
    for (uint32_t i = 0; i < bindings->count; i++) {
        struct rp_spec_binding *binding = &bindings->items[i];
        if (binding->name.size == name.size &&
            memcmp(binding->name.data, name.data, name.size) == 0) {
            return binding;
        }
    }
    return NULL;
}

rp_status rp_spec_bindings_set(struct rp_spec_bindings *bindings, struct rp_allocator *allocator,
                               rp_name name, struct rp_spec_subject subject, rp_report *report)
{
    struct rp_spec_binding *binding = find_binding(bindings, name);
    if (binding == NULL) {
        struct rp_spec_binding *items = rp_grow(allocator, bindings->items, &bindings->capacity,
                                                bindings->count + 1u, sizeof *items);
        if (items == NULL) {
            return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for a script's names");
        }
        bindings->items = items;
        binding = &items[bindings->count++];
    }
    *binding = (struct rp_spec_binding){.name = name, .subject = subject};
    return RP_OK;
}

struct rp_spec_subject rp_spec_bindings_get(const struct rp_spec_bindings *bindings, rp_name name)
{
    const struct rp_spec_binding *binding = find_binding(bindings, name);
    return binding != NULL ? binding->subject
                           : (struct rp_spec_subject){.standing = RP_SPEC_ABSENT};
}

void rp_spec_bindings_exclude(struct rp_spec_bindings *bindings, uint32_t instance,
                              enum rp_feature feature)
{
    for (uint32_t i = 0; i < bindings->count; i++) {
        struct rp_spec_subject *subject = &bindings->items[i].subject;
        if (subject->standing == RP_SPEC_READY && subject->instance == instance) {
            subject->standing = RP_SPEC_OUT_OF_SCOPE;
            subject->feature = feature;
        }
    }
}

void rp_spec_bindings_deinit(struct rp_spec_bindings *bindings, struct rp_allocator *allocator)
{
    rp_free(allocator, bindings->items, bindings->capacity * sizeof *bindings->items);
    *bindings = (struct rp_spec_bindings){0};
}

bool rp_spec_name_equals(rp_name name, const char *text)
{
    return name.size == strlen(text) && memcmp(name.data, text, name.size) == 0;
}
