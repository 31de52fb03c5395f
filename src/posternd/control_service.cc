#include "posternd/control_service.h"

#include <unistd.h>

#include "base/timestamp.h"
#include "gate/inventory.h"
#include "io/clock.h"
#include "posternd/lists.h"
#include "posternd/reload.h"
#include "posternd/revoke.h"
#include "posternd/stale.h"
#include "store/document.h"

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

// Of the log's writer.
void add_journal_warnings(const Engine& engine, std::vector<std::string>& warnings) {
    if (engine.journal.lost() > 0)
        warnings.push_back(std::to_string(engine.journal.lost()) +
                           " log lines were lost: the disk refused them, or events came faster than it writes");
    if (engine.journal.not_reopened())
        warnings.push_back("the log " + engine.settings.log_file.string() +
                           " cannot be opened again: lines go on into the old file; put it right and send SIGUSR1");
}

// Of the policy in force, and of how it came into force.
void add_policy_warnings(const Engine& engine, const Policy& policy, std::vector<std::string>& warnings) {
    for (const auto& warning : engine.policy_warnings) warnings.push_back(config::to_text(warning));
    if (!engine.policy_stale.empty()) warnings.push_back(stale_line(engine));
    if (!engine.copy_trouble.empty()) warnings.push_back(engine.copy_trouble);
    for (std::string& warning : forward_warnings(policy, engine.forward_trouble))
        warnings.push_back(std::move(warning));
    if (policy.gateway.observe)
        warnings.emplace_back("gateway.observe: with such rules everything is let in, and only told");
}

// Of what must outlive the daemon.
void add_state_warnings(const Keeper::Report& state, Instant now, std::vector<std::string>& warnings) {
    if (!state.trouble.empty())
        warnings.push_back(state.trouble + "; SPA is refused as spa_not_durable until it can be written again");
    if (state.refused_until > now.wall)
        warnings.push_back(state.warning + ": SPA is accepted from " + to_text(state.refused_until) + " on");
    if (!state.anchor_trouble.empty())
        warnings.push_back(state.anchor_trouble + "; a copy of the state that is put back is not recognised");
}

// Of one-time lists: those that run dry.
void add_list_warnings(Engine& engine, std::vector<std::string>& warnings) {
    for (const ListState& list : lists_of(engine))
        if (list.is_dry() || list.runs_dry()) warnings.push_back(list.sentence());
}

std::vector<std::string> warnings_of(Engine& engine, const Policy& policy, Instant now) {
    std::vector<std::string> warnings = engine.warnings;
    add_policy_warnings(engine, policy, warnings);
    add_journal_warnings(engine, warnings);
    add_state_warnings(engine.keeper->report(), now, warnings);
    add_list_warnings(engine, warnings);
    if (const std::string trouble = engine.sessions->trouble(); !trouble.empty())
        warnings.push_back(trouble + "; a restart forgets which flows were let in");
    if (!engine.conntrack_trouble.empty())
        warnings.push_back("flows that are over stay listed: " + engine.conntrack_trouble);
    if (auto warning = engine.guard.warning(now)) warnings.push_back(std::move(*warning));
    return warnings;
}

void add_queue(const Worker& worker, control::Status& status) {
    status.queues.push_back(status_of(worker));
    for (const auto& [reason, count] : status.queues.back().verdicts) status.verdicts[reason] += count;
    add_warnings(status.queues.back(), worker, status.warnings);
}

}  // namespace

control::Status ControlService::status() {
    const Instant now = io::now();
    const auto policy = engine_.current.get();
    control::Status status;
    status.version = POSTERN_VERSION;
    status.pid = static_cast<std::uint64_t>(::getpid());
    status.started = engine_.started;
    status.policy_file = engine_.policy_file;
    status.policy_loaded = engine_.policy_loaded;
    status.policy_stale = engine_.policy_stale;
    if (status.policy_stale.size() > most_mistakes_told) status.policy_stale.resize(most_mistakes_told);
    status.warnings = warnings_of(engine_, *policy, now);
    for (const WorkerThread& each : engine_.workers) add_queue(*each.worker, status);
    const Fill fill = fill_of(engine_.tables);
    status.grants = {fill.grants, engine_.tables.sizes().grants};
    status.flows = {fill.flows, engine_.tables.sizes().flows};
    status.log = {engine_.settings.log_file, engine_.journal.written(), engine_.journal.lost()};
    status.ruleset = engine_.ruleset;
    status.guarded = engine_.guard.sentence(now);
    return status;
}

std::vector<control::GrantRow> ControlService::grants() {
    std::vector<control::GrantRow> rows;
    const auto policy = engine_.current.get();
    const SteadyTime now = io::now().steady;
    for (const Grant& grant : grants_in(engine_.tables)) {
        const std::uint16_t left = engine_.tables.client(grant.client).flows.left(grant.counter);
        rows.push_back({static_cast<std::uint64_t>(grant.id), client_name(*policy, grant.client),
                        service_name(*policy, grant.service), to_text(grant.source), grant.source_port,
                        milliseconds(grant.expires - now), left, state_of(grant, left, now)});
    }
    return rows;
}

std::vector<control::FlowRow> ControlService::flows() {
    std::vector<control::FlowRow> rows;
    const auto policy = engine_.current.get();
    const SteadyTime now = io::now().steady;
    for (const auto& [key, flow] : flows_in(engine_.tables))
        rows.push_back({control::flow_name(key), static_cast<std::uint64_t>(flow.grant),
                        client_name(*policy, flow.client), service_name(*policy, flow.service),
                        key.transport == Transport::tcp ? "tcp" : "udp", to_text(key.source), key.source_port,
                        to_text(key.destination), key.destination_port, milliseconds(now - flow.opened), flow.accepts});
    return rows;
}

Result<control::RevokeReport> ControlService::revoke(const control::RevokeRequest& request) {
    return postern::revoke(engine_, request);
}

Result<control::ReloadReport> ControlService::reload() { return postern::reload(engine_); }

void ControlService::guard(const control::GuardReport& report) {
    if (auto event = engine_.guard.hear(report, io::now())) engine_.tell(std::move(*event));
}

Result<std::string> ControlService::state() {
    const auto state = engine_.keeper->exact();
    if (!state) return failure(engine_.keeper->report().trouble);
    return store::to_document(*state);
}

Result<control::RulesetReport> ControlService::ruleset() { return take_ruleset(engine_); }

}  // namespace postern
