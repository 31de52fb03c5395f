#include "spa/envelope.h"

#include <algorithm>

namespace postern::spa {

namespace {

auto be64(std::int64_t value) { return big_endian(static_cast<std::uint64_t>(value)); }

void append(std::vector<std::uint8_t>& out, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

}  // namespace

GatewayFace GatewayFace::of(const noise::PublicKey& key) {
    return {key, noise::sha256({as_bytes("postern sieve"), key}), noise::sha256({as_bytes("postern mask"), key}),
            noise::sha256({as_bytes("postern gate"), key})};
}

Sieve Sieve::of(const GatewayFace& face, std::int64_t day) {
    const noise::Digest digest = noise::hmac_sha256(face.sieve_key, {be64(day)});
    Reader reader{digest};
    const std::uint32_t seed = reader.be32();
    return {seed, reader.be16()};
}

noise::Digest slot_key(const GatewayFace& face, std::int64_t slot) {
    return noise::hmac_sha256(face.gate_key, {be64(slot)});
}

Tag tag_of(noise::KeyedMac& slot_mac, Bytes nonce, Bytes sealed) noexcept {
    const noise::Digest digest = slot_mac.digest({nonce, sealed});
    Tag tag;
    std::copy_n(digest.begin(), tag.size(), tag.begin());
    return tag;
}

noise::PublicKey masked(const GatewayFace& face, Bytes nonce, Bytes ephemeral, Bytes rest) {
    noise::PublicKey result = noise::hmac_sha256(face.mask_key, {nonce, rest});
    for (std::size_t i = 0; i < result.size(); ++i) result[i] ^= ephemeral[i];
    return result;
}

std::vector<std::uint8_t> prologue(std::string_view gateway_name, Bytes nonce, std::int64_t slot) {
    std::vector<std::uint8_t> out;
    append(out, as_bytes("postern/1"));
    append(out, big_endian(static_cast<std::uint16_t>(gateway_name.size())));
    append(out, as_bytes(gateway_name));
    append(out, nonce);
    append(out, be64(slot));
    return out;
}

std::vector<std::uint8_t> wrap(const GatewayFace& face, const Nonce& nonce, std::int64_t slot, Bytes noise_message) {
    const Bytes ephemeral = noise_message.first(noise::ephemeral_size);
    const Bytes rest = noise_message.subspan(noise::ephemeral_size);
    std::vector<std::uint8_t> sealed;
    append(sealed, masked(face, nonce, ephemeral, rest));
    append(sealed, rest);

    noise::KeyedMac mac{slot_key(face, slot)};
    std::vector<std::uint8_t> datagram{nonce.begin(), nonce.end()};
    append(datagram, tag_of(mac, nonce, sealed));
    append(datagram, sealed);
    return datagram;
}

}  // namespace postern::spa
