#include "spa/postern.h"

#include <algorithm>

#include "spa/payload.h"
#include "spa/slot.h"

namespace postern::spa {

namespace {

auto refusal(Reason reason) { return tl::make_unexpected(reason); }

// As good as random to everybody without the gateway's private key, and the same at every run.
noise::Secret dummy(const GatewayKey& key, std::string_view label) {
    return noise::Secret{noise::hmac_sha256(key.pair.private_key.bytes(), {as_bytes(label)})};
}

}  // namespace

GatewayKey GatewayKey::of(const noise::Secret& private_key) {
    const auto pair = noise::KeyPair::from(private_key);
    return {pair, GatewayFace::of(pair.public_key)};
}

Opener::Opener(std::string gateway_name, std::span<const GatewayKey> keys, Duration skew)
    : gateway_name_{std::move(gateway_name)}, keys_{keys}, skew_{skew} {
    for (const auto& key : keys_)
        dummies_.push_back({dummy(key, "postern dummy static-static"), dummy(key, "postern dummy psk")});
}

void Opener::set_time(WallTime now) {
    const std::int64_t first = slot_of(now - skew_), last = slot_of(now + skew_);
    if (first == first_slot_ && last == last_slot_) return;
    first_slot_ = first;
    last_slot_ = last;
    days_.clear();
    for (std::size_t key = 0; key < keys_.size(); ++key)
        for (std::int64_t day = day_of_slot(first); day <= day_of_slot(last); ++day)
            days_.push_back(live_day(key, day));
}

// The live slots of one day: a nonce that passes this day's sieve proves nothing for a slot of another.
Opener::LiveDay Opener::live_day(std::size_t key, std::int64_t day) const {
    const GatewayFace& face = keys_[key].face;
    const std::int64_t first = std::max(first_slot_, day * slots_per_day);
    const std::int64_t last = std::min(last_slot_, (day + 1) * slots_per_day - 1);
    LiveDay live{key, Sieve::of(face, day), {}};
    for (std::int64_t slot = first; slot <= last; ++slot)
        live.slots.push_back({slot, noise::KeyedMac{slot_key(face, slot)}});
    return live;
}

tl::expected<Envelope, Reason> Opener::recognise(Bytes datagram) noexcept {
    if (datagram.size() < shortest || datagram.size() > longest) return refusal(Reason::spa_length);
    const Bytes tag = datagram.subspan(nonce_size, tag_size);
    const Bytes sealed = datagram.subspan(nonce_size + tag_size);
    const auto nonce = datagram.first<nonce_size>();
    Reason reason = Reason::spa_sieve;
    for (LiveDay& day : days_) {
        if (!day.sieve.passes(nonce)) continue;
        reason = Reason::spa_tag;
        for (LiveSlot& live : day.slots) {
            const Tag expected = tag_of(live.mac, nonce, sealed);
            if (!noise::equal(expected, tag)) continue;
            return Envelope{
                nonce,   expected, sealed.first(noise::ephemeral_size), sealed.subspan(noise::ephemeral_size),
                day.key, live.slot};
        }
    }
    return refusal(reason);
}

tl::expected<Introduced, Reason> Opener::introduce(const Envelope& envelope) const {
    const GatewayKey& key = keys_[envelope.key];
    const auto ephemeral = masked(key.face, envelope.nonce, envelope.masked_ephemeral, envelope.rest);
    std::vector<std::uint8_t> message{ephemeral.begin(), ephemeral.end()};
    message.insert(message.end(), envelope.rest.begin(), envelope.rest.end());
    auto read = noise::FirstMessage::read(prologue(gateway_name_, envelope.nonce, envelope.slot), key.pair, message);
    if (!read) return refusal(Reason::spa_handshake);
    return Introduced{std::move(*read)};
}

tl::expected<Opened, Reason> Opener::open(Introduced& introduced, const Envelope& envelope,
                                          const noise::Secret& static_static, const noise::Secret& psk) const {
    const auto payload = introduced.message.open(static_static, psk);
    if (!payload) return refusal(Reason::spa_unauthentic);
    auto claims = decode(*payload);
    if (!claims) return refusal(claims.error());
    if (slot_of(claims->time) != envelope.slot) return refusal(Reason::spa_slot);
    return Opened{std::move(*claims), introduced.message.hash()};
}

Reason Opener::refuse_stranger(Introduced& introduced, const Envelope& envelope) const {
    const Dummies& dummies = dummies_[envelope.key];
    (void)introduced.message.open(dummies.static_static, dummies.psk);
    return Reason::spa_client_unknown;
}

}  // namespace postern::spa
