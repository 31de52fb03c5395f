// SHA-256 and HMAC-SHA-256 over Botan, in two forms: at once, and keyed ahead so that a packet costs no allocation.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>

#include "base/bytes.h"
#include "noise/keys.h"

namespace postern::noise {

using Digest = std::array<std::uint8_t, 32>;

// Of the parts, one behind the other. These allocate: for load time and for the client.
[[nodiscard]] Digest sha256(std::initializer_list<Bytes> parts);
[[nodiscard]] Digest hmac_sha256(Bytes key, std::initializer_list<Bytes> parts);

// HMAC-SHA-256 under one key, keyed once. digest() neither allocates nor throws, so it may run before a tag holds.
// Threads: one at a time.
class KeyedMac {
public:
    explicit KeyedMac(Bytes key);
    ~KeyedMac();
    KeyedMac(KeyedMac&&) noexcept;
    KeyedMac& operator=(KeyedMac&&) noexcept;

    void set_key(Bytes key);  // may allocate
    [[nodiscard]] Digest digest(std::initializer_list<Bytes> parts) noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Compares in constant time; false where the lengths differ.
[[nodiscard]] bool equal(Bytes a, Bytes b) noexcept;

}  // namespace postern::noise
