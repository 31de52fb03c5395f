// A file outside of the state directory that says how far the state in there has come: so a copy of the directory that
// was put back behind the daemon's back is recognised.
//
// It is written behind every save(), so it never is ahead of the state that it speaks of.
#pragma once

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "store/state.h"

namespace postern::store {

struct Anchor {
    Bytes16 id{};
    std::int64_t sequence = 0;
    friend bool operator==(const Anchor&, const Anchor&) = default;
};

// All or nothing, with mode 0600. An Error names the file.
[[nodiscard]] Result<void> write_anchor(const std::filesystem::path& file, const Anchor& anchor);

// Nothing: there is no such file. An Error where it says something else.
[[nodiscard]] Result<std::optional<Anchor>> read_anchor(const std::filesystem::path& file);

// Why the state cannot be the one that the anchor speaks of; empty: it can.
[[nodiscard]] std::string objection(const Anchor& anchor, const State& state);

}  // namespace postern::store
