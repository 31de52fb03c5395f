// IPsec, programs with rules of their own, ports that are sent elsewhere, connection tracking's settings.
#include "policy.h"
#include "survey/conntrack.h"
#include "survey/programs.h"
#include "survey/xfrm.h"

using namespace postern;
using namespace postern::survey;
using namespace postern::test;

namespace {

Findings ipsec(std::string_view states, std::string_view policies) {
    Findings findings;
    find_ipsec(policy_guarding({"wan0"}), states, policies, findings);
    return findings;
}

Findings programs(const rules::Saved& saved, std::string_view listing) {
    Findings findings;
    find_programs(saved, listing, findings);
    return findings;
}

Findings published(const std::string& rule) {
    Findings findings;
    find_published(policy_guarding({"wan0"}), {{"nat", {"DOCKER"}, {rule}}}, findings);
    return findings;
}

}  // namespace

TEST_CASE("IPsec in use is named by its protocols", "[survey]") {
    constexpr std::string_view state =
        "src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x00000100 reqid 1 mode tunnel\n\treplay-window 0 \n";
    constexpr std::string_view policy =
        "src 10.1.0.0/16 dst 10.2.0.0/16 \n\tdir in priority 0 ptype main \n\ttmpl src 1.1.1.1 dst 2.2.2.2\n"
        "\t\tproto ah reqid 0 mode tunnel\n";
    CHECK(ipsec("", "").empty());
    CHECK(says(ipsec(state, ""), "open: [esp]"));
    CHECK(says(ipsec("", policy), "open: [proto/51]"));
    CHECK(ipsec("src 10.0.0.0/8 dst 0.0.0.0/0 proto esp \n", "").empty());  // a selector, no template
}

TEST_CASE("firewalld, ufw and Docker are known by their chains and tables", "[survey]") {
    CHECK(says(programs({}, "table inet firewalld {\n\tchain c {\n\t}\n}\n"), "firewalld makes rules"));
    CHECK(says(programs({{"filter", {"INPUT", "ufw-before-input"}, {}}}, ""), "ufw makes rules"));
    CHECK(says(programs({{"nat", {"DOCKER"}, {}}}, ""), "Docker makes rules"));
    CHECK(says(programs({}, "table ip docker-bridges {\n}\n"), "Docker makes rules"));
    CHECK(programs({{"filter", {"INPUT"}, {}}}, "table inet filter {\n\tchain input {\n\t}\n}\n").empty());
}

TEST_CASE("published ports that no service names are found", "[survey]") {
    CHECK(says(published("-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80"),
               "Docker sends tcp/8080"));
    CHECK(says(published("-A PREROUTING -p udp -m udp --dport 53 -j REDIRECT --to-ports 5353"),
               "a DNAT rule sends udp/53"));
    CHECK(
        published("-A DOCKER -d 127.0.0.1/32 -p tcp -m tcp --dport 81 -j DNAT --to-destination 172.17.0.2:80").empty());
    CHECK(published("-A PREROUTING -p tcp -m tcp --dport 22 -j DNAT --to-destination 10.0.0.1:22").empty());
    CHECK(published("-A OUTPUT -p tcp -m tcp --dport 23 -j REDIRECT --to-ports 24").empty());
    CHECK(published("-A PREROUTING -p tcp -m tcp --dport 23 -j ACCEPT").empty());
}

TEST_CASE("conntrack events that are off are a finding, automatic ones are none", "[survey]") {
    Findings findings;
    for (const char* setting : {"1\n", "2\n", ""}) find_conntrack(setting, findings);
    CHECK(findings.empty());
    find_conntrack("0\n", findings);
    CHECK(kinds(findings) == "events_off");
}
