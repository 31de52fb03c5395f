// How a line of `iptables-save` is read: which chain it is in, where it leads, and which chains are ours.
#pragma once

#include <string_view>

namespace postern::rules {

// `rule` is "-A CHAIN ... -j TARGET ..."; the answers are views into it, empty where it has none.
[[nodiscard]] std::string_view chain_of(std::string_view rule) noexcept;
[[nodiscard]] std::string_view target_of(std::string_view rule) noexcept;  // of -j or -g; comments do not count

// Whether a chain of that name is one of ours.
[[nodiscard]] bool is_ours(std::string_view chain) noexcept;

}  // namespace postern::rules
