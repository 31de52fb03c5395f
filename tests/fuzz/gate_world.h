// The world around the gate for its fuzz target: a few people and services, policies by eight switches, messages that
// were really sealed, and messages with any claims at all, which the gate takes for read before (gate/tag_memory.h)
// because no Diffie-Hellman is quick enough for a fuzzer.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "entropy.h"
#include "gate/decide.h"
#include "noise/mac.h"
#include "spa/payload.h"
#include "spa/slot.h"

namespace postern::test {

inline IpAddress at(const char* text) { return *parse_address(text); }

inline constexpr std::int64_t begin_seconds = 1'800'000'000;

// Their client ids; mallory has none.
enum class Who : std::uint16_t { alice, bob, carol, office, garage, mallory, door, shed };

// Eight switches of a policy.
struct Switches {
    std::uint8_t bits = 0;
    [[nodiscard]] bool without_alice() const { return (bits & 1) != 0; }
    [[nodiscard]] bool without_web() const { return (bits & 2) != 0; }
    [[nodiscard]] bool more_flows() const { return (bits & 4) != 0; }
    [[nodiscard]] bool bob_expires() const { return (bits & 8) != 0; }
    [[nodiscard]] bool unnumbered() const { return (bits & 16) != 0; }  // the rules do not know where admin goes
    [[nodiscard]] bool without_garage() const { return (bits & 32) != 0; }
    [[nodiscard]] bool little_skew() const { return (bits & 64) != 0; }
    [[nodiscard]] bool observe() const { return (bits & 128) != 0; }  // and sessions end
};

// One-time lists of a policy: parts of one row of lines, of which none is in two lists at once.
struct Lists {
    std::uint8_t bits = 0;
    [[nodiscard]] std::size_t first() const { return bits & 3; }  // of the door's
    [[nodiscard]] std::size_t end() const { return first() + (bits >> 2 & 7); }
    [[nodiscard]] std::size_t moved() const { return (bits & 32) != 0 ? 2 : 0; }  // of them, to the shed's
    [[nodiscard]] bool reversed() const { return (bits & 64) != 0; }
    [[nodiscard]] std::uint8_t look_ahead() const { return (bits & 128) != 0 ? 1 : 5; }
};

struct Datagram {
    int number = 0;  // names the message
    Who who = Who::mallory;
    spa::Claims claims;
    std::vector<std::uint8_t> bytes;
    std::int64_t slot = 0;
    bool sealed = false;  // really; otherwise the gate is made to remember it
    noise::Digest hash{};
};

class People {
public:
    static const People& all() {
        static const People one;
        return one;
    }

    [[nodiscard]] std::shared_ptr<Policy> policy(Switches switches, Lists lists) const {
        Policy made;
        made.gateway.name = "gw1.example.net";
        made.gateway.spa = {{62201, 62202}};
        made.gateway.keys = {gateway_};
        made.gateway.skew = std::chrono::seconds{switches.little_skew() ? 5 : 30};
        made.gateway.observe = switches.observe();
        if (switches.observe()) made.grants.session_max = std::chrono::seconds{20};
        if (switches.more_flows()) made.grants = {std::chrono::seconds{5}, 3, {}};
        add_services(made, switches);
        add_clients(made, switches);
        made.knocks = {knock(Who::office, "office", {"tcp/7000", "udp/8000"}, 0)};
        made.knocks[0].closing = sequence({"tcp/9002", "tcp/7002"});
        if (!switches.without_garage())
            made.knocks.push_back(knock(Who::garage, "garage", {"tcp/7000", "icmp/echo-request", "tcp/7001"}, 2));
        add_lists(made, lists);
        made.index();
        return std::make_shared<Policy>(std::move(made));
    }

    // First steps come again behind five lines; no two lines end alike.
    static constexpr std::size_t lines = 12;
    [[nodiscard]] static std::vector<knock::Step> line(std::size_t n) {
        const std::string first = (n % 2 == 0 ? "tcp/" : "udp/") + std::to_string(7100 + n % 6);
        const std::string last = "udp/" + std::to_string(7200 + n);
        if (n % 4 == 1) return sequence({first.c_str(), last.c_str()}).steps;
        constexpr std::array middles{"icmp/echo-request", "udp/8000", "tcp/7001"};
        return sequence({first.c_str(), middles[n % 3], last.c_str()}).steps;
    }

