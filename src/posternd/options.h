// The command line of posternd.
#pragma once

#include <cstdint>
#include <filesystem>

namespace postern {

struct Options {
    std::filesystem::path policy_file = "/etc/postern/postern.yaml";
    std::filesystem::path state;                       // in place of state.directory; empty: what the policy says
    std::uint32_t queue_length = 8192;                 // packets that may wait in each kernel queue
    std::size_t receive_buffer = 0;                    // bytes of each queue's socket buffer; 0: what the length needs
    std::size_t events_buffer = std::size_t{4} << 20;  // bytes of the buffer for ends of connections
};

// posternd(8) lists them.
enum class Exit : int { ok = 0, failed = 1, usage = 2, bad_policy = 3 };

}  // namespace postern
