#include "gate/inventory.h"

namespace postern {
namespace {

template <typename Wanted>
std::vector<NamedFlow> flows_where(Tables& tables, Wanted wanted) {
    std::vector<NamedFlow> found;
    tables.each_shard([&](Tables::Shard& shard) {
        shard.flows.for_each([&](const FlowKey& key, const Flow& flow) {
            if (wanted(flow)) found.push_back({key, flow});
        });
    });
    return found;
}

}  // namespace

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
    return flows_where(tables, [](const Flow&) { return true; });
}

std::vector<NamedFlow> ended_flows_in(Tables& tables) {
    return flows_where(tables, [](const Flow& flow) { return flow.ended(); });
}

std::size_t end_flows(Tables& tables, Ending why, const std::function<bool(const NamedFlow&)>& doomed) {
    return end_flows(tables, [&](const NamedFlow& named) { return doomed(named) ? why : Ending::none; });
}

std::size_t end_flows(Tables& tables, const std::function<Ending(const NamedFlow&)>& why) {
    std::size_t newly = 0;
    tables.each_shard([&](Tables::Shard& shard) {
        shard.flows.for_each([&](const FlowKey& key, Flow& flow) {
            if (flow.ended()) return;
            flow.ending = why({key, flow});
            if (flow.ended()) ++newly;
        });
    });
    if (newly > 0) tables.flows_changed();
    return newly;
}

bool put_flow(Tables& tables, const NamedFlow& named) {
    const bool put = tables.shard(named.key.source).with([&](Tables::Shard& shard) {
        return shard.flows.insert(named.key, named.flow) != nullptr;
    });
    if (put) tables.flows_changed();
    return put;
}

std::optional<Flow> find_flow(Tables& tables, const FlowKey& key) {
    return tables.shard(key.source).with([&](Tables::Shard& shard) {
        const Flow* flow = shard.flows.find(key);
        return flow ? std::optional{*flow} : std::nullopt;
    });
}

std::optional<NamedFlow> take_flow(Tables& tables, const FlowKey& key, SteadyTime opened) {
    return tables.shard(key.source).with([&](Tables::Shard& shard) -> std::optional<NamedFlow> {
        const Flow* flow = shard.flows.find(key);
        if (!flow || flow->opened != opened) return std::nullopt;
        const NamedFlow taken{key, *flow};
        shard.flows.erase(key);
        tables.flows_changed();
        return taken;
    });
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
    if (!taken.empty()) tables.flows_changed();
    return taken;
}

}  // namespace postern
