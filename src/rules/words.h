// The names that rules bear in both backends: table, chains, sets, and the comment of every rule with a counter.
//
// Tests, `status` and people read counters by these words, so they do not change. Several rules may share one word;
// their counters are summed.
#pragma once

#include <array>
#include <string_view>

namespace postern::rules {

inline constexpr std::string_view nft_table = "postern";  // family inet

// nft chain `gate` is iptables chain POSTERN-GATE, and so on. No other chain is ours, whatever its name begins with.
inline constexpr std::string_view iptables_prefix = "POSTERN-";
inline constexpr auto iptables_chains = std::to_array<std::string_view>(
    {"EARLY", "ARRIVE", "GATE", "SETTLE", "JUDGE", "STEER", "FORWARD", "ASTRAY", "REVIVED", "OUT", "HUSH"});

// nft set hostile4 is ipset postern-hostile4.
inline constexpr std::string_view ipset_prefix = "postern-";

inline constexpr unsigned hostile_seconds = 60;     // how long a source stays in the hostile set
inline constexpr unsigned hostile_entries = 65536;  // how many sources it holds; a full set forgets nobody
inline constexpr unsigned iptables_queues = 32;     // xt_cluster knows no more nodes; further queues stay idle

// Behind it stands the ruleset's number, in the comment of the first rule of chain `early`, which has no counter.
inline constexpr std::string_view generation_words = "postern generation ";

// A rule's comment is "postern WORD".
namespace comment {
inline constexpr std::string_view clear = "clear";              // our mark bits are zeroed before conntrack
inline constexpr std::string_view untracked = "untracked";      // a DHCP reply leaves no state
inline constexpr std::string_view spared = "spared";            // break-glass, before the hostile set
inline constexpr std::string_view blackhole = "blackhole";      // dropped: the source is in the hostile set
inline constexpr std::string_view moved = "moved";  // dropped: let in, on a connection that goes elsewhere already
inline constexpr std::string_view save = "save";                // iptables only: the verdict goes to the connection
inline constexpr std::string_view settled = "settled";          // let in by a verdict
inline constexpr std::string_view observed = "observed";        // let in because the ruleset observes
inline constexpr std::string_view list = "list";                // the source goes into the hostile set
inline constexpr std::string_view hostile = "hostile";          // dropped: settled as hostile
inline constexpr std::string_view refused = "refused";          // dropped: settled as refused
inline constexpr std::string_view unknown = "unknown";          // dropped: a mark that this ruleset does not know
inline constexpr std::string_view revoked = "revoked";          // dropped: the connection was ended
inline constexpr std::string_view established = "established";  // not ours
inline constexpr std::string_view related = "related";          // not ours: an ICMP error of a known flow
inline constexpr std::string_view again = "again";              // not ours: a NEW packet of a flow let in before
inline constexpr std::string_view invalid = "invalid";          // dropped: conntrack says INVALID
inline constexpr std::string_view nd = "nd";                    // essential: neighbour and router discovery
inline constexpr std::string_view mld = "mld";                  // essential: multicast listener discovery
inline constexpr std::string_view igmp = "igmp";                // essential: the same for IPv4
inline constexpr std::string_view dhcp = "dhcp";                // essential: replies to the gateway's DHCP client
inline constexpr std::string_view break_glass = "break-glass";  // let in from the policy's break_glass prefixes
inline constexpr std::string_view ipsec = "ipsec";              // not ours: came out of IPsec
inline constexpr std::string_view open = "open";                // not ours: the policy's `open`
inline constexpr std::string_view unmatched = "unmatched";      // not ours: for no service and no step
inline constexpr std::string_view service = "service";          // for a service or a step: to the queue
inline constexpr std::string_view forward = "forward";          // gets the destination of its forward_to
inline constexpr std::string_view revived = "revived";          // dropped: in the middle of no known connection
inline constexpr std::string_view astray = "astray";            // dropped: forwarded, and no rule gave it a destination
inline constexpr std::string_view spa = "spa";                  // an SPA port: to the queue past the hostile set
inline constexpr std::string_view local = "local";              // the destination is the gateway itself
inline constexpr std::string_view queue = "queue";              // handed to posternd; nobody there: dropped
inline constexpr std::string_view emergency = "emergency";      // dropped: an emergency set has no queue
inline constexpr std::string_view hush = "hush";                // dropped: an ICMP error that would break the silence
}  // namespace comment

}  // namespace postern::rules
