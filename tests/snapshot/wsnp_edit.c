/* Snapshots taken apart and put together again (layer 7, tests). Written from docs/wsnp.md, with no
 * code of the writer that it tests. */
#include "tests/snapshot/wsnp_edit.h"

#include "core/assert.h"

#include <stdio.h>
#include <string.h>

/* ---- values ---- */

struct form {
    enum rp_token_kind kind;
    uint8_t fix_first, fix_count; /* heads that hold the number; none if the count is 0 */
    uint8_t wide[4];              /* heads in front of 1, 2, 4, 8 bytes; 0: none */
};

static const struct form forms[] = {
    {RP_TOKEN_UINT, 0x00, 128, {0xcc, 0xcd, 0xce, 0xcf}},
    {RP_TOKEN_TEXT, 0xa0, 32, {0xd9, 0xda, 0xdb, 0}},
    {RP_TOKEN_BYTES, 0, 0, {0xc4, 0xc5, 0xc6, 0}},
    {RP_TOKEN_ARRAY, 0x90, 16, {0, 0xdc, 0xdd, 0}},
};

static uint64_t read_number(const uint8_t *at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

static bool read_form(const struct form *form, const struct rp_buffer *bytes, size_t offset,
                      struct rp_token *token)
{
    uint8_t head = bytes->data[offset];
    token->kind = form->kind;
    token->head_size = 1;
    if (head >= form->fix_first && head - form->fix_first < form->fix_count) {
        token->number = (uint64_t)(head - form->fix_first);
        return true;
    }
    for (unsigned i = 0; i < 4; i++) {
        size_t size = (size_t)1 << i;
        if (form->wide[i] != 0 && head == form->wide[i] && bytes->size - offset > size) {
            token->number = read_number(bytes->data + offset + 1, size);
            token->head_size = 1 + size;
            return true;
        }
    }
    return false;
}

bool rp_token_next(const struct rp_buffer *bytes, size_t *offset, struct rp_token *out_token)
{
    if (*offset >= bytes->size) {
        return false;
    }
    uint8_t head = bytes->data[*offset];
    struct rp_token token = {.kind = RP_TOKEN_OTHER, .offset = *offset, .head_size = 1};
    if (head == 0xc0) {
        token.kind = RP_TOKEN_NIL;
    } else if (head == 0xc2 || head == 0xc3) {
        token.kind = RP_TOKEN_BOOL;
        token.number = head & 1u;
    }
    bool known = token.kind != RP_TOKEN_OTHER;
    for (size_t i = 0; !known && i < RP_ARRAY_COUNT(forms); i++) {
        known = read_form(&forms[i], bytes, *offset, &token);
    }
    bool has_content = token.kind == RP_TOKEN_TEXT || token.kind == RP_TOKEN_BYTES;
    if (!known || (has_content && token.number > bytes->size - *offset - token.head_size)) {
        return false;
    }
    token.content_size = has_content ? (size_t)token.number : 0;
    *offset += token.head_size + token.content_size;
    *out_token = token;
    return true;
}

bool rp_token_write(struct rp_buffer *out, enum rp_token_kind kind, uint64_t number, unsigned width)
{
    if (kind == RP_TOKEN_NIL || kind == RP_TOKEN_BOOL) {
        rp_buffer_byte(out, kind == RP_TOKEN_NIL ? 0xc0 : (uint8_t)(0xc2 + (number & 1)));
        return width == 0;
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(forms); i++) {
        const struct form *form = &forms[i];
        if (form->kind != kind) {
            continue;
        }
        if (width == 0 && number < form->fix_count) {
            rp_buffer_byte(out, (uint8_t)(form->fix_first + number));
            return true;
        }
        for (unsigned j = 0; j < 4; j++) {
            unsigned size = 1u << j;
            bool fits = size == 8 || number >> (8 * size) == 0;
            if (form->wide[j] == 0 || !fits || (width != 0 && width != size)) {
                continue;
            }
            rp_buffer_byte(out, form->wide[j]);
            for (unsigned k = size; k > 0; k--) {
                rp_buffer_byte(out, (uint8_t)(number >> (8 * (k - 1))));
            }
            return true;
        }
    }
    return false;
}

void rp_splice(struct rp_buffer *bytes, size_t offset, size_t size, const void *data,
               size_t data_size)
{
    RP_ASSERT(offset + size <= bytes->size);
    struct rp_buffer changed;
    rp_buffer_init(&changed, bytes->allocator);
    rp_buffer_append(&changed, bytes->data, offset);
    rp_buffer_append(&changed, data, data_size);
    rp_buffer_append(&changed, bytes->data + offset + size, bytes->size - offset - size);
    RP_ASSERT(!changed.failed);
    rp_buffer_deinit(bytes);
    *bytes = changed;
}

/* ---- files ---- */

struct rp_edit_section *rp_edit_add(struct rp_edit *edit, const char *name)
{
    void *grown = rp_grow(&edit->allocator, edit->sections, &edit->capacity,
                          (uint64_t)edit->count + 1, sizeof *edit->sections);
    RP_ASSERT(grown != NULL && strlen(name) < sizeof edit->sections->name);
    edit->sections = grown;
    struct rp_edit_section *section = &edit->sections[edit->count++];
    *section = (struct rp_edit_section){0};
    (void)snprintf(section->name, sizeof section->name, "%s", name);
    rp_buffer_init(&section->body, &edit->allocator);
    return section;
}

bool rp_edit_init(struct rp_edit *edit, const void *canonical, size_t size)
{
    *edit = (struct rp_edit){0};
    rp_allocator_init(&edit->allocator, 0);
    if (canonical == NULL) {
        return true;
    }
    struct rp_wsnp wsnp;
    if (rp_wsnp_open(&wsnp, canonical, size, NULL) != RP_OK) {
        return false;
    }
    for (uint32_t i = 0; i < wsnp.section_count; i++) {
        struct rp_edit_section *section = rp_edit_add(edit, wsnp.sections[i].name);
        rp_buffer_append(&section->body, wsnp.sections[i].body.data, wsnp.sections[i].body.size);
        RP_ASSERT(!section->body.failed);
    }
    rp_wsnp_close(&wsnp);
    return true;
}

void rp_edit_deinit(struct rp_edit *edit)
{
    for (uint32_t i = 0; i < edit->count; i++) {
        rp_buffer_deinit(&edit->sections[i].body);
    }
    rp_free(&edit->allocator, edit->sections, edit->capacity * sizeof *edit->sections);
    *edit = (struct rp_edit){0};
}

struct rp_edit_section *rp_edit_find(struct rp_edit *edit, const char *name)
{
    for (uint32_t i = 0; i < edit->count; i++) {
        if (strcmp(edit->sections[i].name, name) == 0) {
            return &edit->sections[i];
        }
    }
    return NULL;
}

void rp_edit_index(const struct rp_edit *edit, struct rp_buffer *out)
{
    (void)rp_token_write(out, RP_TOKEN_ARRAY, edit->count, 0);
    for (uint32_t i = 0; i < edit->count; i++) {
        const struct rp_edit_section *section = &edit->sections[i];
        uint8_t hash[RP_FAST_HASH_BYTES];
        rp_fast_hash(section->body.data, section->body.size, hash);
        (void)rp_token_write(out, RP_TOKEN_ARRAY, 3, 0);
        (void)rp_token_write(out, RP_TOKEN_TEXT, strlen(section->name), 0);
        rp_buffer_append(out, section->name, strlen(section->name));
        (void)rp_token_write(out, RP_TOKEN_UINT, section->body.size, 0);
        (void)rp_token_write(out, RP_TOKEN_BYTES, sizeof hash, 0);
        rp_buffer_append(out, hash, sizeof hash);
    }
}

void rp_edit_write(const struct rp_edit *edit, const struct rp_buffer *index, struct rp_buffer *out)
{
    static const uint8_t prefix[8] = {'W', 'S', 'N', 'P', 1, 0, 0, 0};
    struct rp_buffer checked, own_index;
    rp_buffer_init(&checked, out->allocator);
    rp_buffer_init(&own_index, out->allocator);
    if (index == NULL) {
        rp_edit_index(edit, &own_index);
        index = &own_index;
    }
    rp_buffer_append(out, prefix, sizeof prefix);
    for (uint32_t i = 0; i < edit->count; i++) {
        rp_buffer_append(out, edit->sections[i].body.data, edit->sections[i].body.size);
    }
    rp_buffer_append(out, index->data, index->size);
    rp_buffer_u64le(out, index->size);
    rp_buffer_append(&checked, prefix, sizeof prefix);
    rp_buffer_append(&checked, index->data, index->size);
    rp_buffer_u64le(&checked, index->size);
    RP_ASSERT(!checked.failed);
    uint8_t check[RP_FAST_HASH_BYTES];
    rp_fast_hash(checked.data, checked.size, check);
    rp_buffer_append(out, check, sizeof check);
    RP_ASSERT(!out->failed);
    rp_buffer_deinit(&own_index);
    rp_buffer_deinit(&checked);
}
