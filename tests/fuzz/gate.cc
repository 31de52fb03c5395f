// The whole gate beside a naive twin: a stream of packets, messages, reloads, sweeps and time, and after each step both
// have to have said the same. The promises are judged apart from the twin (gate_promises.h).
#include "fuzz/choices.h"
#include "fuzz/demand.h"
#include "fuzz/gate_line_promises.h"
#include "fuzz/gate_promises.h"
#include "fuzz/gate_twin.h"
#include "fuzz/gate_world.h"
#include "gate/entitled.h"
#include "packet/parse.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

constexpr TableSizes tight{1, 70, 6, 256};  // where everything gets full
constexpr TableSizes roomy{4, 4096, 4096, 1024};

const std::array sources{at("198.51.100.7"), at("203.0.113.9"), at("2001:db8::7"), at("2001:db8:9::9"),
                         at("192.0.2.77")};
const std::array destinations4{at("192.0.2.1"), at("198.51.100.5"), at("203.0.113.1")};
const std::array destinations6{at("2001:db8:1::1"), at("2001:db8:5::5")};
constexpr std::array<std::uint16_t, 8> service_ports{22, 443, 51820, 5432, 8443, 62201, 23, 7000};
constexpr std::array<const char*, 7> service_names{"ssh", "vpn", "db", "pg", "admin", "web", "nothing"};
constexpr std::array<Duration, 12> spans{1ns, 100ms, 499ms, 500ms, 501ms, 1s, 3999ms, 4001ms, 5s, 15s, 60s, 128s};

class Run {
public:
    explicit Run(Choices choices)
        : choices_{choices},
          sizes_{choices_.flip() ? roomy : tight},
          tables_{sizes_, SipKey{1, 2, 3}},
          twin_{{sizes_.grants, sizes_.flows}} {
        reload({}, {});
    }

    void all() {
        while (choices_.left() && !twin_.full()) step();
        compare_tables();
    }

private:
    void step() {
        switch (choices_.below(18)) {
            case 0:
            case 1: return judge(some_packet(), nullptr);
            case 2: return deliver(choices_.of(People::all().sealed()));
            case 3:
            case 4: return deliver_new();
            case 5:
                if (!forged_.empty()) return deliver(choices_.of(forged_));
                return;
            case 6: return pass(choices_.of(spans));
            case 7: now_.wall += (choices_.flip() ? 1 : -1) * choices_.of(spans); return;
            case 8: return sweep_both();
            case 9: return reload({choices_.u8()}, lists_);
            case 10: return knock();
            case 11: return end_something();
            case 12: return cover();
            case 13: return other();
            case 14:
            case 15: return knock_line();
            case 16: return reload(switches_, {choices_.u8()});
            default: return disk();
        }
    }

    // --- what happens ---

    void pass(Duration time) { now_.steady += time, now_.wall += time; }

    void reload(Switches switches, Lists lists) {
        static std::map<std::pair<std::uint8_t, std::uint8_t>, std::shared_ptr<Policy>> compiled;
        auto& known = compiled[{switches.bits, lists.bits}];
        if (!known) known = People::all().policy(switches, lists);
        switches_ = switches;
        lists_ = lists;
        auto made = std::make_shared<Policy>(*known);
        made->generation = ++generation_;
        tables_.enroll(*made);
        twin_.lines().enroll(*made);
        policy_ = made;
        opener_ = std::make_unique<spa::Opener>(made->gateway.name, made->gateway.keys, made->gateway.skew);
    }

    void sweep_both() {
        std::vector<GrantId> unused;
        for (const Grant& grant : sweep(now_, *policy_, tables_)) unused.push_back(grant.id);
        std::ranges::sort(unused);
        demand(unused == twin_.sweep(now_, *policy_), "the same grants ended unused");
        compare_tables();
    }

    // The state on disk answers for less, for more, or for nothing.
    void cover() {
        const std::uint8_t bits = choices_.u8();
        std::optional<TimeSpan> span;
        if ((bits & 1) != 0) span = TimeSpan{now_.wall - choices_.of(spans), now_.wall + choices_.of(spans)};
        if ((bits & 2) != 0) span = TimeSpan{WallTime::min(), WallTime::max()};
        twin_.cover(span);
        if (span)
            tables_.horizon().cover(*span);
        else
            tables_.horizon().close();
    }

