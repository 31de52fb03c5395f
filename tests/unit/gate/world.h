// A small world around decide(): one gateway, some clients, packets written as expressions, and time that passes when
// told to. Keys and randomness are fixed, so a run repeats exactly.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "entropy.h"
#include "gate/decide.h"
#include "noise/mac.h"

namespace postern::test {

inline noise::KeyPair keys_of(std::uint8_t seed) {
    const std::vector<std::uint8_t> bytes(noise::key_size, seed);
    return noise::KeyPair::from(noise::Secret{bytes});
}

inline IpAddress address(const std::string& text) { return parse_address(text).value(); }

struct Person {
    std::string name;
    noise::KeyPair keys;
    noise::Secret psk;
};

// Lines of a one-time list from the n-th on; no two have a step in common.
inline std::vector<std::string> some_lines(int count, int from = 0) {
    std::vector<std::string> lines;
    for (int n = from; n < from + count; ++n)
        lines.push_back("tcp/" + std::to_string(11000 + n) + ",udp/" + std::to_string(31000 + n) + ",tcp/" +
                        std::to_string(21000 + n));
    return lines;
}

class World {
public:
    static constexpr std::uint16_t ssh_port = 22, web_port = 443, vpn_port = 51820, spa_port = 62201;

    Person alice{"alice", keys_of(11), noise::Secret{std::vector<std::uint8_t>(32, 21)}};
    Person bob{"bob", keys_of(12), noise::Secret{}};
    Person mallory{"mallory", keys_of(13), noise::Secret{}};  // never in the policy
    IpAddress home = address("198.51.100.7");
    IpAddress elsewhere = address("203.0.113.9");
    IpAddress home6 = address("2001:db8::7");

    explicit World(ReplayMemory memory = {}, TableSizes sizes = {4, 1024, 1024}) : tables_{sizes, SipKey{1, 2, 3}} {
        tables_.remember(std::move(memory));
        Policy policy;
        policy.gateway.name = "gw1.example.net";
        policy.gateway.spa = {{spa_port, spa_port}};
        policy.gateway.keys = {{gateway_, spa::GatewayFace::of(gateway_.public_key)}};
        policy.services = {service("ssh", Transport::tcp, ssh_port), service("web", Transport::tcp, web_port),
                           service("vpn", Transport::udp, vpn_port)};
        policy.clients = {client(alice, {"ssh", "vpn"}), client(bob, {"ssh", "web"})};
        use(std::move(policy));
    }

    // A copy to change and to use(): the unfinished policy, without look-ups.
    [[nodiscard]] Policy draft() const {
        Policy copy;
        copy.gateway = policy_->gateway;
        copy.grants = policy_->grants;
        copy.services = policy_->services;
        copy.clients = policy_->clients;
        copy.knocks = policy_->knocks;
        return copy;
    }
    void use(Policy policy) {
        policy.generation = ++generation_;
        policy.index();
        tables_.enroll(policy);
        policy_ = std::make_shared<const Policy>(std::move(policy));
        opener_ = std::make_unique<spa::Opener>(policy_->gateway.name, policy_->gateway.keys, policy_->gateway.skew);
    }

    Client client(const Person& person, const std::vector<std::string>& services) {
        Client made;
        made.id = names_.client(person.keys.public_key);
        made.name = person.name;
        made.public_key = person.keys.public_key;
        made.psk = person.psk;
        made.static_static = {noise::diffie_hellman(gateway_.private_key, person.keys.public_key).value()};
        for (const auto& name : services) made.services.push_back(names_.service(name));
        return made;
    }
    Knock knock(const std::string& name, const std::vector<std::string>& steps, const std::string& opens,
                const std::vector<std::string>& closing = {}) {
        const auto sequence = [](const std::vector<std::string>& texts) {
            knock::Sequence made;
            for (const std::string& text : texts) made.steps.push_back(knock::parse_step(text).value());
            return made;
        };
        Knock made;
        made.opening = sequence(steps);
        if (!closing.empty()) made.closing = sequence(closing);
        made.identity.id = names_.knock(name, made.opening.steps);
        made.identity.name = name;
        made.identity.services = {names_.service(opens)};
        return made;
    }
    // A line: steps between commas.
    Knock listed_knock(const std::string& name, const std::vector<std::string>& lines, const std::string& opens = "ssh",
                       std::uint8_t look_ahead = 5) {
        auto list = std::make_shared<knock::OneTimeList>();
        std::string content;
        for (const std::string& text : lines) {
            list->lines.push_back({steps_of(text), noise::sha256({as_bytes(text)})});
            content += text + "\n";
        }
        list->id = names_.list(noise::sha256({as_bytes(content)}));
        list->look_ahead = look_ahead;
        Knock made;
        made.list = std::move(list);
        made.identity.id = names_.listed_knock(name);
        made.identity.name = name;
        made.identity.services = {names_.service(opens)};
        return made;
    }
    static std::vector<knock::Step> steps_of(const std::string& line) {
        std::vector<knock::Step> steps;
        for (const std::string_view word : knock::words_of(line)) steps.push_back(knock::parse_step(word).value());
        return steps;
    }
    // What the last step of a line is, sent behind the others.
    Reason knock_line(const std::string& line, const IpAddress& from) {
        Reason reason{};
        for (const knock::Step& step : steps_of(line)) reason = judge(hit(knock::to_text(step), from)).reason;
        return reason;
    }
    Service service(const std::string& name, Transport transport, std::uint16_t port) {
        Service made;
        made.id = names_.service(name);
        made.name = name;
        made.ports = {{transport, {port, port}}};
        return made;
    }

