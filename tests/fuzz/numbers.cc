// The file of forward numbers: any bytes are read or refused, what is read is written alike, and a plan made on top of
// it gives no number to two services at once.
#include "rules/numbers.h"

#include <algorithm>
#include <array>

#include "fuzz/choices.h"
#include "fuzz/demand.h"

using namespace postern;
using namespace postern::rules;
using postern::test::Choices;
using postern::test::demand;

namespace {

// Names and targets that meet those of the file.
Policy some_policy(Choices& choices) {
    constexpr auto names = std::to_array<const char*>({"admin", "web", "a", "b"});
    constexpr auto addresses = std::to_array<const char*>({"10.0.0.7", "10.0.0.9", "2001:db8::9"});
    Policy policy;
    policy.gateway.name = "gw1";
    policy.gateway.interfaces = {"wan0"};
    for (const char* name : names) {
        if (choices.flip()) continue;
        Service service;
        service.id = static_cast<ServiceId>(policy.services.size());
        service.name = name;
        service.ports = {{Transport::tcp, {443, 443}}};
        service.forward_to = {{*parse_address(choices.of(addresses)), 443}};
        service.mark = Mark::none;
        policy.services.push_back(service);
    }
    policy.index();
    return policy;
}

// A file that somebody edited may say so already, one at the end of all counting has no next generation, and there is
// none before the first.
bool sound(const Numbers& numbers) {
    constexpr Generation most = ~Generation{0} / 2;
    for (std::size_t i = 0; i < numbers.rows.size(); ++i) {
        const NumberRow& row = numbers.rows[i];
        if (row.first == 0 || row.first > most || row.last > most || row.first > numbers.applied + 1) return false;
        for (std::size_t j = 0; j < i; ++j)
            if (numbers.rows[j].number == row.number) return false;
    }
    return numbers.applied <= most && numbers.settled <= numbers.applied;
}

bool taken_twice(const Numbers& numbers, Generation generation) {
    std::array<int, most_forwards> holders{};
    for (const NumberRow& row : numbers.rows)
        if (row.known_in(generation) && ++holders[row.number] > 1) return true;
    return false;
}

void judge_plan(const Numbers& before, const Policy& policy) {
    const auto plan = plan_ruleset(before, policy, {});
    if (!plan) return;
    const Generation next = plan->inputs.generation;
    demand(next >= before.applied, "generations count up");
    demand(!taken_twice(plan->numbers, next), "a number is one service's");
    for (const Service& service : plan->policy->services)
        demand(is_accepted(service.mark) && service.mark != Mark::accepted, "whoever is forwarded has a number");
    for (const NumberRow& old : before.rows) {
        if (old.last == 0 || old.last > before.settled) {
            const auto stays = [&](const NumberRow& row) {
                return row.number == old.number && row.service == old.service && row.targets == old.targets;
            };
            demand(std::ranges::any_of(plan->numbers.rows, stays), "a number that may be on its way keeps its meaning");
        }
    }
    const Numbers after = in_force(plan->numbers, next, plan->digest);
    const auto again = plan_ruleset(after, policy, {});
    demand(again.has_value() && again->inputs.generation == next, "the same rules keep their generation");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Choices choices{{data, size}};
    const Policy policy = some_policy(choices);
    const std::string text = choices.text(size);
    (void)generation_of(text);
    const auto numbers = parse_numbers(text);
    if (!numbers) {
        demand(!numbers.error().text.empty(), "a refusal says why");
        return 0;
    }
    const std::string written = to_text(*numbers);
    const auto again = parse_numbers(written);
    demand(again.has_value() && to_text(*again) == written, "what is read is written alike");
    if (sound(*numbers)) judge_plan(*numbers, policy);
    return 0;
}