    void judge(const PacketView& packet, const Datagram* datagram) {
        last_ = packet;
        last_datagram_ = datagram ? std::optional{*datagram} : std::nullopt;
        opener_->set_time(now_.wall);
        const Decision said = decide(packet, now_, *policy_, tables_, *opener_);
        Decision expected = twin_.judge(packet, datagram, now_, *policy_);
        compare(said, expected, packet);
        promises_.judge(said, packet, datagram, now_, *policy_);
        line_promises_.judge(said, packet, *policy_, held_ ? &keeper_ : nullptr);
    }

    void deliver(const Datagram& datagram) {
        PacketView packet = to(choices_.of(sources), Transport::udp, 62201);
        packet.payload = datagram.bytes;
        packet.local = true;
        if (remember(datagram)) judge(packet, &datagram);
    }

    // The gate takes it for read. False where it cannot be made to: its memory for that client and slot is full.
    bool remember(const Datagram& datagram) {
        if (datagram.sealed) return true;
        if (!policy_->client(static_cast<ClientId>(datagram.who))) return false;
        opener_->set_time(now_.wall);
        const auto envelope = opener_->recognise(datagram.bytes);
        if (!envelope) return true;
        return tables_.tags().with([&](TagMemory& tags) {
            const auto opened = std::make_shared<const spa::Opened>(spa::Opened{datagram.claims, datagram.hash});
            tags.open(envelope->tag, envelope->slot, policy_->generation,
                      {static_cast<ClientId>(datagram.who), opened});
            return tags.opened(envelope->tag, policy_->generation).has_value();
        });
    }

    void deliver_new() {
        constexpr std::array senders{Who::alice, Who::bob, Who::carol};
        const Who who = choices_.of(senders);
        const auto payload = spa::encode(some_claims());
        if (!payload) return;
        forged_.push_back(People::all().forge(who, *spa::decode(*payload), static_cast<int>(forged_.size())));
        deliver(forged_.back());
    }

    spa::Claims some_claims() {
        const std::uint8_t bits = choices_.u8();
        spa::Claims claims;
        claims.attempt.fill((bits & 1) != 0 ? static_cast<std::uint8_t>(200 + choices_.below(4)) : std::uint8_t{0});
        if ((bits & 1) == 0) claims.attempt[0] = static_cast<std::uint8_t>(forged_.size());
        claims.time = now_.wall;
        if ((bits & 2) != 0) claims.time += (choices_.flip() ? 1 : -1) * choices_.of(spans) / 4;
        claims.services = {choices_.of(service_names)};
        if ((bits & 4) != 0) claims.services.emplace_back(choices_.of(service_names));
        claims.v4 = some_claim(bits >> 3 & 3, Family::v4);
        claims.v6 = some_claim(bits >> 5 & 3, Family::v6);
        if ((bits & 128) != 0) claims.source_port = static_cast<std::uint16_t>(5000 + choices_.below(2));
        if ((bits & 130) == 130) claims.window = std::chrono::seconds{1 + choices_.below(20)};
        return claims;
    }

    static spa::AddressClaim some_claim(int choice, Family family) {
        using Mode = spa::AddressClaim::Mode;
        if (choice == 3) return {Mode::absent, {}};
        if (choice == 2) return {Mode::as_seen, {}};
        return {Mode::exact, sources[static_cast<std::size_t>(choice) + (family == Family::v4 ? 0 : 2)]};
    }

    static PacketView to(const IpAddress& source, Transport transport, std::uint16_t port) {
        PacketView packet;
        packet.malformed = false;
        packet.local = true;
        packet.family = source.family;
        packet.source = source;
        packet.destination = source.family == Family::v4 ? destinations4[0] : destinations6[0];
        packet.transport = transport;
        packet.source_port = 5000;
        packet.destination_port = port;
        if (transport == Transport::tcp) packet.tcp_flags = tcp_flag::syn;
        return packet;
    }

