// Small files: read whole and bounded, written so that a crash leaves all or nothing, removed for good.
//
// Every Error names the file and says why. Threads: any.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::io {

// A plain file of at most `limit` bytes. A longer one is an Error, and so are devices and pipes.
[[nodiscard]] Result<std::string> read_small(const std::filesystem::path& file, std::size_t limit);

// Who owns what is made. -1: whoever makes it.
struct Owner {
    uid_t user = static_cast<uid_t>(-1);
    gid_t group = static_cast<gid_t>(-1);
    [[nodiscard]] bool given() const noexcept { return ~user != 0 || ~group != 0; }
};

// Makes the file with exactly this mode and owner, and returns when both content and name are on disk. Nobody sees a
// part of it. The name must not exist yet, not even as a symbolic link.
[[nodiscard]] Result<void> write_new_file(const std::filesystem::path& file, std::string_view content, mode_t mode,
                                          const Owner& owner = {});

// The same in place of whatever has the name, which is all of the old or all of the new at any moment.
[[nodiscard]] Result<void> replace_file(const std::filesystem::path& file, std::string_view content, mode_t mode,
                                        const Owner& owner = {});

// Returns when the name is gone from the disk too. False: there was none.
[[nodiscard]] Result<bool> remove_and_sync(const std::filesystem::path& file);

}  // namespace postern::io
