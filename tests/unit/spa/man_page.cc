// The worked examples of postern-spa(7): read from the page, recomputed by a client that knows the page alone, made
// again by the project's own seal, and opened by its gateway.
#include <fstream>

#include "catch.h"
#include "spa/payload.h"
#include "spa/postern.h"
#include "spa/slot.h"
#include "worked_example.h"

using namespace postern;
using namespace postern::spa;
using test::WorkedExample;

namespace {

using Values = WorkedExample::Values;

// The literal blocks of the EXAMPLES section: a name at the margin, its value indented below it.
std::vector<Values> examples_of_the_page() {
    std::ifstream page{POSTERN_SOURCE_DIR "/man/postern-spa.7"};
    std::vector<Values> examples;
    bool in_section = false, in_block = false;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with(".Sh ")) in_section = line == ".Sh EXAMPLES";
        if (line.starts_with(".Bd ") && in_section) examples.emplace_back();
        if (line.starts_with(".")) in_block = line.starts_with(".Bd ") && in_section;
        if (line.starts_with(".") || !in_block) continue;
        if (line.starts_with(" "))
            examples.back().back().second += line.substr(line.find_first_not_of(' '));
        else
            examples.back().emplace_back(line, "");
    }
    return examples;
}

WorkedExample recompute(const Values& page) { return WorkedExample{{page.begin(), page.end()}}; }

SealParts parts_of(const WorkedExample& example, const Values& page) {
    const auto key = [&](const char* name) { return noise::Secret{example.at(name)}; };
    SealParts parts;
    parts.sender.client = noise::KeyPair::from(key("client private key"));
    parts.sender.psk = key("preshared key");
    parts.sender.gateway_name = page.front().second;
    parts.sender.gateway = test::public_key(to_hex(example.at("gateway public key")));
    parts.ephemeral = noise::KeyPair::from(key("ephemeral private key"));
    std::copy_n(example.at("nonce").begin(), nonce_size, parts.nonce.begin());
    parts.slot = parts.tag_slot = static_cast<std::int64_t>(Reader{example.at("slot")}.be64());
    parts.payload = example.at("payload");
    return parts;
}

// What the gateway of an example reads in its datagram.
Opened open(const WorkedExample& example, const Values& page) {
    const std::vector keys{GatewayKey::of(noise::Secret{example.at("gateway private key")})};
    Opener opener{page.front().second, keys, std::chrono::seconds{30}};
    opener.set_time(WallTime{Duration{std::stoll(page[1].second)}});
    const auto envelope = opener.recognise(example.at("datagram")).value();
    auto introduced = opener.introduce(envelope).value();
    CHECK(to_hex(introduced.client()) == to_hex(example.at("client public key")));
    return opener
        .open(introduced, envelope, noise::Secret{example.at("ss")}, noise::Secret{example.at("preshared key")})
        .value();
}

}  // namespace

TEST_CASE("the manual's examples are what a client written from it computes", "[spa]") {
    const auto examples = examples_of_the_page();
    REQUIRE(examples.size() == 2);
    for (const Values& page : examples) {
        const Values computed = recompute(page).values();
        REQUIRE(page.size() == computed.size());
        for (std::size_t i = 0; i < page.size(); ++i) CHECK(page[i] == computed[i]);
    }
}

TEST_CASE("the manual's examples are what the project seals and opens", "[spa]") {
    for (const Values& page : examples_of_the_page()) {
        const WorkedExample example = recompute(page);
        CHECK(to_hex(assemble(parts_of(example, page)).value()) == to_hex(example.at("datagram")));
        const Opened opened = open(example, page);
        CHECK(to_hex(opened.handshake_hash) == to_hex(example.at("h, sealed payload")));
        CHECK(opened.claims.time == WallTime{Duration{std::stoll(page[1].second)}});
        auto payload = encode(opened.claims).value();
        payload.resize(example.at("payload").size());
        CHECK(payload == example.at("payload"));
    }
}

TEST_CASE("the manual's examples say what its text says of them", "[spa]") {
    const auto examples = examples_of_the_page();
    REQUIRE(examples.size() == 2);
    const WorkedExample least = recompute(examples[0]), all = recompute(examples[1]);
    CHECK(least.at("datagram").size() == 384);
    CHECK(all.at("datagram").size() == 421);
    CHECK(noise::Secret{least.at("preshared key")}.is_zero());
    CHECK_FALSE(noise::Secret{all.at("preshared key")}.is_zero());

    const Claims little = open(least, examples[0]).claims, much = open(all, examples[1]).claims;
    CHECK(unix_seconds(little.time) == 1767225600);
    CHECK(little.services == std::vector<std::string>{"ssh"});
    CHECK(little.v4.mode == AddressClaim::Mode::as_seen);
    CHECK(little.v6.mode == AddressClaim::Mode::absent);
    CHECK(unix_seconds(much.time) == 1772323200 - 4);
    CHECK(much.services == std::vector<std::string>{"ssh", "vpn"});
    CHECK(much.window == std::chrono::seconds{60});
    CHECK(much.source_port == 40022);
    CHECK(to_text(much.v4.address) == "192.0.2.7");
    CHECK(to_text(much.v6.address) == "2001:db8::7");
}
