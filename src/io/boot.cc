#include "io/boot.h"

#include <systemd/sd-id128.h>

#include <array>

namespace postern::io {

std::string boot_id() {
    sd_id128_t id{};
    if (sd_id128_get_boot(&id) < 0) return {};
    std::array<char, SD_ID128_STRING_MAX> text{};
    return sd_id128_to_string(id, text.data());
}

}  // namespace postern::io
