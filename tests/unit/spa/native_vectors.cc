// The independent vectors of the native format: every intermediate value of the valid ones, every stage of the others.
#include "catch.h"
#include "noise_keys.h"
#include "spa/postern.h"
#include "spa/slot.h"

using namespace postern;
using namespace postern::spa;
using nlohmann::json;

namespace {

Nonce to_nonce(const json& hex) {
    const auto bytes = test::bytes(hex);
    Nonce nonce{};
    REQUIRE(bytes.size() == nonce.size());
    std::copy(bytes.begin(), bytes.end(), nonce.begin());
    return nonce;
}

std::string hex_of(std::int64_t value) { return to_hex(big_endian(static_cast<std::uint64_t>(value))); }

// One gateway of the vectors, at one time of its clock.
class Gateway {
public:
    Gateway(const json& valid, const std::string& name, Duration skew)
        : keys_{GatewayKey::of(test::secret(valid.at("gateway_private")))}, opener_{name, keys_, skew} {}

    // How far a datagram comes: "length", "sieve", "tag", "noise", or "opened" with its payload.
    std::string stage(Bytes datagram, std::int64_t now, const noise::Secret& psk) {
        opener_.set_time(wall_time(now));
        const auto envelope = opener_.recognise(datagram);
        if (!envelope) return std::string{word(envelope.error())}.substr(4);
        auto introduced = opener_.introduce(*envelope);
        if (!introduced) return "noise";
        const auto ss = noise::diffie_hellman(keys_[0].pair.private_key, introduced->client());
        if (!ss) return "noise";
        auto payload = introduced->message.open(*ss, psk);
        if (!payload) return "noise";
        payload_ = std::move(*payload);
        client_ = introduced->client();
        return "opened";
    }

    std::vector<std::uint8_t> payload_;
    noise::PublicKey client_{};

private:
    std::vector<GatewayKey> keys_;
    Opener opener_;
};

SealParts parts_of(const json& c) {
    SealParts parts;
    parts.sender = {test::key_pair(c.at("client_private")), test::secret(c.at("psk")), c.at("gateway"),
                    test::public_key(c.at("gateway_public"))};
    parts.ephemeral = test::key_pair(c.at("ephemeral_private"));
    parts.nonce = to_nonce(c.at("nonce"));
    parts.slot = parts.tag_slot = slot_of(wall_time(c.at("time")));
    parts.payload = test::bytes(c.at("payload"));
    return parts;
}

}  // namespace

TEST_CASE("the native vectors, step by step", "[spa]") {
    const json cases = test::cases("native/valid.json");
    REQUIRE(cases.size() == 12);
    for (const auto& c : cases) {
        const GatewayFace face = GatewayFace::of(test::public_key(c.at("gateway_public")));
        const SealParts parts = parts_of(c);
        CHECK(to_hex(parts.sender.client.public_key) == test::text(c, "client_public"));
        CHECK(hex_of(parts.slot) == test::text(c, "slot"));
        CHECK(hex_of(day_of_slot(parts.slot)) == test::text(c, "day"));

        const Sieve sieve = Sieve::of(face, day_of_slot(parts.slot));
        CHECK(sieve.seed == c.at("sieve_seed"));
        CHECK(sieve.target == c.at("sieve_target"));
        CHECK(sieve.passes(parts.nonce));
        CHECK(to_hex(prologue(parts.sender.gateway_name, parts.nonce, parts.slot)) == test::text(c, "prologue"));
        CHECK(to_hex(slot_key(face, parts.slot)) == test::text(c, "gate_key"));

        const auto message = noise_message(parts);
        REQUIRE(message);
        CHECK(to_hex(*message) == test::text(c, "noise"));
        const Bytes rest = Bytes{*message}.subspan(32);
        CHECK(to_hex(masked(face, parts.nonce, noise::PublicKey{}, rest)) == test::text(c, "mask"));

        const auto datagram = assemble(parts);
        REQUIRE(datagram);
        CHECK(to_hex(Bytes{*datagram}.subspan(nonce_size, tag_size)) == test::text(c, "tag"));
        CHECK(to_hex(*datagram) == test::text(c, "wire"));
    }
}

TEST_CASE("the native vectors open, at every clock and skew", "[spa]") {
    std::size_t clocks = 0;
    for (const auto& c : test::cases("native/valid.json")) {
        const auto datagram = test::bytes(c.at("wire"));
        const noise::Secret psk = test::secret(c.at("psk"));
        for (const auto* list : {"clock", "clock_other_skew"}) {
            for (const auto& at : c.at(list)) {
                Gateway gateway{c, c.at("gateway"), std::chrono::seconds{at.value("skew", 30)}};
                INFO(test::text(c, "wire").substr(0, 16) << " at " << at);
                CHECK(gateway.stage(datagram, at.at("now"), psk) == test::text(at, "stage"));
                if (test::text(at, "stage") == "opened") CHECK(to_hex(gateway.payload_) == test::text(c, "payload"));
                if (test::text(at, "stage") == "opened")
                    CHECK(to_hex(gateway.client_) == test::text(c, "client_public"));
                ++clocks;
            }
        }
    }
    CHECK(clocks == 708);
}

TEST_CASE("every broken native message is refused at its stage", "[spa]") {
    const json valid = test::cases("native/valid.json"), invalid = test::cases("native/invalid.json");
    CHECK(invalid.size() == 389);
    for (const auto& c : invalid) {
        INFO(c.at("why") << ", of " << c.at("of"));
        Gateway gateway{valid.at(c.at("of").get<std::size_t>()), c.at("gateway"), std::chrono::seconds{30}};
        CHECK(gateway.stage(test::bytes(c.at("wire")), c.at("now"), test::secret(c.at("psk"))) ==
              test::text(c, "stage"));
    }
}
