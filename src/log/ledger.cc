// The rules that keep the log exact and bounded; how a line looks is in event.cc.
#include "log/ledger.h"

#include <algorithm>

namespace postern::log {
namespace {

// A grant made and a grant used: as many as members cause, never as many as strangers wish. Of a knock, which anybody
// may know, as many in a window as it has attempts.
bool has_own_line(Reason reason) noexcept {
    return reason == Reason::spa_accepted || reason == Reason::knock_opened || reason == Reason::grant_active;
}

}  // namespace

Ledger::Ledger(std::uint16_t queue, const SipKey& key, LedgerLimits limits)
    : queue_{queue}, limits_{limits}, rows_{limits.rows, KeyHash{key}} {}

std::uint64_t Ledger::KeyHash::operator()(const Key& row) const noexcept {
    std::array<std::uint8_t, 20> bytes{};
    const auto end = std::copy(row.source.octets.begin(), row.source.octets.end(), bytes.begin());
    const auto client = big_endian(static_cast<std::uint16_t>(row.client));
    end[0] = static_cast<std::uint8_t>(row.source.family);
    end[1] = static_cast<std::uint8_t>(row.reason);
    std::copy(client.begin(), client.end(), end + 2);
    return siphash(key, bytes);
}

std::optional<Event> Ledger::note(const PacketView& packet, const Decision& decision, Instant now,
                                  const PolicyPointer& policy) {
    if (has_own_line(decision.reason)) return verdict(packet, decision, now.wall, policy);
    const Key key{packet.source, decision.reason, decision.client};
    if (Row* row = rows_.find(key)) {
        ++row->count;
        return std::nullopt;
    }
    const bool speaks = rows_.size() < rows_.capacity() && may_speak(now.steady);
    if (!speaks) {
        count(key, decision, policy);
        return std::nullopt;
    }
    rows_.insert(key, Row{0, decision.verdict, policy, false});
    return verdict(packet, decision, now.wall, policy);
}

void Ledger::take_back(const Event& event) {
    count({event.packet->source, event.decision.reason, event.decision.client}, event.decision, event.policy);
}

void Ledger::count(const Key& key, const Decision& decision, const PolicyPointer& policy) {
    Row* row = rows_.find(key);
    if (row == nullptr) row = rows_.insert(key, Row{0, decision.verdict, policy, false});
    if (row != nullptr) {
        ++row->count;
        return;
    }
    Overflow& overflow = overflow_[static_cast<std::size_t>(decision.reason)];
    overflow.decision.verdict = decision.verdict;
    overflow.decision.reason = decision.reason;
    ++overflow.count;
}

bool Ledger::may_speak(SteadyTime now) noexcept {
    if (now - second_ >= std::chrono::seconds{1}) {
        second_ = now;
        first_ = 0;
    }
    if (first_ >= limits_.first_lines) return false;
    ++first_;
    return true;
}

Event Ledger::verdict(const PacketView& packet, const Decision& decision, WallTime now,
                      const PolicyPointer& policy) const {
    Event event;
    event.time = now;
    event.packet = names_of(packet);
    event.decision = decision;
    event.queue = queue_;
    event.policy = policy;
    return event;
}

Event Ledger::repeats(const Key& key, const Row& row, WallTime now) const {
    Event event = repeats({row.count, {}}, now);
    event.packet.emplace().source = key.source;
    event.decision.verdict = row.verdict;
    event.decision.reason = key.reason;
    event.decision.client = key.client;
    event.policy = row.policy;
    return event;
}

Event Ledger::repeats(const Overflow& row, WallTime now) const {
    Event event;
    event.type = EventType::repeats;
    event.time = now;
    event.decision = row.decision;
    event.queue = queue_;
    event.count = row.count;
    return event;
}

}  // namespace postern::log
