#include "postern/dial.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <system_error>

namespace postern::client {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// The kernel repeats a SYN after 1, 3 and 7 s, newer ones also in between; a message goes ahead of each of these.
constexpr std::array asks{0ms, 900ms, 2900ms, 6900ms};
constexpr auto head_start = 250ms;
constexpr int port_tries = 16;

bool has_family(const std::vector<Leg>& legs, Family family) {
    return std::any_of(legs.begin(), legs.end(), [&](const Leg& leg) { return leg.target.address.family == family; });
}

// The gateway's address for a target: the same one if the gateway has it, otherwise its first of that family.
const Endpoint* gateway_for(const Endpoint& target, const std::vector<Endpoint>& gateways) {
    const auto same = std::find_if(gateways.begin(), gateways.end(),
                                   [&](const Endpoint& gateway) { return gateway.address == target.address; });
    if (same != gateways.end()) return &*same;
    const auto first = std::find_if(gateways.begin(), gateways.end(), [&](const Endpoint& gateway) {
        return gateway.address.family == target.address.family;
    });
    return first == gateways.end() ? nullptr : &*first;
}

Result<std::vector<Leg>> route_legs(const std::vector<Endpoint>& targets, const std::vector<Endpoint>& gateways,
                                    SourceMode mode) {
    std::vector<Leg> legs;
    std::string why;
    for (const Endpoint& target : targets) {
        if (has_family(legs, target.address.family)) continue;
        const Endpoint* gateway = gateway_for(target, gateways);
        const auto local = source_toward(target);
        if (gateway == nullptr)
            why = fmt::format("the gateway has no address of the family of {}", to_text(target.address));
        else if (!local)
            why = local.error().text;
        else
            legs.push_back({target, {*gateway, *local, claim_source(mode, *local, target.address)}, {}});
    }
    if (legs.empty()) return failure(why);
    return legs;
}

// Binds the first leg to `port` and the others to whatever port that gave.
Result<void> bind_all(std::vector<Leg>& legs, std::uint16_t port) {
    for (Leg& leg : legs) {
        auto socket = bind_tcp(leg.target, leg.way.local, port);
        if (!socket) return tl::make_unexpected(socket.error());
        leg.socket = std::move(*socket);
        port = bound_port(leg.socket);
    }
    return {};
}

class Dial {
public:
    Dial(std::vector<Leg> legs, Duration timeout, const std::function<Result<void>()>& ask)
        : waiting_{std::make_move_iterator(legs.begin()), std::make_move_iterator(legs.end())},
          ask_{ask},
          begin_{Clock::now()},
          end_{begin_ + timeout},
          next_start_{begin_} {}

    Result<Socket> run() {
        for (auto now = begin_; now < end_; now = Clock::now()) {
            if (const auto asked = ask_if_due(now); !asked) return tl::make_unexpected(asked.error());
            start_if_due(now);
            if (pending_.empty() && waiting_.empty()) return failure(refusal_);
            if (auto winner = wait(next_event())) return std::move(*winner);
        }
        return failure(fmt::format("no answer within {} s", std::chrono::duration<double>(end_ - begin_).count()));
    }

private:
    Result<void> ask_if_due(Clock::time_point now) {
        if (asked_ == asks.size() || now < begin_ + asks[asked_]) return {};
        ++asked_;
        return ask_();
    }

    // The next leg starts when its time has come, or at once when nothing is under way.
    void start_if_due(Clock::time_point now) {
        while (!waiting_.empty() && (pending_.empty() || now >= next_start_)) {
            Leg leg = std::move(waiting_.front());
            waiting_.pop_front();
            if (const auto started = start_connect(leg.socket, leg.target))
                pending_.push_back(std::move(leg));
            else
                refusal_ = started.error().text;
            next_start_ = now + head_start;
        }
    }

    [[nodiscard]] Clock::time_point next_event() const {
        Clock::time_point next = end_;
        if (asked_ < asks.size()) next = std::min<Clock::time_point>(next, begin_ + asks[asked_]);
        if (!waiting_.empty()) next = std::min(next, next_start_);
        return next;
    }

    // Waits for one of the pending legs; the winner's socket, if there is one now.
    std::optional<Socket> wait(Clock::time_point until) {
        std::vector<pollfd> waits;
        for (const Leg& leg : pending_) waits.push_back({leg.socket.get(), POLLOUT, 0});
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
        if (::poll(waits.data(), waits.size(), static_cast<int>(std::max<std::int64_t>(left, 0))) <= 0)
            return std::nullopt;
        for (std::size_t i = waits.size(); i-- > 0;)
            if (waits[i].revents != 0)
                if (auto winner = finish(i)) return winner;
        return std::nullopt;
    }

    std::optional<Socket> finish(std::size_t index) {
        Leg leg = std::move(pending_[index]);
        pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(index));
        const int error = connect_outcome(leg.socket);
        if (error == 0) return std::move(leg.socket);
        refusal_ = fmt::format("{}: {}", to_text(leg.target.address), std::generic_category().message(error));
        return std::nullopt;
    }

    std::deque<Leg> waiting_;
    std::vector<Leg> pending_;
    const std::function<Result<void>()>& ask_;
    Clock::time_point begin_;
    Clock::time_point end_;
    Clock::time_point next_start_;
    std::size_t asked_ = 0;
    std::string refusal_;
};

}  // namespace

Result<std::vector<Leg>> prepare_legs(const std::vector<Endpoint>& targets, const std::vector<Endpoint>& gateways,
                                      SourceMode mode, std::uint16_t port) {
    auto legs = route_legs(targets, gateways, mode);
    if (!legs) return legs;
    // A port that is free in one family may be taken in the other: then another one is drawn.
    auto bound = bind_all(*legs, port);
    for (int tries = 1; !bound && port == 0 && tries < port_tries; ++tries) bound = bind_all(*legs, port);
    if (!bound) return tl::make_unexpected(bound.error());
    return legs;
}

std::vector<Way> ways_of(const std::vector<Leg>& legs) {
    std::vector<Way> ways;
    for (const Leg& leg : legs) ways.push_back(leg.way);
    return ways;
}

Result<Socket> dial(std::vector<Leg> legs, Duration timeout, const std::function<Result<void>()>& ask) {
    return Dial{std::move(legs), timeout, ask}.run();
}

}  // namespace postern::client
