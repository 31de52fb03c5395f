#include "posternd/reload.h"

#include <algorithm>

#include "io/clock.h"
#include "io/notify.h"
#include "posternd/ending.h"
#include "posternd/floor.h"
#include "posternd/stale.h"

namespace postern {
namespace {

// Keys whose new value needs a restart, because sockets, queues or the loaded rules hang on them.
std::vector<std::string> needing_restart(const House& house, const config::Configuration& next) {
    std::vector<std::string> mistakes;
    const auto policy = house.current.get();
    const auto complain = [&](bool changed, const std::string& key) {
        if (changed)
            mistakes.push_back(house.policy_file.string() + ": " + key +
                               " changed, which a reload cannot do: restart the daemon, or put the old value back");
    };
    complain(next.policy->gateway.queues != policy->gateway.queues, "gateway.queues");
    complain(next.policy->gateway.mark.mask != policy->gateway.mark.mask, "gateway.mark_mask");
    complain(next.settings.control_socket != house.settings.control_socket, "control.socket");
    complain(next.settings.log_file != house.settings.log_file, "log.file");
    complain(next.settings.state_directory != house.settings.state_directory, "state.directory");
    return mistakes;
}

bool rules_differ(const Gateway& next, const Gateway& before) {
    return next.interfaces != before.interfaces || next.break_glass != before.break_glass || next.spa != before.spa ||
           next.backend != before.backend || next.open != before.open || next.unmatched != before.unmatched ||
           next.ipsec != before.ipsec || next.observe != before.observe;
}

// With `unmatched: pass` the rules know what services and knocks there are.
bool services_differ(const Policy& next, const Policy& before) {
    const auto same = [](const Service& a, const Service& b) { return a.ports == b.ports && a.to == b.to; };
    return next.gateway.unmatched == Unmatched::pass &&
           (next.knock_steps() != before.knock_steps() ||
            !std::equal(next.services.begin(), next.services.end(), before.services.begin(), before.services.end(),
                        same));
}

Result<control::ReloadReport> refused(House& house, std::vector<std::string> mistakes) {
    house.policy_stale = mistakes;
    io::notify_status(stale_line(house));
    house.tell(log::engine_event(log::What::reload_refused, mistakes.front(), io::now().wall, mistakes.size()));
    control::ReloadReport report;
    report.mistakes = std::move(mistakes);
    return report;
}

void put_in_force(House& house, const config::Configuration& next) {
    house.admit(*next.policy);
    house.put_in_force(in_force(*next.policy, next.settings.numbers_file));
    house.policy_warnings = next.warnings;
    house.policy_loaded = io::now().wall;
    house.tell(log::engine_event(log::What::reloaded, "the policy was reloaded", house.policy_loaded));
}

}  // namespace

Result<control::ReloadReport> reload(House& house) {
    const auto before = house.current.get();
    const auto next = config::load(house.policy_file, house.names, {.generation = before->generation + 1});
    std::vector<std::string> mistakes;
    if (!next)
        for (const auto& diagnostic : next.error()) mistakes.push_back(config::to_text(diagnostic));
    else
        mistakes = needing_restart(house, *next);
    if (mistakes.empty())
        if (const auto spent = spend_markers_of_new_keys(*next, *before); !spent)
            mistakes.push_back(house.policy_file.string() + ": " + spent.error().text);
    if (!mistakes.empty()) return refused(house, std::move(mistakes));

    put_in_force(house, *next);
    house.policy_stale.clear();
    keep_copy(house, next->text);
    io::notify_status("reloaded");
    end_flows_over(house, before);  // by the names that they were let in by
    control::ReloadReport report;
    report.clients = next->policy->clients.size();
    report.services = next->policy->services.size();
    report.warnings = forward_warnings(*house.current.get(), house.forward_trouble);
    for (const auto& warning : next->warnings) report.warnings.push_back(config::to_text(warning));
    if (rules_differ(next->policy->gateway, before->gateway) || services_differ(*next->policy, *before))
        report.warnings.push_back("what the rules are made from changed: `posternctl rules apply` loads it");
    return report;
}

}  // namespace postern
