// The gateway's host: power, disk and kernel around the processes of the gate. Of the kernel there is what the gate
// relies on: a packet of a connection that was let in goes by its mark and is not judged, a marked one is dropped, and
// without a process everything else is dropped.
#pragma once

#include <map>
#include <memory>

#include "agenda.h"
#include "life.h"
#include "scratch.h"

namespace postern::sim {

class Host {
public:
    Host(Agenda& agenda, Clocks& clocks, const People& people, const LifeSettings& settings, Dice dice, Court& court,
         const Lies& lies);

    void arrive(const Packet& packet);

    void start();            // a process, where none is
    void stop();             // in order
    void crash();            // leaves the disk as it is at this instant, the write-ahead log included
    void crash_onto_copy();  // and brings back a copy that take_copy() made, if there is one
    void take_copy();
    [[nodiscard]] bool up() const noexcept { return life_ != nullptr; }

    // What the next process begins with, and the one that is there reloads.
    void plan(const Plan& plan);
    [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
    void revoke(const std::string& client);
    void step_clock(Duration by);
    void look();  // once a second

private:
    struct Connection {
        SteadyTime began;
        bool revoked = false;
    };

    [[nodiscard]] bool passes_by(const Packet& packet);
    void let_in(const Packet& packet);
    void end_connection(const FlowKey& key, SteadyTime began);
    void end_in_kernel();
    void die(End how);
    void move_to(const std::filesystem::path& source);

    Agenda& agenda_;
    Clocks& clocks_;
    const People& people_;
    LifeSettings settings_;
    Dice dice_;
    Court& court_;
    const Lies& lies_;
    test::ScratchDirectory scratch_;
    std::filesystem::path directory_;
    unsigned directories_ = 0;
    bool fresh_ = true;
    End last_ = End::none;
    Plan plan_;
    std::map<FlowKey, Connection> connections_;
    std::unique_ptr<Life> life_;  // last: it lives in all of the above
};

}  // namespace postern::sim
