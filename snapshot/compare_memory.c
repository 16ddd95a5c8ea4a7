/* What differs between two memories: type, size, pages (layer 3). */
#include "core/page_hash.h"
#include "engine/state_value.h"
#include "snapshot/compare.h"
#include "snapshot/memory_body.h"

#include <stdio.h>
#include <string.h>

#define NO_PAGE UINT64_MAX

/* The pages of a section one by one. */
struct pages {
    struct rp_memory_body body;
    uint64_t page; /* NO_PAGE: there are no more */
    struct rp_span run;
    const uint8_t *bytes; /* of the page, in the run */
};

static void next_page(struct pages *pages)
{
    pages->bytes += RP_STATE_PAGE_BYTES;
    pages->page++;
    if (pages->bytes == pages->run.data + pages->run.size) {
        if (!rp_memory_body_next(&pages->body, &pages->page, &pages->run)) {
            pages->page = NO_PAGE;
        }
        pages->bytes = pages->run.data;
    }
}

static void begin_pages(struct pages *pages, struct rp_msgpack *in)
{
    *pages = (struct pages){0};
    rp_memory_body_begin(&pages->body, in);
    if (!rp_memory_body_next(&pages->body, &pages->page, &pages->run)) {
        pages->page = NO_PAGE;
    }
    pages->bytes = pages->run.data;
}

static void tell_page(struct rp_comparing *comparing, uint64_t page, const uint8_t *a,
                      const uint8_t *b)
{
    char text[RP_COMPARE_TEXT_BYTES] = "";
    uint64_t address = page * RP_STATE_PAGE_BYTES;
    if (memcmp(a, b, RP_STATE_PAGE_BYTES) == 0) {
        return;
    }
    if (!rp_compare_is_full(comparing)) {
        rp_compare_describe_bytes(a, b, RP_STATE_PAGE_BYTES, address, text);
    }
    rp_compare_tell(comparing, "page %llu (bytes %llu to %llu): %s", (unsigned long long)page,
                    (unsigned long long)address,
                    (unsigned long long)(address + RP_STATE_PAGE_BYTES - 1), text);
}

static void print_limits(const struct rp_memory_body *body, char *out_text, size_t size)
{
    if (body->has_max) {
        (void)snprintf(out_text, size, "%llu to %llu pages", (unsigned long long)body->min,
                       (unsigned long long)body->max);
    } else {
        (void)snprintf(out_text, size, "%llu pages and more", (unsigned long long)body->min);
    }
}

static void tell_heads(struct rp_comparing *comparing, const struct rp_memory_body *a,
                       const struct rp_memory_body *b)
{
    if (a->min != b->min || a->has_max != b->has_max || a->max != b->max) {
        char text[2][64];
        print_limits(a, text[0], sizeof text[0]);
        print_limits(b, text[1], sizeof text[1]);
        rp_compare_tell(comparing, "type: %s and %s", text[0], text[1]);
    }
    if (a->page_count != b->page_count) {
        rp_compare_tell(comparing, "size: %llu and %llu bytes",
                        (unsigned long long)(a->page_count * RP_STATE_PAGE_BYTES),
                        (unsigned long long)(b->page_count * RP_STATE_PAGE_BYTES));
    }
}

void rp_compare_memory(struct rp_comparing *comparing, struct rp_msgpack in[2])
{
    static const uint8_t zero[RP_STATE_PAGE_BYTES];
    struct pages a;
    struct pages b;
    begin_pages(&a, &in[0]);
    begin_pages(&b, &in[1]);
    if (in[0].error == NULL && in[1].error == NULL) {
        tell_heads(comparing, &a.body, &b.body);
    }
    while ((a.page != NO_PAGE || b.page != NO_PAGE) && in[0].error == NULL && in[1].error == NULL) {
        uint64_t page = a.page < b.page ? a.page : b.page;
        tell_page(comparing, page, a.page == page ? a.bytes : zero,
                  b.page == page ? b.bytes : zero);
        if (a.page == page) {
            next_page(&a);
        }
        if (b.page == page) {
            next_page(&b);
        }
    }
}
