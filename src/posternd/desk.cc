#include "posternd/desk.h"

#include <unistd.h>

#include "base/timestamp.h"
#include "gate/inventory.h"
#include "io/clock.h"
#include "posternd/reload.h"
#include "posternd/revoke.h"
#include "posternd/stale.h"

namespace postern {
namespace {

std::string client_name(const Policy& policy, ClientId id) {
    const Client* client = policy.client(id);
    return client ? client->name : "(no longer in the policy)";
}

std::string service_name(const Policy& policy, ServiceId id) {
    const Service* service = policy.service(id);
    return service ? service->name : "(no longer in the policy)";
}

// Rounded down: what is over by less than a millisecond is already negative.
std::int64_t milliseconds(Duration duration) { return std::chrono::floor<std::chrono::milliseconds>(duration).count(); }

control::QueueStatus status_of(const Worker& worker) {
    const netfilter::QueueCounters counters = worker.queue().counters();
    control::QueueStatus queue{worker.queue().number(), counters.received,       counters.lost,    std::nullopt,
                               counters.stale_verdicts, counters.netlink_errors, counters.last_id, {}};
    for (std::size_t i = 0; i < reason_count; ++i) {
        const auto reason = static_cast<Reason>(i);
        if (const auto count = worker.verdicts().of(reason); count > 0)
            queue.verdicts[std::string{word(reason)}] = count;
    }
    return queue;
}

std::string state_of(const Grant& grant, std::uint16_t left, SteadyTime now) {
    if (grant.used || left == 0) return "used";
    return grant.expires <= now ? "expired" : "live";
}

// What a worker noticed that somebody should look into.
void add_warnings(const control::QueueStatus& queue, const Worker& worker, std::vector<std::string>& warnings) {
    const std::string name = "queue " + std::to_string(queue.number) + ": ";
    if (const auto failure = worker.failure()) warnings.push_back(name + *failure);
    for (const std::string& warning : worker.queue().warnings()) warnings.push_back(name + warning);
    if (queue.lost > 0)
        warnings.push_back(name + std::to_string(queue.lost) +
                           " packets were dropped unjudged: the socket buffer was full");
    if (const auto lost = queue.verdicts.find("settle_lost"); lost != queue.verdicts.end())
        warnings.push_back(name + std::to_string(lost->second) + " packets dropped as settle_lost: " +
                           std::string{meaning(Reason::settle_lost)} + "; `posternctl rules check` names such rules");
}

}  // namespace

control::Status Desk::status() {
    control::Status status;
    const auto policy = house_.current.get();
    status.version = POSTERN_VERSION;
    status.pid = static_cast<std::uint64_t>(::getpid());
    status.started = house_.started;
    status.policy_file = house_.policy_file;
    status.policy_loaded = house_.policy_loaded;
    for (const std::string& mistake : house_.policy_stale)
        if (status.policy_stale.size() < most_mistakes_told) status.policy_stale.push_back(mistake);
    status.warnings = house_.warnings;
    for (const auto& warning : house_.policy_warnings) status.warnings.push_back(config::to_text(warning));
    if (house_.tables.floor() > io::now().wall)
        status.warnings.push_back("a start without memory: SPA is accepted from " + to_text(house_.tables.floor()) +
                                  " on");
    if (!house_.policy_stale.empty()) status.warnings.push_back(stale_line(house_));
    if (!house_.copy_trouble.empty()) status.warnings.push_back(house_.copy_trouble);
    if (house_.journal.lost() > 0)
        status.warnings.push_back(std::to_string(house_.journal.lost()) +
                                  " log lines were lost: the disk refused them, or events came faster than it writes");
    if (house_.journal.not_reopened())
        status.warnings.push_back(
            "the log " + house_.settings.log_file.string() +
            " cannot be opened again: lines go on into the old file; put it right and send SIGUSR1");
    if (!house_.conntrack_trouble.empty())
        status.warnings.push_back("flows that are over stay listed: " + house_.conntrack_trouble);
    for (const Post& post : house_.posts) {
        status.queues.push_back(status_of(*post.worker));
        for (const auto& [reason, count] : status.queues.back().verdicts) status.verdicts[reason] += count;
        add_warnings(status.queues.back(), *post.worker, status.warnings);
    }
    const Fill fill = fill_of(house_.tables);
    status.grants = {fill.grants, house_.tables.sizes().grants};
    status.flows = {fill.flows, house_.tables.sizes().flows};
    status.log = {house_.settings.log_file, house_.journal.written(), house_.journal.lost()};
    for (std::string& warning : forward_warnings(*policy, house_.forward_trouble))
        status.warnings.push_back(std::move(warning));
    status.ruleset = house_.ruleset;
    status.guarded = house_.guard.sentence(io::now());
    if (policy->gateway.observe)
        status.warnings.emplace_back("gateway.observe: with such rules everything is let in, and only told");
    if (const auto warning = house_.guard.warning(io::now())) status.warnings.push_back(*warning);
    return status;
}

std::vector<control::GrantRow> Desk::grants() {
    std::vector<control::GrantRow> rows;
    const auto policy = house_.current.get();
    const SteadyTime now = io::now().steady;
    for (const Grant& grant : grants_in(house_.tables)) {
        const std::uint16_t left = house_.tables.client(grant.client).flows.left(grant.counter);
        rows.push_back({static_cast<std::uint64_t>(grant.id), client_name(*policy, grant.client),
                        service_name(*policy, grant.service), to_text(grant.source), grant.source_port,
                        milliseconds(grant.expires - now), left, state_of(grant, left, now)});
    }
    return rows;
}

std::vector<control::FlowRow> Desk::flows() {
    std::vector<control::FlowRow> rows;
    const auto policy = house_.current.get();
    const SteadyTime now = io::now().steady;
    for (const auto& [key, flow] : flows_in(house_.tables))
        rows.push_back({control::flow_name(key), static_cast<std::uint64_t>(flow.grant),
                        client_name(*policy, flow.client), service_name(*policy, flow.service),
                        key.transport == Transport::tcp ? "tcp" : "udp", to_text(key.source), key.source_port,
                        to_text(key.destination), key.destination_port, milliseconds(now - flow.opened), flow.accepts});
    return rows;
}

Result<control::RevokeReport> Desk::revoke(const control::RevokeRequest& request) {
    return postern::revoke(house_, request);
}

Result<control::ReloadReport> Desk::reload() { return postern::reload(house_); }

void Desk::guard(const control::GuardReport& report) {
    if (auto event = house_.guard.hear(report, io::now())) house_.tell(std::move(*event));
}

Result<control::RulesetReport> Desk::ruleset() { return take_ruleset(house_); }

}  // namespace postern
