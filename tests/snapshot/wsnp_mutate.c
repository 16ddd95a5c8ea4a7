/* The mutator of snapshots (layer 7, tests). */
#include "tests/snapshot/wsnp_mutate.h"

#include "core/assert.h"
#include "tests/snapshot/wsnp_edit.h"

#include <string.h>

struct chance {
    uint64_t state;
};

static uint32_t draw(struct chance *chance, uint32_t below)
{
    chance->state = chance->state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)((chance->state >> 33) % below);
}

/* ---- values ---- */

static uint64_t draw_number(struct chance *chance, uint64_t now)
{
    static const uint64_t borders[] = {0,
                                       1,
                                       2,
                                       3,
                                       15,
                                       16,
                                       31,
                                       32,
                                       127,
                                       128,
                                       255,
                                       256,
                                       4095,
                                       4096,
                                       65535,
                                       65536,
                                       INT32_MAX,
                                       UINT32_MAX,
                                       UINT64_C(1) << 32,
                                       INT64_MAX,
                                       UINT64_C(1) << 63,
                                       UINT64_MAX};
    switch (draw(chance, 4)) {
    case 0:
        return now + 1;
    case 1:
        return now - 1;
    case 2:
        return borders[draw(chance, RP_ARRAY_COUNT(borders))];
    default:
        return now ^ UINT64_C(1) << draw(chance, 64);
    }
}

/* The end of the value that begins with the token: behind its elements. */
static size_t value_end(const struct rp_buffer *body, const struct rp_token *token)
{
    size_t at = token->offset;
    struct rp_token next;
    uint64_t left = 1;
    while (left > 0 && rp_token_next(body, &at, &next)) {
        left += next.kind == RP_TOKEN_ARRAY ? next.number : 0;
        left--;
    }
    return at;
}

static uint32_t count_tokens(const struct rp_buffer *body)
{
    uint32_t count = 0;
    struct rp_token token;
    for (size_t at = 0; rp_token_next(body, &at, &token);) {
        count++;
    }
    return count;
}

static bool pick_token(const struct rp_buffer *body, struct chance *chance,
                       struct rp_token *out_token)
{
    uint32_t count = count_tokens(body);
    if (count == 0) {
        return false;
    }
    uint32_t wanted = draw(chance, count);
    size_t at = 0;
    for (uint32_t i = 0; i <= wanted; i++) {
        (void)rp_token_next(body, &at, out_token);
    }
    return true;
}

static void change_number(struct rp_buffer *body, const struct rp_token *token,
                          struct chance *chance)
{
    struct rp_buffer put;
    rp_buffer_init(&put, body->allocator);
    uint64_t number = draw_number(chance, token->number);
    unsigned width = draw(chance, 16) == 0 ? 8 : 0; /* now and then longer than needed */
    if (rp_token_write(&put, token->kind, number, width)) {
        rp_splice(body, token->offset, token->head_size, put.data, put.size);
    }
    rp_buffer_deinit(&put);
}

static void change_kind(struct rp_buffer *body, const struct rp_token *token, struct chance *chance)
{
    static const enum rp_token_kind kinds[] = {RP_TOKEN_UINT, RP_TOKEN_NIL,   RP_TOKEN_BOOL,
                                               RP_TOKEN_TEXT, RP_TOKEN_BYTES, RP_TOKEN_ARRAY};
    struct rp_buffer put;
    rp_buffer_init(&put, body->allocator);
    enum rp_token_kind kind = kinds[draw(chance, RP_ARRAY_COUNT(kinds))];
    (void)rp_token_write(&put, kind, token->number, 0);
    rp_splice(body, token->offset, token->head_size, put.data, put.size);
    rp_buffer_deinit(&put);
}

/* The bytes of a text or bin, with a head that fits them. */
static void change_content(struct rp_buffer *body, const struct rp_token *token,
                           rp_byte_mutator bytes)
{
    size_t room = token->content_size + 64;
    uint8_t *content = rp_alloc(body->allocator, room);
    struct rp_buffer put;
    rp_buffer_init(&put, body->allocator);
    RP_ASSERT(content != NULL);
    memcpy(content, body->data + token->offset + token->head_size, token->content_size);
    size_t size = bytes(content, token->content_size, room);
    (void)rp_token_write(&put, token->kind, size, 0);
    rp_buffer_append(&put, content, size);
    rp_splice(body, token->offset, token->head_size + token->content_size, put.data, put.size);
    rp_buffer_deinit(&put);
    rp_free(body->allocator, content, room);
}

