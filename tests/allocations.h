// Counts what a piece of code takes from the heap. allocations.cc replaces malloc and its kin in the unit program, or
// listens to the sanitizer that has replaced them.
#pragma once

#include <cstddef>

namespace postern::test {

// False only without glibc; a test then says so.
[[nodiscard]] bool allocations_are_counted();

// Calls of malloc, calloc, realloc, aligned_alloc and operator new by this thread, so far. ThreadSanitizer keeps
// aligned_alloc to itself.
[[nodiscard]] std::size_t allocations();

}  // namespace postern::test
