/* The custom section "name", as identifiers for text (layer 2; core specification, 7.4.1).
 *
 * Names are spans of the module's bytes, valid UTF-8. A name is an identifier only if it is not
 * empty and the first of its index space to be so called: identifiers must be unique. */
#ifndef RP_ENGINE_NAME_SECTION_H
#define RP_ENGINE_NAME_SECTION_H

#include "core/alloc.h"
#include "core/reader.h"

/* Subsections, by their ids. */
enum rp_name_kind {
    RP_NAME_MODULE = 0,
    RP_NAME_FUNCTION = 1,
    RP_NAME_LOCAL = 2, /* by function */
    RP_NAME_LABEL = 3, /* by function */
    RP_NAME_TYPE = 4,
    RP_NAME_TABLE = 5,
    RP_NAME_MEMORY = 6,
    RP_NAME_GLOBAL = 7,
    RP_NAME_ELEMENT = 8,
    RP_NAME_DATA = 9,
    RP_NAME_FIELD = 10, /* by type */
    RP_NAME_TAG = 11,
    RP_NAME_TYPE_PARAM = 12, /* by function type */
    RP_NAME_KIND_COUNT = 13
};

/* The names of one index space. data NULL: that index has none. Indices from `count` on have
 * none. */
struct rp_name_map {
    struct rp_span *names;
    uint32_t *order; /* working memory: `count` indices */
    uint8_t *is_identifier;
    uint32_t count;
    uint32_t capacity;
};

/* The subsections of one name section: contents, size 0 if absent. */
struct rp_names {
    struct rp_span subsections[RP_NAME_KIND_COUNT];
    struct rp_span module_name; /* data NULL: none */
};

/* Splits the contents of a name section. False if they are malformed: then it names nothing. */
bool rp_names_read(struct rp_names *out_names, const uint8_t *module_bytes,
                   struct rp_span contents);

/* Fills `map` with the names of an index space of `count`, from the encoding of a name map (no
 * bytes, or malformed ones: no names). Names of indices outside of it are passed over. The map
 * starts as {0} and keeps its memory for the next fill. False when the allocator refuses. */
bool rp_name_map_fill(struct rp_name_map *map, struct rp_allocator *allocator,
                      const uint8_t *module_bytes, struct rp_span bytes, uint32_t count);
void rp_name_map_deinit(struct rp_name_map *map, struct rp_allocator *allocator);

/* The name of an index; data NULL if there is none. */
struct rp_span rp_name_map_get(const struct rp_name_map *map, uint32_t index);
bool rp_name_map_is_identifier(const struct rp_name_map *map, uint32_t index);

/* Splits an indirect name map: out_maps[i], at first empty, becomes the encoding of the map of
 * outer index i, for i < count. False if malformed. */
bool rp_names_split(const uint8_t *module_bytes, struct rp_span bytes, struct rp_span *out_maps,
                    uint32_t count);

#endif
