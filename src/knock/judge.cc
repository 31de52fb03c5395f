#include "knock/judge.h"

#include <algorithm>

namespace postern::knock {
namespace {

void strengthen(Outcome& outcome, What what, const Sequence& sequence, std::uint8_t stage) noexcept {
    if (what > outcome.what) outcome = {what, &sequence, stage};
}

LineWindow window(const Listened& listened, SequenceId id) noexcept {
    return id.listed() ? listened.window(id) : LineWindow{0, 1};
}

// One running sequence and one packet. One that is over, or a line that is used by now, is forgotten.
void move_on(const Sequence& sequence, const Listened& listened, Track& track, const PacketView& packet, SteadyTime now,
             Outcome& outcome) noexcept {
    Track moved = track;
    const Taken taken = take(sequence, moved, packet);
    const bool advanced = taken == Taken::step || taken == Taken::last_step;
    const bool spent = !window(listened, sequence.id).contains(sequence.id.line);
    if (spent || track.expires <= now) {
        if (advanced) strengthen(outcome, spent ? What::spent : What::late, sequence, track.next);
        track = {};
        return;
    }
    if (taken == Taken::nothing) return;
    if (taken == Taken::repeat) return strengthen(outcome, What::repeated, sequence, track.next);
    if (taken == Taken::last_step && outcome.what == What::complete) return;  // it may come again for this one
    track = taken == Taken::last_step ? Track{} : moved;
    strengthen(outcome, taken == Taken::last_step ? What::complete : What::step, sequence, moved.next);
}

void begin(const Sequence& sequence, Progress& progress, const PacketView& packet, SteadyTime now,
           Outcome& outcome) noexcept {
    Tracks* tracks = progress.find(packet.source);
    if (tracks && tracks->find(sequence.id)) return;
    Track track{sequence.id, 0, 0, now, now + sequence.deadline};
    if (take(sequence, track, packet) != Taken::step) return;
    if (!tracks) tracks = progress.enter(packet.source, now);
    Track* row = tracks ? tracks->spare() : nullptr;
    if (!row && tracks && sequence.id.listed()) row = tracks->least_of_list(sequence.id);  // given up, or a scan's
    if (row) *row = track;
    strengthen(outcome, row ? What::step : What::full, sequence, row ? track.next : std::uint8_t{0});
}

void charge(const Sequence& sequence, Track& track, Outcome& outcome) noexcept {
    const bool tolerated = sequence.tolerated == all_tolerated || ++track.wrong <= sequence.tolerated;
    strengthen(outcome, tolerated ? What::wrong : What::reset, sequence, track.next);
    if (!tolerated) track = {};
}

// body(const Sequence&, Track&) for each sequence that the source is in; one that left the policy is forgotten.
template <class Body>
void each_running(const Book& book, Tracks& tracks, Body&& body) noexcept {
    for (Track& track : tracks.rows) {
        if (track.idle()) continue;
        const Sequence* sequence = book.find(track.sequence);
        if (sequence && track.next < sequence->steps.size())
            body(*sequence, track);
        else
            track = {};
    }
}

// body(const Sequence&) for each that the packet may begin: of a list, what is listened to.
template <class Body>
void each_beginning(const Book& book, const Listened& listened, const PacketView& packet, Body&& body) noexcept {
    for (auto left = book.beginning_at(packet); !left.empty();) {
        SequenceId id = left.front().id;
        const LineWindow live = window(listened, id);
        id.line = static_cast<std::uint16_t>(live.from);
        for (auto at = std::ranges::lower_bound(left, id, {}, &Book::Entry::id);
             at != left.end() && at->id.same_but_line(id) && live.contains(at->id.line); ++at)
            body(book[at->sequence]);
        id.line = UINT16_MAX;
        left = {std::ranges::upper_bound(left, id, {}, &Book::Entry::id), left.end()};
    }
}

}  // namespace

Book::Book(std::vector<Sequence> sequences) : sequences_{std::move(sequences)} {
    std::ranges::sort(sequences_, {}, &Sequence::id);
    for (const Sequence& sequence : sequences_) {
        entries_.push_back(
            {place_of(sequence.steps.front()), static_cast<std::uint32_t>(&sequence - sequences_.data()), sequence.id});
        for (const Step& step : sequence.steps) places_.push_back(place_of(step));
    }
    std::ranges::stable_sort(entries_, {}, &Entry::place);
    std::ranges::sort(places_);
    places_.erase(std::ranges::unique(places_).begin(), places_.end());
}

bool Book::has_step_at(std::uint32_t place) const noexcept { return std::ranges::binary_search(places_, place); }

const Sequence* Book::find(SequenceId id) const noexcept {
    const auto found = std::ranges::lower_bound(sequences_, id, {}, &Sequence::id);
    return found != sequences_.end() && found->id == id ? &*found : nullptr;
}

std::span<const Book::Entry> Book::beginning_at(const PacketView& packet) const noexcept {
    const auto place = place_of(packet);
    if (!place) return {};
    const auto found = std::ranges::equal_range(entries_, *place, {}, &Entry::place);
    return {found.begin(), found.end()};
}

Outcome judge(const Book& book, const Listened& listened, Progress& progress, const PacketView& packet,
              SteadyTime now) noexcept {
    Outcome outcome;
    if (Tracks* tracks = progress.find(packet.source))
        each_running(book, *tracks, [&](const Sequence& sequence, Track& track) {
            move_on(sequence, listened, track, packet, now, outcome);
        });
    each_beginning(book, listened, packet,
                   [&](const Sequence& sequence) { begin(sequence, progress, packet, now, outcome); });
    Tracks* tracks = progress.find(packet.source);
    if (tracks && outcome.what == What::nothing)
        each_running(book, *tracks, [&](const Sequence& sequence, Track& track) { charge(sequence, track, outcome); });
    if (tracks && tracks->idle()) progress.forget(packet.source);
    return outcome;
}

}  // namespace postern::knock
