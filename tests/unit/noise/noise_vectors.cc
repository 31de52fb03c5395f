// The public Noise vectors, our derived ones and the broken ones, for every pattern with a first message like ours.
#include <iostream>

#include "catch.h"
#include "noise/ik_psk1.h"
#include "noise_keys.h"
#include "noise_patterns.h"

using namespace postern;
using namespace postern::noise;
using nlohmann::json;
using test::NoiseHandshake;
using test::NoiseParty;
using test::ProtocolName;

namespace {

constexpr auto our_protocol = "Noise_IKpsk1_25519_ChaChaPoly_SHA256";

std::vector<Secret> psks(const json& c, const std::string& member) {
    std::vector<Secret> found;
    for (const auto& psk : c.value(member, json::array())) found.push_back(test::secret(psk));
    return found;
}

// The keys of one side: `role` is "init_" or "resp_"; the broken vectors leave some members without it.
NoiseParty party(const json& c, const std::string& role) {
    NoiseParty party;
    party.initiator = role == "init_";
    party.prologue = test::bytes(c.at(c.contains("prologue") ? "prologue" : role + "prologue"));
    if (c.contains(role + "static")) party.static_key = test::key_pair(c.at(role + "static"));
    if (c.contains(role + "ephemeral")) party.ephemeral = test::key_pair(c.at(role + "ephemeral"));
    if (c.contains(role + "remote_static")) party.remote_static = test::public_key(c.at(role + "remote_static"));
    party.psks = psks(c, c.contains("psks") ? "psks" : role + "psks");
    return party;
}

bool skipped(const ProtocolName& protocol) {
    if (is_available(protocol.hash)) return false;
    static bool said = false;
    if (!said) std::cout << "skipped: the Botan at hand has no BLAKE2s; its Noise vectors are not run\n";
    return said = true;
}

void check_transport(const json& messages, std::size_t first, bool one_way, const SymmetricState& state) {
    auto [ours_out, theirs_out] = state.split();
    auto [ours_in, theirs_in] = state.split();
    for (std::size_t i = first; i < messages.size(); ++i) {
        const bool from_initiator = one_way || i % 2 == 0;
        const auto payload = test::bytes(messages[i].at("payload"));
        const auto sealed = (from_initiator ? ours_out : theirs_out).seal({}, payload);
        CHECK(to_hex(sealed) == test::text(messages[i], "ciphertext"));
        CHECK((from_initiator ? ours_in : theirs_in).open({}, sealed) == payload);
    }
}

void check_conversation(const ProtocolName& protocol, const json& c) {
    NoiseHandshake initiator{protocol, party(c, "init_")}, responder{protocol, party(c, "resp_")};
    const auto& messages = c.at("messages");
    std::size_t i = 0;
    for (; !initiator.finished(); ++i) {
        NoiseHandshake& writer = i % 2 == 0 ? initiator : responder;
        NoiseHandshake& reader = i % 2 == 0 ? responder : initiator;
        const auto payload = test::bytes(messages.at(i).at("payload"));
        const auto written = writer.write(payload);
        REQUIRE(written);
        CHECK(to_hex(*written) == test::text(messages[i], "ciphertext"));
        CHECK(reader.read(*written) == payload);
    }
    CHECK(to_hex(initiator.state().handshake_hash()) == test::text(c, "handshake_hash"));
    CHECK(to_hex(responder.state().handshake_hash()) == test::text(c, "handshake_hash"));
    check_transport(messages, i, protocol.pattern.messages.size() == 1, initiator.state());
}

void check_all(const std::string& file, std::size_t expected) {
    const json all = test::cases(file);
    CHECK(all.size() == expected);
    for (const auto& c : all) {
        INFO(c.at("id"));
        const ProtocolName protocol{c.at("protocol_name")};
        if (!skipped(protocol)) check_conversation(protocol, c);
    }
}

}  // namespace

