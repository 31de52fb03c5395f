#include "spa/seal.h"

#include <algorithm>

#include "spa/payload.h"
#include "spa/slot.h"

namespace postern::spa {

namespace {

constexpr std::size_t longest_name = 253;

std::size_t draw_length(Entropy& entropy) {
    constexpr std::uint8_t lengths = longest - shortest_sealed + 1;
    std::uint8_t drawn = 0;
    do entropy.fill({&drawn, 1});
    while (drawn >= lengths);  // drawn again rather than reduced: no length is likelier than another
    return shortest_sealed + drawn;
}

// One draw in 65 536 passes. Many are fetched at a time, because each fetch may be a system call.
Nonce draw_nonce(const Sieve& sieve, Entropy& entropy) {
    std::array<Nonce, 512> draws;
    for (;;) {
        entropy.fill({draws.front().data(), sizeof draws});
        const auto found = std::find_if(draws.begin(), draws.end(), [&](const auto& n) { return sieve.passes(n); });
        if (found != draws.end()) return *found;
    }
}

// The ephemeral private key depends on the client's own key and on everything that goes into the message, so a broken
// random generator repeats a key only where it repeats the whole message.
noise::KeyPair hedged_ephemeral(const SealParts& parts, const Claims& claims, Entropy& entropy) {
    std::array<std::uint8_t, 32> fresh;
    entropy.fill(fresh);
    const auto time = big_endian(static_cast<std::uint64_t>(claims.time.time_since_epoch().count()));
    auto seed = noise::hmac_sha256(parts.sender.client.private_key.bytes(),
                                   {as_bytes("postern ephemeral"), fresh, time, claims.attempt, parts.sender.gateway,
                                    prologue(parts.sender.gateway_name, parts.nonce, parts.slot), parts.payload});
    const noise::Secret private_key{seed};
    noise::wipe(fresh);
    noise::wipe(seed);
    return noise::KeyPair::from(private_key);
}

}  // namespace

std::optional<SealParts> prepare(const Sender& sender, const Claims& claims, Entropy& entropy) {
    const std::size_t length = draw_length(entropy);
    auto payload = encode(claims);
    const bool name_fits = !sender.gateway_name.empty() && sender.gateway_name.size() <= longest_name;
    if (!payload || payload->size() > content_limit || !name_fits) return std::nullopt;
    payload->resize(length - shortest);

    SealParts parts;
    parts.sender = sender;
    parts.slot = parts.tag_slot = slot_of(claims.time);
    parts.nonce = draw_nonce(Sieve::of(GatewayFace::of(sender.gateway), day_of_slot(parts.slot)), entropy);
    parts.payload = std::move(*payload);
    parts.ephemeral = hedged_ephemeral(parts, claims, entropy);
    return parts;
}

std::optional<std::vector<std::uint8_t>> noise_message(const SealParts& parts) {
    return noise::write_first_message(prologue(parts.sender.gateway_name, parts.nonce, parts.slot), parts.sender.client,
                                      parts.ephemeral, parts.sender.gateway, parts.sender.psk, parts.payload);
}

std::optional<std::vector<std::uint8_t>> assemble(const SealParts& parts) {
    const auto message = noise_message(parts);
    if (!message) return std::nullopt;
    return wrap(GatewayFace::of(parts.sender.gateway), parts.nonce, parts.tag_slot, *message);
}

std::optional<std::vector<std::uint8_t>> seal(const Sender& sender, const Claims& claims, Entropy& entropy) {
    const auto parts = prepare(sender, claims, entropy);
    return parts ? assemble(*parts) : std::nullopt;
}

}  // namespace postern::spa
