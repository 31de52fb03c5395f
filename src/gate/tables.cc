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
    for (std::size_t i = 0; i < sizes.shards; ++i)
        shards_.push_back(std::make_unique<Guarded<Shard>>(GrantList{grants, hash_}, FlowTable{flows, hash_}));
}

void Tables::enroll(const Policy& policy) {
    for (const Client& client : policy.clients)
        if (auto& state = clients_[static_cast<std::size_t>(client.id)]; !state)
            state = std::make_unique<ClientState>(floor_);
}

void Tables::each_shard(const std::function<void(Shard&)>& body) {
    for (auto& shard : shards_) shard->with(body);
}

}  // namespace postern
