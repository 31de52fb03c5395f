#include "config/knocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "config/agree.h"

namespace postern::config {
namespace {

using Steps = std::vector<Placed<knock::Step>>;

std::string path_of(const KnockDraft& knock, std::string_view key) {
    return fmt::format("knocks.{}.{}", knock.name, key);
}

std::string shown(const knock::Step& step) { return in_quotes(knock::to_text(step)); }

// Whether one packet could take both.
bool alike(const knock::Step& a, const knock::Step& b) {
    constexpr std::uint8_t either = tcp_flag::syn | tcp_flag::ack;
    return place_of(a) == place_of(b) && (a.flags & either) == (b.flags & either);
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

void check_length(const KnockDraft& knock, std::string_view key, const Steps& steps, Mistakes& mistakes) {
    if (steps.empty() || (steps.size() >= knock::fewest_steps && steps.size() <= knock::most_steps)) return;
    mistakes.add(steps.front().place, path_of(knock, key),
                 fmt::format("got {}, expected {} to {} steps", steps.size(), knock::fewest_steps, knock::most_steps));
}

void check_repeats(const KnockDraft& knock, std::string_view key, const Steps& steps, Mistakes& mistakes) {
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

// The service that has this port, or gateway.spa; empty where it is free.
std::string listener_at(const Draft& draft, const knock::Step& step) {
    for (const ServiceDraft& service : draft.services)
        for (const auto& [ports, place] : service.ports)
            if (ports.contains(step.transport, step.port)) return "services." + service.service.name;
    for (const PortRange& spa : draft.gateway.spa)
        if (step.transport == Transport::udp && spa.contains(step.port)) return "gateway.spa";
    return {};
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
    for (const KnockDraft& knock : draft.knocks)
        for (const Steps* steps : {&knock.steps, &knock.closes_with})
            if (!steps->empty() && ++beginning[place_of(steps->front().value)] > knock::Book::most_alike)
                mistakes.add(
                    steps->front().place, "knocks." + knock.name,
                    fmt::format("got {} as one more first step, expected at most {} sequences that begin there",
                                shown(steps->front().value), knock::Book::most_alike));
}

void check_twins(const Draft& draft, Mistakes& mistakes) {
    std::map<std::vector<knock::Step>, std::string> owners;
    for (const KnockDraft& knock : draft.knocks) {
        std::vector<knock::Step> steps;
        for (const auto& [step, place] : knock.steps) steps.push_back(step);
        const auto [owner, first] = owners.emplace(steps, knock.name);
        if (!first && !steps.empty())
            mistakes.add(knock.place, path_of(knock, "steps"),
                         fmt::format("got the steps of {}, expected a sequence of its own", owner->second));
    }
}

// Whether a scan that goes through the ports from low to high, pings first included, meets the steps in their order.
bool ascending(const Steps& steps, bool across_transports) {
    const auto rank = [](const knock::Step& step) {
        return step.transport == Transport::icmp ? 0 : step.transport == Transport::tcp ? 1 : 2;
    };
    for (std::size_t i = 1; i < steps.size(); ++i) {
        const knock::Step &before = steps[i - 1].value, &step = steps[i].value;
        const bool comparable = step.transport == before.transport || rank(before) == 0 || across_transports;
        if (!comparable || std::pair{rank(step), step.port} < std::pair{rank(before), before.port}) return false;
    }
    return true;
}

// With `unmatched: pass` only steps reach the gate, so that no packet is seen to be wrong.
void warn_of_scans(const KnockDraft& knock, Unmatched unmatched, Mistakes& warnings) {
    const Place& place = knock.steps.front().place;
    const bool all_tolerated = knock.sequence.tolerated == knock::all_tolerated;
    if (unmatched == Unmatched::pass && !all_tolerated)
        warnings.add(place, path_of(knock, "strictness"),
                     "with gateway.unmatched: pass wrong packets do not reach the gate: a port scan that meets the "
                     "steps in their order completes the sequence");
    if (ascending(knock.steps, all_tolerated || unmatched == Unmatched::pass))
        warnings.add(place, path_of(knock, "steps"),
                     "the steps ascend, as the ports of a scan can: put a lower port behind a higher one");
    if (knock.steps.size() == knock::fewest_steps)
        warnings.add(place, path_of(knock, "steps"),
                     "two steps are few: an ordinary port scan may take them by chance; expected three or more");
}

}  // namespace

void check_knocks(const Draft& draft, Mistakes& mistakes) {
    const bool all_read = mistakes.none();  // else steps may be missing here that the file has
    check_names(draft, mistakes);
    check_twins(draft, mistakes);
    check_crowd(draft, mistakes);
    for (const KnockDraft& knock : draft.knocks) {
        check_alone(draft, knock, mistakes);
        if (!all_read) continue;
        check_length(knock, "steps", knock.steps, mistakes);
        check_length(knock, "closes_with", knock.closes_with, mistakes);
    }
}

void warn_of_knocks(const Draft& draft, Mistakes& warnings) {
    for (const KnockDraft& knock : draft.knocks) {
        if (knock.sequence.scheme != knock::Scheme::static_) continue;
        warnings.add(knock.place, "knocks." + knock.name,
                     "a static sequence is weak: whoever sees it once can repeat it, and spoofed packets can spoil an "
                     "attempt; prefer SPA");
        warn_of_scans(knock, draft.gateway.unmatched, warnings);
    }
}

}  // namespace postern::config
