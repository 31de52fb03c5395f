// The daemon's answers to posternctl. Runs on the main thread; never on the path of a packet.
#pragma once

#include "control/service.h"
#include "posternd/engine.h"

namespace postern {

class ControlService final : public control::Service {
public:
    explicit ControlService(Engine& engine) : engine_{engine} {}

    [[nodiscard]] control::Status status() override;
    [[nodiscard]] std::vector<control::GrantRow> grants() override;
    [[nodiscard]] std::vector<control::FlowRow> flows() override;
    [[nodiscard]] Result<control::RevokeReport> revoke(const control::RevokeRequest& request) override;
    [[nodiscard]] Result<control::ReloadReport> reload() override;
    void guard(const control::GuardReport& report) override;
    [[nodiscard]] Result<control::RulesetReport> ruleset() override;
    [[nodiscard]] Result<std::string> state() override;

private:
    Engine& engine_;
};

}  // namespace postern
