#include "gate/tables.h"

namespace postern {

Tables::Tables(const TableSizes& sizes, const SipKey& key, WallTime floor)
    : sizes_{sizes},
      hash_{key},
      floor_{floor},
      clients_(static_cast<std::size_t>(ClientId::none)),
      tags_{key},
      budget_{hash_} {
    const std::size_t grants = sizes.grants / sizes.shards;
    const std::size_t flows = sizes.flows / sizes.shards;
    const std::size_t knocking = sizes.knocking / sizes.shards;
    for (std::size_t i = 0; i < sizes.shards; ++i)
        shards_.push_back(std::make_unique<Guarded<Shard>>(GrantList{grants, hash_}, FlowTable{flows, hash_},
                                                           knock::Progress{knocking, hash_}));
}

void Tables::enroll(const Policy& policy) {
    const auto enroll_one = [&](const Client& client) {
        if (auto& state = clients_[static_cast<std::size_t>(client.id)]; !state)
            state = std::make_unique<ClientState>(floor_);
    };
    for (const Client& client : policy.clients) enroll_one(client);
    for (const Knock& knock : policy.knocks) enroll_one(knock.identity);
}

void Tables::each_shard(const std::function<void(Shard&)>& body) {
    for (auto& shard : shards_) shard->with(body);
}

}  // namespace postern
