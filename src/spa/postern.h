// The native SPA format over UDP, from the gateway's side: opening; and, through seal.h, from the client's.
// postern-spa(7) specifies every byte.
//
//     nonce[8] | tag[16] | masked ephemeral[32] | rest of the Noise message        120 to 512 bytes
//
// Cheapest refusal first: length, sieve, tag; nothing allocates or throws until the tag holds.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "base/verdict.h"
#include "noise/ik_psk1.h"
#include "noise/keys.h"
#include "noise/mac.h"
#include "spa/claims.h"
#include "spa/envelope.h"
#include "spa/seal.h"

namespace postern::spa {

// A gateway's own key, with its face.
struct GatewayKey {
    noise::KeyPair pair;
    GatewayFace face;

    [[nodiscard]] static GatewayKey of(const noise::Secret& private_key);
};

// A datagram whose tag holds; says nothing yet about who sent it.
struct Envelope {
    Bytes nonce;  // into the datagram
    Tag tag{};
    Bytes masked_ephemeral;
    Bytes rest;
    std::size_t key = 0;    // which of the gateway's keys
    std::int64_t slot = 0;  // whose tag matched
};

// A message whose sender named himself. Prove it with open().
struct Introduced {
    noise::FirstMessage message;
    [[nodiscard]] const noise::PublicKey& client() const noexcept { return message.client(); }
};

// The claims of a client who proved his key, and the name of the message for the replay memory.
struct Opened {
    Claims claims;
    noise::Digest handshake_hash{};
};

// The gateway's bench: keyed MACs for every live day and slot. One per worker and policy. Threads: one.
class Opener {
public:
    // The keys must outlive the opener. `skew`: how far a client's clock may be off, 1 s to 5 min. Before the first
    // set_time() no slot is live and nothing is recognised.
    Opener(std::string gateway_name, std::span<const GatewayKey> keys, Duration skew);

    // Keys the MACs for the days and slots that are live at `now`; cheap while they have not changed. Once per batch.
    void set_time(WallTime now);

    // Length, sieve, tag: spa_length, spa_sieve or spa_tag. Allocates nothing.
    [[nodiscard]] tl::expected<Envelope, Reason> recognise(Bytes datagram) noexcept;

    // One X25519. spa_handshake where it fails.
    [[nodiscard]] tl::expected<Introduced, Reason> introduce(const Envelope& envelope) const;

    // spa_unauthentic, spa_payload, spa_kind or spa_slot. Once per introduction.
    [[nodiscard]] tl::expected<Opened, Reason> open(Introduced& introduced, const Envelope& envelope,
                                                    const noise::Secret& static_static, const noise::Secret& psk) const;

    // For a client that the policy does not know: the same work with dummies in place of the two secrets, and always
    // spa_client_unknown, whatever the last seal says. A stranger's clock learns nothing.
    [[nodiscard]] Reason refuse_stranger(Introduced& introduced, const Envelope& envelope) const;

private:
    struct LiveSlot {
        std::int64_t slot;
        noise::KeyedMac mac;
    };
    struct LiveDay {  // of one key
        std::size_t key;
        Sieve sieve;
        std::vector<LiveSlot> slots;
    };
    struct Dummies {  // in place of an unknown client's secrets; nobody can compute them without the gateway's key
        noise::Secret static_static;
        noise::Secret psk;
    };

    [[nodiscard]] LiveDay live_day(std::size_t key, std::int64_t day) const;

    std::string gateway_name_;
    std::span<const GatewayKey> keys_;
    Duration skew_;
    std::vector<Dummies> dummies_;  // one per key
    std::int64_t first_slot_ = 0;   // the live ones, both included; none yet
    std::int64_t last_slot_ = -1;
    std::vector<LiveDay> days_;
};

}  // namespace postern::spa
