/* SPDX-License-Identifier: MIT */
/* The table is mapped and searched as it stands: reports are rare, and a signal handler must not
 * allocate. Debian's programs keep it unless they are stripped. */
#include "coro/symbols_private.h"

#include <elf.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coro/sanitize.h"

enum { UNREAD, READING, READ };

static struct {
    _Atomic int state;
    const Elf64_Sym *symbols;
    size_t count;
    const char *names;
    size_t names_size;
    uintptr_t bias; /* from an address in the file to one in memory */
} table;

/* The whole file; NULL: it cannot be read. */
static const char *map_program(size_t *size)
{
    struct stat about;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    void *file = MAP_FAILED;
    if (fstat(fd, &about) == 0)
        file = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    *size = (size_t)about.st_size;
    return file == MAP_FAILED ? NULL : file;
}

static bool fits(uint64_t offset, uint64_t length, size_t size)
{
    return offset <= size && length <= size - offset;
}

static void read_table(void)
{
    size_t size = 0;
    const char *file = map_program(&size);
    const Elf64_Ehdr *head = (const void *)file;
    if (!file || size < sizeof *head || head->e_shentsize != sizeof(Elf64_Shdr) ||
        !fits(head->e_shoff, head->e_shnum * sizeof(Elf64_Shdr), size))
        return;
    const Elf64_Shdr *sections = (const void *)(file + head->e_shoff);
    for (unsigned i = 0; i < head->e_shnum; i++) {
        const Elf64_Shdr *section = &sections[i];
        if (section->sh_type != SHT_SYMTAB || section->sh_link >= head->e_shnum)
            continue;
        const Elf64_Shdr *names = &sections[section->sh_link];
        if (!fits(section->sh_offset, section->sh_size, size) ||
            !fits(names->sh_offset, names->sh_size, size))
            return;
        table.names = file + names->sh_offset;
        table.names_size = names->sh_size;
        table.bias = head->e_type == ET_DYN ? getauxval(AT_PHDR) - head->e_phoff : 0;
        table.symbols = (const void *)(file + section->sh_offset);
        table.count = section->sh_size / sizeof(Elf64_Sym);
    }
}

/* Whoever comes while another one reads goes without names: it may be its own signal handler. */
static bool have_table(void)
{
    int unread = UNREAD;
    if (atomic_compare_exchange_strong(&table.state, &unread, READING)) {
        read_table();
        atomic_store(&table.state, READ);
    }
    return atomic_load(&table.state) == READ;
}

const char *co_symbols_find(const void *address, size_t *offset)
{
    if (!have_table())
        return NULL;
    uintptr_t at = (uintptr_t)address - table.bias;
    for (size_t i = 0; i < table.count; i++) {
        const Elf64_Sym *symbol = &table.symbols[i];
        if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || at < symbol->st_value ||
            at - symbol->st_value >= symbol->st_size || symbol->st_name >= table.names_size)
            continue;
        *offset = at - symbol->st_value;
        return table.names + symbol->st_name;
    }
    return NULL;
}

bool co_symbols_in_library(const void *address)
{
#ifdef CORO_SHARED
    /* The linker says where it begins, and where its data do, behind the code. */
    extern const char __ehdr_start[] __attribute__((visibility("hidden")));
    extern const char _DYNAMIC[] __attribute__((visibility("hidden")));
    return (uintptr_t)address >= (uintptr_t)__ehdr_start &&
           (uintptr_t)address < (uintptr_t)_DYNAMIC;
#else
    (void)address;
    return false;
#endif
}

const char *co_symbols_text(const void *address, char *text, size_t size)
{
    size_t offset;
    const char *name = co_symbols_find(address, &offset);
    if (name)
        snprintf(text, size, "%s+0x%zx", name, offset);
    else
        snprintf(text, size, "%p", address);
    return text;
}
