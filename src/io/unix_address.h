// A path as a socket address. Inside of io/.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>

#include "base/result.h"

namespace postern::io {

struct UnixAddress {
    sockaddr_un address{};

    // An Error where the path does not fit (107 bytes).
    [[nodiscard]] static Result<UnixAddress> of(const std::filesystem::path& path);

    [[nodiscard]] const sockaddr* generic() const noexcept { return reinterpret_cast<const sockaddr*>(&address); }
    [[nodiscard]] static socklen_t size() noexcept { return sizeof(sockaddr_un); }
};

}  // namespace postern::io
