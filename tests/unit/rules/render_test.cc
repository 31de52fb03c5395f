// What must hold of every rendered ruleset, whatever the policy says.
#include <algorithm>

#include "catch.h"
#include "rules/words.h"
#include "unit/rules/sample.h"

using namespace postern;
using namespace postern::test;
using Lines = std::vector<std::string>;

namespace {

std::string nft(const Policy& policy) { return rules::render_nftables(policy, sample_inputs); }
std::string ipt(const Policy& policy, Family family = Family::v4) {
    return rules::render_iptables(policy, sample_inputs, family);
}

Policy with_queues(std::uint16_t queues) {
    Policy policy = sample_policy();
    policy.gateway.queues = queues;
    return policy;
}

}  // namespace

TEST_CASE("every packet that no rule takes goes to the last queue, without a condition", "[rules]") {
    for (const auto queues : std::initializer_list<std::uint16_t>{1, 2, 5}) {
        const Policy policy = with_queues(queues);
        const std::string last = std::to_string(10 + queues - 1);
        CHECK(nft_chain(nft(policy), "judge").back() == "goto steer");
        CHECK(nft_chain(nft(policy), "steer").back() == "counter queue to " + last + " comment \"postern queue\"");
        for (const Family family : {Family::v4, Family::v6}) {
            const std::string text = ipt(policy, family);
            CHECK(lines_with(text, "-A POSTERN-JUDGE").back() == "-A POSTERN-JUDGE -g POSTERN-STEER");
            CHECK(lines_with(text, "-A POSTERN-STEER").back() ==
                  "-A POSTERN-STEER -m comment --comment \"postern queue\" -j NFQUEUE --queue-num " + last);
            CHECK(lines_with(text, "NFQUEUE").size() == queues);
        }
    }
}

TEST_CASE("a queue that nobody listens to is no open gate", "[rules]") {
    const Policy policy = sample_policy();
    for (const std::string& text : {nft(policy), ipt(policy), ipt(policy, Family::v6)})
        CHECK(text.find("bypass") == std::string::npos);
}

TEST_CASE("sources are steered by the secret seed, each family by its own address", "[rules]") {
    const Policy policy = with_queues(3);
    CHECK(
        nft_chain(nft(policy), "steer")[1] ==
        "meta nfproto ipv4 counter queue to jhash ip saddr mod 3 seed 0x5eed1234 offset 10 comment \"postern queue\"");
    CHECK(
        nft_chain(nft(policy), "steer")[2] ==
        "meta nfproto ipv6 counter queue to jhash ip6 saddr mod 3 seed 0x5eed1234 offset 10 comment \"postern queue\"");
    const Lines nodes = lines_with(ipt(policy), "-m cluster");
    REQUIRE(nodes.size() == 2);
    CHECK(nodes[1].find("--cluster-total-nodes 3 --cluster-local-node 2 --cluster-hash-seed 0x5eed1234") !=
          std::string::npos);
    CHECK(nodes[1].ends_with("--queue-num 11"));
}

TEST_CASE("one queue needs no steering", "[rules]") {
    CHECK(nft(with_queues(1)).find("jhash") == std::string::npos);
    CHECK(ipt(with_queues(1)).find("cluster") == std::string::npos);
}

TEST_CASE("iptables steers to as many queues as the cluster match has nodes", "[rules]") {
    const Lines queues = lines_with(ipt(with_queues(64)), "NFQUEUE");
    CHECK(queues.size() == rules::iptables_queues);
    CHECK(queues.back().ends_with("--queue-num 41"));
}

TEST_CASE("each interface is guarded, a star in each backend's own way, and loopback is let go first", "[rules]") {
    const std::string text = nft(sample_policy());
    CHECK(nft_chain(text, "early") ==
          Lines{"iifname \"lo\" return", "iifname \"wan0\" goto arrive", "iifname \"ppp*\" goto arrive"});
    CHECK(nft_chain(text, "gate").front() == "iifname \"lo\" return");
    CHECK(nft_chain(text, "out").front() == "oifname \"lo\" return");
    CHECK(lines_with(ipt(sample_policy()), "-A POSTERN-EARLY") == Lines{"-A POSTERN-EARLY -i lo -j RETURN",
                                                                        "-A POSTERN-EARLY -i wan0 -g POSTERN-ARRIVE",
                                                                        "-A POSTERN-EARLY -i ppp+ -g POSTERN-ARRIVE"});
    CHECK(lines_with(ipt(sample_policy()), "-A POSTERN-GATE").front() == "-A POSTERN-GATE -i lo -j RETURN");
    CHECK(lines_with(ipt(sample_policy()), "-A POSTERN-OUT").front() == "-A POSTERN-OUT -o lo -j RETURN");
}

TEST_CASE("a lone star guards every interface", "[rules]") {
    Policy policy = sample_policy();
    policy.gateway.interfaces = {"*"};
    CHECK(nft_chain(nft(policy), "early").back() == "goto arrive");
    CHECK(lines_with(ipt(policy), "POSTERN-ARRIVE").at(1) == "-A POSTERN-EARLY -i + -g POSTERN-ARRIVE");
}

