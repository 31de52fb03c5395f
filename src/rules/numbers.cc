#include "rules/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <charconv>
#include <optional>

#include "base/siphash.h"
#include "rules/words.h"

namespace postern::rules {
namespace {

constexpr std::string_view head =
    "# Which mark each forward_to has: made by `posternctl rules apply`, read by posternd, not to be edited.\n";
constexpr std::size_t most_rows = 4 * most_forwards;

// Takes the text up to the separator, or all of it, off `rest`.
std::string_view take(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view front = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return front;
}

std::optional<std::uint64_t> number(std::string_view text, int base = 10) {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// "0 admin 10.0.0.7:443 3-" or "... 3-6"
std::optional<NumberRow> row_of(std::string_view line) {
    const auto given = number(take(line, ' '));
    NumberRow row{0, std::string{take(line, ' ')}, std::string{take(line, ' ')}, 0, 0};
    const auto first = number(take(line, '-'));
    const auto last = line.empty() ? std::uint64_t{0} : number(line);
    if (!given || *given >= most_forwards || row.service.empty() || row.targets.empty() || !first || !last)
        return std::nullopt;
    row.number = static_cast<unsigned>(*given);
    row.first = *first;
    row.last = *last;
    return row;
}

bool read_line(std::string_view line, Numbers& into) {
    if (constexpr std::string_view word = "digest "; line.starts_with(word)) {
        const auto value = number(line.substr(word.size()), 16);
        into.digest = value.value_or(0);
        return value.has_value();
    }
    for (const auto& [word, member] : {std::pair{"applied ", &Numbers::applied}, {"settled ", &Numbers::settled}}) {
        if (!line.starts_with(word)) continue;
        const auto value = number(line.substr(std::string_view{word}.size()));
        into.*member = value.value_or(0);
        return value.has_value();
    }
    const auto row = row_of(line);
    if (row) into.rows.push_back(*row);
    return row && into.rows.size() <= most_rows;
}

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

std::string to_text(const std::vector<ForwardTarget>& targets) {
    std::string text;
    for (const Family family : {Family::v4, Family::v6})
        for (const auto& [address, port] : targets) {
            if (address.family != family) continue;
            text += fmt::format(fmt::runtime(family == Family::v4 ? "{}{}:{}" : "{}[{}]:{}"), text.empty() ? "" : ",",
                                postern::to_text(address), port);
        }
    return text;
}

Result<Numbers> parse_numbers(std::string_view text) {
    Numbers numbers;
    for (unsigned place = 1; !text.empty(); ++place) {
        const std::string_view line = take(text, '\n');
        if (line.empty() || line.starts_with('#')) continue;
        if (!read_line(line, numbers))
            return failure(
                fmt::format("line {} is none that `posternctl rules apply` writes; expected "
                            "\"NUMBER SERVICE TARGET FIRST-LAST\", put the file back as it was",
                            place));
    }
    return numbers;
}

std::string to_text(const Numbers& numbers) {
    std::string text =
        fmt::format("{}applied {}\nsettled {}\ndigest {:x}\n", head, numbers.applied, numbers.settled, numbers.digest);
    for (const NumberRow& row : numbers.rows)
        text += fmt::format("{} {} {} {}-{}\n", row.number, row.service, row.targets, row.first,
                            row.last == 0 ? "" : std::to_string(row.last));
    return text;
}

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

Generation generation_of(std::string_view ruleset) {
    const std::size_t at = ruleset.find(generation_words);
    if (at == std::string_view::npos) return 0;
    ruleset.remove_prefix(at + generation_words.size());
    return number(take(ruleset, '"')).value_or(0);
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
