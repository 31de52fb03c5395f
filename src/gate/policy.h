// The policy as the gate uses it: compiled, checked, immutable. config/ makes it; a reload swaps the whole snapshot.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/ids.h"
#include "base/marks.h"
#include "base/time.h"
#include "knock/judge.h"
#include "noise/keys.h"
#include "packet/view.h"
#include "spa/postern.h"

namespace postern {

struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;  // included

    [[nodiscard]] bool contains(std::uint16_t port) const noexcept { return first <= port && port <= last; }
    auto operator<=>(const PortRange&) const = default;
};

struct TransportPorts {
    Transport transport = Transport::tcp;  // tcp or udp
    PortRange ports;

    [[nodiscard]] bool contains(Transport other, std::uint16_t port) const noexcept {
        return other == transport && ports.contains(port);
    }
    auto operator<=>(const TransportPorts&) const = default;
};

// Where packets go instead of where they were sent to.
struct ForwardTarget {
    IpAddress address;
    std::uint16_t port = 0;

    auto operator<=>(const ForwardTarget&) const = default;
};

struct Service {
    ServiceId id = ServiceId::none;
    std::string name;
    std::vector<TransportPorts> ports;
    std::vector<Prefix> to;                 // where packets are sent to; none: the gateway's own addresses
    std::vector<ForwardTarget> forward_to;  // at most one of a family; none: they go where they were sent to

    // What its flows are marked with. Mark::none with a forward_to that the rules in force do not know: then none of
    // its flows is let in.
    Mark mark = Mark::accepted;

    // By the destination as it was sent, before anybody's translation; a service that forwards covers the families of
    // its targets alone.
    [[nodiscard]] bool covers(const PacketView& packet) const noexcept;
    [[nodiscard]] const ForwardTarget* target(Family family) const noexcept;  // null: none of that family
};

// Whether a message must name the exact address its flow will come from.
enum class SourceClaim : std::uint8_t {
    automatic,  // `auto`: over IPv6 yes, over IPv4 no
    required,
    optional,
};

struct Client {
    ClientId id = ClientId::none;
    std::string name;
    noise::PublicKey public_key{};
    noise::Secret psk;                         // all zero: none
    std::vector<noise::Secret> static_static;  // one per gateway key, in the policy's order
    std::vector<ServiceId> services;           // in the order of the policy
    SourceClaim source_claim = SourceClaim::automatic;
    std::optional<WallTime> expires;  // the first instant at which a new SPA is refused

    [[nodiscard]] bool may_open(ServiceId service) const noexcept;
};

// A knock sequence, and the identity of whoever knows it: it stands where a client's name would.
struct Knock {
    Client identity;          // its name and the service it opens; no keys
    knock::Sequence opening;  // gets its id in the book, as `closing` does; no steps where there is a list
    std::optional<knock::Sequence> closing;          // ends what the knock let in from the same source
    std::shared_ptr<const knock::OneTimeList> list;  // the lines that open, each once; null: `opening` does
};

// What becomes of new packets that concern no service, no SPA port and no knock.
enum class Unmatched : std::uint8_t { drop, pass };

// What becomes of packets that came out of an IPsec tunnel or transport.
enum class Ipsec : std::uint8_t { pass, judge };

// One kind of packet that goes by unjudged.
struct OpenMatch {
    std::uint8_t protocol = 0;         // as in the IP header
    std::optional<Family> family;      // none: both
    std::optional<PortRange> ports;    // destination; with TCP and UDP
    std::optional<std::uint8_t> type;  // with ICMP and ICMPv6; none: every type

    bool operator==(const OpenMatch&) const = default;
};

// An entry of `open`.
struct Open {
    std::vector<OpenMatch> matches;  // what one word stands for: echo-request has another number in IPv6
    std::vector<Prefix> from;        // sources; none: everybody
    std::vector<Prefix> to;          // destinations; none: the gateway's own addresses, multicast and broadcast

    bool operator==(const Open&) const = default;
};

enum class Backend : std::uint8_t { automatic, nftables, iptables };