    void pass(Duration time) { now_.steady += time, now_.wall += time; }
    void step_wall_clock(Duration step) { now_.wall += step; }
    void begin_at(Instant now) { now_ = now; }
    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] const Policy& policy() const { return *policy_; }
    [[nodiscard]] std::shared_ptr<const Policy> shared_policy() const { return policy_; }
    Tables& tables() { return tables_; }
    Names& names() { return names_; }

    // A message by `who` for a service, its time the gateway's, its address exact.
    spa::Claims claims(const std::string& service, const IpAddress& from) {
        spa::Claims claims;
        entropy_.fill(claims.attempt);
        claims.time = now_.wall;
        claims.services = {service};
        (from.family == Family::v4 ? claims.v4 : claims.v6) = {spa::AddressClaim::Mode::exact, from};
        return claims;
    }
    std::vector<std::uint8_t> seal(const Person& who, const spa::Claims& claims) {
        return spa::seal({who.keys, who.psk, policy_->gateway.name, gateway_.public_key}, claims, entropy_).value();
    }

    Decision judge(const PacketView& packet) { return judge(packet, *opener_); }
    Decision judge(const PacketView& packet, spa::Opener& opener) {
        opener.set_time(now_.wall);
        return decide(packet, now_, *policy_, tables_, opener);
    }
    Decision deliver(const std::vector<std::uint8_t>& datagram, const IpAddress& from) {
        PacketView packet = udp(from, 40000, spa_port);
        packet.payload = datagram;
        return judge(packet);
    }
    Decision open(const Person& who, const std::string& service, const IpAddress& from) {
        return deliver(seal(who, claims(service, from)), from);
    }

    [[nodiscard]] PacketView packet(Transport transport, const IpAddress& from, std::uint16_t sport,
                                    std::uint16_t dport) const {
        PacketView view;
        view.malformed = false;
        view.local = true;
        view.family = from.family;
        view.source = from;
        view.destination = from.family == Family::v4 ? address("192.0.2.1") : address("2001:db8:1::1");
        view.transport = transport;
        view.source_port = sport;
        view.destination_port = dport;
        return view;
    }
    [[nodiscard]] PacketView syn(const IpAddress& from, std::uint16_t sport, std::uint16_t dport = ssh_port,
                                 std::uint32_t sequence = 1000) const {
        PacketView view = packet(Transport::tcp, from, sport, dport);
        view.tcp_flags = tcp_flag::syn;
        view.sequence = sequence;
        return view;
    }
    [[nodiscard]] PacketView udp(const IpAddress& from, std::uint16_t sport, std::uint16_t dport) const {
        return packet(Transport::udp, from, sport, dport);
    }

    [[nodiscard]] PacketView hit(const std::string& text, const IpAddress& from) const {
        const knock::Step step = knock::parse_step(text).value();
        PacketView view = packet(step.transport, from, 5000, step.port);
        view.tcp_flags = step.flags;
        if (step.transport != Transport::icmp) return view;
        view.transport = from.family == Family::v4 ? Transport::icmp : Transport::icmpv6;
        view.icmp_type = from.family == Family::v4 ? 8 : 128;
        return view;
    }

private:
    noise::KeyPair gateway_ = keys_of(1);
    Names names_;
    Instant now_{SteadyTime{std::chrono::hours{1}}, wall_time(1'800'000'000)};
    std::uint64_t generation_ = 0;
    SeededEntropy entropy_{7};
    Tables tables_;
    std::shared_ptr<const Policy> policy_;
    std::unique_ptr<spa::Opener> opener_;
};

}  // namespace postern::test
