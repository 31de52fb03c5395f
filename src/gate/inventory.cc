#include "gate/inventory.h"

namespace postern {

Fill fill_of(Tables& tables) {
    Fill fill;
    tables.each_shard([&](Tables::Shard& shard) {
        fill.grants += shard.grants.size();
        fill.flows += shard.flows.size();
        fill.knocking += shard.knocks.size();
    });
    return fill;
}

std::vector<Grant> grants_in(Tables& tables) {
    std::vector<Grant> found;
    tables.each_shard(
        [&](Tables::Shard& shard) { shard.grants.for_each([&](const Grant& grant) { found.push_back(grant); }); });
    return found;
}

std::vector<NamedFlow> flows_in(Tables& tables) {
    std::vector<NamedFlow> found;
    tables.each_shard([&](Tables::Shard& shard) {
        shard.flows.for_each([&](const FlowKey& key, const Flow& flow) { found.push_back({key, flow}); });
    });
    return found;
}

std::size_t end_flows(Tables& tables, Ending why, const std::function<bool(const NamedFlow&)>& doomed) {
    std::size_t newly = 0;
    tables.each_shard([&](Tables::Shard& shard) {
        shard.flows.for_each([&](const FlowKey& key, Flow& flow) {
            if (flow.ended() || !doomed({key, flow})) return;
            flow.ending = why;
            ++newly;
        });
    });
    return newly;
}

std::vector<Grant> take_grants(Tables& tables, const std::function<bool(const Grant&)>& doomed) {
    std::vector<Grant> taken;
    tables.each_shard([&](Tables::Shard& shard) {
        shard.grants.erase_if([&](const Grant& grant) {
            const bool goes = doomed(grant);
            if (goes) taken.push_back(grant);
            return goes;
        });
    });
    return taken;
}

std::vector<NamedFlow> take_flows(Tables& tables, const std::function<bool(const NamedFlow&)>& doomed) {
    std::vector<NamedFlow> taken;
    tables.each_shard([&](Tables::Shard& shard) {
        (void)shard.flows.erase_if([&](const FlowKey& key, const Flow& flow) {
            const NamedFlow named{key, flow};
            const bool goes = doomed(named);
            if (goes) taken.push_back(named);
            return goes;
        });
    });
    return taken;
}

}  // namespace postern
