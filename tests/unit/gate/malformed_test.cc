// Packets of every malformed kind, ten thousand each, through the engine's packet interface: bytes in, decision out.
#include <functional>
#include <random>

#include "catch.h"
#include "packet/parse.h"
#include "unit/gate/world.h"

using namespace postern;
using namespace postern::test;

namespace {

using Packet = std::vector<std::uint8_t>;
using Random = std::mt19937;

constexpr std::size_t header4 = 20, header6 = 40;

std::uint8_t any(Random& random, int low, int high) {
    return static_cast<std::uint8_t>(std::uniform_int_distribution{low, high}(random));
}

void set_be16(Packet& packet, std::size_t at, std::size_t value) {
    packet[at] = static_cast<std::uint8_t>(value >> 8);
    packet[at + 1] = static_cast<std::uint8_t>(value);
}

// A sound packet with a sound transport header and some payload, the rest random.
Packet ipv4(Random& random, std::uint8_t protocol) {
    Packet packet(header4 + 60);
    for (auto& byte : packet) byte = any(random, 0, 255);
    packet[0] = 0x45;
    set_be16(packet, 2, packet.size());
    set_be16(packet, 6, 0);
    packet[9] = protocol;
    return packet;
}
Packet ipv6(Random& random, std::uint8_t next_header) {
    Packet packet(header6 + 60);
    for (auto& byte : packet) byte = any(random, 0, 255);
    packet[0] = 0x60;
    set_be16(packet, 4, packet.size() - header6);
    packet[6] = next_header;
    return packet;
}
Packet tcp4(Random& random) {
    Packet packet = ipv4(random, 6);
    packet[header4 + 12] = 0x50;
    return packet;
}
Packet udp4(Random& random) {
    Packet packet = ipv4(random, 17);
    set_be16(packet, header4 + 4, 60);
    return packet;
}
Packet udp6(Random& random) {
    Packet packet = ipv6(random, 17);
    set_be16(packet, header6 + 4, 60);
    return packet;
}

// Cuts the packet to `size` bytes and makes the length in its IP header agree.
Packet cut(Packet packet, std::size_t size) {
    packet.resize(size);
    if (packet[0] >> 4 == 4)
        set_be16(packet, 2, size);
    else
        set_be16(packet, 4, size - header6);
    return packet;
}

struct Kind {
    const char* name;
    std::function<Packet(Random&)> make;
};

template <class Make, class Spoil>
Kind spoilt(const char* name, Make make, Spoil spoil) {
    return {name, [=](Random& random) {
                Packet packet = make(random);
                spoil(packet, random);
                return packet;
            }};
}

const std::vector<Kind> kinds{
    {"nothing at all", [](Random&) { return Packet{}; }},
    spoilt("a version that is none", tcp4,
           [](Packet& p, Random& r) { p[0] = static_cast<std::uint8_t>(any(r, 7, 15) << 4 | 5); }),
    spoilt("IPv4 cut inside its header", tcp4, [](Packet& p, Random& r) { p.resize(any(r, 1, 19)); }),
    spoilt("IPv4 header length below five", tcp4,
           [](Packet& p, Random& r) { p[0] = static_cast<std::uint8_t>(0x40 | any(r, 0, 4)); }),
    spoilt("IPv4 header longer than its packet", tcp4,
           [](Packet& p, Random& r) {
               p[0] = 0x4f;
               p.resize(any(r, 20, 59));
               set_be16(p, 2, p.size());
           }),
    spoilt("IPv4 total length inside its header", tcp4, [](Packet& p, Random& r) { set_be16(p, 2, any(r, 0, 19)); }),
    spoilt("IPv4 total length beyond its packet", tcp4,
           [](Packet& p, Random& r) { set_be16(p, 2, p.size() + any(r, 1, 255)); }),
    {"TCP cut inside its header", [](Random& r) { return cut(tcp4(r), header4 + any(r, 0, 19)); }},
    spoilt("TCP data offset below five", tcp4,
           [](Packet& p, Random& r) { p[header4 + 12] = static_cast<std::uint8_t>(any(r, 0, 4) << 4); }),
    {"TCP data offset beyond its packet",
     [](Random& r) {
         Packet p = cut(tcp4(r), header4 + any(r, 20, 59));
         p[header4 + 12] = 0xf0;
         return p;
     }},
    {"UDP cut inside its header", [](Random& r) { return cut(udp4(r), header4 + any(r, 0, 7)); }},
    spoilt("UDP length below eight", udp4, [](Packet& p, Random& r) { set_be16(p, header4 + 4, any(r, 0, 7)); }),
    spoilt("UDP length beyond its packet", udp4,
           [](Packet& p, Random& r) { set_be16(p, header4 + 4, 61u + any(r, 0, 255)); }),
    {"ICMP cut inside its header", [](Random& r) { return cut(ipv4(r, 1), header4 + any(r, 0, 7)); }},
    spoilt("IPv6 cut inside its header", udp6, [](Packet& p, Random& r) { p.resize(any(r, 1, 39)); }),
    spoilt("IPv6 payload length beyond its packet", udp6,
           [](Packet& p, Random& r) { set_be16(p, 4, p.size() - header6 + any(r, 1, 255)); }),
    {"UDP over IPv6 cut inside its header", [](Random& r) { return cut(udp6(r), header6 + any(r, 0, 7)); }},
    spoilt("an extension header beyond its packet", udp6,
           [](Packet& p, Random& r) {
               p[6] = 60;
               p[header6 + 1] = any(r, 8, 255);
           }),
    {"ICMPv6 cut inside its header", [](Random& r) { return cut(ipv6(r, 58), header6 + any(r, 0, 7)); }},
};

}  // namespace

TEST_CASE("ten thousand packets of every malformed kind are dropped as malformed, each", "[gate]") {
    World world;
    Random random{20261121};
    for (const Kind& kind : kinds) {
        INFO(kind.name);
        std::size_t counted = 0;
        for (int i = 0; i < 10'000; ++i) {
            const Packet packet = kind.make(random);
            PacketView view = parse(packet);
            view.local = true;
            const Decision decision = world.judge(view);
            counted += decision.reason == Reason::malformed && decision.verdict == Verdict::drop;
        }
        CHECK(counted == 10'000);
    }
}

TEST_CASE("the sound packets that the malformed ones are made from are not malformed", "[gate]") {
    Random random{1};
    for (int i = 0; i < 1000; ++i)
        for (const Packet& packet : {tcp4(random), udp4(random), udp6(random), ipv4(random, 1), ipv6(random, 58)})
            CHECK_FALSE(parse(packet).malformed);
}
