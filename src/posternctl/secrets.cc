#include "posternctl/secrets.h"

#include <array>

#include "base/bytes.h"
#include "io/random.h"

namespace postern::ctl {

noise::Secret draw_secret() {
    std::array<std::uint8_t, noise::key_size> random{};
    io::fill_random(random);
    return noise::Secret{random};
}

noise::KeyPair draw_key_pair() { return noise::KeyPair::from(draw_secret()); }

std::string draw_seed() {
    std::array<std::uint8_t, 4> random{};
    io::fill_random(random);
    return to_hex(random);
}

}  // namespace postern::ctl
