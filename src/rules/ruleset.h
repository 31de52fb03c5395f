// Policy to ruleset text, for nftables and for iptables alike (DESIGN, "Netfilter"). Pure: text in, text out;
// posternctl loads it.
//
// A packet on a guarded interface meets the chains in this order; what a chain does not say goes to the next line.
//   early, arrive  before conntrack   our mark bits are cleared, SYNs of hostile sources dropped
//   gate           mangle priority    a revoked connection: drop. A mark in our field: `settle`. Else `judge`
//   settle         the verdict        accepted: remembered in the connection mark and let through; else: drop
//   judge          static answers     established, INVALID, known errors, flows let in before, essentials, break-glass,
//                                     IPsec, `open`; with `unmatched: pass` what concerns nothing of ours
//   steer          the rest           to the queue that the source's hash names; its last rule has no condition
//   forward        before dstnat      a new connection with a forward mark gets its destination
//   astray         behind dstnat      one that got none, because that rule is gone: drop
//   revived        forwarded out      a TCP segment that begins no known connection: drop
//   out, hush      what we send       a revoked connection, such a segment, ICMP errors that break the silence: drop
// The rules about connection marks, revoked and forward, see packets of every interface. Loopback is never touched.
#pragma once

#include <cstdint>
#include <string>

#include "gate/policy.h"

namespace postern::rules {

// What a ruleset is for.
enum class Kind : std::uint8_t {
    guard,
    emergency,  // the same, but what would be queued is dropped: for a boot that has lost its rules
};

// What a ruleset is rendered from, besides the policy.
struct Inputs {
    std::uint32_t steering_seed = 0;  // secret: who knows it can aim a flood at one queue
    std::uint16_t first_queue = 0;    // number of the first of policy.gateway.queues queues
    Kind kind = Kind::guard;
    std::uint64_t generation = 1;  // of the ruleset; stands in the comment of its first rule
};

// Services are forwarded by their Service::mark (rules/numbers.h gives it); those without one are left out.

// `nft -f` input: one transaction that makes or remakes table inet postern without ever deleting a base chain.
[[nodiscard]] std::string render_nftables(const Policy& policy, const Inputs& inputs);

// `iptables-restore --noflush` input of one family: tables raw, nat (where a service is forwarded) and mangle, each
// replaced atomically. It adds the jumps; with_repairs() in saved.h takes out those that are there, in the same
// transaction.
[[nodiscard]] std::string render_iptables(const Policy& policy, const Inputs& inputs, Family family);

// `ipset -exist restore` input: the sets that render_iptables() of both families names.
[[nodiscard]] std::string render_ipsets();

}  // namespace postern::rules