    // Mostly a first packet for a service.
    PacketView some_packet() {
        const std::uint8_t bits = choices_.u8();
        const std::uint16_t port = choices_.of(service_ports);
        const bool udp = ((bits & 1) != 0) != (port == 51820);
        PacketView packet = to(choices_.of(sources), udp ? Transport::udp : Transport::tcp, port);
        packet.source_port = static_cast<std::uint16_t>(5000 + (bits >> 1 & 3));
        packet.sequence = bits >> 3 & 1;
        if ((bits & 16) != 0) packet.local = choices_.flip();
        if ((bits & 16) != 0)
            packet.destination = packet.family == Family::v4 ? choices_.of(destinations4) : choices_.of(destinations6);
        if ((bits & 32) != 0) packet.tcp_flags = choices_.u8();
        packet.observing = (bits & 64) != 0;
        return packet;
    }

    // All of a line's steps, or some.
    void knock_line() {
        const IpAddress& source = choices_.of(sources);
        const auto line = People::line(choices_.below(People::lines));
        const std::uint8_t left_out = choices_.u8();
        for (std::size_t i = 0; i < line.size(); ++i)
            if ((left_out >> i & 1) == 0) take_step(source, line[i]);
    }

    // The disk gets ahead of one-time lists; from some time on, nothing opens without it.
    void disk() {
        const std::uint8_t bits = choices_.u8();
        auto& lines = tables_.lines();
        if (bits < 16) {
            lines.with([](LineMemory& memory) { memory.hold(); });
            twin_.lines().hold();
            held_ = true;
        } else if (bits < 32) {
            const auto used = People::line(bits % People::lines);
            const LineMemory::Digests digests{noise::sha256({as_bytes(knock::to_text(used))})};
            lines.with([&](LineMemory& memory) { memory.remember(digests, false); });
            twin_.lines().remember({used});
            keeper_.remember(digests);
            line_promises_.use(used);
        } else {
            keeper_.move_on(tables_, twin_.lines(), bits % 4 == 0);
        }
    }

    void knock() {
        constexpr std::array<const char*, 8> steps{"tcp/7000", "udp/8000", "icmp/echo-request", "tcp/7001",
                                                   "tcp/9002", "tcp/7002", "tcp/7003",          "udp/7000"};
        const knock::Step step = *knock::parse_step(choices_.of(steps));
        take_step(choices_.of(sources), step);
    }

    void take_step(const IpAddress& source, const knock::Step& step) {
        PacketView packet = to(source, step.transport, step.port);
        if (step.transport == Transport::icmp) {
            packet.transport = packet.family == Family::v4 ? Transport::icmp : Transport::icmpv6;
            packet.icmp_type = packet.family == Family::v4 ? 8 : 128;
            packet.source_port = packet.destination_port = 0;
        }
        judge(packet, nullptr);
    }

    // Flows end: in the kernel, by an operator, and with the policy.
    void end_something() {
        const std::size_t choice = choices_.below(4);
        if (choice == 0) {
            const auto client = static_cast<ClientId>(choices_.below(5));
            end_flows(tables_, Ending::revoked, [&](const NamedFlow& named) { return named.flow.client == client; });
            for (auto& [key, flow] : twin_.flows())
                if (flow.client == client && !flow.ended()) flow.ending = Ending::revoked;
        } else if (choice == 1) {
            end_flows(tables_, [&](const NamedFlow& named) { return ending_of(named, now_, *policy_); });
            twin_.end_by_policy(now_, *policy_);
        } else if (!twin_.flows().empty()) {
            auto over = twin_.flows().begin();
            std::advance(over, choices_.below(twin_.flows().size()));
            demand(take_flow(tables_, over->first, over->second.opened).has_value(), "the gate has that flow");
            twin_.flows().erase(over);
        }
    }

