// malloc and its kin, counted (allocations.h): on top of glibc's own, or by the sanitizer's hooks.
#include "allocations.h"

#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POSTERN_SANITIZER_COUNTS 1
#elif defined(__GLIBC__)
#define POSTERN_GLIBC_COUNTS 1
#endif

namespace {

thread_local std::size_t count = 0;

// Botan's secure memory comes from a locked pool of its own unless the pool has no size. Runs before anything of Botan
// is used.
[[gnu::constructor(101)]] void empty_botans_pool() { setenv("BOTAN_MLOCK_POOL_SIZE", "0", 1); }

}  // namespace

#if defined(POSTERN_SANITIZER_COUNTS)

// sanitizer/allocator_interface.h, which not every compiler installs; 0 where there is no room for a hook.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*taken)(const volatile void*, std::size_t),
                                                         void (*given_back)(const volatile void*));

namespace {

void taken(const volatile void*, std::size_t) { ++count; }
void given_back(const volatile void*) {}

[[gnu::constructor(101)]] void listen() {
    if (__sanitizer_install_malloc_and_free_hooks(taken, given_back) == 0) std::abort();
}

}  // namespace

#elif defined(POSTERN_GLIBC_COUNTS)

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t members, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) { return ++count, __libc_malloc(size); }
void* calloc(std::size_t members, std::size_t size) { return ++count, __libc_calloc(members, size); }
void* realloc(void* old, std::size_t size) { return ++count, __libc_realloc(old, size); }
void* aligned_alloc(std::size_t alignment, std::size_t size) { return ++count, __libc_memalign(alignment, size); }
}

#endif

namespace postern::test {

bool allocations_are_counted() {
#if defined(POSTERN_SANITIZER_COUNTS) || defined(POSTERN_GLIBC_COUNTS)
    return true;
#else
    return false;
#endif
}

std::size_t allocations() { return count; }

}  // namespace postern::test
