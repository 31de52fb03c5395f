// Botan of either generation, 2.19 (Debian 12) or 3 (Debian 13), under one set of names; and the one place where its
// exceptions end. Included by the .cc files of this folder only.
#pragma once

#include <botan/aead.h>
#include <botan/base64.h>
#include <botan/exceptn.h>
#include <botan/hash.h>
#include <botan/mac.h>
#include <botan/mem_ops.h>
#include <botan/version.h>

#if __has_include(<botan/x25519.h>)
#include <botan/x25519.h>
#else
#include <botan/curve25519.h>
#endif

namespace postern::noise::botan {

#if BOTAN_VERSION_MAJOR >= 3
inline constexpr auto encryption = Botan::Cipher_Dir::Encryption;
inline constexpr auto decryption = Botan::Cipher_Dir::Decryption;
#else
inline constexpr auto encryption = Botan::ENCRYPTION;
inline constexpr auto decryption = Botan::DECRYPTION;
#endif

// Botan 3 would rather see its private-key class here, whose constructor multiplies once more for the public key; a
// gateway under a flood cannot afford to pay for every product twice.
inline void x25519(std::uint8_t* product, const std::uint8_t* scalar, const std::uint8_t* point) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    Botan::curve25519_donna(product, scalar, point);
#pragma GCC diagnostic pop
}

// Runs `body`; false where Botan threw.
template <class Body>
[[nodiscard]] bool succeeds(Body&& body) {
    try {
        body();
        return true;
    } catch (const Botan::Exception&) {
        return false;
    }
}

}  // namespace postern::noise::botan
