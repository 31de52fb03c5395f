// One process of the gate: the product's own tables, keeper, openers and ledgers, with simulated workers in place of
// threads. Each worker judges in batches that share an instant and a policy, as posternd's do.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include "clocks.h"
#include "dice.h"
#include "lies.h"
#include "log/ledger.h"
#include "plan.h"
#include "posternd/keeper.h"
#include "witness.h"

namespace postern::sim {

struct LifeSettings {
    TableSizes sizes{4, 512, 1024, 256};
    unsigned workers = 3;
    log::LedgerLimits ledger;
    bool narrow_log = false;  // the log refuses every third line
    bool anchor = false;      // there is one, which no copy of the state takes along
};

class Life {
public:
    // `fresh`: nobody has used the gateway key before. Everything handed in outlives it.
    Life(const LifeSettings& settings, const Plan& plan, const People& people, const StatePlace& place, bool fresh,
         const Clocks& clocks, Dice dice, Court& court, const Lies& lies);

    Decision judge(const Packet& packet);

    void look();  // what the daemon does once a second, but for what it asks the kernel
    void reload(const Plan& plan);
    [[nodiscard]] bool end();  // in order; without it, it is a crash

    // Ends all that a client has; that is carried to the kernel by end_in_kernel().
    void revoke(const std::string& client);
    void over(const FlowKey& key);  // the kernel no longer has the connection

    // For every flow that ended although its ends still use it: whether the kernel knew the connection.
    void end_in_kernel(const std::function<bool(const FlowKey&)>& set_mark);

    [[nodiscard]] const Policy& policy() const { return *held_; }

private:
    struct Worker {
        std::shared_ptr<const Policy> policy;
        spa::Opener opener;
        log::Ledger ledger;
        Instant now{};
        SteadyTime batch_ends{};
        Tally tally;
        std::uint64_t pushed = 0;
    };

    [[nodiscard]] Worker& worker_of(const IpAddress& source);
    void begin_batch(Worker& worker);
    void note(Worker& worker, const Packet& packet, const Decision& decision);
    [[nodiscard]] bool pushes(Worker& worker);
    void flush(Worker& worker);
    void end_flows_over();
    void report_held();
    void move_lists();

    LifeSettings settings_;
    const People& people_;
    const Clocks& clocks_;
    std::filesystem::path directory_;
    Dice dice_;
    Court& court_;
    const Lies& lies_;
    Names names_;
    std::map<std::string, ClientId> ids_;  // of everybody whom this process has known
    std::shared_ptr<const Policy> held_;
    Tables tables_;
    CurrentPolicy current_;
    std::unique_ptr<Keeper> keeper_;
    std::vector<Worker> workers_;
};

}  // namespace postern::sim