/* Puts a copy of a value of `from` in front of, or in the place of, one of `body`; the arrays
 * around it keep their counts, which are then lies. */
static void copy_value(struct rp_buffer *body, const struct rp_token *token,
                       const struct rp_buffer *from, struct chance *chance)
{
    struct rp_token source;
    if (pick_token(from, chance, &source)) {
        struct rp_buffer put;
        rp_buffer_init(&put, body->allocator);
        rp_buffer_append(&put, from->data + source.offset,
                         value_end(from, &source) - source.offset);
        bool replace = draw(chance, 2) == 0;
        rp_splice(body, token->offset, replace ? value_end(body, token) - token->offset : 0,
                  put.data, put.size);
        rp_buffer_deinit(&put);
    }
}

/* Takes an array's last element away or repeats it, with the count. */
static void change_length(struct rp_buffer *body, const struct rp_token *token,
                          struct chance *chance)
{
    struct rp_token element = *token;
    size_t at = token->offset + token->head_size;
    size_t end = at;
    for (uint64_t i = 0; i < token->number && rp_token_next(body, &at, &element); i++) {
        at = value_end(body, &element);
        end = at;
    }
    struct rp_buffer put;
    rp_buffer_init(&put, body->allocator);
    bool repeat = draw(chance, 2) == 0;
    (void)rp_token_write(&put, RP_TOKEN_ARRAY, token->number + (repeat ? 1 : UINT64_MAX), 0);
    size_t first = token->offset + token->head_size;
    rp_buffer_append(&put, body->data + first, (repeat ? end : element.offset) - first);
    if (repeat) {
        rp_buffer_append(&put, body->data + element.offset, end - element.offset);
    }
    rp_splice(body, token->offset, end - token->offset, put.data, put.size);
    rp_buffer_deinit(&put);
}

/* Any section, or, as often, that of any value: frames have more to say than limits. */
static struct rp_buffer *pick_section(struct rp_edit *edit, struct chance *chance)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < edit->count; i++) {
        total += count_tokens(&edit->sections[i].body);
    }
    if (draw(chance, 2) == 0 || total == 0) {
        return &edit->sections[draw(chance, edit->count)].body;
    }
    uint32_t at = draw(chance, total);
    uint32_t section = 0;
    for (uint32_t count; at >= (count = count_tokens(&edit->sections[section].body)); section++) {
        at -= count;
    }
    return &edit->sections[section].body;
}

static void change_section(struct rp_edit *edit, struct chance *chance, rp_byte_mutator bytes)
{
    struct rp_buffer *body = pick_section(edit, chance);
    struct rp_token token;
    if (!pick_token(body, chance, &token)) {
        return;
    }
    bool is_content = token.kind == RP_TOKEN_TEXT || token.kind == RP_TOKEN_BYTES;
    uint32_t choice = draw(chance, 8);
    if (choice == 0) {
        change_kind(body, &token, chance);
    } else if (choice == 1) {
        copy_value(body, &token, &edit->sections[draw(chance, edit->count)].body, chance);
    } else if (token.kind == RP_TOKEN_ARRAY && token.number > 0 && choice < 5) {
        change_length(body, &token, chance);
    } else if (is_content && choice < 7) {
        change_content(body, &token, bytes);
    } else {
        change_number(body, &token, chance);
    }
}

/* ---- files ---- */

size_t rp_wsnp_mutate(uint8_t *data, size_t size, size_t size_max, unsigned seed,
                      rp_byte_mutator bytes)
{
    struct chance chance = {seed};
    struct rp_edit edit;
    (void)draw(&chance, 2);
    if (draw(&chance, 20) == 0 || !rp_edit_init(&edit, data, size)) {
        return bytes(data, size, size_max);
    }
    if (edit.count == 0) {
        rp_edit_deinit(&edit);
        return bytes(data, size, size_max);
    }
    for (uint32_t changes = 1 + draw(&chance, 3); changes > 0; changes--) {
        change_section(&edit, &chance, bytes);
    }
    struct rp_buffer file;
    rp_buffer_init(&file, &edit.allocator);
    rp_edit_write(&edit, NULL, &file);
    size_t new_size = file.size <= size_max ? file.size : size;
    if (file.size <= size_max) {
        memcpy(data, file.data, file.size);
    }
    rp_buffer_deinit(&file);
    rp_edit_deinit(&edit);
    return new_size;
}