    // The last packet many times, what no parser would give, and what it gives.
    void other() {
        const std::uint8_t bits = choices_.u8();
        if (bits < 128 && last_) {
            const auto [packet, datagram] = std::pair{*last_, last_datagram_};
            if (datagram && !remember(*datagram)) return;
            for (int i = 0; i < bits * 4; ++i) judge(packet, datagram ? &*datagram : nullptr);
        } else if (bits < 192) {
            PacketView packet = some_packet();
            packet.malformed = (bits & 1) != 0;
            packet.more_fragments = (bits & 2) != 0;
            packet.fragment_offset = (bits & 4) != 0 ? 8 : 0;
            packet.transport = static_cast<Transport>(bits >> 3 & 7);
            judge(packet, nullptr);
        } else {
            PacketView packet = parse(choices_.take(bits - 150u));
            packet.local = (bits & 1) != 0;
            judge(packet, nullptr);
        }
    }

    // --- whether both said the same ---

    // Bytes that nobody sealed are refused by length, sieve or tag, whichever comes first.
    static bool same_reason(Reason said, Reason expected) {
        return said == expected ||
               (expected == Reason::spa_tag && (said == Reason::spa_length || said == Reason::spa_sieve));
    }

    void compare(const Decision& said, const Decision& expected, const PacketView& packet) {
        if (said.verdict != expected.verdict || !same_reason(said.reason, expected.reason))
            std::fprintf(stderr, "the gate says %s, the twin %s\n", std::string{word(said.reason)}.c_str(),
                         std::string{word(expected.reason)}.c_str());
        demand(said.verdict == expected.verdict, "both let it in or none does");
        demand(same_reason(said.reason, expected.reason), "both have the same reason");
        const bool of_knock = Reason::knock_step <= said.reason && said.reason <= Reason::knock_full;
        demand(of_knock ? twin_.whose.contains(said.client) : said.client == expected.client,
               "both name the same client");
        demand(said.service == expected.service && said.grant == expected.grant, "the same service and the same grant");
        demand(said.mark == expected.mark && said.ends_flows == expected.ends_flows, "the same mark, the same end");
        demand(said.attempt == expected.attempt && said.offset == expected.offset, "the same attempt at the same time");
        demand(said.unbound == expected.unbound, "both say whom it binds");
        demand(!packet.malformed || said.verdict == Verdict::drop, "what nobody can read is dropped");
    }

    static bool same(const Flow& one, const Flow& other) {
        return one.grant == other.grant && one.client == other.client && one.service == other.service &&
               one.opened == other.opened && one.accepts == other.accepts && one.mark == other.mark &&
               one.ending == other.ending && one.local == other.local;
    }

    void compare_tables() {
        const auto flows = flows_in(tables_);
        demand(flows.size() == twin_.flows().size(), "both have as many flows");
        for (const NamedFlow& named : flows) {
            const auto found = twin_.flows().find(named.key);
            demand(found != twin_.flows().end() && same(found->second, named.flow), "and the same ones");
        }
        const auto left = tables_.lines().with([](const LineMemory& memory) { return memory.left(); });
        demand(left.size() == twin_.lines().lists(), "both have as many lists");
        for (const LinesLeft& row : left) demand(row.left == twin_.lines().left(row.knock), "with as many lines left");
        const auto grants = grants_in(tables_);
        demand(grants.size() == twin_.grants().size(), "both have as many grants");
        for (const Grant& grant : grants) {
            const auto is_it = [&](const GateTwin::TwinGrant& one) { return one.grant.id == grant.id; };
            const auto found = std::ranges::find_if(twin_.grants(), is_it);
            demand(found != twin_.grants().end() && found->grant.expires == grant.expires, "and the same ones");
            demand(*found->left == tables_.client(grant.client).flows.left(grant.counter), "with as many flows left");
        }
    }

    Choices choices_;
    TableSizes sizes_;
    Tables tables_;
    GateTwin twin_;
    Promises promises_;
    SlowKeeper keeper_;
    LinePromises line_promises_;
    bool held_ = false;
    Switches switches_;
    Lists lists_;
    Instant now_{SteadyTime{1h}, wall_time(begin_seconds)};
    std::uint64_t generation_ = 0;
    std::shared_ptr<const Policy> policy_;
    std::unique_ptr<spa::Opener> opener_;
    std::vector<Datagram> forged_;
    std::optional<PacketView> last_;
    std::optional<Datagram> last_datagram_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Run{Choices{{data, size}}}.all();
    return 0;
}