    // Really sealed; drawing a nonce takes a millisecond, so these are made once.
    [[nodiscard]] const std::vector<Datagram>& sealed() const { return sealed_; }

    // A datagram that the gate recognises. What it says, the gate will not find in it.
    [[nodiscard]] Datagram forge(Who who, const spa::Claims& claims, int number) const {
        Datagram made{number, who, claims, {}, spa::slot_of(claims.time), false, {}};
        std::vector<std::uint8_t> message(noise::overhead, 0);
        std::ranges::copy(big_endian(static_cast<std::uint32_t>(number)), message.begin());
        std::ranges::copy(big_endian(static_cast<std::uint32_t>(number)), made.hash.begin());
        made.bytes = spa::wrap(gateway_.face, nonce_of(spa::day_of_slot(made.slot)), made.slot, message);
        return made;
    }

private:
    People() {
        SeededEntropy entropy{7};
        for (std::uint8_t i = 0; i < 32; ++i) seal(i, entropy);
    }

    static noise::KeyPair keys_of(std::uint8_t seed) {
        return noise::KeyPair::from(noise::Secret{std::vector<std::uint8_t>(noise::key_size, seed)});
    }
    static noise::KeyPair keys_of(Who who) {
        return keys_of(static_cast<std::uint8_t>(11 + static_cast<std::uint16_t>(who)));
    }
    static noise::Secret psk_of(Who who) {
        const bool has = who == Who::alice;
        return noise::Secret{std::vector<std::uint8_t>(noise::key_size, has ? 21 : 0)};
    }

    static void add_services(Policy& policy, Switches switches) {
        const auto add = [&](const char* name, Transport transport, std::uint16_t port) -> Service& {
            Service& made = policy.services.emplace_back();
            made.id = service_id(name);
            made.name = name;
            made.ports = {{transport, {port, port}}};
            return made;
        };
        add("ssh", Transport::tcp, 22);
        add("vpn", Transport::udp, 51820);
        add("db", Transport::tcp, 22).to = {*parse_prefix("192.0.2.0/24")};  // the gateway's own address among them
        add("pg", Transport::tcp, 5432).to = {*parse_prefix("198.51.100.0/28"), *parse_prefix("2001:db8:5::/64")};
        Service& admin = add("admin", Transport::tcp, 8443);
        admin.forward_to = {{at("10.0.0.7"), 443}};
        admin.mark = switches.unnumbered() ? Mark::none : forward_mark(switches.more_flows() ? 2 : 1);
        if (!switches.without_web()) add("web", Transport::tcp, 443);
    }

    void add_clients(Policy& policy, Switches switches) const {
        const auto add = [&](Who who, const char* name, std::vector<const char*> services) -> Client& {
            Client& made = policy.clients.emplace_back();
            made.id = static_cast<ClientId>(who);
            made.name = name;
            const auto keys = keys_of(who);
            made.public_key = keys.public_key;
            made.psk = psk_of(who);
            made.static_static = {*noise::diffie_hellman(gateway_.pair.private_key, keys.public_key)};
            for (const char* service : services) made.services.push_back(service_id(service));
            return made;
        };
        if (!switches.without_alice()) add(Who::alice, "alice", {"ssh", "vpn", "admin", "pg"});
        Client& bob = add(Who::bob, "bob", {"ssh", "db", "vpn"});
        bob.source_claim = SourceClaim::optional;
        if (!switches.without_web()) bob.services.push_back(service_id("web"));
        if (switches.bob_expires()) bob.expires = wall_time(begin_seconds + 20);
        add(Who::carol, "carol", {"ssh"}).source_claim = SourceClaim::required;
    }

    static ServiceId service_id(std::string_view name) {
        constexpr std::array<std::string_view, 6> names{"ssh", "vpn", "db", "pg", "admin", "web"};
        return static_cast<ServiceId>(std::ranges::find(names, name) - names.begin());
    }

