#include "explain/explainer.h"

#include <netinet/in.h>

#include <algorithm>

#include "explain/header.h"
#include "explain/rules.h"
#include "gate/entitled.h"
#include "gate/inventory.h"
#include "gate/observe.h"
#include "log/ends.h"
#include "packet/parse.h"
#include "rules/numbers.h"

namespace postern::explain {
namespace {

constexpr std::size_t largest_packet = 65535 + 40;

// The end that a capture cut off, as zeros: headers can then be read as on the wire.
std::vector<std::uint8_t> filled_up(const Frame& frame) {
    std::vector<std::uint8_t> packet(frame.packet.begin(), frame.packet.end());
    packet.resize(std::clamp(frame.length, packet.size(), std::max(packet.size(), largest_packet)));
    return packet;
}

bool is_piece(const PacketView& view) noexcept { return view.more_fragments || view.fragment_offset > 0; }

bool is_one_host(const IpAddress& address) noexcept {
    if (address.family == Family::v6) return address.octets[0] != 0xff;
    return address.octets[0] < 0xe0;  // neither a group nor 255.255.255.255
}

bool holds(const std::vector<Prefix>& prefixes, const IpAddress& address) noexcept {
    return std::ranges::any_of(prefixes, [&](const Prefix& prefix) { return prefix.contains(address); });
}

Tuple tuple_of(const FlowKey& key) noexcept {
    return {key.protocol(), key.source, key.destination, key.source_port, key.destination_port};
}

FlowKey flow_of(const Tuple& tuple) noexcept {
    const Transport transport = tuple.protocol == IPPROTO_TCP ? Transport::tcp : Transport::udp;
    return {transport, tuple.source, tuple.destination, tuple.source_port, tuple.destination_port};
}

// The policy with its rules in force, as far as there are numbers for its forward_to.
std::shared_ptr<const Policy> applied(const std::shared_ptr<const Policy>& policy) {
    const auto plan = rules::plan_ruleset({}, *policy, {});
    return plan ? plan->policy : policy;
}

std::optional<Aside> without_a_look(const Frame& frame) {
    if (frame.packet.empty()) return Aside::not_ip;
    if (frame.direction == Direction::loopback) return Aside::not_guarded;
    if (frame.direction == Direction::other_host) return Aside::other_host;
    return std::nullopt;
}

}  // namespace

Explainer::Explainer(const std::shared_ptr<const Policy>& policy, Setting setting)
    : policy_{applied(policy)},
      setting_{std::move(setting)},
      tables_{{}, SipKey{}},
      opener_{policy_->gateway.name, policy_->gateway.keys, policy_->gateway.skew} {
    tables_.enroll(*policy_);
}

Explanation Explainer::explain(const Frame& frame) {
    const Instant now = clock_.at(frame.time);
    let_time_pass(now);
    Explanation explanation;
    explanation.number = ++number_;
    explanation.event.time = now.wall;
    explanation.event.policy = policy_;
    explanation.aside = consider(frame, now, explanation.event);
    return explanation;
}

std::vector<log::Event> Explainer::take_ends() { return std::exchange(ends_, {}); }

// The daemon looks once a second; a capture's quiet hours take one look.
void Explainer::let_time_pass(Instant now) {
    opener_.set_time(now.wall);
    if (now.steady - swept_ < std::chrono::seconds{1}) return;
    swept_ = now.steady;
    for (const Grant& grant : sweep(now, *policy_, tables_))
        ends_.push_back(log::grant_event(log::What::expired, grant, policy_, now.wall));
    close_flows(now);
    if (end_flows(tables_, [&](const NamedFlow& named) { return ending_of(named, now, *policy_); }) > 0)
        end_connections(now);
}

// Those whose connection the kernel knows no more; the daemon asks it a second after a flow's beginning at the
// earliest.
void Explainer::close_flows(Instant now) {
    const auto over = take_flows(tables_, [&](const NamedFlow& named) {
        return now.steady - named.flow.opened >= std::chrono::seconds{1} &&
               !connections_.knows(tuple_of(named.key), now.steady);
    });
    for (const NamedFlow& named : over) ends_.push_back(log::flow_event(named, policy_, now.wall));
}

// In the kernel, too: by the connection's mark.
void Explainer::end_connections(Instant now) {
    const auto ended = take_flows(tables_, [](const NamedFlow& named) { return named.flow.ended(); });
    for (const NamedFlow& named : ended) {
        connections_.revoke(tuple_of(named.key), now.steady);
        ends_.push_back(log::flow_event(named, policy_, now.wall));
    }
}

// A flow whose time is over ends with its next packet, whoever sends it, and not only at the next look at all of them.
bool Explainer::end_if_over(const Tuple& tuple, Instant now) {
    const FlowKey key = flow_of(tuple);
    const auto flow = find_flow(tables_, key);
    const Ending ending = flow ? ending_of({key, *flow}, now, *policy_) : Ending::none;
    if (ending == Ending::none) return false;
    (void)end_flows(tables_, ending, [&](const NamedFlow& named) { return named.key == key; });
    end_connections(now);
    return true;
}

Tracked Explainer::track(const PacketView& view, Bytes packet, Instant now) {
    if (rules::is_dhcp_reply(view)) return {Tracking::untracked};
    Tracked tracked = connections_.look(view, packet, now.steady);
    if (tracked.accepted && tracked.tuple && end_if_over(*tracked.tuple, now)) tracked.revoked = true;
    return tracked;
}

bool Explainer::is_ours(const IpAddress& address) const {
    if (!is_one_host(address) || holds(setting_.behind, address)) return false;
    return setting_.local.empty() || holds(setting_.local, address);
}

// Why it did not come in over a guarded interface; nothing where it did.
std::optional<Aside> Explainer::from_within(const Frame& frame, const PacketView& view) const {
    using enum Direction;
    if (frame.direction == outgoing) return Aside::outgoing;
    const bool behind = holds(setting_.behind, view.source);
    if (frame.direction == incoming) return behind ? std::optional{Aside::not_guarded} : std::nullopt;
    const bool sent = behind || (!setting_.local.empty() && is_ours(view.source));
    return sent ? std::optional{Aside::outgoing} : std::nullopt;
}

std::optional<Aside> Explainer::consider(const Frame& frame, Instant now, log::Event& event) {
    if (const auto aside = without_a_look(frame)) return aside;
    std::vector<std::uint8_t> packet = filled_up(frame);
    PacketView view = parse(packet);
    event.packet = log::names_of(view);
    cut_ = packet.size() > frame.packet.size();
    if (!kernel_takes(packet)) return Aside::bad_header;
    if (is_piece(view)) {
        if (is_cut_short(packet, view)) return Aside::invalid;
        auto whole = fragments_.take(packet, view, now.steady);
        if (!whole) return Aside::incomplete;
        packet = std::move(*whole);
        view = parse(packet);
        event.packet = log::names_of(view);
    }
    if (const auto aside = from_within(frame, view)) {
        connections_.pass(track(view, packet, now), now.steady);
        return aside;
    }
    view.local = is_ours(view.destination);
    return judge(view, packet, now, event);
}

std::optional<Aside> Explainer::judge(PacketView view, Bytes packet, Instant now, log::Event& event) {
    const Tracked tracked = track(view, packet, now);
    const auto origin = holds(setting_.ipsec, view.source) ? rules::Origin::ipsec : rules::Origin::wire;
    if (const auto aside = passed_by(view, tracked, *policy_, origin)) {
        if (aside != Aside::invalid) connections_.pass(tracked, now.steady);
        return aside;
    }
    if (const auto aside = unreadable(view)) return aside;
    view.observing = policy_->gateway.observe;
    const Decision decision = observed(decide(view, now, *policy_, tables_, opener_), view, *policy_);
    if (lacks_key(view, decision.reason)) return Aside::no_key;
    if (decision.lets_in()) connections_.accept(tracked, now.steady);
    if (decision.ends_flows) end_connections(now);
    event.decision = decision;
    return std::nullopt;
}

std::optional<Aside> Explainer::unreadable(const PacketView& view) const {
    const bool spa = policy_->listens(view);
    return spa && cut_ ? std::optional{Aside::cut} : std::nullopt;
}

// A key that is not here can be the one that would have recognised or opened the message.
bool Explainer::lacks_key(const PacketView& view, Reason reason) const {
    if (!policy_->listens(view)) return false;
    if (setting_.gateway_key_missing && (reason == Reason::spa_sieve || reason == Reason::spa_tag)) return true;
    return setting_.preshared_key_missing && (reason == Reason::spa_unauthentic || reason == Reason::spa_copy);
}

}  // namespace postern::explain
