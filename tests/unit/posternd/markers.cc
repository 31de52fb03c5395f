// FILE.fresh beside a gateway's key: it counts once, and for that key alone.
#include "posternd/markers.h"

#include "catch.h"
#include "scratch.h"
#include "unit/gate/world.h"

using namespace postern;
using namespace postern::test;

namespace {

const noise::PublicKey first = keys_of(1).public_key, second = keys_of(2).public_key;

// A policy of the gateway's with a key more, of which only some have a marker.
struct TwoKeys : World {
    explicit TwoKeys(const std::vector<noise::PublicKey>& marked) {
        Policy policy = draft();
        policy.gateway.keys.push_back({keys_of(2), spa::GatewayFace::of(second)});
        use(std::move(policy));
        configuration.policy = shared_policy();
        for (const noise::PublicKey& key : marked) {
            put_text(marker(key), "");
            configuration.settings.fresh_keys.push_back({key, marker(key)});
        }
    }
    [[nodiscard]] std::filesystem::path marker(const noise::PublicKey& key) const {
        return directory / (to_hex(key) + ".fresh");
    }

    ScratchDirectory directory;
    config::Configuration configuration;
};

}  // namespace

TEST_CASE("markers are spent at a start, and count for the keys that they lie beside", "[posternd]") {
    const TwoKeys gateway{{second}};
    const auto spent = spend_markers(gateway.configuration);
    CHECK(spent.keys == std::vector{second});
    CHECK_FALSE(spent.warning);
    CHECK(gateway.directory.entries() == 0);
    CHECK(spend_markers(gateway.configuration).keys.empty());
}

TEST_CASE("a marker that stays where it is counts for nothing, and that is said", "[posternd]") {
    const TwoKeys gateway{{first, second}};
    std::filesystem::remove(gateway.marker(first));
    std::filesystem::create_directories(gateway.marker(first) / "in the way");
    const auto spent = spend_markers(gateway.configuration);
    CHECK(spent.keys == std::vector{second});
    REQUIRE(spent.warning);
    CHECK(spent.warning->find(gateway.marker(first).string()) != std::string::npos);
}

TEST_CASE("a reload takes a new key with its own marker, and not with that of another", "[posternd]") {
    const World before;
    const TwoKeys own{{second}};
    REQUIRE(spend_markers_of_new_keys(own.configuration, before.policy()));
    CHECK(own.directory.entries() == 0);

    const TwoKeys others{{first}}, none{{}};
    for (const TwoKeys* gateway : {&others, &none}) {
        const auto taken = spend_markers_of_new_keys(gateway->configuration, before.policy());
        REQUIRE_FALSE(taken);
        CHECK(taken.error().text.find("names a key that was used before") != std::string::npos);
    }
    CHECK(std::filesystem::exists(others.marker(first)));  // the reload did not happen
    CHECK(spend_markers_of_new_keys(none.configuration, none.policy()));
}
