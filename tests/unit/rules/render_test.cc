// What must hold of every rendered ruleset, whatever the policy says.
#include <algorithm>

#include "catch.h"
#include "rules/loadable.h"
#include "rules/words.h"
#include "unit/rules/sample.h"

using namespace postern;
using namespace postern::test;
using Lines = std::vector<std::string>;

TEST_CASE("a ruleset that observes drops nothing, and needs no daemon", "[rules]") {
    Policy policy = sample_policy();
    policy.gateway.observe = true;
    const std::string nft = rules::render_nftables(policy, sample_inputs);
    CHECK(nft.find(" drop") == std::string::npos);
    CHECK(rules::Loadable{"nftables", "", {{"nft", nft}}}.observes());
    CHECK_FALSE(
        rules::Loadable{"nftables", "", {{"nft", rules::render_nftables(sample_policy(), sample_inputs)}}}.observes());
    CHECK(nft.find("queue to") == std::string::npos);
    CHECK(nft.find("queue flags bypass to 11 comment") != std::string::npos);
    for (const Family family : {Family::v4, Family::v6}) {
        const std::string text = rules::render_iptables(policy, sample_inputs, family);
        CHECK(text.find("-j DROP") == std::string::npos);
        CHECK(lines_with(text, "NFQUEUE") == lines_with(text, "--queue-bypass"));
        CHECK(lines_with(text, "NFQUEUE").size() == 2);
    }
}

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
        nft_chain(nft(policy), "steer")[2] ==
        "meta nfproto ipv4 counter queue to jhash ip saddr mod 3 seed 0x5eed1234 offset 10 comment \"postern queue\"");
    CHECK(
        nft_chain(nft(policy), "steer")[3] ==
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
    CHECK(nft_chain(text, "early") == Lines{"iifname \"lo\" return comment \"postern generation 1\"",
                                            "iifname \"wan0\" goto arrive", "iifname \"ppp*\" goto arrive"});
    CHECK(nft_chain(text, "gate").front() == "iifname \"lo\" return");
    CHECK(nft_chain(text, "out").front() == "oifname \"lo\" return");
    CHECK(lines_with(ipt(sample_policy()), "-A POSTERN-EARLY") ==
          Lines{"-A POSTERN-EARLY -i lo -m comment --comment \"postern generation 1\" -j RETURN",
                "-A POSTERN-EARLY -i wan0 -g POSTERN-ARRIVE", "-A POSTERN-EARLY -i ppp+ -g POSTERN-ARRIVE"});
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
    CHECK(nft_chain(nft(policy), "settle")[1] ==
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

TEST_CASE("each accepted value is settled, known again, and never put on a connection that has another", "[rules]") {
    const Lines settle = nft_chain(nft(full_policy()), "settle");
    CHECK(settle[2] ==
          "meta mark & 0xff000000 == 0x12000000 ct state { established, new } ct mark & 0xff000000 != { 0x00000000, "
          "0x12000000 } counter drop comment \"postern moved\"");
    CHECK(settle[3] ==
          "meta mark & 0xff000000 == 0x12000000 ct mark set ct mark & 0x00ffffff | 0x12000000 counter accept comment "
          "\"postern settled\"");
    CHECK(lines_with(nft(full_policy()), "postern again").size() == 2);
    const Lines rules = lines_with(ipt(full_policy()), "-A POSTERN-SETTLE -m mark --mark 0x12000000/0xff000000");
    REQUIRE(rules.size() == 3);
    CHECK(rules[0].find("! --mark 0x0/0xff000000 -m connmark ! --mark 0x12000000/0xff000000") != std::string::npos);
    CHECK(rules[1].ends_with("-j CONNMARK --set-xmark 0x12000000/0xff000000"));
    CHECK(lines_with(ipt(full_policy()), "postern again").size() == 2);
}

TEST_CASE("a forwarded connection gets its destination by its mark, each family its own", "[rules]") {
    CHECK(nft_chain(nft(full_policy()), "forward") ==
          Lines{"meta nfproto ipv4 meta l4proto { tcp, udp } ct state new ct mark & 0xff000000 == 0x12000000 counter "
                "dnat ip to 10.0.0.7:443 comment \"postern forward\"",
                "meta nfproto ipv6 meta l4proto { tcp, udp } ct state new ct mark & 0xff000000 == 0x12000000 counter "
                "dnat ip6 to [2001:db8:9::7]:443 comment \"postern forward\""});
    const std::string four = ipt(full_policy()), six = ipt(full_policy(), Family::v6);
    CHECK(lines_with(four, "DNAT --to").size() == 2);
    CHECK(lines_with(four, "DNAT --to").back().ends_with("-j DNAT --to-destination 10.0.0.7:443"));
    CHECK(lines_with(six, "DNAT --to").back().ends_with("-j DNAT --to-destination [2001:db8:9::7]:443"));
    for (const std::string& rule : lines_with(four + six, "DNAT --to"))
        CHECK(rule.find("--ctstate NEW") != std::string::npos);
    CHECK(lines_with(four, "-I PREROUTING 1 -j POSTERN-FORWARD").size() == 1);
}

TEST_CASE("a forwarded connection without a destination is dropped, whatever the policy forwards", "[rules]") {
    for (const Policy& policy : {sample_policy(), full_policy()}) {
        CHECK(nft_chain(nft(policy), "astray").front() ==
              "ct mark & 0xf0000000 != 0x00000000 ct status & (dnat | expected) == 0 counter drop comment \"postern "
              "astray\"");
        for (const char* hook : {"-I INPUT 1 -j POSTERN-ASTRAY", "-A POSTERN-REVIVED -j POSTERN-ASTRAY"})
            CHECK(lines_with(ipt(policy), hook).size() == 1);
    }
}

TEST_CASE("what begins in the middle of a session does not leave by a guarded interface", "[rules]") {
    Policy policy = sample_policy();
    policy.gateway.interfaces = {"wan0", "ppp*"};
    CHECK(nft_chain(nft(policy), "revived") ==
          Lines{"oifname \"wan0\" ct state new tcp flags & (fin | syn | rst | ack) != syn counter drop comment "
                "\"postern revived\"",
                "oifname \"ppp*\" ct state new tcp flags & (fin | syn | rst | ack) != syn counter drop comment "
                "\"postern revived\""});
    CHECK(lines_with(ipt(policy), "-A POSTERN-REVIVED -o ppp+ -p tcp").size() == 1);
}

TEST_CASE("a service without a number is not forwarded, and nobody needs the table for it", "[rules]") {
    Policy policy = full_policy();
    policy.services.back().mark = Mark::none;
    CHECK(ipt(policy).find("*nat") == std::string::npos);
    CHECK(nft_chain(nft(policy), "forward").empty());
    CHECK(lines_with(nft(policy), "postern settled").size() == 1);
}

TEST_CASE("what concerns no service passes only where the policy says so", "[rules]") {
    const Policy policy = full_policy();
    const Lines judge = nft_chain(nft(policy), "judge");
    CHECK(judge.back() == "counter accept comment \"postern unmatched\"");
    const Lines services = lines_with(nft(policy), "postern service");
    CHECK(services == Lines{"ip frag-off & 0x3fff != 0 counter goto steer comment \"postern service\"",
                            "exthdr frag exists counter goto steer comment \"postern service\"",
                            "fib daddr type { local, broadcast, multicast, anycast } tcp dport 22 counter goto steer "
                            "comment \"postern service\"",
                            "ip daddr 198.51.100.5 tcp dport 5432 counter goto steer comment \"postern service\"",
                            "ip6 daddr 2001:db8:5::/64 tcp dport 5432 counter goto steer comment \"postern service\"",
                            "ip daddr 198.51.100.5 udp dport 53-54 counter goto steer comment \"postern service\"",
                            "ip6 daddr 2001:db8:5::/64 udp dport 53-54 counter goto steer comment \"postern service\"",
                            "fib daddr type { local, broadcast, multicast, anycast } tcp dport 8443 counter goto steer "
                            "comment \"postern service\""});
    for (const Family family : {Family::v4, Family::v6}) {
        CHECK(lines_with(ipt(policy, family), "postern service").size() == (family == Family::v4 ? 5 : 9));
        CHECK(lines_with(ipt(policy, family), "-A POSTERN-JUDGE").back() ==
              "-A POSTERN-JUDGE -m comment --comment \"postern unmatched\" -j RETURN");
    }
    CHECK(nft(sample_policy()).find("unmatched") == std::string::npos);
}

TEST_CASE("what is open passes, in the families that have it", "[rules]") {
    CHECK(
        lines_with(nft(full_policy()), "postern open") ==
        Lines{
            "fib daddr type { local, broadcast, multicast } icmp type 8 counter accept comment \"postern open\"",
            "fib daddr type { local, broadcast, multicast } icmpv6 type 128 counter accept comment \"postern open\"",
            "ip saddr 192.0.2.0/24 fib daddr type { local, broadcast, multicast } tcp dport 443 counter accept "
            "comment \"postern open\"",
            "fib daddr type { local, broadcast, multicast } meta l4proto 112 counter accept comment \"postern open\""});
    CHECK(lines_with(ipt(full_policy()), "postern open").size() == 3);
    CHECK(lines_with(ipt(full_policy(), Family::v6), "postern open").size() == 4);
}

TEST_CASE("what came out of IPsec passes unless it is to be judged", "[rules]") {
    Policy policy = sample_policy();
    CHECK(lines_with(nft(policy), "postern ipsec") ==
          Lines{"meta secpath exists counter accept comment \"postern ipsec\""});
    CHECK(lines_with(ipt(policy), "--dir in --pol ipsec").size() == 1);
    policy.gateway.ipsec = Ipsec::judge;
    CHECK(nft(policy).find("secpath") == std::string::npos);
    CHECK(ipt(policy).find("ipsec") == std::string::npos);
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
    const std::string text = ipt(full_policy());
    CHECK(lines_with(text, "*").front() == "*raw");
    CHECK(lines_with(text, "COMMIT").size() == 3);
    CHECK(lines_with(text, "-I ") == Lines{"-I PREROUTING 1 -j POSTERN-EARLY", "-I PREROUTING 1 -j POSTERN-FORWARD",
                                           "-I PREROUTING 1 -j POSTERN-GATE", "-I INPUT 1 -j POSTERN-ASTRAY",
                                           "-I FORWARD 1 -j POSTERN-REVIVED", "-I OUTPUT 1 -j POSTERN-OUT"});
    for (const std::string_view chain : rules::iptables_chains)
        CHECK(text.find(":POSTERN-" + std::string{chain} + " ") != std::string::npos);
}
