/* Stencils from their object file (tests): sections, symbols and relocations of ELF64. */
#include "tests/stencils/stencil_object.h"

#include "core/assert.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

void rp_stencil_object_init(struct rp_stencil_object *object, const char *path)
{
    *object = (struct rp_stencil_object){0};
    rp_allocator_init(&object->allocator, 0);
    FILE *file = fopen(path, "rb");
    RP_ASSERT(file != NULL);
    RP_ASSERT(fseek(file, 0, SEEK_END) == 0);
    long size = ftell(file);
    RP_ASSERT(size >= (long)sizeof(Elf64_Ehdr) && fseek(file, 0, SEEK_SET) == 0);
    object->size = (size_t)size;
    object->bytes = rp_alloc(&object->allocator, object->size);
    RP_ASSERT(object->bytes != NULL);
    RP_ASSERT(fread(object->bytes, 1, object->size, file) == object->size);
    RP_ASSERT(fclose(file) == 0);
    const Elf64_Ehdr *header = (const void *)object->bytes;
    RP_ASSERT(memcmp(header->e_ident, ELFMAG, SELFMAG) == 0);
    RP_ASSERT(header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_machine == EM_X86_64);
    RP_ASSERT(header->e_type == ET_REL && header->e_shentsize == sizeof(Elf64_Shdr));
}

void rp_stencil_object_deinit(struct rp_stencil_object *object)
{
    rp_free(&object->allocator, object->bytes, object->size);
}

/* ---- finding ---- */

static const void *bytes_at(const struct rp_stencil_object *object, uint64_t offset, uint64_t size)
{
    RP_ASSERT(offset <= object->size && size <= object->size - offset);
    return object->bytes + offset;
}

static const Elf64_Shdr *section_headers(const struct rp_stencil_object *object, size_t *out_count)
{
    const Elf64_Ehdr *header = (const void *)object->bytes;
    *out_count = header->e_shnum;
    return bytes_at(object, header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr));
}

static bool is_hole(const char *symbol)
{
#define VALUE(name) strcmp(symbol, "hole_" #name) == 0 ||
#define LABEL(name) strcmp(symbol, "label_" #name) == 0 ||
    return
#include "tests/stencils/stencil_holes.def"
        false;
#undef VALUE
#undef LABEL
}

static const char *symbol_name(const struct rp_stencil *stencil, const Elf64_Rela *relocation)
{
    const Elf64_Sym *symbols = stencil->symbols;
    return stencil->names + symbols[ELF64_R_SYM(relocation->r_info)].st_name;
}

/* Sets the relocations of the section that holds the stencil; false if it refers to other things
 * than holes. */
static bool find_relocations(const struct rp_stencil_object *object, size_t section,
                             struct rp_stencil *stencil)
{
    size_t count = 0;
    const Elf64_Shdr *headers = section_headers(object, &count);
    for (size_t i = 0; i < count; i++) {
        if (headers[i].sh_type == SHT_RELA && headers[i].sh_info == section) {
            stencil->relocations = bytes_at(object, headers[i].sh_offset, headers[i].sh_size);
            stencil->relocation_count = headers[i].sh_size / sizeof(Elf64_Rela);
        }
    }
    const Elf64_Rela *relocations = stencil->relocations;
    for (size_t i = 0; i < stencil->relocation_count; i++) {
        if (!is_hole(symbol_name(stencil, &relocations[i]))) {
            return false;
        }
    }
    return true;
}

struct rp_stencil rp_stencil_object_find(const struct rp_stencil_object *object, const char *name)
{
    static const struct rp_stencil none;
    size_t section_count = 0;
    const Elf64_Shdr *headers = section_headers(object, &section_count);
    const Elf64_Shdr *table = headers;
    while (table < headers + section_count && table->sh_type != SHT_SYMTAB) {
        table++;
    }
    RP_ASSERT(table < headers + section_count && table->sh_link < section_count);
    const Elf64_Shdr *names = &headers[table->sh_link];
    struct rp_stencil stencil = {
        .symbols = bytes_at(object, table->sh_offset, table->sh_size),
        .names = bytes_at(object, names->sh_offset, names->sh_size),
    };
    char symbol[64];
    int length = snprintf(symbol, sizeof symbol, "stencil_%s", name);
    RP_ASSERT(length > 0 && (size_t)length < sizeof symbol);
    const Elf64_Sym *symbols = stencil.symbols;
    for (size_t i = 0; i < table->sh_size / sizeof *symbols; i++) {
        if (ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC &&
            strcmp(stencil.names + symbols[i].st_name, symbol) == 0) {
            size_t section = symbols[i].st_shndx;
            /* -ffunction-sections: relocations count from the stencil's first byte. */
            RP_ASSERT(section < section_count && symbols[i].st_value == 0);
            stencil.size = symbols[i].st_size;
            stencil.code = bytes_at(object, headers[section].sh_offset, stencil.size);
            return find_relocations(object, section, &stencil) ? stencil : none;
        }
    }
    return none;
}

/* ---- placing ---- */

static uint64_t hole_value(const char *symbol, const struct rp_stencil_values *values)
{
#define VALUE(name)                           \
    if (strcmp(symbol, "hole_" #name) == 0) { \
        return values->name;                  \
    }
#define LABEL(name)                               \
    if (strcmp(symbol, "label_" #name) == 0) {    \
        return (uint64_t)(uintptr_t)values->name; \
    }
#include "tests/stencils/stencil_holes.def"
#undef VALUE
#undef LABEL
    rp_assert_failed("the symbol is a hole", __FILE__, __LINE__);
}

static void patch(uint8_t *place, uint32_t type, uint64_t value)
{
    bool fits = true;
    size_t size = 4;
    switch (type) {
    case R_X86_64_32:
        fits = value <= UINT32_MAX;
        break;
    case R_X86_64_32S:
        fits = value == (uint64_t)(int64_t)(int32_t)value;
        break;
    case R_X86_64_PC32:
    case R_X86_64_PLT32:
        value -= (uint64_t)(uintptr_t)place;
        fits = value == (uint64_t)(int64_t)(int32_t)value;
        break;
    default:
        RP_ASSERT(type == R_X86_64_64);
        size = 8;
        break;
    }
    RP_ASSERT(fits);
    memcpy(place, &value, size);
}

void rp_stencil_place(const struct rp_stencil *stencil, uint8_t *to,
                      const struct rp_stencil_values *values)
{
    RP_ASSERT(stencil->code != NULL);
    memcpy(to, stencil->code, stencil->size);
    const Elf64_Rela *relocations = stencil->relocations;
    for (size_t i = 0; i < stencil->relocation_count; i++) {
        const Elf64_Rela *relocation = &relocations[i];
        uint64_t value = hole_value(symbol_name(stencil, relocation), values);
        RP_ASSERT(relocation->r_offset + 4 <= stencil->size);
        patch(to + relocation->r_offset, (uint32_t)ELF64_R_TYPE(relocation->r_info),
              value + (uint64_t)relocation->r_addend);
    }
}
