// A service that answers with fixed reports and remembers what it was asked.
#pragma once

#include <optional>

#include "control/service.h"

namespace postern::test {

struct FakeService : control::Service {
    control::Status status_report;
    std::vector<control::GrantRow> grant_rows;
    std::vector<control::FlowRow> flow_rows;
    Result<control::RevokeReport> revoke_report = control::RevokeReport{};
    Result<control::ReloadReport> reload_report = control::ReloadReport{};
    Result<control::RulesetReport> ruleset_report = control::RulesetReport{7, 1, 0, 1};
    std::string state_document = "{}";
    std::vector<std::string> asked;
    std::optional<control::RevokeRequest> revoked;
    control::GuardReport told;

    control::Status status() override { return asked.emplace_back("status"), status_report; }
    std::vector<control::GrantRow> grants() override { return asked.emplace_back("grants"), grant_rows; }
    std::vector<control::FlowRow> flows() override { return asked.emplace_back("flows"), flow_rows; }
    Result<control::RevokeReport> revoke(const control::RevokeRequest& request) override {
        asked.emplace_back("revoke");
        revoked = request;
        return revoke_report;
    }
    Result<control::ReloadReport> reload() override { return asked.emplace_back("reload"), reload_report; }
    void guard(const control::GuardReport& report) override {
        asked.emplace_back("guard");
        told = report;
    }
    Result<control::RulesetReport> ruleset() override { return asked.emplace_back("ruleset"), ruleset_report; }
    Result<std::string> state() override { return asked.emplace_back("state"), state_document; }
};

inline control::Status sample_status() {
    control::Status status;
    status.version = "0.1.0";
    status.pid = 4711;
    status.started = wall_time(1795251600);
    status.policy_file = "/etc/postern/postern.yaml";
    status.policy_loaded = wall_time(1795251600) + std::chrono::microseconds{250};
    status.queues = {{0, 10, 2, 1, 0, 0, 12, {{"no_grant", 9}, {"spa_accepted", 1}}},
                     {1, 0, 0, std::nullopt, 0, 0, 0, {}}};
    status.verdicts = {{"no_grant", 9}, {"spa_accepted", 1}};
    status.grants = {1, 65536};
    status.flows = {0, 131072};
    status.log = {"/var/log/postern/verdicts.json", 17, 0};
    status.guarded = "packets arrive from the rules";
    status.warnings = {"queue 0 lost 2 packets"};
    return status;
}

}  // namespace postern::test
