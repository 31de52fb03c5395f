#include "survey/marks.h"

#include "policy.h"

using namespace postern;
using namespace postern::survey;
using namespace postern::test;

namespace {

Findings routes(std::string_view json) {
    Findings findings;
    REQUIRE(find_mark_routes(policy_guarding({"wan0"}), "ip", json, findings));
    return findings;
}

Findings iptables(const std::string& rule) {
    Findings findings;
    find_iptables_marks(policy_guarding({"wan0"}), "iptables", {{"mangle", {}, {rule}}}, findings);
    return findings;
}

Findings nft(const std::string& rule, const std::string& table = "inet other") {
    Findings findings;
    find_nft_marks(policy_guarding({"wan0"}),
                   "table " + table + " {\n\tset s {\n\t\ttype mark\n\t\telements = { 0x1 }\n\t}\n\tchain c {\n\t\t" +
                       "type filter hook prerouting priority mangle; policy accept;\n\t\t" + rule + "\n\t}\n}\n",
                   findings);
    return findings;
}

}  // namespace

TEST_CASE("a routing rule that looks at our bits is named with the mask it wants", "[survey]") {
    CHECK(says(routes(R"([{"priority":9,"not":null,"src":"all","fwmark":"0xca6c","table":"7"}])"),
               "fwmark 0xca6c/0xffffff"));
    CHECK(says(routes(R"([{"priority":9,"fwmark":"0x5000000","fwmask":"0xff000000"}])"), "gateway.mark_mask"));
    CHECK(routes(R"([{"priority":9,"fwmark":"0x2","fwmask":"0xff"},{"priority":0,"src":"all"}])").empty());
    Findings none;
    CHECK_FALSE(find_mark_routes(policy_guarding({}), "ip", "Error", none));
}

TEST_CASE("rules of iptables that write or compare our bits are named, masked ones are not", "[survey]") {
    CHECK(kinds(iptables("-A PREROUTING -p udp -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff")) ==
          "mark_written");
    CHECK(kinds(iptables("-A OUTPUT -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff")) ==
          "mark_written");
    CHECK(kinds(iptables("-A PREROUTING -j MARK --set-xmark 0x7/0xffffffff")) == "mark_written");
    CHECK(kinds(iptables("-A PREROUTING -j MARK --set-xmark 0x1000000/0x0")) == "mark_written");
    CHECK(kinds(iptables("-A FORWARD -m mark --mark 0x1 -j ACCEPT")) == "mark_compared");
    CHECK(iptables("-A PREROUTING -j MARK --set-xmark 0x7/0xff").empty());
    CHECK(iptables("-A FORWARD -m mark --mark 0x1/0xff -j ACCEPT").empty());
    CHECK(iptables("-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff").empty());
    CHECK(iptables("-A POSTERN-ARRIVE -j MARK --set-xmark 0x0/0xff000000").empty());
}

TEST_CASE("so are rules of nft", "[survey]") {
    CHECK(kinds(nft("meta l4proto udp meta mark set ct mark")) == "mark_written");
    CHECK(kinds(nft("meta mark 0x0000ca6c ct mark set meta mark")) == "mark_written");
    CHECK(kinds(nft("meta mark set 0x00000001")) == "mark_written");
    CHECK(kinds(nft("meta mark 0x00000001 accept")) == "mark_compared");
    CHECK(kinds(nft("ct mark != 0x00000001 accept")) == "mark_compared");
    CHECK(nft("meta mark set meta mark & 0xffffff00 | 0x00000007").empty());
    CHECK(kinds(nft("meta mark set meta mark & 0x00ffffff | 0x07000000")) == "mark_written");
    CHECK(nft("meta mark & 0x000000ff == 0x00000007 accept").empty());
    CHECK(nft("tcp dport 22 accept").empty());
    CHECK(nft("meta mark set 0x00000001", "inet postern").empty());
    CHECK(nft("meta mark set ct mark", "ip mangle").empty());
}
