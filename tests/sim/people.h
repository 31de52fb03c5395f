// Who has which key, where they live, and how they seal a message: the client's side of SPA, in one place.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "dice.h"
#include "packet.h"
#include "spa/postern.h"

namespace postern::sim {

struct Person {
    std::string name;
    noise::KeyPair keys;
    noise::Secret psk;            // all zero: none
    noise::Secret static_static;  // with the gate's key
    IpAddress v4, v6;
};

// The gate's own key and name, and everybody's.
class People {
public:
    static constexpr const char* gateway_name = "gw1.example.net";

    explicit People(Dice dice);

    // A new one, with keys and addresses of their own.
    [[nodiscard]] Person make(const std::string& name);

    // A genuine datagram. The nonce is found once per day and not per message: what it hides is no business of worlds.
    // Nothing where the claims have no encoding.
    struct Sealed {
        Datagram bytes;
        std::shared_ptr<const Message> message;
    };
    [[nodiscard]] std::optional<Sealed> seal(const Person& who, const spa::Claims& claims);

    // An envelope around anything of at least 96 bytes: what everybody can make who knows P.
    [[nodiscard]] Datagram wrap(Bytes inside, WallTime time);

    [[nodiscard]] const std::vector<spa::GatewayKey>& gateway() const noexcept { return gateway_; }

private:
    [[nodiscard]] const spa::Nonce& nonce_of(std::int64_t day);

    Dice dice_;
    std::vector<spa::GatewayKey> gateway_;
    std::map<std::int64_t, spa::Nonce> nonces_;
    std::uint64_t sealed_ = 0;
    std::uint16_t made_ = 0;
};

}  // namespace postern::sim
