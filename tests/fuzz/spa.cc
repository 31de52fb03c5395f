// The native SPA format: arbitrary datagrams, genuine ones that were altered by a stranger, by somebody who knows the
// gateway's public key and by a member, and the payload alone. What opens is what was sealed, and nothing else opens.
#include <algorithm>
#include <vector>

#include "entropy.h"
#include "fuzz/choices.h"
#include "fuzz/demand.h"
#include "spa/payload.h"
#include "spa/postern.h"
#include "spa/slot.h"

using namespace postern;
using namespace postern::test;

namespace {

using Datagram = std::vector<std::uint8_t>;

constexpr std::int64_t seconds = 1'800'000'000;
constexpr Duration skew = std::chrono::seconds{30};

noise::KeyPair keys_of(std::uint8_t seed) {
    return noise::KeyPair::from(noise::Secret{std::vector<std::uint8_t>(noise::key_size, seed)});
}

spa::Claims some_claims(std::uint8_t place) {
    spa::Claims claims;
    claims.attempt.fill(place);
    claims.time = wall_time(seconds) + std::chrono::milliseconds{place};
    claims.services = {"ssh"};
    if (place % 2 != 0) claims.services.push_back("vpn");
    claims.v4.mode = spa::AddressClaim::Mode::as_seen;
    if (place % 3 == 0) claims.v6 = {spa::AddressClaim::Mode::exact, *parse_address("2001:db8::7")};
    claims.source_port = place;
    return claims;
}

// One gateway, one member, and messages that were made once: drawing a nonce takes a while.
struct Bench {
    noise::KeyPair client = keys_of(11);
    noise::Secret psk{std::vector<std::uint8_t>(noise::key_size, 21)};
    std::vector<spa::GatewayKey> keys{spa::GatewayKey::of(keys_of(1).private_key),
                                      spa::GatewayKey::of(keys_of(2).private_key)};
    noise::Secret static_static = *noise::diffie_hellman(keys[0].pair.private_key, client.public_key);
    spa::Opener opener{"gw1.example.net", keys, skew};
    std::vector<spa::SealParts> parts;

    Bench() {
        opener.set_time(wall_time(seconds));
        SeededEntropy entropy{7};
        const spa::Sender sender{client, psk, "gw1.example.net", keys[0].pair.public_key};
        for (std::uint8_t i = 0; i < 4; ++i) parts.push_back(*spa::prepare(sender, some_claims(i), entropy));
    }

