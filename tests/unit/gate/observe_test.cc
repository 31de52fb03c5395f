#include "gate/observe.h"

#include "catch.h"

using namespace postern;

TEST_CASE("a refused packet is let in where both rules and policy observe, and only there", "[gate]") {
    for (const bool rules : {false, true})
        for (const bool policy_too : {false, true}) {
            PacketView packet;
            packet.observing = rules;
            Policy policy;
            policy.gateway.observe = policy_too;
            const Decision decision = observed(Decision{}, packet, policy);
            CHECK(decision.verdict == Verdict::drop);
            CHECK(decision.observed == (rules && policy_too));
            CHECK(decision.lets_in() == (rules && policy_too));
            CHECK(decision.mark == (rules && policy_too ? Mark::observed : Mark::refused));
        }
}

TEST_CASE("an accept is no other where the rules observe", "[gate]") {
    PacketView packet;
    packet.observing = true;
    Policy policy;
    policy.gateway.observe = true;
    Decision accepted;
    accepted.verdict = Verdict::accept;
    accepted.mark = Mark::accepted;
    const Decision decision = observed(accepted, packet, policy);
    CHECK_FALSE(decision.observed);
    CHECK(decision.mark == Mark::accepted);
}
