// Memory of the engine. Its objects are small and many (90 bytes on average), so that headers and rounding of a general allocator
// are a fifth of all memory. Here a page holds blocks of one size and what is known about it stands elsewhere: no header, no
// overwritten free list, and a block that is freed twice is found out. Larger blocks are malloc's.
#include "bridge.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/mman.h>

enum {
    page_size = 4096,
    most_pages = 1 << 16, // 256 MiB; beyond that, malloc
    growth = 64,          // pages that become usable at once
    unit = 16,            // the smallest block
    most_blocks = page_size / unit,
    largest = 1024,
    no_page = -1,
};

// Sizes of blocks. Those up to 128 are what the engine asks for most: objects, shapes, property tables, short strings.
static const uint16_t sizes[] = {16, 24, 32, 40, 48, 56, 64, 72, 80, 96, 112, 128, 144, 168, 200, 240, 280, 336, 408, 512, 680, largest};
enum { classes = sizeof sizes / sizeof *sizes };

// Lasting blocks of a size and those that are made while passing work is done are of different kinds: they share no page, so
// that hardly a page of the latter stays in use when the work is over.
struct kind {
    uint16_t size;    // of a block
    uint16_t blocks;  // in a page
    uint16_t inverse; // 65536 / size, rounded up: multiplied with an offset in a page it gives the block's number
    int with_room;    // the list of pages with room
};

struct page {
    uint64_t used[most_blocks / 64]; // one bit a block
    int next, previous;              // in the list of pages of this kind that have room, or of free pages
    uint16_t room;                   // blocks that are not in use
    uint8_t kind;
    bool dirty; // a free page that may hold memory
};

static struct kind kinds[2 * classes]; // the lasting ones, then the passing ones
static int kind_offset;
static int free_pages = no_page, known_pages, usable_pages;
static uint8_t class_of[largest / 8 + 1]; // by size in units of 8 bytes, rounded up
static struct page *pages;
static uint8_t *base;

static void link_page(int *list, int index)
{
    pages[index].next = *list;
    pages[index].previous = no_page;
    if (*list != no_page) pages[*list].previous = index;
    *list = index;
}

static inline void unlink_page(int *list, int index)
{
    const struct page *page = &pages[index];
    if (page->previous != no_page) pages[page->previous].next = page->next;
    else *list = page->next;
    if (page->next != no_page) pages[page->next].previous = page->previous;
}

// Takes a page for blocks of a kind; false when there is no more memory of this sort.
static bool take_page(struct kind *kind)
{
    int index = free_pages;
    if (index != no_page) unlink_page(&free_pages, index);
    else {
        if (known_pages == usable_pages) {
            if (usable_pages == most_pages) return false;
            uint8_t *start = base + (size_t)usable_pages * page_size;
            if (mprotect(start, (size_t)growth * page_size, PROT_READ | PROT_WRITE) < 0) return false;
            usable_pages += growth;
        }
        index = known_pages++;
    }
    struct page *page = &pages[index];
    memset(page, 0, sizeof *page);
    page->kind = (uint8_t)(kind - kinds);
    page->room = kind->blocks;
    link_page(&kind->with_room, index);
    return true;
}

static struct kind *kind_for(size_t size)
{
    return &kinds[class_of[(size + 7) / 8] + kind_offset];
}

static void *take_block(struct kind *kind)
{
    int index = kind->with_room;
    struct page *page = &pages[index];
    unsigned word = 0;
    while (page->used[word] == UINT64_MAX) word++;
    unsigned bit = (unsigned)__builtin_ctzll(~page->used[word]);
    page->used[word] |= 1ULL << bit;
    if (--page->room == 0) unlink_page(&kind->with_room, index);
    return base + (size_t)index * page_size + (word * 64 + bit) * kind->size;
}

static bool is_ours(const void *block)
{
    return (uintptr_t)block - (uintptr_t)base < (size_t)most_pages * page_size;
}

