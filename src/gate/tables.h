// Everything the gate remembers between packets, sharded and behind locks: what decide() changes.
//
// All sizes are fixed at birth; a client's state is made when it is enrolled. Shards are chosen by a keyed hash of the
// source, clients by their id; a shard's lock and a client's are never held together, and nothing slow happens under
// either.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/guarded.h"
#include "gate/attempts.h"
#include "gate/budget.h"
#include "gate/grant_list.h"
#include "gate/horizon.h"
#include "gate/line_memory.h"
#include "gate/policy.h"
#include "gate/replay_memory.h"
#include "gate/tag_memory.h"
#include "knock/progress.h"

namespace postern {

struct TableSizes {
    std::size_t shards = 64;
    std::size_t grants = 65536;  // in all shards together
    std::size_t flows = 131072;
    std::size_t knocking = 32768;  // sources that are in a knock sequence
};

class Tables {
public:
    using FlowTable = BoundedTable<FlowKey, Flow, KeyedHash>;
    struct Shard {
        GrantList grants;
        FlowTable flows;
        knock::Progress knocks;
    };

    // `key` is secret and random.
    Tables(const TableSizes& sizes, const SipKey& key);

    // Makes room for the clients and knocks of a policy; before the policy is used. Threads: one, while others decide.
    void enroll(const Policy& policy);

    [[nodiscard]] Guarded<Shard>& shard(const IpAddress& source) noexcept {
        return *shards_[hash_(source) % shards_.size()];
    }

    // Of an enrolled client.
    [[nodiscard]] ClientState& client(ClientId id) noexcept { return *clients_[static_cast<std::size_t>(id)]; }

    [[nodiscard]] Guarded<TagMemory>& tags() noexcept { return tags_; }
    [[nodiscard]] Guarded<Budget>& budget() noexcept { return budget_; }

    [[nodiscard]] Horizon& horizon() noexcept { return horizon_; }

    // What was accepted before, by another process. Before anything is accepted here: until then the horizon is closed.
    void remember(ReplayMemory memory);

    // What was accepted by now, of every client that was ever enrolled or remembered; of one-time lists also the lines
    // that may be used any time, or without them. Threads: any.
    [[nodiscard]] ReplayMemory replay_memory(Used lines = Used::perhaps);

    // Which lines of one-time lists are used. Not on the path of a packet: what that needs is in ClientState.
    [[nodiscard]] Guarded<LineMemory>& lines() noexcept { return lines_; }

    [[nodiscard]] const TableSizes& sizes() const noexcept { return sizes_; }

    [[nodiscard]] GrantId next_grant() noexcept { return static_cast<GrantId>(++last_grant_); }
    // The next one comes behind this one. Before the first is given.
    void continue_behind(GrantId last) noexcept {
        last_grant_ = std::max(last_grant_.load(), static_cast<std::uint64_t>(last));
    }

    // Moves on whenever a flow was entered, ended or taken out: whoever keeps a copy of them knows when to look again.
    [[nodiscard]] std::uint64_t flow_changes() const noexcept { return flow_changes_.load(); }
    void flows_changed() noexcept { ++flow_changes_; }

    // Every shard in turn, each under its own lock: body(Shard&).
    void each_shard(const std::function<void(Shard&)>& body);

private:
    TableSizes sizes_;
    KeyedHash hash_;
    struct Enrolled {
        ReplayMemory before;  // of those who are not here
        std::map<noise::PublicKey, ClientState*> clients;
    };
    Guarded<Enrolled> enrolled_;  // held while a client's lock is taken, never the other way round
    Guarded<LineMemory> lines_;
    Horizon horizon_;
    std::vector<std::unique_ptr<Guarded<Shard>>> shards_;
    std::vector<std::unique_ptr<ClientState>> clients_;
    Guarded<TagMemory> tags_;
    Guarded<Budget> budget_;
    std::atomic<std::uint64_t> last_grant_ = 0;
    std::atomic<std::uint64_t> flow_changes_ = 0;
};

}  // namespace postern
