#include "control/text.h"

#include <algorithm>

#include "base/printable.h"
#include "base/timestamp.h"
#include "base/verdict.h"
#include "control/table.h"

namespace postern::control {
namespace {

using detail::table;
using detail::TableRow;

std::string text(std::uint64_t number) { return std::to_string(number); }

// 2026-11-21 09:00:00 UTC
std::string second_of(WallTime time) {
    std::string stamp = postern::to_text(time);
    stamp[10] = ' ';
    return stamp.substr(0, 19) + " UTC";
}

// The two largest units: 1d 2h, 3m 20s, 12s.
std::string span_of(std::int64_t seconds) {
    const auto pair = [](std::int64_t high, const char* one, std::int64_t low, const char* other) {
        return std::to_string(high) + one + ' ' + std::to_string(low) + other;
    };
    if (seconds >= 86400) return pair(seconds / 86400, "d", seconds % 86400 / 3600, "h");
    if (seconds >= 3600) return pair(seconds / 3600, "h", seconds % 3600 / 60, "m");
    if (seconds >= 60) return pair(seconds / 60, "m", seconds % 60, "s");
    return std::to_string(seconds) + 's';
}

std::string counted(std::uint64_t count, const std::string& noun) {
    return text(count) + ' ' + noun + (count == 1 ? "" : "s");
}

std::string usage(const Usage& usage) { return text(usage.used) + " of at most " + text(usage.limit); }

// Empty where the files are what is in force.
std::string stale(const Status& status) {
    if (status.policy_stale.empty()) return "";
    std::string lines = "        policy_stale: the files have mistakes, the last good policy is in force\n";
    for (const std::string& mistake : status.policy_stale) lines += "        " + printable(mistake) + "\n";
    return lines;
}

std::string heading(const Status& status) {
    const std::string log = status.log.file.empty() ? "standard output" : status.log.file;
    return printable("posternd " + status.version + ", process " + text(status.pid) + ", since " +
                     second_of(status.started)) +
           "\n" + printable("policy  " + status.policy_file + ", read " + second_of(status.policy_loaded)) + "\n" +
           stale(status) + printable("rules   " + status.guarded + "; generation " + text(status.ruleset)) + "\n" +
           "grants  " + usage(status.grants) + "\n" + "flows   " + usage(status.flows) + "\n" +
           printable("log     " + log + ", " + counted(status.log.written, "line") + " written, " +
                     text(status.log.lost) + " lost") +
           "\n";
}

std::string queues_table(const std::vector<QueueStatus>& queues) {
    std::vector<TableRow> rows{{"QUEUE", "RECEIVED", "LOST", "QUEUE FULL", "STALE VERDICTS", "ERRORS", "LAST ID"}};
    for (const QueueStatus& queue : queues)
        rows.push_back({text(queue.number), text(queue.received), text(queue.lost),
                        queue.queue_full ? text(*queue.queue_full) : "?", text(queue.stale_verdicts),
                        text(queue.netlink_errors), text(queue.last_id)});
    return table(rows);
}

std::string meaning_of(const std::string& reason) {
    for (const auto& row : postern::detail::reason_rows)
        if (row.word == reason) return std::string{row.meaning};
    return "";  // a newer daemon's
}

// The most frequent first.
std::string verdicts_table(const std::map<std::string, std::uint64_t>& verdicts) {
    std::vector<std::pair<std::string, std::uint64_t>> sorted(verdicts.begin(), verdicts.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    std::vector<TableRow> rows{{"PACKETS", "REASON", "MEANING"}};
    for (const auto& [reason, count] : sorted) rows.push_back({text(count), reason, meaning_of(reason)});
    return table(rows);
}

std::string port_of(std::uint16_t port) { return port == 0 ? "any" : text(port); }

std::string expiry(const GrantRow& grant) {
    const std::int64_t seconds = grant.expires_in_ms / 1000;
    return grant.expires_in_ms < 0 ? span_of(-seconds) + " ago" : "in " + span_of(seconds);
}

}  // namespace

std::string to_text(const Status& status) {
    std::string all = heading(status) + '\n' + queues_table(status.queues);
    if (!status.verdicts.empty()) all += '\n' + verdicts_table(status.verdicts);
    if (!status.warnings.empty()) all += '\n';
    for (const std::string& warning : status.warnings) all += printable("warning: " + warning) + '\n';
    return all;
}

std::string to_text(const std::vector<GrantRow>& grants) {
    if (grants.empty()) return "no grants\n";
    std::vector<TableRow> rows{{"GRANT", "CLIENT", "SERVICE", "SOURCE", "PORT", "STATE", "EXPIRES", "FLOWS LEFT"}};
    for (const GrantRow& grant : grants)
        rows.push_back({text(grant.id), grant.client, grant.service, grant.source, port_of(grant.source_port),
                        grant.state, expiry(grant), text(grant.flows_left)});
    return table(rows);
}

std::string to_text(const std::vector<FlowRow>& flows) {
    if (flows.empty()) return "no flows\n";
    std::vector<TableRow> rows{{"FLOW", "GRANT", "CLIENT", "SERVICE", "AGE", "ACCEPTS"}};
    for (const FlowRow& flow : flows)
        rows.push_back(
            {flow.id, text(flow.grant), flow.client, flow.service, span_of(flow.age_ms / 1000), text(flow.accepts)});
    return table(rows);
}

std::string to_text(const RevokeReport& report) {
    return "ended " + counted(report.grants, "grant") + " and " + counted(report.flows, "flow") + '\n';
}

std::string to_text(const ReloadReport& report) {
    std::string all = "reloaded: " + counted(report.clients, "client") + ", " + counted(report.services, "service");
    all += '\n';
    for (const std::string& warning : report.warnings) all += printable("warning: " + warning) + '\n';
    return all;
}

}  // namespace postern::control
