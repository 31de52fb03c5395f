#include "posternd/flow_watch.h"

#include <algorithm>

#include "gate/inventory.h"
#include "io/clock.h"
#include "log/ends.h"
#include "posternd/ending.h"

namespace postern {
namespace {

constexpr Duration between_comparisons = std::chrono::minutes{1};
constexpr Duration without_events = std::chrono::seconds{5};
constexpr Duration settling_in = std::chrono::seconds{5};  // for a dump: the kernel has confirmed the flow's entry
constexpr Duration confirmed = std::chrono::seconds{1};    // for one look-up: so it has, unless it never will
constexpr std::size_t most_suspects = 4096;                // from there on one dump is cheaper

FlowKey key_of(const netfilter::Connection& connection) {
    constexpr std::uint8_t tcp = 6;
    return {connection.protocol == tcp ? Transport::tcp : Transport::udp, connection.source, connection.destination,
            connection.source_port, connection.destination_port};
}

void tell_closed(Engine& engine, const NamedFlow& over, WallTime now) {
    engine.tell(log::flow_event(over, engine.current.get(), now));
}

// Whether a connection of ours by that tuple is there. Where nobody can say, it is.
bool lives(Engine& engine, const FlowKey& key) {
    const auto mark = engine.conntrack.mark_of(connection_of(key));
    engine.conntrack_trouble = mark ? std::string{} : mark.error().text;
    return !mark || (*mark && is_accepted(engine.current.get()->gateway.mark.of(**mark)));
}

}  // namespace

FlowWatch::FlowWatch(Engine& engine)
    : engine_{engine}, unsure_until_{io::now().steady + settling_in + without_events} {}

int FlowWatch::descriptor() const noexcept {
    return engine_.conntrack_events ? engine_.conntrack_events->descriptor() : -1;
}

void FlowWatch::take_events() {
    const Instant now = io::now();
    auto batch = engine_.conntrack_events->receive();
    if (!batch) {
        engine_.warnings.push_back(batch.error().text + "; flows are compared with conntrack every 5 seconds");
        engine_.conntrack_events.reset();
        return;
    }
    if (batch->overrun) {
        engine_.tell(log::engine_event(log::What::events_lost, "connections end faster than we read of it", now.wall));
        compare_soon_ = true;
        unsure_until_ = now.steady + settling_in + without_events;
    }
    for (const auto& event : batch->events) suspects_.push_back(key_of(event.connection));
    look_at_suspects(now);
}

void FlowWatch::tick(Instant now) {
    look_at_suspects(now);
    const bool events =
        engine_.conntrack_events && netfilter::conntrack_reports_events() && now.steady >= unsure_until_;
    const Duration patience = events ? between_comparisons : without_events;
    if (compare_soon_ || now.steady - compared_ >= patience) compare(now);
}

void FlowWatch::look_at_suspects(Instant now) {
    if (suspects_.size() > most_suspects) {
        suspects_.clear();
        compare_soon_ = true;
    }
    std::erase_if(suspects_, [&](const FlowKey& key) {
        const auto flow = find_flow(engine_.tables, key);
        if (!flow) return true;
        if (now.steady - flow->opened < confirmed) return false;
        if (lives(engine_, key)) return true;
        if (const auto over = take_flow(engine_.tables, key, flow->opened)) tell_closed(engine_, *over, now.wall);
        return true;
    });
}

// A flow is over when the kernel knows no connection with our mark by its tuple any more.
void FlowWatch::compare(Instant now) {
    compared_ = now.steady;
    compare_soon_ = false;
    if (fill_of(engine_.tables).flows == 0) return;
    const MarkField field = engine_.current.get()->gateway.mark;
    auto alive = engine_.conntrack.marked([&](std::uint32_t mark) { return is_accepted(field.of(mark)); });
    engine_.conntrack_trouble = alive ? std::string{} : alive.error().text;
    if (!alive) return;
    std::ranges::sort(*alive);
    const auto over = take_flows(engine_.tables, [&](const NamedFlow& named) {
        return now.steady - named.flow.opened >= settling_in &&
               !std::ranges::binary_search(*alive, connection_of(named.key));
    });
    for (const NamedFlow& named : over) tell_closed(engine_, named, now.wall);
}

}  // namespace postern
