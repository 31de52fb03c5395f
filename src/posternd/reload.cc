#include "posternd/reload.h"

#include <algorithm>

#include "io/clock.h"
#include "io/notify.h"
#include "posternd/ending.h"
#include "posternd/markers.h"
#include "posternd/stale.h"

namespace postern {
namespace {

// Keys whose new value needs a restart, because sockets, queues or the loaded rules hang on them.
std::vector<std::string> needing_restart(const Engine& engine, const config::Configuration& next) {
    std::vector<std::string> mistakes;
    const auto policy = engine.current.get();
    const auto complain = [&](bool changed, const std::string& key) {
        if (changed)
            mistakes.push_back(engine.policy_file.string() + ": " + key +
                               " changed, which a reload cannot do: restart the daemon, or put the old value back");
    };
    complain(next.policy->gateway.queues != policy->gateway.queues, "gateway.queues");
    complain(next.policy->gateway.mark.mask != policy->gateway.mark.mask, "gateway.mark_mask");
    complain(next.settings.control_socket != engine.settings.control_socket, "control.socket");
    complain(next.settings.log_file != engine.settings.log_file, "log.file");
    complain(next.settings.state_directory != engine.settings.state_directory, "state.directory");
    complain(next.settings.state_anchor != engine.settings.state_anchor, "state.anchor");
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

Result<control::ReloadReport> refused(Engine& engine, std::vector<std::string> mistakes) {
    engine.policy_stale = mistakes;
    io::notify_status(stale_line(engine));
    engine.tell(log::engine_event(log::What::reload_refused, mistakes.front(), io::now().wall, mistakes.size()));
    control::ReloadReport report;
    report.mistakes = std::move(mistakes);
    return report;
}

void put_in_force(Engine& engine, const config::Configuration& next) {
    engine.admit(*next.policy);
    engine.put_in_force(in_force(*next.policy, next.settings.numbers_file));
    engine.policy_warnings = next.warnings;
    engine.policy_loaded = io::now().wall;
    engine.tell(log::engine_event(log::What::reloaded, "the policy was reloaded", engine.policy_loaded));
}

}  // namespace

Result<control::ReloadReport> reload(Engine& engine) {
    const auto before = engine.current.get();
    const auto next = config::load(engine.policy_file, engine.names, {.generation = before->generation + 1});
    std::vector<std::string> mistakes;
    if (!next)
        for (const auto& diagnostic : next.error()) mistakes.push_back(config::to_text(diagnostic));
    else
        mistakes = needing_restart(engine, *next);
    if (mistakes.empty())
        if (const auto spent = spend_markers_of_new_keys(*next, *before); !spent)
            mistakes.push_back(engine.policy_file.string() + ": " + spent.error().text);
    if (!mistakes.empty()) return refused(engine, std::move(mistakes));

    put_in_force(engine, *next);
    engine.policy_stale.clear();
    end_flows_over(engine, before);  // by the names that they were let in by; before anything waits for a disk
    keep_copy(engine, next->text);
    io::notify_status("reloaded");
    control::ReloadReport report;
    report.clients = next->policy->clients.size();
    report.services = next->policy->services.size();
    report.warnings = forward_warnings(*engine.current.get(), engine.forward_trouble);
    for (const auto& warning : next->warnings) report.warnings.push_back(config::to_text(warning));
    if (rules_differ(next->policy->gateway, before->gateway) || services_differ(*next->policy, *before))
        report.warnings.push_back("what the rules are made from changed: `posternctl rules apply` loads it");
    return report;
}

}  // namespace postern
