// Who takes part. A new scheme or format joins with an honest client and an attacker of its own: a file in actors/
// each, a line here and one in world.cc.
#pragma once

#include "world.h"

namespace postern::sim {

// Honest: they keep the rules, and have to get in.
void add_members(World& world);       // SPA, and the SYN right behind it
void add_knockers(World& world);      // a knock sequence, and the SYN right behind it
void add_list_walkers(World& world);  // the next line of a one-time list, and the SYN right behind it

// Not honest.
void add_scanner(World& world);            // sweeps ports, with all kinds of packets
void add_flood(World& world);              // junk to the SPA port from everywhere
void add_replayer(World& world);           // sits on the path: sends again what it saw, sooner or later, from anywhere
void add_spoofer(World& world);            // sends with the members' addresses
void add_insider(World& world);            // a member who wants more than it was given
void add_stranger_with_key(World& world);  // knows P and makes envelopes
void add_line_thief(World& world);         // sends lines of one-time lists again, and lines that are not due

// Not even malicious.
void add_clock_hand(World& world);   // sets the gate's wall clock
void add_operator(World& world);     // reloads and revokes; who was taken out of the policy goes on trying
void add_power(World& world);        // crashes and restarts
void add_list_keeper(World& world);  // writes, shortens, moves and takes away one-time lists, and makes mistakes

}  // namespace postern::sim
