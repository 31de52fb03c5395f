// The files a policy is made of, read whole and bounded. Nobody else in config/ opens a file. Errors are what would
// stand behind the name of the file: "cannot be read: ...", "holds no key, ...".
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/load.h"
#include "noise/keys.h"

namespace postern::config {

// Where a policy's YAML comes from: the disk, every file remembered as it is read, or a copy made so before.
class Texts {
public:
    // `copy` outlives the object; null: the disk.
    explicit Texts(const PolicyText* copy) : copy_{copy} {}

    [[nodiscard]] Result<std::string> read(const std::filesystem::path& file);
    [[nodiscard]] Result<std::vector<std::filesystem::path>> yaml_files(const std::filesystem::path& directory) const;

    // Those of the disk that were meant to be among them, by the look of their names. A copy has none.
    [[nodiscard]] std::vector<std::filesystem::path> yml_files(const std::filesystem::path& directory) const;

    // What was read so far.
    [[nodiscard]] const PolicyText& taken() const noexcept { return taken_; }

private:
    const PolicyText* copy_;
    PolicyText taken_;
};

// A plain file of at most 1 MiB.
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path& file);

// One key on one line of base64, not all zero. Refuses a file that others than its owner and group may touch.
[[nodiscard]] Result<noise::Secret> read_secret(const std::filesystem::path& file);

// A plain file of at most 1 MiB; the same rule for others.
[[nodiscard]] Result<std::string> read_private_text(const std::filesystem::path& file);

// Eight hexadecimal digits on one line; the same rule for others.
[[nodiscard]] Result<std::uint32_t> read_seed(const std::filesystem::path& file);

// The files of a directory whose names end so, sorted; hidden ones are left out. No directory: none.
[[nodiscard]] Result<std::vector<std::filesystem::path>> files_in(const std::filesystem::path& directory,
                                                                  std::string_view extension);

// Neither is true of a file that we may not look for.
[[nodiscard]] bool is_there(const std::filesystem::path& file);
[[nodiscard]] bool is_missing(const std::filesystem::path& file);

}  // namespace postern::config