TEST_CASE("a revoked connection is dropped on every interface, before a verdict or its state lets it in", "[rules]") {
    const Lines gate = nft_chain(nft(sample_policy()), "gate");
    REQUIRE(gate.size() == 6);
    CHECK(gate[1] == "ct mark & 0xff000000 == 0x04000000 counter drop comment \"postern revoked\"");
    CHECK(gate[2] == "iifname \"wan0\" meta mark & 0xff000000 != 0x00000000 goto settle");
    CHECK(gate[4] == "iifname \"wan0\" goto judge");
    const Lines rules = lines_with(ipt(sample_policy()), "-A POSTERN-GATE");
    REQUIRE(rules.size() == 6);
    CHECK(rules[1].ends_with("\"postern revoked\" -j DROP"));
    CHECK(rules[2].ends_with("-g POSTERN-SETTLE"));
    CHECK(rules[4].ends_with("-g POSTERN-JUDGE"));
    for (const char* chain : {"GATE", "OUT"})
        CHECK(lines_with(ipt(sample_policy()), std::string{"-A POSTERN-"} + chain + " -m connmark") ==
              Lines{std::string{"-A POSTERN-"} + chain +
                    " -m connmark --mark 0x4000000/0xff000000 -m comment --comment \"postern revoked\" -j DROP"});
}

TEST_CASE("a mark that no rule of settle knows is dropped", "[rules]") {
    CHECK(nft_chain(nft(sample_policy()), "settle").back() == "counter drop comment \"postern unknown\"");
    CHECK(lines_with(ipt(sample_policy()), "-A POSTERN-SETTLE").back() ==
          "-A POSTERN-SETTLE -m comment --comment \"postern unknown\" -j DROP");
}

TEST_CASE("marks lie in the policy's mask and leave the bits of others alone", "[rules]") {
    Policy policy = sample_policy();
    policy.gateway.mark = MarkField{0x0000ff00};
    CHECK(nft_chain(nft(policy), "arrive").front() ==
          "meta mark set meta mark & 0xffff00ff counter comment \"postern clear\"");
    CHECK(nft_chain(nft(policy), "settle").front() ==
          "meta mark & 0x0000ff00 == 0x00000500 ct mark set ct mark & 0xffff00ff | 0x00000500 counter accept comment "
          "\"postern settled\"");
    CHECK(lines_with(ipt(policy), "postern local").front() ==
          "-A POSTERN-STEER -m addrtype --dst-type LOCAL -m comment --comment \"postern local\" "
          "-j MARK --set-xmark 0x100/0xff00");
    CHECK(ipt(policy).find("0xff000000") == std::string::npos);
    CHECK(nft(policy).find("0xff000000") == std::string::npos);
}

TEST_CASE("only a NEW packet passes by its connection's mark: expected connections inherit it", "[rules]") {
    CHECK(lines_with(nft(sample_policy()), "postern again") ==
          Lines{"ct state new ct mark & 0xff000000 == 0x05000000 counter accept comment \"postern again\""});
    CHECK(lines_with(ipt(sample_policy()), "postern again").front().find("--ctstate NEW ") != std::string::npos);
}

TEST_CASE("break-glass prefixes stand in the rules of their family alone", "[rules]") {
    const Policy policy = sample_policy();
    CHECK(lines_with(ipt(policy, Family::v4), "break-glass").size() == 2);
    CHECK(lines_with(ipt(policy, Family::v4), "2001:db8").empty());
    CHECK(lines_with(ipt(policy, Family::v6), "break-glass").size() == 2);
    CHECK(lines_with(ipt(policy, Family::v6), "192.0.2").empty());
    CHECK(lines_with(nft(policy), "break-glass").size() == 4);
    for (const std::string& rule : lines_with(nft(policy), "break-glass"))
        CHECK(rule.find("fib daddr type local") != std::string::npos);
}

TEST_CASE("who is not ours leaves by RETURN: ACCEPT would skip the administrator's rules", "[rules]") {
    for (const Family family : {Family::v4, Family::v6})
        CHECK(ipt(sample_policy(), family).find("ACCEPT") == std::string::npos);
}

TEST_CASE("nft puts everything in by one transaction and deletes no chain", "[rules]") {
    const std::string text = nft(sample_policy());
    CHECK(text.find("delete") == std::string::npos);
    CHECK(lines_with(text, "flush") == Lines{"flush table inet postern"});
}

TEST_CASE("iptables tables commit raw before mangle, each once, and jump from the first place", "[rules]") {
    const std::string text = ipt(sample_policy());
    CHECK(lines_with(text, "*").front() == "*raw");
    CHECK(lines_with(text, "COMMIT").size() == 2);
    CHECK(lines_with(text, "-I ") ==
          Lines{"-I PREROUTING 1 -j POSTERN-EARLY", "-I PREROUTING 1 -j POSTERN-GATE", "-I OUTPUT 1 -j POSTERN-OUT"});
    for (const std::string_view chain : rules::iptables_chains)
        CHECK(text.find(":POSTERN-" + std::string{chain} + " ") != std::string::npos);
}
