#include "survey/links.h"

#include "policy.h"

using namespace postern;
using namespace postern::survey;
using namespace postern::test;

namespace {

constexpr std::string_view host = R"([
 {"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP"],"addr_info":[{"family":"inet","local":"127.0.0.1"}]},
 {"ifindex":2,"ifname":"wan0","flags":["UP"],"master":"br0","linkinfo":{"info_kind":"veth","info_slave_kind":"bridge"},
  "addr_info":[]},
 {"ifindex":3,"ifname":"br0","flags":["UP"],"linkinfo":{"info_kind":"bridge"},
  "addr_info":[{"family":"inet","local":"192.0.2.2"},{"family":"inet6","local":"2001:db8::2"}]},
 {"ifindex":4,"ifname":"eth1","flags":["UP"],"master":"bond0","addr_info":[]},
 {"ifindex":5,"ifname":"bond0","flags":["UP"],"linkinfo":{"info_kind":"bond"},"addr_info":[]},
 {"ifindex":6,"ifname":"eth2","flags":["UP"],"master":"red","addr_info":[]},
 {"ifindex":7,"ifname":"red","flags":["UP"],"linkinfo":{"info_kind":"vrf"},"addr_info":[]},
 {"ifindex":8,"ifname":"gre0","flags":["NOARP"],"linkinfo":{"info_kind":"gre"},"addr_info":[]},
 {"ifindex":9,"ifname":"he6","flags":["NOARP","UP"],"linkinfo":{"info_kind":"sit"},"addr_info":[]}])";

Links links() {
    const auto read = parse_links(host);
    REQUIRE(read);
    return *read;
}

Findings enslaved(std::vector<std::string> interfaces) {
    Findings findings;
    find_enslaved(policy_guarding(std::move(interfaces)), links(), findings);
    return findings;
}

}  // namespace

TEST_CASE("interfaces are read with kind, master, state and addresses", "[survey]") {
    const Links all = links();
    REQUIRE(all.size() == 9);
    const Link* bridge = find(all, "br0");
    REQUIRE(bridge != nullptr);
    CHECK(bridge->index == 3);
    CHECK(bridge->kind == "bridge");
    CHECK(bridge->addresses == std::vector{*parse_address("192.0.2.2"), *parse_address("2001:db8::2")});
    CHECK(find(all, 2u)->master == "br0");
    CHECK(find(all, "wan9") == nullptr);
    CHECK_FALSE(parse_links("Device \"x\" does not exist."));
}

TEST_CASE("a guarded part of a bridge or bond is named with its master", "[survey]") {
    CHECK(says(enslaved({"wan0"}), "wan0 is part of the bridge br0"));
    CHECK(says(enslaved({"wan0"}), "interfaces: [br0]"));
    CHECK(says(enslaved({"eth*"}), "eth1 is part of the bond bond0"));
    CHECK(enslaved({"wan0", "br0"}).empty());
    CHECK(enslaved({"br0", "bond0"}).empty());
}

TEST_CASE("a member of a VRF is judged under its own name", "[survey]") { CHECK(enslaved({"eth2"}).empty()); }

TEST_CASE("tunnels that are up are named with their protocol", "[survey]") {
    Findings findings;
    find_tunnels(policy_guarding({"wan0"}), links(), findings);
    CHECK(kinds(findings) == "tunnel");
    CHECK(says(findings, "he6 (sit)"));
    CHECK(says(findings, "open: [proto/41]"));
}
