// Names of things that pass between folders, as types that do not mix.
#pragma once

#include <array>
#include <cstdint>

namespace postern {

// Given once per client key and never reused while the process lives: it survives reloads and renamings.
enum class ClientId : std::uint16_t { none = 0xffff };

// Given once per service name and never reused while the process lives.
enum class ServiceId : std::uint16_t { none = 0xffff };

// Given once per content of a one-time list and never reused while the process lives: the same lines in the same order
// have the same one, also over reloads.
enum class ListId : std::uint16_t { none = 0xffff };

// Counts up from 1 over the life of the process; 0 is no grant.
enum class GrantId : std::uint64_t { none = 0 };

// 16 random bytes that a client draws per attempt; all datagrams of one attempt carry the same, in both families.
using AttemptId = std::array<std::uint8_t, 16>;

}  // namespace postern
