// A ruleset as its backend's tools take it: texts, and nothing that would have to be rendered again. This is what is
// kept on disk, put back after somebody flushed it, and loaded at boot, when there may be no readable policy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::rules {

// One text for one run of one tool.
struct Part {
    std::string name;  // nft; or ipset, v4, v6
    std::string text;

    bool operator==(const Part&) const = default;
};

struct Loadable {
    std::string backend;  // nftables or iptables
    std::string tool;     // the kind of iptables that loads it; empty with nftables
    std::vector<Part> parts;

    // The text of that name; empty where there is none.
    [[nodiscard]] std::string_view text(std::string_view name) const noexcept;

    // Whether it was rendered with gateway.observe and lets everything in; whatever the policy has become since.
    [[nodiscard]] bool observes() const;

    bool operator==(const Loadable&) const = default;
};

// The content of a file that holds one. It has lengths and a checksum, so that half a file is no ruleset. It holds the
// steering seed, which is secret.
[[nodiscard]] std::string to_file(const Loadable& loadable);

// The error says what is wrong with the content.
[[nodiscard]] Result<Loadable> read_loadable(std::string_view content);

}  // namespace postern::rules
