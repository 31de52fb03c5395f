#include "noise/mac.h"

#include <algorithm>

#include "noise/botan.h"
#include "noise/hash.h"

namespace postern::noise {

namespace {

Digest to_digest(const HashValue& value) {
    Digest result;
    std::copy_n(value.bytes().begin(), result.size(), result.begin());
    return result;
}

}  // namespace

Digest sha256(std::initializer_list<Bytes> parts) { return to_digest(digest(Hash::sha256, parts)); }

Digest hmac_sha256(Bytes key, std::initializer_list<Bytes> parts) { return to_digest(hmac(Hash::sha256, key, parts)); }

struct KeyedMac::Impl {
    std::unique_ptr<Botan::MessageAuthenticationCode> hmac =
        Botan::MessageAuthenticationCode::create_or_throw("HMAC(SHA-256)");
};

KeyedMac::KeyedMac(Bytes key) : impl_{std::make_unique<Impl>()} { set_key(key); }
KeyedMac::~KeyedMac() = default;
KeyedMac::KeyedMac(KeyedMac&&) noexcept = default;
KeyedMac& KeyedMac::operator=(KeyedMac&&) noexcept = default;

void KeyedMac::set_key(Bytes key) { impl_->hmac->set_key(key.data(), key.size()); }

Digest KeyedMac::digest(std::initializer_list<Bytes> parts) noexcept {
    for (const Bytes part : parts) impl_->hmac->update(part.data(), part.size());
    Digest result;
    impl_->hmac->final(result.data());  // leaves the MAC keyed, ready for the next message
    return result;
}

bool equal(Bytes a, Bytes b) noexcept {
    return a.size() == b.size() && Botan::constant_time_compare(a.data(), b.data(), a.size());
}

}  // namespace postern::noise