    static knock::Sequence sequence(const std::vector<const char*>& steps) {
        knock::Sequence made;
        for (const char* step : steps) made.steps.push_back(*knock::parse_step(step));
        return made;
    }
    static Knock knock(Who who, const char* name, const std::vector<const char*>& steps, std::uint8_t tolerated) {
        Knock made;
        made.opening = sequence(steps);
        made.opening.tolerated = tolerated;
        made.identity.id = static_cast<ClientId>(who);
        made.identity.name = name;
        made.identity.services = {service_id(who == Who::office || who == Who::door ? "ssh" : "vpn")};
        return made;
    }

    static void add_lists(Policy& policy, Lists chosen) {
        std::vector<std::size_t> door, shed;
        for (std::size_t n = chosen.first(); n < chosen.end(); ++n) door.push_back(n);
        for (std::size_t n = 10; n < lines && !door.empty(); ++n) shed.push_back(n);
        for (std::size_t i = 0; i < chosen.moved() && !door.empty(); ++i) shed.push_back(door.back()), door.pop_back();
        if (chosen.reversed()) std::ranges::reverse(door);
        if (!door.empty()) policy.knocks.push_back(listed(Who::door, "door", door, chosen.look_ahead()));
        if (!shed.empty()) policy.knocks.push_back(listed(Who::shed, "shed", shed, 1));
    }
    static Knock listed(Who who, const char* name, const std::vector<std::size_t>& numbers, std::uint8_t look_ahead) {
        static std::map<std::vector<std::size_t>, ListId> ids;
        const auto list = std::make_shared<knock::OneTimeList>();
        list->id = ids.try_emplace(numbers, static_cast<ListId>(ids.size())).first->second;
        list->look_ahead = look_ahead;
        for (const std::size_t n : numbers)
            list->lines.push_back({line(n), noise::sha256({as_bytes(knock::to_text(line(n)))})});
        Knock made = knock(who, name, {}, who == Who::door ? 3 : 0);
        made.list = list;
        return made;
    }

    // By everybody, mallory among them; every fourth is the other datagram of the attempt before.
    void seal(std::uint8_t i, SeededEntropy& entropy) {
        constexpr std::array senders{Who::alice, Who::bob, Who::carol, Who::mallory};
        constexpr std::array<const char*, 4> services{"ssh", "vpn", "admin", "web"};
        const std::uint8_t attempt = i / 2;
        const Who who = senders[attempt % 4];
        spa::Claims claims;
        claims.attempt.fill(static_cast<std::uint8_t>(attempt + 1));
        claims.time = wall_time(begin_seconds + attempt * 3) + std::chrono::milliseconds{i};
        claims.services = {services[attempt / 4]};
        claims.v4 = {spa::AddressClaim::Mode::exact, at("198.51.100.7")};
        if (attempt % 3 == 0) claims.v6.mode = spa::AddressClaim::Mode::as_seen;
        if (attempt % 5 == 0) claims.source_port = 5000;
        const auto keys = keys_of(who);
        const spa::Sender sender{keys, psk_of(who), "gw1.example.net", gateway_.pair.public_key};
        sealed_.push_back(
            {-1 - i, who, claims, *spa::seal(sender, claims, entropy), spa::slot_of(claims.time), true, {}});
    }

    // A nonce that passes the day's sieve.
    [[nodiscard]] const spa::Nonce& nonce_of(std::int64_t day) const {
        static std::map<std::int64_t, spa::Nonce> found;
        if (const auto known = found.find(day); known != found.end()) return known->second;
        const auto sieve = spa::Sieve::of(gateway_.face, day);
        std::uint64_t candidate = 0;
        while (!sieve.passes(big_endian(candidate))) ++candidate;
        return found[day] = big_endian(candidate);
    }

    spa::GatewayKey gateway_ = spa::GatewayKey::of(keys_of(1).private_key);
    std::vector<Datagram> sealed_;
};

}  // namespace postern::test
