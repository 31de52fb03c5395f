#include "people.h"

#include <algorithm>

#include "spa/payload.h"
#include "spa/slot.h"

namespace postern::sim {
namespace {

noise::Secret secret(Dice& dice) {
    std::array<std::uint8_t, noise::key_size> bytes{};
    dice.fill(bytes);
    return noise::Secret{bytes};
}

}  // namespace

People::People(Dice dice) : dice_{dice}, gateway_{spa::GatewayKey::of(secret(dice_))} {}

Person People::make(const std::string& name) {
    Person made;
    made.name = name;
    made.keys = noise::KeyPair::from(secret(dice_));
    if (dice_.chance(50)) made.psk = secret(dice_);
    made.static_static = noise::diffie_hellman(gateway_.front().pair.private_key, made.keys.public_key).value();
    const std::uint16_t number = ++made_;
    const auto high = static_cast<std::uint8_t>(number >> 8), low = static_cast<std::uint8_t>(number);
    made.v4 = IpAddress::v4(std::array<std::uint8_t, 4>{198, 51, high, low});
    made.v6 =
        IpAddress::v6(std::array<std::uint8_t, 16>{0x20, 0x01, 0x0d, 0xb8, 0, 7, high, low, 0, 0, 0, 0, 0, 0, 0, 7});
    return made;
}

const spa::Nonce& People::nonce_of(std::int64_t day) {
    const auto [found, is_new] = nonces_.try_emplace(day);
    const auto sieve = spa::Sieve::of(gateway_.front().face, day);
    for (std::uint64_t i = 0; is_new && !sieve.passes(found->second); ++i) found->second = big_endian(i);
    return found->second;
}

Datagram People::wrap(Bytes inside, WallTime time) {
    const std::int64_t slot = spa::slot_of(time);
    return spa::wrap(gateway_.front().face, nonce_of(spa::day_of_slot(slot)), slot, inside);
}

std::optional<People::Sealed> People::seal(const Person& who, const spa::Claims& claims) {
    auto payload = spa::encode(claims);
    if (!payload) return std::nullopt;
    payload->resize(std::max<std::size_t>(payload->size(), dice_.between(264, 392)));
    spa::SealParts parts;
    parts.sender = {who.keys, who.psk, gateway_name, gateway_.front().pair.public_key};
    parts.ephemeral = noise::KeyPair::from(secret(dice_));
    parts.slot = parts.tag_slot = spa::slot_of(claims.time);
    parts.nonce = nonce_of(spa::day_of_slot(parts.slot));
    parts.payload = std::move(*payload);
    const auto noise_message = spa::noise_message(parts);
    if (!noise_message) return std::nullopt;
    return Sealed{spa::wrap(gateway_.front().face, parts.nonce, parts.slot, *noise_message),
                  std::make_shared<const Message>(Message{++sealed_, who.name, claims})};
}

}  // namespace postern::sim
