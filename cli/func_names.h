/* The names of functions that calls are shown with (layer 7): found once, kept by a number, so that
 * a call costs a look into an array.
 *
 * A guest function has its name from the name section, else that of its first export, else
 * `func[N]` with its index in the module; a host function is `module.name`. Different functions may
 * have one name. */
#ifndef RP_CLI_FUNC_NAMES_H
#define RP_CLI_FUNC_NAMES_H

#include "core/buffer.h"
#include "reprise/reprise.h"

enum rp_name_form {
    RP_NAME_PLAIN,     /* control characters as \xNN */
    RP_NAME_COLLAPSED, /* the same, and `:` for `;` */
    RP_NAME_QUOTED     /* a JSON string with its quotes */
};

#define RP_NO_FUNC_NAME UINT32_MAX

/* Invariant: ids of a source are numbers of names plus 1; 0 is not asked for yet. */
struct rp_func_names {
    struct rp_allocator *allocator;
    enum rp_name_form form;
    struct rp_name_source *sources; /* the host, and each module that was met */
    uint32_t source_count;
    uint32_t source_capacity;
    size_t *ends; /* of each name in `text` */
    uint32_t count;
    uint32_t capacity;
    struct rp_buffer text; /* one name after the other */
};

void rp_func_names_init(struct rp_func_names *names, struct rp_allocator *allocator,
                        enum rp_name_form form);
void rp_func_names_deinit(struct rp_func_names *names);

/* The number of a function's name, from 0 in order of the first question. RP_NO_FUNC_NAME: out of
 * memory. */
uint32_t rp_func_names_find(struct rp_func_names *names, const rp_call_info *info);
/* The number of a name that is no function's, new at each call. */
uint32_t rp_func_names_add(struct rp_func_names *names, const char *text);
/* Borrowed until the next rp_func_names_find. */
rp_name rp_func_names_get(const struct rp_func_names *names, uint32_t id);

#endif
