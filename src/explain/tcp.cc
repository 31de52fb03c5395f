#include "explain/tcp.h"

#include <algorithm>
#include <array>

#include "packet/view.h"

namespace postern::explain {
namespace {

using State = TcpState;
using MaybeState = std::optional<State>;

enum class Segment : std::uint8_t { nonsense, syn, syn_ack, fin, ack, rst };

// Combinations that no TCP sends are INVALID. PSH, ECE and CWR say nothing about that.
Segment kind_of(std::uint8_t flags) noexcept {
    using namespace tcp_flag;
    constexpr auto sensible =
        std::to_array<int>({syn, syn | urg, syn | ack, rst, rst | ack, fin | ack, fin | ack | urg, ack, ack | urg});
    const int told = flags & (fin | syn | rst | ack | urg);
    if (std::ranges::find(sensible, told) == sensible.end()) return Segment::nonsense;
    if (told & rst) return Segment::rst;
    if (told & syn) return told & ack ? Segment::syn_ack : Segment::syn;
    return told & fin ? Segment::fin : Segment::ack;
}

bool over(State state) noexcept { return state == State::time_wait || state == State::close; }

MaybeState behind_syn(State state, Way way) noexcept {
    if (way == Way::reply) return state == State::syn_sent ? MaybeState{state} : std::nullopt;
    return state == State::none || over(state) ? State::syn_sent : state;
}

MaybeState behind_syn_ack(State state, Way way) noexcept {
    if (way == Way::original) return state == State::syn_recv ? MaybeState{state} : std::nullopt;
    return state == State::syn_sent ? State::syn_recv : state;
}

MaybeState behind_fin(State state) noexcept {
    switch (state) {
        case State::none:
        case State::syn_sent: return std::nullopt;
        case State::syn_recv:
        case State::established: return State::fin_wait;
        case State::fin_wait:
        case State::close_wait:
        case State::last_ack: return State::last_ack;
        default: return state;
    }
}

MaybeState behind_ack(State state, Way way) noexcept {
    switch (state) {
        case State::none: return State::established;
        case State::syn_sent: return way == Way::reply ? MaybeState{state} : std::nullopt;
        case State::syn_recv: return way == Way::reply ? state : State::established;
        case State::fin_wait: return State::close_wait;
        case State::last_ack: return State::time_wait;
        default: return state;
    }
}

}  // namespace

MaybeState next_state(State state, std::uint8_t flags, Way way) noexcept {
    switch (kind_of(flags)) {
        case Segment::syn: return behind_syn(state, way);
        case Segment::syn_ack: return state == State::none ? std::nullopt : behind_syn_ack(state, way);
        case Segment::fin: return behind_fin(state);
        case Segment::ack: return behind_ack(state, way);
        case Segment::rst: return state == State::none ? std::nullopt : MaybeState{State::close};
        case Segment::nonsense: break;
    }
    return std::nullopt;
}

Duration remembered(State state) noexcept {
    using std::chrono::seconds;
    switch (state) {
        case State::established: return std::chrono::hours{5 * 24};
        case State::syn_recv:
        case State::close_wait: return seconds{60};
        case State::last_ack: return seconds{30};
        case State::close: return seconds{10};
        default: return seconds{120};
    }
}

bool reopens(State state, std::uint8_t flags) noexcept { return over(state) && kind_of(flags) == Segment::syn; }

}  // namespace postern::explain