    // What becomes of a datagram; `client` and its secrets are known.
    tl::expected<spa::Opened, Reason> open(Bytes datagram) {
        const auto envelope = opener.recognise(datagram);
        if (!envelope) return tl::make_unexpected(envelope.error());
        demand(envelope->key < keys.size(), "a key of the gateway's opens it");
        auto introduced = opener.introduce(*envelope);
        if (!introduced) return tl::make_unexpected(introduced.error());
        if (introduced->client() != client.public_key)
            return tl::make_unexpected(opener.refuse_stranger(*introduced, *envelope));
        return opener.open(*introduced, *envelope, static_static, psk);
    }
};

Bench& bench() {
    static Bench one;
    return one;
}

bool same(const spa::Claims& one, const spa::Claims& other) { return spa::encode(one) == spa::encode(other); }

// One spelling per meaning: what decodes encodes to the same bytes again, but for padding.
void decode_any(Bytes payload) {
    const auto claims = spa::decode(payload);
    if (!claims) {
        demand(claims.error() == Reason::spa_payload || claims.error() == Reason::spa_kind, "a payload has two faults");
        return;
    }
    const auto encoded = spa::encode(*claims);
    demand(encoded.has_value(), "what decodes has an encoding");
    demand(encoded->size() <= payload.size(), "an encoding is no longer than what it came from");
    demand(std::equal(encoded->begin(), encoded->end(), payload.begin()), "an encoding is what it came from");
    demand(std::ranges::all_of(payload.subspan(encoded->size()), [](auto byte) { return byte == 0; }),
           "padding is zero");
}

void open_any(Bytes datagram) {
    const auto opened = bench().open(datagram);
    demand(!opened, "what nobody sealed does not open");
    if (datagram.size() < spa::shortest || datagram.size() > spa::longest)
        demand(opened.error() == Reason::spa_length, "the length is looked at first");
}

// Each change is a place and what it is xored with; then the end may be cut off, or get more.
void alter(Datagram& bytes, Choices& choices) {
    const auto cut = std::min(bytes.size(), choices.below(8) == 0 ? std::size_t{choices.u8()} : 0);
    bytes.resize(bytes.size() - cut);
    while (choices.left() && !bytes.empty()) {
        const std::size_t place = choices.u16();
        const std::uint8_t with = choices.u8();
        if (place < bytes.size())
            bytes[place] ^= with;
        else
            bytes.push_back(with);
    }
}

// A stranger alters a genuine datagram.
void alter_datagram(Choices& choices) {
    const spa::SealParts& parts = choices.of(bench().parts);
    const Datagram genuine = *spa::assemble(parts);
    Datagram altered = genuine;
    alter(altered, choices);
    const auto opened = bench().open(altered);
    if (altered == genuine) {
        demand(opened && same(opened->claims, *spa::decode(parts.payload)), "a genuine message says what was sealed");
        return;
    }
    demand(!opened, "an altered datagram does not open");
    demand(opened.error() <= Reason::spa_tag, "who does not know the gateway costs no Diffie-Hellman");
}

// Somebody who knows the gateway's public key alters the Noise message and makes a good envelope around it.
void alter_message(Choices& choices) {
    const spa::SealParts& parts = choices.of(bench().parts);
    const std::size_t key = choices.below(2);
    const Datagram genuine = *spa::noise_message(parts);
    Datagram altered = genuine;
    alter(altered, choices);
    if (altered.size() < noise::overhead || altered.size() > spa::longest - spa::nonce_size - spa::tag_size) return;
    const auto opened = bench().open(spa::wrap(bench().keys[key].face, parts.nonce, parts.slot, altered));
    demand(opened.has_value() == (altered == genuine && key == 0), "a message opens where nobody altered it");
    if (!opened && key == 0) demand(opened.error() >= Reason::spa_handshake, "its envelope is good");
}

// A member seals whatever he likes, and may lie about the slot.
void seal_any(Choices& choices) {
    spa::SealParts parts = choices.of(bench().parts);
    const std::int64_t lie = choices.below(4) == 0 ? static_cast<std::int64_t>(choices.below(5)) - 2 : 0;
    parts.slot += lie;
    const bool stranger = choices.below(8) == 0;
    if (stranger) parts.sender.client = keys_of(13);
    const bool other_psk = choices.below(8) == 0;
    if (other_psk) parts.sender.psk = noise::Secret{};
    const Bytes written = choices.take(spa::longest - spa::shortest);
    parts.payload.assign(written.begin(), written.end());
    const auto opened = bench().open(*spa::assemble(parts));
    const auto said = spa::decode(parts.payload);
    if (lie != 0) return demand(!opened && opened.error() == Reason::spa_handshake, "the slot is what the tag names");
    if (stranger) return demand(!opened && opened.error() == Reason::spa_client_unknown, "a stranger is one");
    if (other_psk) return demand(!opened && opened.error() == Reason::spa_unauthentic, "the preshared key counts");
    if (!said) return demand(!opened && opened.error() == said.error(), "what does not decode is refused for that");
    if (spa::slot_of(said->time) != parts.slot)
        return demand(!opened && opened.error() == Reason::spa_slot, "the time lies in the slot");
    demand(opened && same(opened->claims, *said), "what opens is what was sealed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Choices choices{{data, size}};
    switch (choices.below(5)) {
        case 0: decode_any(choices.rest()); break;
        case 1: open_any(choices.rest()); break;
        case 2: alter_datagram(choices); break;
        case 3: alter_message(choices); break;
        default: seal_any(choices); break;
    }
    return 0;
}
