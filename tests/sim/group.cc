// The test-only cryptography: X25519's place taken by an addition, which commutes as X25519 does and proves nothing.
// Everything else of noise/, spa/ and gate/ is the product's own: these four functions are linked before the archive
// that has them, so its x25519.cc stays out. Nobody in a world computes what only cryptography forbids.
#include "group.h"

#include "noise/keys.h"

const bool postern::sim::real_cryptography = false;

namespace postern::noise {
namespace {

PublicKey face_of(const Secret& key) {
    PublicKey face;
    for (std::size_t i = 0; i < key_size; ++i) face[i] = key.bytes()[i] ^ 0x5a;
    face.back() &= 0x3f;
    return face;
}

}  // namespace

KeyPair KeyPair::from(const Secret& private_key) { return {private_key, face_of(private_key)}; }

bool is_canonical(const PublicKey& key) noexcept { return key.back() < 0x7f; }

bool is_contributory(const PublicKey&) { return true; }

std::optional<Secret> diffie_hellman(const Secret& ours, const PublicKey& theirs) {
    if (!is_canonical(theirs)) return std::nullopt;
    PublicKey sum = face_of(ours);
    for (std::size_t i = 0; i < key_size; ++i) sum[i] = static_cast<std::uint8_t>(sum[i] + theirs[i]);
    return Secret{sum};
}

}  // namespace postern::noise