TEST_CASE("the public Noise vectors", "[noise]") { check_all("noise/noise.json", 39); }

TEST_CASE("the derived Noise vectors", "[noise]") { check_all("noise/noise_derived.json", 135); }

TEST_CASE("our own handshake writes and reads the IKpsk1 vectors", "[noise]") {
    std::size_t seen = 0;
    for (const auto* file : {"noise/noise.json", "noise/noise_derived.json"}) {
        for (const auto& c : test::cases(file)) {
            if (test::text(c, "protocol_name") != our_protocol) continue;
            INFO(c.at("id"));
            const NoiseParty client = party(c, "init_"), gateway = party(c, "resp_");
            const auto payload = test::bytes(c.at("messages")[0].at("payload"));
            const auto message = write_first_message(client.prologue, *client.static_key, *client.ephemeral,
                                                     *client.remote_static, client.psks.at(0), payload);
            REQUIRE(message);
            CHECK(to_hex(*message) == test::text(c.at("messages")[0], "ciphertext"));

            auto read = FirstMessage::read(gateway.prologue, *gateway.static_key, *message);
            REQUIRE(read);
            CHECK(read->client() == client.static_key->public_key);
            const auto ss = diffie_hellman(gateway.static_key->private_key, read->client());
            CHECK(read->open(*ss, gateway.psks.at(0)) == payload);
            ++seen;
        }
    }
    CHECK(seen == 6);
}

TEST_CASE("the handshake hash that open() leaves is the general one's", "[noise]") {
    NoiseHandshake general{ProtocolName{our_protocol}, [] {
                               NoiseParty p;
                               p.static_key = KeyPair::from(Secret{PublicKey{1}});
                               p.ephemeral = KeyPair::from(Secret{PublicKey{2}});
                               p.remote_static = KeyPair::from(Secret{PublicKey{3}}).public_key;
                               p.psks = {Secret{PublicKey{4}}};
                               return p;
                           }()};
    const auto message = general.write(as_bytes("payload"));
    REQUIRE(message);
    const KeyPair gateway = KeyPair::from(Secret{PublicKey{3}});
    auto read = FirstMessage::read({}, gateway, *message);
    REQUIRE(read);
    REQUIRE(read->open(*diffie_hellman(gateway.private_key, read->client()), Secret{PublicKey{4}}));
    CHECK(to_hex(read->hash()) == to_hex(general.state().handshake_hash()));
}

TEST_CASE("every broken first message is refused", "[noise]") {
    const json all = test::cases("noise/noise_invalid.json");
    CHECK(all.size() == 912);
    for (const auto& c : all) {
        INFO(c.at("id"));
        const ProtocolName protocol{c.at("protocol_name")};
        if (skipped(protocol)) continue;
        NoiseParty responder = party(c, "resp_");
        const auto message = test::bytes(c.at("message"));
        CHECK_FALSE(NoiseHandshake{protocol, responder}.read(message));
        if (protocol.whole != our_protocol) continue;
        auto read = FirstMessage::read(responder.prologue, *responder.static_key, message);
        if (!read) continue;
        const auto ss = diffie_hellman(responder.static_key->private_key, read->client());
        CHECK_FALSE((ss && read->open(*ss, responder.psks.at(0))));
    }
}

TEST_CASE("a first message is not written to or with an unusable key", "[noise]") {
    const KeyPair ours = KeyPair::from(Secret{PublicKey{1}}), ephemeral = KeyPair::from(Secret{PublicKey{2}});
    CHECK_FALSE(write_first_message({}, ours, ephemeral, PublicKey{}, {}, {}));
    CHECK_FALSE(write_first_message({}, ours, ephemeral, PublicKey{1}, {}, {}));
    PublicKey not_canonical;
    not_canonical.fill(0xff);
    CHECK_FALSE(write_first_message({}, ours, ephemeral, not_canonical, {}, {}));
}