// Returns the block's size.
static size_t give_block(void *block)
{
    size_t place = (size_t)((uint8_t *)block - base);
    int index = (int)(place / page_size);
    struct page *page = &pages[index];
    struct kind *kind = &kinds[page->kind];
    unsigned offset = place % page_size, number = offset * kind->inverse >> 16;
    uint64_t bit = 1ULL << number % 64;
    if (offset != number * kind->size || !(page->used[number / 64] & bit)) {
        fputs("fatal: memory of the engine is freed that is not in use\n", stderr);
        abort();
    }
    page->used[number / 64] &= ~bit;
    if (page->room++ == 0) link_page(&kind->with_room, index);
    if (page->room == kind->blocks) {
        unlink_page(&kind->with_room, index);
        page->dirty = true;
        link_page(&free_pages, index);
    }
    return kind->size;
}

static size_t usable_size(const void *block)
{
    if (!is_ours(block)) return malloc_usable_size((void *)block);
    return kinds[pages[((uintptr_t)block - (uintptr_t)base) / page_size].kind].size;
}

static void *allocate(JSMallocState *state, size_t size);

// For what is too large, and when no page has room. Apart, because without a call the usual way is half as long.
static __attribute__((noinline)) void *allocate_slowly(JSMallocState *state, size_t size)
{
    if (size <= largest && take_page(kind_for(size))) return allocate(state, size);
    void *block = malloc(size);
    if (!block) return NULL;
    state->malloc_count++;
    state->malloc_size += malloc_usable_size(block);
    return block;
}

static void *allocate(JSMallocState *state, size_t size)
{
    if (state->malloc_size + size > state->malloc_limit) return NULL;
    struct kind *kind = size <= largest ? kind_for(size) : NULL;
    if (!kind || kind->with_room == no_page) return allocate_slowly(state, size);
    state->malloc_count++;
    state->malloc_size += kind->size;
    return take_block(kind);
}

static void release(JSMallocState *state, void *block)
{
    if (!block) return;
    state->malloc_count--;
    if (is_ours(block)) state->malloc_size -= give_block(block);
    else {
        state->malloc_size -= malloc_usable_size(block);
        free(block);
    }
}

static void *resize(JSMallocState *state, void *block, size_t size)
{
    if (!block) return size == 0 ? NULL : allocate(state, size);
    if (size == 0) {
        release(state, block);
        return NULL;
    }
    size_t before = usable_size(block);
    if (size > before && state->malloc_size + size - before > state->malloc_limit) return NULL;
    if (!is_ours(block) && size > largest) {
        void *moved = realloc(block, size);
        if (moved) state->malloc_size += usable_size(moved) - before;
        return moved;
    }
    if (is_ours(block) && size <= before && (size > largest || kind_for(size)->size == before)) return block;
    void *moved = allocate(state, size);
    if (!moved) return NULL;
    memcpy(moved, block, size < before ? size : before);
    release(state, block);
    return moved;
}

JSRuntime *memory_new_runtime(void)
{
    static const JSMallocFunctions functions = {allocate, release, resize, usable_size};
#ifdef __SANITIZE_ADDRESS__
    // The sanitizer looks after malloc's blocks only.
    (void)functions;
    return JS_NewRuntime();
#endif
    // Address space, no memory: neither is counted until it is used.
    const size_t blocks_size = (size_t)most_pages * page_size, pages_size = (size_t)most_pages * sizeof *pages;
    base = mmap(NULL, blocks_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    void *table = mmap(NULL, pages_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED || table == MAP_FAILED) return NULL;
    // A huge page for a heap of 2 MiB would double it.
    madvise(base, blocks_size, MADV_NOHUGEPAGE);
    pages = table;
    for (int index = 0; index < 2 * classes; index++) {
        uint16_t size = sizes[index % classes];
        kinds[index] = (struct kind){size, page_size / size, (uint16_t)((65536 + size - 1) / size), no_page};
    }
    for (int size = 0, class = 0; size <= largest / 8; size++) {
        if (size * 8 > sizes[class]) class++;
        class_of[size] = (uint8_t)class;
    }
    return JS_NewRuntime2(&functions, NULL);
}

bool memory_passing(bool passing)
{
    bool before = kind_offset != 0;
    kind_offset = passing ? classes : 0;
    return before;
}

void memory_trim(void)
{
    for (int index = free_pages; index != no_page; index = pages[index].next) {
        if (!pages[index].dirty) continue;
        pages[index].dirty = false;
        madvise(base + (size_t)index * page_size, page_size, MADV_DONTNEED);
    }
    malloc_trim(0);
}
