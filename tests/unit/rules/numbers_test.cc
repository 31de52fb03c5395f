// Numbers of forward_to: given once, kept, and free again only when nobody can mean them any more.
#include "rules/numbers.h"
#include "catch.h"
#include "unit/rules/sample.h"

using namespace postern;
using namespace postern::test;
using rules::Numbers;

namespace {

Service forwarded(const std::string& name, const std::string& host) {
    Service service;
    service.name = name;
    service.ports = {{Transport::tcp, {8443, 8443}}};
    service.forward_to = {{*parse_address(host), 443}};
    service.mark = Mark::none;
    return service;
}

Policy with(std::vector<Service> services) {
    Policy policy = sample_policy();
    policy.services = std::move(services);
    return policy;
}

rules::RulesetPlan plan(const Numbers& now, const Policy& policy) {
    return rules::plan_ruleset(now, policy, sample_inputs).value();
}

// `rules apply`, with a daemon that says everything is settled, or without its answer.
Numbers applied(const Numbers& now, const Policy& policy, bool settled = true) {
    const auto made = plan(now, policy);
    Numbers after = rules::in_force(made.numbers, made.inputs.generation, made.digest);
    if (settled) after.settled = after.applied - 1;
    return after;
}

Mark mark_of(const Numbers& numbers, const Service& service) {
    return rules::with_marks(with({service}), numbers, numbers.applied)->services.front().mark;
}

const Service admin = forwarded("admin", "10.0.0.7"), web = forwarded("web", "10.0.0.8");
const Service moved = forwarded("admin", "10.0.0.9");

}  // namespace

TEST_CASE("a name keeps its number, whatever comes and goes beside it", "[rules]") {
    const Numbers first = applied({}, with({admin}));
    CHECK(mark_of(first, admin) == forward_mark(0));
    const Numbers both = applied(first, with({web, admin}));
    CHECK(mark_of(both, admin) == forward_mark(0));
    CHECK(mark_of(both, web) == forward_mark(1));
    CHECK(mark_of(applied(both, with({web})), web) == forward_mark(1));
}

TEST_CASE("a new target is a new number, and the old one means nothing any more", "[rules]") {
    const Numbers after = applied(applied({}, with({admin})), with({moved}));
    CHECK(mark_of(after, moved) == forward_mark(1));
    CHECK(mark_of(after, admin) == Mark::none);
}

TEST_CASE("a number is given to nobody else before a ruleset without it is settled", "[rules]") {
    Numbers numbers = applied({}, with({admin}));
    numbers = applied(numbers, with({web}), false);
    CHECK(mark_of(numbers, web) == forward_mark(1));
    numbers = applied(numbers, with({web, moved}), false);
    CHECK(mark_of(numbers, moved) == forward_mark(2));
    numbers = applied(numbers, with({web, moved}));  // told and settled at last
    CHECK(mark_of(applied(numbers, with({web, moved, forwarded("late", "10.0.0.10")})),
                  forwarded("late", "10.0.0.10")) == forward_mark(0));
}

TEST_CASE("numbers of a ruleset that was never loaded are in no ruleset before it", "[rules]") {
    const Numbers first = applied({}, with({web}));
    const Numbers reserved = plan(first, with({web, admin})).numbers;
    CHECK(reserved.applied == first.applied);
    CHECK(mark_of(reserved, admin) == Mark::none);
    CHECK(mark_of(reserved, web) == forward_mark(0));
}

TEST_CASE("going back to older rules brings their numbers back, and frees none", "[rules]") {
    const Numbers first = applied({}, with({admin}));
    const Numbers second = applied(first, with({moved}));
    const Numbers back = rules::in_force(second, first.applied, 0);
    CHECK(mark_of(back, admin) == forward_mark(0));
    CHECK(mark_of(back, moved) == Mark::none);
    CHECK(mark_of(applied(back, with({web})), web) == forward_mark(2));
}

TEST_CASE("rules that would be made again word for word keep their generation, others get the next", "[rules]") {
    const Numbers first = applied({}, with({admin}));
    CHECK(plan(first, with({admin})).inputs.generation == first.applied);
    Policy other = with({admin});
    other.gateway.break_glass.clear();
    CHECK(plan(first, other).inputs.generation == first.applied + 1);
    CHECK(plan(first, with({moved})).inputs.generation == first.applied + 1);
}

TEST_CASE("numbers run out without taking one away", "[rules]") {
    std::vector<Service> many;
    for (unsigned i = 0; i <= most_forwards; ++i) many.push_back(forwarded("s" + std::to_string(i), "10.0.0.7"));
    const auto refused = rules::plan_ruleset({}, with(many), sample_inputs);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find("services.s240.forward_to: all 240 numbers") == 0);
}

TEST_CASE("the file of numbers reads back as it was written, and nothing else", "[rules]") {
    Service both = admin;
    both.forward_to.push_back({*parse_address("2001:db8::7"), 443});
    const Numbers numbers = applied(applied({}, with({both, web})), with({web}));
    const std::string text = rules::to_text(numbers);
    CHECK(text.find("0 admin 10.0.0.7:443,[2001:db8::7]:443 1-1\n1 web 10.0.0.8:443 1-\n") != std::string::npos);
    const auto read = rules::parse_numbers(text);
    REQUIRE(read);
    CHECK(rules::to_text(*read) == text);
    for (const char* wrong :
         {"applied", "applied x", "0 admin 10.0.0.7:443", "240 a b 1-", "x a b 1-", "0 a b -", "hello"})
        CHECK_FALSE(rules::parse_numbers(wrong));
}

TEST_CASE("a rendered ruleset carries its generation in both backends", "[rules]") {
    rules::Inputs inputs = sample_inputs;
    inputs.generation = 77;
    CHECK(rules::generation_of(rules::render_nftables(sample_policy(), inputs)) == 77);
    CHECK(rules::generation_of(rules::render_iptables(sample_policy(), inputs, Family::v6)) == 77);
    CHECK(rules::generation_of("table inet other") == 0);
}
