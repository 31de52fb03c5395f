#include "gate/read_message.h"

namespace postern {
namespace {

// One Diffie-Hellman to learn who claims to speak, then his own keys, or dummies, to learn whether it is true.
ReadResult read_by_noise(const spa::Envelope& envelope, const Policy& policy, spa::Opener& opener) {
    auto introduced = opener.introduce(envelope);
    if (!introduced) return tl::make_unexpected(introduced.error());
    const Client* client = policy.client(introduced->client());
    if (!client) return tl::make_unexpected(opener.refuse_stranger(*introduced, envelope));
    const auto opened = opener.open(*introduced, envelope, client->static_static[envelope.key], client->psk);
    if (!opened) return tl::make_unexpected(opened.error());
    return ReadMessage{client->id, std::make_shared<const spa::Opened>(*opened)};
}

}  // namespace

ReadResult read_message(const spa::Envelope& envelope, const PacketView& packet, Instant now, const Policy& policy,
                        Tables& tables, spa::Opener& opener) {
    const auto known = tables.tags().with([&](TagMemory& tags) -> std::optional<ReadResult> {
        if (tags.was_refused(envelope.tag, policy.generation)) return tl::make_unexpected(Reason::spa_copy);
        if (auto message = tags.opened(envelope.tag, policy.generation)) return *message;
        return std::nullopt;
    });
    if (known) return *known;
    if (!tables.budget().with([&](Budget& budget) { return budget.take(packet.source, now.steady); }))
        return tl::make_unexpected(Reason::spa_budget);
    ReadResult message = read_by_noise(envelope, policy, opener);
    tables.tags().with([&](TagMemory& tags) {
        if (message)
            tags.open(envelope.tag, envelope.slot, policy.generation, *message);
        else
            tags.refuse(envelope.tag, policy.generation);
    });
    return message;
}

}  // namespace postern
