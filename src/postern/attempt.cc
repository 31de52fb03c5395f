#include "postern/attempt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/clock.h"
#include "postern/entropy.h"

namespace postern::client {
namespace {

const Way* way_of(const std::vector<Way>& ways, Family family) noexcept {
    const auto found =
        std::find_if(ways.begin(), ways.end(), [&](const Way& way) { return way.local.family == family; });
    return found == ways.end() ? nullptr : &*found;
}

spa::AddressClaim claim_in(const std::vector<Way>& ways, Family family) noexcept {
    const Way* way = way_of(ways, family);
    return way == nullptr ? spa::AddressClaim{} : way->claim;
}

std::string joined(const std::vector<std::string>& lines, std::string_view separator) {
    return fmt::format("{}", fmt::join(lines, separator));
}

}  // namespace

Result<std::vector<Way>> find_ways(const std::vector<Endpoint>& gateway, SourceMode mode,
                                   std::vector<std::string>& passed_over) {
    std::vector<Way> ways;
    for (const Endpoint& endpoint : gateway) {
        if (way_of(ways, endpoint.address.family) != nullptr) continue;
        if (const auto local = source_toward(endpoint))
            ways.push_back({endpoint, *local, claim_source(mode, *local, endpoint.address)});
        else
            passed_over.push_back(local.error().text);
    }
    if (ways.empty()) return failure(joined(passed_over, "; "));
    return ways;
}

spa::Claims claims_of(const Wish& wish, const std::vector<Way>& ways, const Way& carrier, const AttemptId& attempt,
                      WallTime now) {
    spa::Claims claims;
    claims.attempt = attempt;
    claims.time = now;
    claims.services = wish.services;
    claims.window = wish.window;
    claims.v4 = claim_in(ways, Family::v4);
    claims.v6 = claim_in(ways, Family::v6);
    if (carrier.claim.mode == spa::AddressClaim::Mode::exact) claims.source_port = wish.source_port;
    return claims;
}

std::string to_text(const std::vector<Way>& ways) {
    std::vector<std::string> words;
    for (const Way& way : ways)
        words.push_back((way.local.family == Family::v4 ? "IPv4 " : "IPv6 ") + to_text(way.gateway.address));
    return joined(words, ", ");
}

Attempt::Attempt(const Profile& profile, Wish wish, std::vector<Way> ways)
    : profile_{profile}, wish_{std::move(wish)}, ways_{std::move(ways)} {
    KernelEntropy{}.fill(id_);
}

Result<std::vector<std::vector<std::uint8_t>>> Attempt::seal() const {
    std::vector<std::vector<std::uint8_t>> datagrams;
    for (const Way& way : ways_) {
        KernelEntropy entropy;
        auto datagram = spa::seal(profile_.sender, claims_of(wish_, ways_, way, id_, io::now().wall), entropy);
        if (!datagram) return failure("the message cannot be sealed: a key is unusable, or it names too many services");
        datagrams.push_back(std::move(*datagram));
    }
    return datagrams;
}

Result<void> Attempt::send() const {
    const auto datagrams = seal();
    if (!datagrams) return tl::make_unexpected(datagrams.error());
    std::vector<std::string> refusals;
    for (std::size_t i = 0; i < ways_.size(); ++i)
        if (const auto sent = send_datagram(ways_[i].local, ways_[i].gateway, (*datagrams)[i]); !sent)
            refusals.push_back(sent.error().text);
    if (refusals.size() == ways_.size()) return failure(joined(refusals, "; "));
    return {};
}

std::string Attempt::summary() const {
    return fmt::format("asked {} for {} ({})", profile_.sender.gateway_name, joined(wish_.services, ", "),
                       to_text(ways_));
}

}  // namespace postern::client
