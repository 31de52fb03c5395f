#include "config/knocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "config/agree.h"
#include "config/lines.h"
#include "config/schema.h"

namespace postern::config {
namespace {

using Steps = std::vector<Placed<knock::Step>>;

std::string path_of(const KnockDraft& knock, std::string_view key) {
    return fmt::format("knocks.{}.{}", knock.name, key);
}

std::string shown(const knock::Step& step) { return in_quotes(knock::to_text(step)); }

std::vector<knock::Step> without_places(const Steps& steps) {
    std::vector<knock::Step> bare;
    for (const auto& [step, place] : steps) bare.push_back(step);
    return bare;
}

void check_names(const Draft& draft, Mistakes& mistakes) {
    for (const KnockDraft& knock : draft.knocks) {
        const bool taken = std::ranges::any_of(
            draft.clients, [&](const ClientDraft& client) { return client.client.name == knock.name; });
        if (taken) mistakes.add(knock.place, "knocks." + knock.name, "got the name of a client, expected another one");
        const bool offered = !knock.opens || std::ranges::any_of(draft.services, [&](const ServiceDraft& service) {
            return service.service.name == knock.opens->value;
        });
        if (!offered) mistakes.add(knock.opens->place, path_of(knock, "opens"), no_service(draft, knock.opens->value));
    }
}

// A mistake of one of the two leaves it out, too: the other one is then not missed.
void check_one_of_two(const KnockDraft& knock, bool all_read, Mistakes& mistakes) {
    if (!knock.steps.empty() && knock.one_time_list)
        mistakes.add(knock.one_time_list->place, path_of(knock, "one_time_list"),
                     "got it beside steps, expected one of the two");
    if (all_read && knock.steps.empty() && !knock.one_time_list)
        mistakes.add(knock.place, path_of(knock, "steps"),
                     fmt::format("missing, expected {}; or one_time_list", expectation(*key("knocks.NAME.steps"))));
}

// Who gives it means a list to be there.
void check_look_ahead(const KnockDraft& knock, Mistakes& mistakes) {
    if (knock.look_ahead_at && !knock.steps.empty() && !knock.one_time_list)
        mistakes.add(*knock.look_ahead_at, path_of(knock, "look_ahead"),
                     fmt::format("got {} beside steps, expected it beside one_time_list alone: steps have no lines",
                                 knock.look_ahead));
}

void check_length(const KnockDraft& knock, std::string_view key, const Steps& steps, Mistakes& mistakes) {
    if (steps.empty() || (steps.size() >= knock::fewest_steps && steps.size() <= knock::most_steps)) return;
    mistakes.add(steps.front().place, path_of(knock, key),
                 fmt::format("got {}, expected {} to {} steps", steps.size(), knock::fewest_steps, knock::most_steps));
}

void check_repeats(const KnockDraft& knock, std::string_view key, const Steps& steps, Mistakes& mistakes) {
    if (steps.size() > knock::most_steps) return;  // which is said by itself
    for (auto later = steps.begin(); later != steps.end(); ++later)
        if (std::any_of(steps.begin(), later, [&](const auto& step) { return alike(step.value, later->value); }))
            mistakes.add(
                later->place, path_of(knock, key),
                fmt::format("got {} again, expected each step once: a repeat of one is ignored", shown(later->value)));
}

void check_closing(const KnockDraft& knock, Mistakes& mistakes) {
    for (const auto& [step, place] : knock.closes_with)
        if (std::ranges::any_of(knock.steps, [&](const auto& opening) { return alike(opening.value, step); }))
            mistakes.add(place, path_of(knock, "closes_with"),
                         fmt::format("got {}, expected no step of the opening sequence", shown(step)));
}

void check_ports(const Draft& draft, const KnockDraft& knock, std::string_view key, const Steps& steps,
                 Mistakes& mistakes) {
    for (const auto& [step, place] : steps)
        if (const std::string listener = listener_at(draft, step); !listener.empty())
            mistakes.add(place, path_of(knock, key),
                         fmt::format("got {}, expected no port of {}", shown(step), listener));
}

void check_alone(const Draft& draft, const KnockDraft& knock, Mistakes& mistakes) {
    check_ports(draft, knock, "steps", knock.steps, mistakes);
    check_ports(draft, knock, "closes_with", knock.closes_with, mistakes);
    check_repeats(knock, "steps", knock.steps, mistakes);
    check_repeats(knock, "closes_with", knock.closes_with, mistakes);
    check_closing(knock, mistakes);
}

// Bounds what one packet costs.
void check_crowd(const Draft& draft, Mistakes& mistakes) {
    if (draft.knocks.size() > knock::Book::most_knocks)
        mistakes.add(draft.knocks.back().place, "knocks",
                     fmt::format("got {}, expected at most {}", draft.knocks.size(), knock::Book::most_knocks));
    std::map<std::uint32_t, std::size_t> beginning;
    const auto begins = [&](const KnockDraft& knock, const knock::Step& first, const Place& place,
                            const std::string& what) {
        if (++beginning[place_of(first)] > knock::Book::most_alike)
            mistakes.add(place, "knocks." + knock.name,
                         fmt::format("got {} as one more first step, expected at most {} sequences that begin there",
                                     what, knock::Book::most_alike));
    };
    for (const KnockDraft& knock : draft.knocks) {
        for (const Steps* steps : {&knock.steps, &knock.closes_with})
            if (!steps->empty()) begins(knock, steps->front().value, steps->front().place, shown(steps->front().value));
        std::set<std::uint32_t> of_list;  // which counts once, however many of its lines begin there
        for (const LineDraft& line : knock.lines)
            if (of_list.insert(place_of(line.steps.front())).second)
                begins(knock, line.steps.front(), knock.at(line), "that of this line");
    }
}

void check_twins(const Draft& draft, Mistakes& mistakes) {
    SequenceOwners owners;
    for (const KnockDraft& knock : draft.knocks) {
        const std::vector<knock::Step> steps = without_places(knock.steps);
        const auto [owner, first] = owners.emplace(steps, knock.name);
        if (!first && !steps.empty())
            mistakes.add(knock.place, path_of(knock, "steps"),
                         fmt::format("got the steps of {}, expected a sequence of its own", owner->second));
    }
    check_line_twins(draft, owners, mistakes);
}

// With `unmatched: pass` only steps reach the gate, so that no packet is seen to be wrong.
void warn_of_scans(const KnockDraft& knock, Unmatched unmatched, Mistakes& warnings) {
    const Place& place = knock.steps.front().place;
    const bool all_tolerated = knock.sequence.tolerated == knock::all_tolerated;
    if (unmatched == Unmatched::pass && !all_tolerated)
        warnings.add(place, path_of(knock, "strictness"),
                     "with gateway.unmatched: pass wrong packets do not reach the gate: a port scan that meets the "
                     "steps in their order completes the sequence");
    if (ascending(without_places(knock.steps), all_tolerated || unmatched == Unmatched::pass))
        warnings.add(place, path_of(knock, "steps"),
                     "the steps ascend, as the ports of a scan can: put a lower port behind a higher one");
    if (knock.steps.size() == knock::fewest_steps)
        warnings.add(place, path_of(knock, "steps"),
                     "two steps are few: an ordinary port scan may take them by chance; expected three or more");
}

}  // namespace

knock::Step plain(knock::Step step) {
    step.flags &= tcp_flag::syn | tcp_flag::ack;
    return step;
}

bool alike(const knock::Step& a, const knock::Step& b) { return plain(a) == plain(b); }

std::string listener_at(const Draft& draft, const knock::Step& step) {
    for (const ServiceDraft& service : draft.services)
        for (const auto& [ports, place] : service.ports)
            if (ports.contains(step.transport, step.port)) return "services." + service.service.name;
    for (const PortRange& spa : draft.gateway.spa)
        if (step.transport == Transport::udp && spa.contains(step.port)) return "gateway.spa";
    return {};
}

bool ascending(const std::vector<knock::Step>& steps, bool across_transports) {
    const auto rank = [](const knock::Step& step) {
        return step.transport == Transport::icmp ? 0 : step.transport == Transport::tcp ? 1 : 2;
    };
    for (std::size_t i = 1; i < steps.size(); ++i) {
        const knock::Step &before = steps[i - 1], &step = steps[i];
        const bool comparable = step.transport == before.transport || rank(before) == 0 || across_transports;
        if (!comparable || std::pair{rank(step), step.port} < std::pair{rank(before), before.port}) return false;
    }
    return true;
}

void check_knocks(const Draft& draft, Mistakes& mistakes) {
    const bool all_read = mistakes.none();  // else steps may be missing here that the file has
    check_names(draft, mistakes);
    check_twins(draft, mistakes);
    check_crowd(draft, mistakes);
    for (const KnockDraft& knock : draft.knocks) {
        check_one_of_two(knock, all_read, mistakes);
        check_alone(draft, knock, mistakes);
        check_lines(draft, knock, mistakes);
        if (!all_read) continue;
        check_look_ahead(knock, mistakes);
        check_length(knock, "steps", knock.steps, mistakes);
        check_length(knock, "closes_with", knock.closes_with, mistakes);
    }
}

void warn_of_knocks(const Draft& draft, Mistakes& warnings) {
    for (const KnockDraft& knock : draft.knocks) {
        if (knock.sequence.scheme != knock::Scheme::static_) continue;
        if (knock.one_time_list) {
            warn_of_lines(knock, draft.gateway.unmatched, warnings);
            continue;
        }
        warnings.add(knock.place, "knocks." + knock.name,
                     "a static sequence is weak: whoever sees it once can repeat it, and spoofed packets can spoil an "
                     "attempt; prefer SPA");
        warn_of_scans(knock, draft.gateway.unmatched, warnings);
    }
}

}  // namespace postern::config
