// forge: makes SPA datagrams for the system tests, genuine ones and ones with exactly one fault.
//
// One JSON object a line on standard input, one datagram in hexadecimal a line on standard output, flushed; or
// "error: ..." where the object cannot be made into one. Ends with its input.
//
//   needed        client_key, gateway_key (base64: private, public), gateway_name, services [..]
//   usual         psk (base64), v4, v6 ("as_seen" or an address), source_port, window (seconds),
//                 attempt (32 hex digits; otherwise drawn), time (seconds since 1970, fractions allowed; otherwise now)
//   faults of the claims
//                 time_offset (seconds, added to time: a clock that is off), payload_time_offset (seconds, added to the
//                 payload's time alone), kind (1 to 255), payload (hex: these bytes as they are), length (of the
//                 datagram)
//   faults of the envelope
//                 prologue_name, slot_offset (prologue and tag), tag_slot_offset (tag alone), nonce (hex, 16 digits)
//   faults of the bytes, in this order
//                 flip_noise (index into the Noise message, before mask and tag are made), flip (index into the
//                 datagram), cut (keep so many bytes), append (hex)
//
// `flip` and `flip_noise` take one index or a list, negative ones from the end; the lowest bit of the byte is turned.
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "io/random.h"
#include "spa/payload.h"
#include "spa/seal.h"
#include "spa/slot.h"

using namespace postern;
using nlohmann::json;
using Buffer = std::vector<std::uint8_t>;

namespace {

class KernelEntropy : public spa::Entropy {
public:
    void fill(MutableBytes bytes) override { io::fill_random(bytes); }
};

noise::PublicKey key_of(const json& order, const char* member) {
    const auto key = noise::key_from_base64(order.at(member).get<std::string>());
    if (!key) throw std::invalid_argument{std::string{member} + " is not 32 bytes of base64"};
    return *key;
}

Buffer hex_of(const json& order, const char* member) {
    auto bytes = from_hex(order.at(member).get<std::string>());
    if (!bytes) throw std::invalid_argument{std::string{member} + " is not hexadecimal"};
    return std::move(*bytes);
}

template <std::size_t Size>
void copy_hex(const json& order, const char* member, std::array<std::uint8_t, Size>& to) {
    const Buffer bytes = hex_of(order, member);
    if (bytes.size() != Size) throw std::invalid_argument{std::string{member} + " has the wrong length"};
    std::copy(bytes.begin(), bytes.end(), to.begin());
}

Duration seconds_of(const json& order, const char* member) {
    return Duration{std::llround(order.value(member, 0.0) * 1e9)};
}

WallTime time_of(const json& order) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const WallTime time{order.contains("time") ? seconds_of(order, "time") : Duration{now}};
    return time + seconds_of(order, "time_offset");
}

spa::AddressClaim address_of(const json& order, const char* member) {
    using Mode = spa::AddressClaim::Mode;
    if (!order.contains(member)) return {};
    const std::string text = order.at(member);
    if (text == "as_seen") return {Mode::as_seen, {}};
    const auto address = parse_address(text);
    if (!address) throw std::invalid_argument{std::string{member} + " is not an address"};
    return {Mode::exact, *address};
}

spa::Sender sender_of(const json& order) {
    spa::Sender sender;
    sender.client = noise::KeyPair::from(noise::Secret{key_of(order, "client_key")});
    if (order.contains("psk")) sender.psk = noise::Secret{key_of(order, "psk")};
    sender.gateway_name = order.at("gateway_name");
    sender.gateway = key_of(order, "gateway_key");
    return sender;
}

spa::Claims claims_of(const json& order, spa::Entropy& entropy) {
    spa::Claims claims;
    claims.kind = static_cast<spa::Kind>(order.value("kind", 1));
    if (order.contains("attempt"))
        copy_hex(order, "attempt", claims.attempt);
    else
        entropy.fill(claims.attempt);
    claims.time = time_of(order);
    claims.services = order.at("services").get<std::vector<std::string>>();
    claims.window = std::chrono::seconds{order.value("window", 0)};
    claims.v4 = address_of(order, "v4");
    claims.v6 = address_of(order, "v6");
    claims.source_port = order.value("source_port", std::uint16_t{0});
    return claims;
}

void spoil_payload(const json& order, spa::Claims claims, Buffer& payload) {
    if (order.contains("payload_time_offset")) {
        const std::size_t size = payload.size();
        claims.time += seconds_of(order, "payload_time_offset");
        payload = spa::encode(claims).value();
        payload.resize(size);
    }
    if (order.contains("payload")) payload = hex_of(order, "payload");
    if (order.contains("length")) payload.resize(order.at("length").get<std::size_t>() - spa::shortest);
}

void spoil_parts(const json& order, const spa::Claims& claims, spa::SealParts& parts) {
    spoil_payload(order, claims, parts.payload);
    parts.sender.gateway_name = order.value("prologue_name", parts.sender.gateway_name);
    parts.slot += order.value("slot_offset", 0);
    parts.tag_slot += order.value("slot_offset", 0) + order.value("tag_slot_offset", 0);
    if (order.contains("nonce")) copy_hex(order, "nonce", parts.nonce);
}

void flip(const json& order, const char* member, Buffer& bytes) {
    if (!order.contains(member)) return;
    const json& given = order.at(member);
    for (const auto& index : given.is_array() ? given : json::array({given})) {
        const auto at = index.get<std::int64_t>();
        bytes.at(static_cast<std::size_t>(at < 0 ? at + static_cast<std::int64_t>(bytes.size()) : at)) ^= 1;
    }
}

Buffer forge(const json& order) {
    KernelEntropy entropy;
    const spa::Claims claims = claims_of(order, entropy);
    auto parts = spa::prepare(sender_of(order), claims, entropy);
    if (!parts) throw std::invalid_argument{"the claims or the gateway's name do not fit"};
    spoil_parts(order, claims, *parts);

    auto message = spa::noise_message(*parts);
    if (!message) throw std::invalid_argument{"a key is unusable"};
    flip(order, "flip_noise", *message);
    const auto face = spa::GatewayFace::of(parts->sender.gateway);
    Buffer datagram = spa::wrap(face, parts->nonce, parts->tag_slot, *message);
    flip(order, "flip", datagram);
    if (order.contains("cut")) datagram.resize(order.at("cut").get<std::size_t>());
    if (order.contains("append")) {
        const Buffer more = hex_of(order, "append");
        datagram.insert(datagram.end(), more.begin(), more.end());
    }
    return datagram;
}

std::string answer(const std::string& line) {
    try {
        return to_hex(forge(json::parse(line)));
    } catch (const std::exception& error) {
        return std::string{"error: "} + error.what();
    }
}

}  // namespace

int main() {
    for (std::string line; std::getline(std::cin, line);) std::cout << answer(line) << std::endl;
}