struct Gateway {
    std::string name;                     // canonical: lower case, no trailing dot
    std::vector<std::string> interfaces;  // names; a trailing * matches any rest
    std::vector<PortRange> spa;           // UDP ports where SPA is listened for
    std::vector<spa::GatewayKey> keys;    // current first
    Backend backend = Backend::automatic;
    std::uint16_t queues = 2;  // 1 to 64
    MarkField mark;
    Duration skew = std::chrono::seconds{30};  // 1 s to 5 min
    Unmatched unmatched = Unmatched::drop;
    Ipsec ipsec = Ipsec::pass;
    std::vector<Prefix> break_glass;
    std::vector<Open> open;
    bool observe = false;  // the rules let everything in, and the log says what would have become of it
};

struct GrantLimits {
    Duration window = std::chrono::seconds{15};
    std::uint16_t flows = 1;
    std::optional<Duration> session_max;  // how long a flow may last; nothing: as long as it likes
};

// Filled by config/, then finished once by index(); read-only from then on. Threads: any.
class Policy {
public:
    std::uint64_t generation = 1;  // counts the policies of this process, from 1
    Gateway gateway;
    GrantLimits grants;
    std::vector<Service> services;
    std::vector<Client> clients;
    std::vector<Knock> knocks;

    // Builds the look-ups below. Call once, when every member is in place.
    void index();

    // Null where the id's owner is not in this policy (any more).
    [[nodiscard]] const Service* service(ServiceId id) const noexcept;
    [[nodiscard]] const Client* client(ClientId id) const noexcept;  // also a knock's identity
    [[nodiscard]] const Client* client(const noise::PublicKey& key) const noexcept;
    [[nodiscard]] const Knock* knock(ClientId id) const noexcept;  // null also for a client

    // Of all lines of all one-time lists.
    [[nodiscard]] std::vector<knock::LineDigest> lines() const;
    [[nodiscard]] const Service* service(const std::string& name) const noexcept;

    // Whether the packet is for a service, or SPA is listened for there. A look into a bitmap where nothing is; where
    // services with `to` share the port, their prefixes.
    [[nodiscard]] bool guards(const PacketView& packet) const noexcept;
    [[nodiscard]] bool listens(const PacketView& packet) const noexcept {
        return packet.local && packet.transport == Transport::udp && spa_ports_[packet.destination_port];
    }

    [[nodiscard]] const knock::Book& book() const noexcept { return book_; }

    // What names a client or a knock over processes: its key, or its name and steps, or its name and that it has a
    // list. Empty where it is not in here.
    [[nodiscard]] std::string identity(ClientId id) const;

    // Every step of every sequence once: what must reach the queue for knocks to work.
    [[nodiscard]] std::vector<knock::Step> knock_steps() const;

private:
    void index_knocks();

    using Ports = std::bitset<65536>;
    knock::Book book_;
    struct PortSets {
        Ports tcp, udp;

        void add(const TransportPorts& ports);
        [[nodiscard]] bool contain(const PacketView& packet) const noexcept;
    };
    Ports spa_ports_;
    PortSets own_;                     // of services on the gateway's own addresses, in both families
    PortSets chosen_;                  // of services that their destination or family narrows
    std::vector<std::size_t> narrow_;  // which these are
    std::unordered_map<std::uint16_t, std::size_t> client_by_id_, service_by_id_;
    std::unordered_map<std::string, std::size_t> client_by_key_, service_by_name_;
};

// Gives ids out: one per client key, per knock and per service name, the same ones again at every reload. Threads: one.
class Names {
public:
    // ClientId::none or ServiceId::none when all 65 535 are given.
    [[nodiscard]] ClientId client(const noise::PublicKey& key);
    // A knock with other steps is another identity, as a client with another key is: what the old steps opened ends.
    [[nodiscard]] ClientId knock(const std::string& name, const std::vector<knock::Step>& opening);
    // One with a one-time list stays the same whatever lines it has: what used lines opened goes on.
    [[nodiscard]] ClientId listed_knock(const std::string& name);
    // By a digest of all its lines. ListId::none when all are given.
    [[nodiscard]] ListId list(const knock::LineDigest& content);
    [[nodiscard]] ServiceId service(const std::string& name);
    // The same as client() or knock(), by Policy::identity().
    [[nodiscard]] ClientId identity(const std::string& text);

private:
    std::unordered_map<std::string, ClientId> clients_;
    std::unordered_map<std::string, ServiceId> services_;
    std::unordered_map<std::string, ListId> lists_;
};

}  // namespace postern
