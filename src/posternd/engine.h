// What the daemon's parts share: the policy in force, the tables, the log, the workers. Lives from start to end.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/load.h"
#include "gate/tables.h"
#include "io/poll.h"
#include "netfilter/conntrack.h"
#include "netfilter/conntrack_events.h"
#include "netfilter/socket_diag.h"
#include "posternd/current.h"
#include "posternd/guard.h"
#include "posternd/journal.h"
#include "posternd/ruleset.h"
#include "posternd/state_thread.h"
#include "posternd/worker.h"

namespace postern {

// A worker and its thread.
struct WorkerThread {
    std::unique_ptr<Worker> worker;
    std::jthread thread;
};

// Threads: the workers use what their WorkerContext names; everything else is the main thread's.
struct Engine {
    Engine(std::filesystem::path file, Names& given, config::Settings said, const PolicyInForce& first,
           const SipKey& key, io::LogFile log, netfilter::Conntrack connections, netfilter::SocketDiag ends,
           io::Waker endings, WallTime now)
        : policy_file{std::move(file)},
          names{given},
          settings{std::move(said)},
          current{first.policy},
          tables{{}, key},
          journal{std::move(log), first.policy->gateway.queues + std::size_t{1}},
          conntrack{std::move(connections)},
          sockets{std::move(ends)},
          endings_waker{std::move(endings)},
          started{now},
          policy_loaded{now},
          ruleset{first.ruleset},
          forward_trouble{first.trouble} {
        admit(*first.policy);
    }

    // Makes room for a policy's clients and knocks and remembers their names: before the policy is published.
    void admit(const Policy& policy) {
        tables.enroll(policy);
        for (const Client& client : policy.clients) clients_by_name[client.name] = client.id;
        for (const Knock& knock : policy.knocks) clients_by_name[knock.identity.name] = knock.identity.id;
    }

    // Publishes a policy whose clients are admitted.
    void put_in_force(const PolicyInForce& next) {
        ruleset = next.ruleset;
        forward_trouble = next.trouble;
        current.publish(next.policy);
    }

    std::filesystem::path policy_file;
    Names& names;
    config::Settings settings;
    CurrentPolicy current;
    Tables tables;
    std::unique_ptr<Keeper> keeper;
    std::unique_ptr<Sessions> sessions;
    Journal journal;  // the main thread's ring is the last
    std::unique_ptr<Followers> followers;
    netfilter::Conntrack conntrack;
    netfilter::SocketDiag sockets;
    std::optional<netfilter::ConntrackEvents> conntrack_events;  // ends of connections with a mark of ours
    io::Waker
        endings_waker;  // woken where flows were ended in the tables; the main thread then carries it to the kernel
    const WallTime started;
    WallTime policy_loaded;
    std::uint64_t ruleset;                            // generation of the rules in force
    std::string forward_trouble;                      // why nothing is forwarded; empty: it is
    std::map<std::string, ClientId> clients_by_name;  // also of those who left the policy: they can still be revoked
    std::string conntrack_trouble;                    // why flows that are over stay listed; empty: they do not
    bool ends_pending = false;                        // some flow is ended here and not in the kernel yet
    std::filesystem::path state_directory;
    std::vector<std::string> policy_stale;            // mistakes of the files, where they are not what is in force
    std::string copy_trouble;                         // why no copy of the policy is kept; empty: one is
    std::vector<config::Diagnostic> policy_warnings;  // of the policy in force
    std::vector<std::string> warnings;                // what the operator must see in status
    Guard guard;                                      // what is known about the rules
    std::unique_ptr<StateThread> state_thread;
    std::vector<WorkerThread> workers;  // last: its threads use all of the above

    [[nodiscard]] std::size_t main_ring() const { return current.get()->gateway.queues; }

    // Writes an event of the main thread into the log.
    void tell(log::Event&& event) {
        (void)journal.push(main_ring(), std::move(event));
        journal.wake();
    }
};

}  // namespace postern
