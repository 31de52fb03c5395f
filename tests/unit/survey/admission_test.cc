#include "survey/admission.h"

#include "policy.h"

using namespace postern;
using namespace postern::survey;
using namespace postern::test;

namespace {

Admission answer(const Policy& policy, std::string_view address, std::uint16_t port, const char* interface = "wan0") {
    return admission(policy, {*parse_address(address), port, interface});
}

}  // namespace

TEST_CASE("whether a new connection is let in is said with what decides", "[survey]") {
    Policy policy = policy_guarding({"wan0", "ppp*"});
    policy.gateway.break_glass = {*parse_prefix("192.0.2.0/28")};
    CHECK(answer(policy, "192.0.2.3", 22).by == "break_glass");
    CHECK(answer(policy, "192.0.2.3", 22).admitted);
    CHECK(answer(policy, "192.0.2.77", 22).by == "needs_grant");
    CHECK_FALSE(answer(policy, "192.0.2.77", 22).admitted);
    CHECK(answer(policy, "192.0.2.3", 2222).by == "no_service");
    CHECK(answer(policy, "2001:db8::1", 2222, "ppp3").by == "no_service");
    CHECK(answer(policy, "2001:db8::1", 2222, "lan0").by == "not_guarded");
    CHECK(answer(policy, "192.0.2.77", 22).text ==
          "a new connection from 192.0.2.77 to tcp/22 is not let in: it needs a grant for the service ssh: its client "
          "says `postern open ssh` first");
}

TEST_CASE("what is open and what is unmatched is let in without a grant", "[survey]") {
    Policy policy = policy_guarding({"wan0"});
    policy.gateway.open = {{{{6, {}, PortRange{443, 443}, {}}}, {*parse_prefix("192.0.2.0/24")}, {}}};
    CHECK(answer(policy, "192.0.2.77", 443).by == "open");
    CHECK(answer(policy, "198.51.100.7", 443).by == "no_service");
    policy.gateway.unmatched = Unmatched::pass;
    CHECK(answer(policy, "198.51.100.7", 443).by == "unmatched");
    CHECK(answer(policy, "198.51.100.7", 22).by == "needs_grant");
}

TEST_CASE("the port of a knock's step lets nobody in, where the rest passes", "[survey]") {
    Policy policy = policy_guarding({"wan0"});
    policy.gateway.unmatched = Unmatched::pass;
    Knock knock;
    knock.opening.steps = {{.transport = Transport::tcp, .port = 7000}, {.transport = Transport::tcp, .port = 8000}};
    policy.knocks.push_back(knock);
    policy.index();
    CHECK_FALSE(answer(policy, "198.51.100.7", 7000).admitted);
    CHECK(answer(policy, "198.51.100.7", 7001).admitted);
}
