#include "host.h"

#include "store/state.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// How long packets like the first may still wait in another queue: of UDP, until it is answered.
constexpr Duration twins(Transport transport) { return transport == Transport::tcp ? Duration{300ms} : Duration{4s}; }

void forget_lines(const fs::path& directory) {
    auto file = store::StateFile::open(directory);
    auto state = file->read();
    if (!*state) return;
    (*state)->lines.clear();
    (void)file->save(**state);
}

}  // namespace

Host::Host(Agenda& agenda, Clocks& clocks, const People& people, const LifeSettings& settings, Dice dice, Court& court,
           const Lies& lies)
    : agenda_{agenda},
      clocks_{clocks},
      people_{people},
      settings_{settings},
      dice_{dice},
      court_{court},
      lies_{lies},
      directory_{scratch_.path() / "0"} {
    fs::create_directory(directory_);
}

void Host::arrive(const Packet& packet) {
    if (passes_by(packet) || !life_) return;
    const Decision decision = life_->judge(packet);
    if (decision.lets_in()) let_in(packet);
    if (decision.ends_flows) agenda_.in(1ms, [this] { end_in_kernel(); });
}

// Whether the kernel answers it alone.
bool Host::passes_by(const Packet& packet) {
    const auto found = connections_.find(flow_of(packet.view));
    if (found == connections_.end()) return false;
    const bool twin = clocks_.steady() - found->second.began < twins(packet.view.transport);
    return found->second.revoked || !twin || dice_.chance(50);
}

void Host::let_in(const Packet& packet) {
    if (packet.wish) packet.wish->let_in = true;
    const FlowKey key = flow_of(packet.view);
    const SteadyTime began = clocks_.steady();
    if (!connections_.try_emplace(key, Connection{began}).second) return;
    agenda_.in(dice_.between(1100ms, 90s), [this, key, began] { end_connection(key, began); });
}

// Most ends are told at once; some only the minute's comparison finds.
void Host::end_connection(const FlowKey& key, SteadyTime began) {
    const auto found = connections_.find(key);
    if (found == connections_.end() || found->second.began != began) return;
    connections_.erase(found);
    agenda_.in(dice_.chance(90) ? dice_.between(0ms, 20ms) : dice_.between(0s, 60s), [this, key] {
        if (life_ && !connections_.contains(key)) life_->over(key);
    });
}

void Host::end_in_kernel() {
    if (!life_) return;
    life_->end_in_kernel([&](const FlowKey& key) {
        const auto found = connections_.find(key);
        if (found != connections_.end()) found->second.revoked = true;
        return found != connections_.end();
    });
}

void Host::start() {
    if (life_) return;
    const StatePlace place{directory_, settings_.anchor ? scratch_.path() / "anchor" : fs::path{}};
    life_ = std::make_unique<Life>(settings_, plan_, people_, place, fresh_, clocks_, dice_.split(), court_, lies_);
    fresh_ = false;
    court_.tell(&Witness::lived, clocks_.gate(), life_->policy(), last_);
}

void Host::die(End how) {
    last_ = how;
    court_.tell(&Witness::died, clocks_.gate(), life_->policy(), how);
    life_.reset();
}

void Host::stop() {
    if (!life_) return;
    if (!life_->end()) court_.complain("the end in order failed: the state could not be written");
    die(End::in_order);
}

// Closing a database tidies it up, which no crash does: so the next process gets a copy from before.
void Host::crash() {
    if (life_) move_to(directory_);
}

void Host::crash_onto_copy() {
    const fs::path copy = scratch_.path() / "copy";
    if (life_) move_to(fs::exists(copy) ? copy : directory_);
}

void Host::move_to(const fs::path& source) {
    const fs::path next = scratch_.path() / std::to_string(++directories_);
    if (lies_.forget_after_crash)
        fs::create_directory(next), fresh_ = true;
    else
        fs::copy(source, next);
    if (lies_.forget_lines) forget_lines(next);
    die(End::crash);
    fs::remove_all(directory_);
    directory_ = next;
}

void Host::take_copy() {
    const fs::path copy = scratch_.path() / "copy";
    fs::remove_all(copy);
    if (life_) fs::copy(directory_, copy);
}

void Host::plan(const Plan& plan) {
    plan_ = plan;
    if (!life_) return;
    life_->reload(plan_);
    end_in_kernel();
}

void Host::revoke(const std::string& client) {
    if (!life_) return;
    life_->revoke(client);
    end_in_kernel();
}

void Host::step_clock(Duration by) {
    clocks_.step(by);
    court_.tell(&Witness::clock_set, clocks_.gate(), by);
}

void Host::look() {
    if (!life_) return;
    life_->look();
    end_in_kernel();
}

}  // namespace postern::sim
