// What posternctl and the daemon say to each other over the control socket: one line of JSON each way.
//
//     {"v":1,"command":"revoke","client":"alice"}
//     {"v":1,"ok":true,"result":{"grants":1,"flows":2,"failures":[]}}
//     {"v":1,"ok":false,"error":"nothing is known by that grant"}
//
// The lines carry no newline here; the socket's framing adds and takes it. JSON stays inside of control/: others see
// plain structs, and a reply's result as text. What the daemon does about a request is in service.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/time.h"
#include "packet/flow.h"

namespace postern::control {

inline constexpr int protocol_version = 1;
inline constexpr std::size_t longest_request = 4096;  // bytes of a request line

// --- requests ----------------------------------------------------------------------------------------------------

// `ruleset`: other rules are in force now; the daemon reads which, and answers when nothing is on its way any more that
// was judged before.
enum class Command : std::uint8_t { status, grants, flows, revoke, reload, guard, ruleset, state, follow };

// What to end. A grant takes the flows that it let in with it; a client, all of his grants and flows.
struct RevokeRequest {
    enum class Target : std::uint8_t { grant, client, flow, all };
    Target target = Target::all;
    std::uint64_t grant = 0;  // with Target::grant
    std::string name;         // with Target::client his name, with Target::flow its flow_name()
};

// What `posternctl rules watch` tells the daemon, at every change and every few seconds.
struct GuardReport {
    enum class State : std::uint8_t {
        guarded,    // the rules stand as they should
        unguarded,  // they do not; they are being put back
        open,       // none are meant to stand
    };
    State state = State::guarded;
    std::string text;           // what was found, for people; at most 500 bytes
    std::uint64_t for_ms = 0;   // how long it may have been so already; with guarded: how long it was not
    std::uint64_t revoked = 0;  // with guarded: connections that came in meanwhile and were ended
};

struct Request {
    Command command = Command::status;
    RevokeRequest revoke = {};          // with Command::revoke
    GuardReport guard = {};             // with Command::guard
    std::optional<Prefix> source = {};  // with Command::follow: whose verdicts
};

// Strict: an unknown, missing or repeated member, another version or a line that is too long is an error for the asker.
[[nodiscard]] Result<Request> parse_request(std::string_view line);

[[nodiscard]] std::string to_line(const Request& request);

// Whose verdicts a request line asks to follow; nothing for every other line. The connection then carries replies until
// one side ends it: first {"following": "PREFIX"}, then a verdict line of the log each, and {"lost": N} where the
// follower, or the daemon, did not keep up.
[[nodiscard]] std::optional<Prefix> followed(std::string_view line);

// How a flow is named in a table and in a revoke: tcp/198.51.100.7:40000/192.0.2.1:22, IPv6 addresses in brackets.
[[nodiscard]] std::string flow_name(const FlowKey& flow);

// --- what the daemon reports -------------------------------------------------------------------------------------

// Since the daemon bound the queue: received + lost = last_id, and the verdicts add up to what was received.
struct QueueStatus {
    std::uint16_t number = 0;
    std::uint64_t received = 0;                     // packets handed to the worker
    std::uint64_t lost = 0;                         // gaps in the packet ids: the socket's buffer was full
    std::optional<std::uint64_t> queue_full;        // dropped by the kernel for want of room; root alone knows
    std::uint64_t stale_verdicts = 0;               // the packet was gone before its verdict
    std::uint64_t netlink_errors = 0;               // everything else the kernel refused
    std::uint64_t last_id = 0;                      // of the newest packet
    std::map<std::string, std::uint64_t> verdicts;  // by reason, those that occurred
};

struct Usage {
    std::uint64_t used = 0;
    std::uint64_t limit = 0;
};

struct LogStatus {
    std::string file;           // empty: standard output
    std::uint64_t written = 0;  // lines
    std::uint64_t lost = 0;     // events that did not fit into a ring, or that the disk refused
};

struct Status {
    std::string version;
    std::uint64_t pid = 0;
    WallTime started;
    std::string policy_file;
    WallTime policy_loaded;                 // when the policy in force was read
    std::vector<std::string> policy_stale;  // first mistakes of the files, where these are not what is in force
    std::vector<QueueStatus> queues;
    std::map<std::string, std::uint64_t> verdicts;  // by reason, over all queues
    Usage grants;
    Usage flows;
    LogStatus log;
    std::uint64_t ruleset = 0;          // generation of the rules in force, as posternctl told; 0: it never did
    std::string guarded;                // one sentence: what is known about the rules in front of the queues
    std::vector<std::string> warnings;  // what needs the operator's eye; empty when all is well
};

struct GrantRow {
    std::uint64_t id = 0;
    std::string client;
    std::string service;
    std::string source;
    std::uint16_t source_port = 0;   // 0: any
    std::int64_t expires_in_ms = 0;  // rounded down; negative: ended so long ago, remembered to explain a late packet
    std::uint16_t flows_left = 0;
    std::string state;  // live, used, expired
};

struct FlowRow {
    std::string id;  // its flow_name()
    std::uint64_t grant = 0;
    std::string client;
    std::string service;
    std::string proto;  // tcp, udp
    std::string source;
    std::uint16_t source_port = 0;
    std::string destination;
    std::uint16_t destination_port = 0;
    std::int64_t age_ms = 0;
    std::uint64_t accepts = 0;  // packets let in by verdict, the first included
};

struct RevokeReport {
    std::uint64_t grants = 0;           // ended
    std::uint64_t flows = 0;            // whose connection mark is revoked now
    std::vector<std::string> failures;  // one line per flow that the kernel did not let us revoke
};

// A reload that found mistakes changed nothing.
struct ReloadReport {
    std::vector<std::string> mistakes;  // file:line:column: text
    std::uint64_t clients = 0;          // of the policy in force now
    std::uint64_t services = 0;
    std::vector<std::string> warnings;  // what the new policy changes only after `rules apply` or a restart
};

struct RulesetReport {
    std::uint64_t generation = 0;  // of the rules that the daemon takes to be in force now
    std::uint64_t forwarded = 0;   // services of its policy that these rules forward
    std::uint64_t waiting = 0;     // those that they do not know
    std::uint64_t settled = 0;     // 1: all that was judged before is settled; 0: a worker did not come to an end
};

// --- replies -----------------------------------------------------------------------------------------------------

struct Reply {
    bool ok = false;
    std::string result;                 // with ok: a JSON document, for the read functions below or for scripts
    std::string error;                  // otherwise: one line
    std::vector<std::string> mistakes;  // and of a refused reload, every mistake
};

[[nodiscard]] std::string to_line(const Reply& reply);
[[nodiscard]] Result<Reply> parse_reply(std::string_view line);

// The `result` of a reply, written and read. Reading ignores members it does not know: the daemon may be newer.
[[nodiscard]] std::string to_json(const Status& status);
[[nodiscard]] std::string to_json(const std::vector<GrantRow>& rows);
[[nodiscard]] std::string to_json(const std::vector<FlowRow>& rows);
[[nodiscard]] std::string to_json(const RevokeReport& report);
[[nodiscard]] std::string to_json(const ReloadReport& report);
[[nodiscard]] std::string to_json(const RulesetReport& report);
[[nodiscard]] Result<Status> read_status(std::string_view result);
[[nodiscard]] Result<std::vector<GrantRow>> read_grants(std::string_view result);
[[nodiscard]] Result<std::vector<FlowRow>> read_flows(std::string_view result);
[[nodiscard]] Result<RevokeReport> read_revoke_report(std::string_view result);
[[nodiscard]] Result<ReloadReport> read_reload_report(std::string_view result);
[[nodiscard]] Result<RulesetReport> read_ruleset_report(std::string_view result);

}  // namespace postern::control
