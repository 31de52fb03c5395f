#include "life.h"

#include <algorithm>

#include "gate/decide.h"
#include "gate/entitled.h"
#include "gate/inventory.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration longest_batch = 3ms;
constexpr Duration unconfirmed = 10s;  // as posternd/ending.cc has it

SipKey key_of(Dice& dice) {
    SipKey key{};
    dice.fill(key);
    return key;
}

}  // namespace

Life::Life(const LifeSettings& settings, const Plan& plan, const People& people, const StatePlace& place, bool fresh,
           const Clocks& clocks, Dice dice, Court& court, const Lies& lies)
    : settings_{settings},
      people_{people},
      clocks_{clocks},
      directory_{place.directory},
      dice_{dice},
      court_{court},
      lies_{lies},
      held_{compile(plan, people, names_, 1)},
      tables_{settings.sizes, key_of(dice_)},
      current_{held_} {
    tables_.enroll(*held_);
    for (const Client& client : held_->clients) ids_[client.name] = client.id;
    for (const Knock& knock : held_->knocks) ids_[knock.identity.name] = knock.identity.id;
    keeper_ = std::make_unique<Keeper>(tables_, current_, place);
    SpentMarkers markers;
    if (fresh) markers.keys = {held_->gateway.keys.front().pair.public_key};
    keeper_->begin(markers, clocks_.gate());
    const SipKey ledger_key = key_of(dice_);
    for (unsigned i = 0; i < settings.workers; ++i)
        workers_.push_back({held_,
                            {held_->gateway.name, held_->gateway.keys, held_->gateway.skew},
                            {static_cast<std::uint16_t>(i), ledger_key, settings.ledger},
                            {},
                            {},
                            {},
                            0});
}

Life::Worker& Life::worker_of(const IpAddress& source) {
    return workers_[siphash(SipKey{7}, source.octets) % workers_.size()];
}

void Life::begin_batch(Worker& worker) {
    worker.now = clocks_.gate();
    worker.batch_ends = worker.now.steady + dice_.between(0ms, longest_batch);
    if (current_.newer_than(*worker.policy)) {
        worker.policy = current_.get();
        const Gateway& gateway = worker.policy->gateway;
        worker.opener = spa::Opener{gateway.name, gateway.keys, gateway.skew};
    }
    worker.opener.set_time(worker.now.wall);
}

Decision Life::judge(const Packet& packet) {
    Worker& worker = worker_of(packet.view.source);
    if (worker.batch_ends <= clocks_.steady()) begin_batch(worker);
    Decision decision = decide(packet.view, worker.now, *worker.policy, tables_, worker.opener);
    if (lies_.verdict) lies_.verdict(packet, decision);
    if (!lies_.lose_notes || !dice_.chance(1)) note(worker, packet, decision);
    ++worker.tally.judged;
    court_.tell(&Witness::judged, Judged{packet, decision, worker.now, *worker.policy});
    return decision;
}

void Life::note(Worker& worker, const Packet& packet, const Decision& decision) {
    const auto event = worker.ledger.note(packet.view, decision, worker.now, worker.policy);
    if (!event) return;
    if (pushes(worker))
        ++worker.tally.lines;
    else
        worker.ledger.take_back(*event);
}

bool Life::pushes(Worker& worker) { return ++worker.pushed % 3 != 0 || !settings_.narrow_log; }

void Life::flush(Worker& worker) {
    bool whole = true;
    worker.ledger.flush(clocks_.gate(), [&](const log::Event& event) {
        const bool taken = pushes(worker);
        if (taken) worker.tally.counted += event.count;
        whole &= taken;
        return taken;
    });
    if (whole) court_.tell(&Witness::tallied, worker.tally);
}

void Life::look() {
    const Instant now = clocks_.gate();
    keeper_->look(now);
    if (lies_.move_lists != 0) move_lists();
    (void)sweep(now, *held_, tables_);
    end_flows_over();
    for (Worker& worker : workers_)
        if (worker.ledger.due(now.steady)) flush(worker);
    court_.tell(&Witness::looked, now, *held_);
    report_held();
}

void Life::report_held() {
    Held held{fill_of(tables_), settings_.sizes, 0, held_->clients.size()};
    if (lies_.swell) held.fill.flows += settings_.sizes.flows;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator{directory_, gone}) held.on_disk += entry.file_size();
    court_.tell(&Witness::held, held);
}

void Life::move_lists() {
    for (const Knock& knock : held_->knocks) {
        if (!knock.list) continue;
        knock::LineCounter& counter = tables_.client(knock.identity.id).lines;
        const auto at = counter.close();
        const auto next =
            std::clamp<std::int64_t>(std::int64_t{at.next} + lies_.move_lists, 0, std::ssize(knock.list->lines));
        counter.open({at.list, static_cast<std::uint32_t>(next), static_cast<std::uint32_t>(next) + 2});
    }
}

void Life::end_flows_over() {
    const Instant now = clocks_.gate();
    (void)end_flows(tables_, [&](const NamedFlow& named) { return ending_of(named, now, *held_); });
}

void Life::reload(const Plan& plan) {
    held_ = compile(plan, people_, names_, held_->generation + 1);
    for (const Client& client : held_->clients) ids_[client.name] = client.id;
    for (const Knock& knock : held_->knocks) ids_[knock.identity.name] = knock.identity.id;
    tables_.enroll(*held_);
    current_.publish(held_);
    end_flows_over();
    court_.tell(&Witness::reloaded, clocks_.gate(), *held_);
}

bool Life::end() {
    const bool ended = keeper_->end().has_value();
    settings_.narrow_log = false;
    for (Worker& worker : workers_) flush(worker);
    return ended;
}

void Life::revoke(const std::string& client) {
    const auto id = ids_.find(client);
    if (id == ids_.end()) return;
    (void)take_grants(tables_, [&](const Grant& grant) { return grant.client == id->second; });
    (void)end_flows(tables_, Ending::revoked, [&](const NamedFlow& named) { return named.flow.client == id->second; });
    court_.tell(&Witness::revoked, clocks_.gate(), client);
}

void Life::over(const FlowKey& key) {
    if (const auto flow = find_flow(tables_, key)) (void)take_flow(tables_, key, flow->opened);
}

void Life::end_in_kernel(const std::function<bool(const FlowKey&)>& set_mark) {
    for (const NamedFlow& named : ended_flows_in(tables_))
        if (set_mark(named.key) || clocks_.steady() - named.flow.opened > unconfirmed)
            (void)take_flow(tables_, named.key, named.flow.opened);
}

}  // namespace postern::sim
