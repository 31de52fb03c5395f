// A number that a test changes while a program runs: a file of eight bytes, mapped by the library that is preloaded.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

// The number in the file that an environment variable names; null where none is named or it cannot be mapped.
inline const std::atomic<std::int64_t>* shared_number(const char* variable) {
    const char* name = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    const int file = name == nullptr ? -1 : ::open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return nullptr;
    void* page = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    return page == MAP_FAILED ? nullptr : static_cast<const std::atomic<std::int64_t>*>(page);
}
