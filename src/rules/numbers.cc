// How numbers are given, kept and taken back; numbers_text.cc has their file.
#include "rules/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <optional>

#include "base/siphash.h"

namespace postern::rules {
namespace {

bool free_again(const NumberRow& row, const Numbers& numbers) { return row.last != 0 && row.last <= numbers.settled; }

Generation newest(const Numbers& numbers) {
    Generation most = numbers.applied;
    for (const NumberRow& row : numbers.rows) most = std::max({most, row.first, row.last});
    return most;
}

bool names(const NumberRow& row, const Service& service) {
    return row.service == service.name && row.targets == to_text(service.forward_to);
}

// A number that nobody has. A row that held it before goes: older rulesets are not answered for any more.
std::optional<unsigned> give(Numbers& numbers) {
    std::bitset<most_forwards> held;
    for (const NumberRow& row : numbers.rows)
        if (!free_again(row, numbers)) held.set(row.number);
    for (unsigned candidate = 0; candidate < most_forwards; ++candidate) {
        if (held[candidate]) continue;
        std::erase_if(numbers.rows, [&](const NumberRow& row) { return row.number == candidate; });
        return candidate;
    }
    return std::nullopt;
}

// Ends what the policy does not have, for every ruleset from `next` on.
bool end_rows(Numbers& numbers, const Policy& policy, Generation next) {
    bool ended = false;
    for (NumberRow& row : numbers.rows) {
        const auto there = [&](const Service& service) { return names(row, service); };
        if (row.last != 0 || std::any_of(policy.services.begin(), policy.services.end(), there)) continue;
        row.last = next - 1;
        ended = true;
    }
    return ended;
}

tl::unexpected<Error> no_number(const Service& service) {
    return failure(
        fmt::format("services.{}.forward_to: all {} numbers are given; those of services that are gone come "
                    "back with one more `posternctl rules apply`",
                    service.name, most_forwards));
}

// Of what the rules say, without their generation and the secret seed.
std::uint64_t digest_of(const Policy& policy, Inputs inputs) {
    inputs.generation = 0;
    inputs.steering_seed = 0;
    const std::string text = render_nftables(policy, inputs);
    return siphash(SipKey{}, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}) | 1;
}

const NumberRow* row_for(const Service& service, const Numbers& numbers, Generation generation) {
    const auto found = std::find_if(numbers.rows.begin(), numbers.rows.end(), [&](const NumberRow& row) {
        return row.known_in(generation) && names(row, service);
    });
    return found == numbers.rows.end() ? nullptr : &*found;
}

}  // namespace

Result<RulesetPlan> plan_ruleset(const Numbers& now, const Policy& policy, const Inputs& inputs) {
    const Generation next = newest(now) + 1;
    RulesetPlan plan{nullptr, inputs, now, 0};
    bool changed = end_rows(plan.numbers, policy, next);
    for (const Service& service : policy.services) {
        if (service.forward_to.empty() || row_for(service, plan.numbers, next)) continue;
        const auto given = give(plan.numbers);
        if (!given) return no_number(service);
        plan.numbers.rows.push_back({*given, service.name, to_text(service.forward_to), next, 0});
        changed = true;
    }
    plan.policy = with_marks(policy, plan.numbers, next);
    plan.digest = digest_of(*plan.policy, inputs);
    plan.inputs.generation = !changed && now.applied != 0 && plan.digest == now.digest ? now.applied : next;
    return plan;
}

Numbers in_force(Numbers numbers, Generation generation, std::uint64_t digest) {
    numbers.applied = generation;
    numbers.settled = std::min(numbers.settled, generation - 1);
    numbers.digest = digest;
    return numbers;
}

std::shared_ptr<const Policy> with_marks(const Policy& policy, const Numbers& numbers, Generation generation) {
    auto marked = std::make_shared<Policy>(policy);
    for (Service& service : marked->services) {
        if (service.forward_to.empty()) continue;
        const NumberRow* row = row_for(service, numbers, generation);
        service.mark = row ? forward_mark(row->number) : Mark::none;
    }
    return marked;
}

}  // namespace postern::rules
