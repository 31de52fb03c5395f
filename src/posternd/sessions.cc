#include "posternd/sessions.h"

#include <algorithm>

#include "gate/hand_over.h"
#include "io/boot.h"

namespace postern {
namespace {

constexpr std::uint8_t tcp = 6;
constexpr Duration between_tries = std::chrono::seconds{2};

FlowKey key_of(const store::KeptFlow& kept) {
    return {kept.protocol == tcp ? Transport::tcp : Transport::udp, kept.source, kept.destination, kept.source_port,
            kept.destination_port};
}

// Empty where the policy does not know whose it is: then it is about to end, or has.
std::string service_name(const Policy& policy, ServiceId id) {
    const Service* service = policy.service(id);
    return service ? service->name : std::string{};
}

store::KeptFlow kept(const NamedFlow& named, const Policy& policy) {
    const auto& [key, flow] = named;
    return {key.protocol(),
            key.source,
            key.destination,
            key.source_port,
            key.destination_port,
            policy.identity(flow.client),
            service_name(policy, flow.service),
            static_cast<std::uint64_t>(flow.grant),
            flow.opened,
            flow.initial_sequence,
            flow.accepts,
            static_cast<std::uint32_t>(flow.mark),
            static_cast<std::uint8_t>(flow.ending),
            flow.local};
}

store::KeptGrant kept(const PendingGrant& pending, const Policy& policy) {
    const Grant& grant = pending.grant;
    return {static_cast<std::uint64_t>(grant.id),
            policy.identity(grant.client),
            service_name(policy, grant.service),
            grant.source,
            grant.source_port,
            grant.expires,
            pending.attempt,
            grant.counter.attempt,
            grant.counter.service,
            grant.counter.generation,
            pending.flows_left};
}

// Whether it is the same flow in the same state. How many packets of it were let in is not worth a write.
bool same(const store::KeptFlow& a, const store::KeptFlow& b) { return a.opened == b.opened && a.ending == b.ending; }

Ending ending_of(std::uint8_t number) {
    return number <= static_cast<std::uint8_t>(Ending::close_knock) ? static_cast<Ending>(number) : Ending::none;
}

}  // namespace

void Sessions::begin(std::filesystem::path directory, Names& names, SteadyTime now) {
    directory_ = std::move(directory);
    const auto left = open(now);
    if (!left) return;
    for (const auto& flow : left->flows) enter(flow, names);
    if (!done(file_->keep({}))) return;  // handed over once, or not at all
    for (const auto& grant : left->grants) enter(grant, names, now);
}

std::optional<store::Sessions> Sessions::open(SteadyTime now) {
    if (now < try_again_) return std::nullopt;
    try_again_ = now + between_tries;
    auto file = store::SessionFile::open(directory_, io::boot_id());
    auto left = file.and_then([](store::SessionFile& opened) { return opened.read(); });
    if (!done(left ? store::Outcome<void>{} : tl::make_unexpected(left.error()))) return std::nullopt;
    for (const auto& flow : left->flows) kept_[key_of(flow)] = flow;
    file_ = std::move(*file);
    return std::move(*left);
}

void Sessions::enter(const store::KeptFlow& kept, Names& names) {
    Flow flow{GrantId{kept.grant},
              names.identity(kept.client),
              names.service(kept.service),
              kept.initial_sequence,
              kept.opened,
              kept.opened};
    flow.accepts = kept.accepts;
    flow.mark = static_cast<Mark>(kept.mark);
    flow.ending = ending_of(kept.ending);
    flow.local = kept.local;
    (void)put_flow(tables_, {key_of(kept), flow});
    tables_.continue_behind(flow.grant);
}

void Sessions::enter(const store::KeptGrant& kept, Names& names, SteadyTime now) {
    Grant grant;
    grant.id = GrantId{kept.id};
    grant.client = names.identity(kept.client);
    grant.service = names.service(kept.service);
    grant.source = kept.source;
    grant.source_port = kept.source_port;
    grant.expires = kept.expires;
    grant.counter = {kept.place, kept.service_place, kept.generation};
    tables_.continue_behind(grant.id);
    const bool sound = kept.place < attempts_per_client && kept.service_place < services_per_attempt;
    if (sound && current_.get()->client(grant.client)) take_over(tables_, {grant, kept.attempt, kept.flows_left}, now);
}

// Who has left the policy has no name any more: the one of before stays until the kernel is told.
bool Sessions::name(store::KeptFlow& flow, const FlowKey& key) const {
    if (!flow.client.empty() && !flow.service.empty()) return true;
    const auto before = kept_.find(key);
    if (before == kept_.end() || before->second.opened != flow.opened) return false;
    flow.client = before->second.client;
    flow.service = before->second.service;
    return true;
}

Sessions::Kept Sessions::flows_now() {
    const auto policy = current_.get();
    Kept flows;
    for (const NamedFlow& named : flows_in(tables_))
        if (auto flow = kept(named, *policy); name(flow, named.key)) flows.emplace(named.key, std::move(flow));
    return flows;
}

void Sessions::look(SteadyTime now) {
    if (!file_ && !open(now)) return;
    const std::uint64_t changes = tables_.flow_changes();
    if (changes == seen_) return;
    Kept flows = flows_now();
    std::vector<store::KeptFlow> put, gone;
    for (const auto& [key, flow] : flows)
        if (const auto before = kept_.find(key); before == kept_.end() || !same(before->second, flow))
            put.push_back(flow);
    for (const auto& [key, flow] : kept_)
        if (!flows.contains(key)) gone.push_back(flow);
    if (!done(file_->change(put, gone))) return;  // tried again at the next look
    kept_ = std::move(flows);
    seen_ = changes;
}

void Sessions::end(SteadyTime now) {
    look(now);
    if (!file_) return;
    const auto policy = current_.get();
    std::vector<store::KeptGrant> grants;
    for (const PendingGrant& pending : pending_grants(tables_, now))
        if (policy->client(pending.grant.client)) grants.push_back(kept(pending, *policy));
    (void)done(file_->keep(grants));  // whoever loses one asks again
}

bool Sessions::done(const store::Outcome<void>& written) {
    trouble_.with([&](std::string& trouble) { trouble = written ? std::string{} : written.error().text; });
    return written.has_value();
}

std::string Sessions::trouble() const {
    return trouble_.with([](const std::string& trouble) { return trouble; });
}

}  // namespace postern
