// The two ways to ask why: a capture, and the running daemon.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "posternctl/command.h"

namespace postern::ctl {

struct CaptureWish {
    std::filesystem::path file;
    std::vector<std::string> local, behind, ipsec;  // prefixes
};

struct LiveWish {
    Prefix source;
    std::filesystem::path socket;        // empty: where the policy says
    std::optional<Duration> limit;       // until interrupted
    std::optional<std::uint64_t> count;  // verdicts
};

[[nodiscard]] Exit explain_capture(const Context& context, const CaptureWish& wish);
[[nodiscard]] Exit explain_live(const Context& context, const LiveWish& wish);

}  // namespace postern::ctl
