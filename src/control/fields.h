// Inside of control/: the members of every report, each listed once and used in both directions.
//
// `fields(report, visit)` calls visit(name, member) for each; a const report is written, another one is read.
#pragma once

#include <concepts>
#include <type_traits>

#include "control/messages.h"

namespace postern::control::detail {

template <class T, class U>
concept Is = std::same_as<std::remove_const_t<T>, U>;

template <Is<QueueStatus> Report, class Visit>
void fields(Report& queue, Visit&& visit) {
    visit("number", queue.number);
    visit("received", queue.received);
    visit("lost", queue.lost);
    visit("queue_full", queue.queue_full);
    visit("stale_verdicts", queue.stale_verdicts);
    visit("netlink_errors", queue.netlink_errors);
    visit("last_id", queue.last_id);
    visit("verdicts", queue.verdicts);
}

template <Is<Usage> Report, class Visit>
void fields(Report& usage, Visit&& visit) {
    visit("used", usage.used);
    visit("limit", usage.limit);
}

template <Is<LogStatus> Report, class Visit>
void fields(Report& log, Visit&& visit) {
    visit("file", log.file);
    visit("written", log.written);
    visit("lost", log.lost);
}

template <Is<Status> Report, class Visit>
void fields(Report& status, Visit&& visit) {
    visit("version", status.version);
    visit("pid", status.pid);
    visit("started", status.started);
    visit("policy_file", status.policy_file);
    visit("policy_loaded", status.policy_loaded);
    visit("policy_stale", status.policy_stale);
    visit("queues", status.queues);
    visit("verdicts", status.verdicts);
    visit("grants", status.grants);
    visit("flows", status.flows);
    visit("log", status.log);
    visit("ruleset", status.ruleset);
    visit("guarded", status.guarded);
    visit("warnings", status.warnings);
}

template <Is<GrantRow> Report, class Visit>
void fields(Report& grant, Visit&& visit) {
    visit("id", grant.id);
    visit("client", grant.client);
    visit("service", grant.service);
    visit("source", grant.source);
    visit("source_port", grant.source_port);
    visit("expires_in_ms", grant.expires_in_ms);
    visit("flows_left", grant.flows_left);
    visit("state", grant.state);
}

template <Is<FlowRow> Report, class Visit>
void fields(Report& flow, Visit&& visit) {
    visit("id", flow.id);
    visit("grant", flow.grant);
    visit("client", flow.client);
    visit("service", flow.service);
    visit("proto", flow.proto);
    visit("source", flow.source);
    visit("source_port", flow.source_port);
    visit("destination", flow.destination);
    visit("destination_port", flow.destination_port);
    visit("age_ms", flow.age_ms);
    visit("accepts", flow.accepts);
}

template <Is<RevokeReport> Report, class Visit>
void fields(Report& report, Visit&& visit) {
    visit("grants", report.grants);
    visit("flows", report.flows);
    visit("failures", report.failures);
}

template <Is<ReloadReport> Report, class Visit>
void fields(Report& report, Visit&& visit) {
    visit("clients", report.clients);
    visit("services", report.services);
    visit("warnings", report.warnings);
}

template <Is<RulesetReport> Report, class Visit>
void fields(Report& report, Visit&& visit) {
    visit("generation", report.generation);
    visit("forwarded", report.forwarded);
    visit("waiting", report.waiting);
    visit("settled", report.settled);
}

// A report, and not one of the values that its members are made of.
template <class T>
concept HasFields = requires(T& report) {
    fields(report, [](const char*, auto&) {});
};

}  // namespace postern::control::detail
