#include "gate/tables.h"

#include <utility>

namespace postern {

Tables::Tables(const TableSizes& sizes, const SipKey& key)
    : sizes_{sizes}, hash_{key}, clients_(static_cast<std::size_t>(ClientId::none)), tags_{key}, budget_{hash_} {
    const std::size_t grants = sizes.grants / sizes.shards;
    const std::size_t flows = sizes.flows / sizes.shards;
    const std::size_t knocking = sizes.knocking / sizes.shards;
    for (std::size_t i = 0; i < sizes.shards; ++i)
        shards_.push_back(std::make_unique<Guarded<Shard>>(GrantList{grants, hash_}, FlowTable{flows, hash_},
                                                           knock::Progress{knocking, hash_}));
}

void Tables::enroll(const Policy& policy) {
    const auto enroll_one = [&](const Client& client, const spa::ReplayWindow& window) {
        auto& state = clients_[static_cast<std::size_t>(client.id)];
        if (!state) state = std::make_unique<ClientState>(window);
        return state.get();
    };
    enrolled_.with([&](Enrolled& enrolled) {
        for (const Client& client : policy.clients)
            enrolled.clients[client.public_key] = enroll_one(client, enrolled.before.window(client.public_key));
    });
    for (const Knock& knock : policy.knocks) enroll_one(knock.identity, spa::ReplayWindow{{}});
    lines_.with([&](LineMemory& lines) {
        lines.enroll(policy, [&](ClientId knock) -> knock::LineCounter& { return client(knock).lines; });
    });
}

void Tables::remember(ReplayMemory memory) {
    lines_.with([&](LineMemory& lines) { lines.remember(std::exchange(memory.lines, {}), memory.lines_doubted); });
    enrolled_.with([&](Enrolled& enrolled) {
        for (const auto& [key, state] : enrolled.clients)
            state->proofs.with([&](ClientState::Proofs& proofs) { proofs.window = memory.window(key); });
        enrolled.before = std::move(memory);
    });
}

ReplayMemory Tables::replay_memory(Used which) {
    ReplayMemory all = enrolled_.with([](Enrolled& enrolled) {
        ReplayMemory memory = enrolled.before;
        for (const auto& [key, state] : enrolled.clients)
            memory.windows.insert_or_assign(
                key, state->proofs.with([](const ClientState::Proofs& proofs) { return proofs.window; }));
        return memory;
    });
    all.lines = lines_.with([&](const LineMemory& lines) { return lines.used(which); });
    return all;
}

void Tables::each_shard(const std::function<void(Shard&)>& body) {
    for (auto& shard : shards_) shard->with(body);
}

}  // namespace postern
