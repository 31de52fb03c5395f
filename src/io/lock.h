// A file that one process holds at a time. The kernel lets go of it with the process, however that ends.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

#include "base/result.h"
#include "io/descriptor.h"

namespace postern::io {

// Held as long as the object lives. A child process must not keep its descriptor.
class FileLock {
public:
    // Makes the file where there is none (mode 0600). Nothing: another process held it until `patience` was over.
    [[nodiscard]] static Result<std::optional<FileLock>> take(const std::filesystem::path& file,
                                                              std::chrono::milliseconds patience);

private:
    explicit FileLock(Descriptor descriptor) noexcept : descriptor_{std::move(descriptor)} {}
    Descriptor descriptor_;
};

}  // namespace postern::io
