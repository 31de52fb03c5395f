#include "observers.h"

#include <iomanip>
#include <ostream>

#include "plan.h"

namespace postern::sim {
namespace {

class Trace : public Witness {
public:
    explicit Trace(std::ostream& out) : out_{out} {}

    void judged(const Judged& judged) override {
        const Decision& decision = judged.decision;
        at(judged.now) << to_text(judged.packet) << ": " << word(decision.verdict) << " " << word(decision.reason)
                       << " " << name_of(judged.policy, decision.client) << " "
                       << name_of(judged.policy, decision.service) << "\n";
    }
    void lived(Instant now, const Policy&, End before) override {
        at(now) << "* a process begins" << how(before) << "\n";
    }
    void died(Instant now, const Policy&, End end) override { at(now) << "* a process ends" << how(end) << "\n"; }
    void clock_set(Instant now, Duration by) override {
        at(now) << "* the clock was set by " << std::chrono::duration<double>(by).count() << " s\n";
    }
    void reloaded(Instant now, const Policy& policy) override {
        at(now) << "* reloaded: " << policy.clients.size() << " clients, skew "
                << std::chrono::duration<double>(policy.gateway.skew).count() << " s\n";
    }
    void revoked(Instant now, const std::string& client) override { at(now) << "* revoked " << client << "\n"; }

private:
    std::ostream& at(Instant now) {
        const auto since = std::chrono::duration<double>(now.steady - SteadyTime{std::chrono::hours{1}});
        const auto wall = std::chrono::duration<double>(now.wall - wall_time(1'800'057'600));
        return out_ << std::fixed << std::setprecision(6) << since.count() << " (" << wall.count() << ") ";
    }
    static const char* how(End end) {
        return end == End::crash ? ", a crash" : end == End::in_order ? ", in order" : "";
    }

    std::ostream& out_;
};

class Account : public Witness {
public:
    explicit Account(Outcome& outcome) : outcome_{outcome} {}

    void lived(Instant, const Policy&, End) override { ++outcome_.lives; }
    void judged(const Judged& judged) override {
        const PacketView& view = judged.packet.view;
        const Decision& decision = judged.decision;
        ++outcome_.packets;
        if (decision.lets_in()) ++outcome_.accepted;
        if (decision.reason == Reason::spa_accepted) ++outcome_.grants;
        add(static_cast<std::uint64_t>(judged.now.steady.time_since_epoch().count()));
        add(static_cast<std::uint64_t>(judged.now.wall.time_since_epoch().count()));
        for (const std::uint8_t octet : view.source.octets) add(octet);
        add(static_cast<std::uint64_t>(view.source_port) << 16 | view.destination_port);
        add(static_cast<std::uint64_t>(decision.verdict) << 8 | static_cast<std::uint64_t>(decision.reason));
        add(static_cast<std::uint64_t>(decision.client) << 16 | static_cast<std::uint64_t>(decision.service));
        add(static_cast<std::uint64_t>(decision.grant));
    }

private:
    // FNV-1a over words.
    void add(std::uint64_t value) { outcome_.digest = (outcome_.digest ^ value) * 0x100000001b3; }

    Outcome& outcome_;
};

}  // namespace

std::shared_ptr<Witness> trace(std::ostream& out) { return std::make_shared<Trace>(out); }

std::shared_ptr<Witness> account(Outcome& outcome) {
    outcome.digest = 0xcbf29ce484222325;
    return std::make_shared<Account>(outcome);
}

}  // namespace postern::sim
