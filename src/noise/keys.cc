#include "noise/keys.h"

#include <algorithm>

#include "noise/botan.h"
#include "noise/mac.h"

namespace postern::noise {

void wipe(MutableBytes bytes) noexcept { Botan::secure_scrub_memory(bytes.data(), bytes.size()); }

Secret::Secret(Bytes bytes) noexcept { std::copy_n(bytes.begin(), key_size, bytes_.begin()); }

Secret::~Secret() { wipe(bytes_); }

bool Secret::is_zero() const noexcept { return equal(bytes_, std::array<std::uint8_t, key_size>{}); }

std::string to_base64(Bytes key) { return Botan::base64_encode(key.data(), key.size()); }

// Whoever decodes leniently takes several texts for one key; only the one that we would write is good.
std::optional<std::array<std::uint8_t, key_size>> key_from_base64(std::string_view text) {
    Botan::secure_vector<std::uint8_t> bytes;
    if (!botan::succeeds([&] { bytes = Botan::base64_decode(text.data(), text.size(), false); })) return std::nullopt;
    if (bytes.size() != key_size) return std::nullopt;
    std::string again = to_base64(bytes);
    const bool canonical = again == text;
    Botan::secure_scrub_memory(again.data(), again.size());
    if (!canonical) return std::nullopt;
    std::array<std::uint8_t, key_size> key;
    std::copy(bytes.begin(), bytes.end(), key.begin());
    return key;
}

}  // namespace postern::noise
