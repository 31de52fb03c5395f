// One-time lists: sequences that are good once each, in their order. A window of lines is listened to, so that one that
// was lost on the way keeps nobody out; a line that is used makes those before it void.
//
//     used or void ──► next ............ next + look_ahead    listened to
//                      next .... reserved                     the disk counts them as used: only they let in
//
// A line that completes before it is reserved lets nobody in and is used up all the same: somebody may have seen it,
// and whoever sent it goes on with the next.
//
// What of a file is a line, and how it is written, is here too.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "knock/step.h"

namespace postern::knock {

inline constexpr std::size_t most_lines = 10'000;

using LineDigest = std::array<std::uint8_t, 32>;  // of its steps, whatever file it stands in; config/lines.cc makes it

struct Line {
    std::vector<Step> steps;
    LineDigest digest{};
};

// Immutable once made; threads: any.
struct OneTimeList {
    ListId id = ListId::none;  // of these lines in this order
    std::vector<Line> lines;
    std::uint8_t look_ahead = 5;  // lines that are listened to, from the first unused one on
};

struct LineWindow {
    std::uint32_t from = 0, to = 0;  // `to` is behind it

    [[nodiscard]] bool contains(std::uint32_t line) const noexcept { return from <= line && line < to; }
};

// How far a knock is in its list. One atomic word names the list with the positions, so that whoever still judges by
// another list finds nothing to take. Threads: any.
class LineCounter {
public:
    struct Position {
        ListId list = ListId::none;  // none: closed
        std::uint32_t next = 0;      // lines in front of it are used or void; below 2^24, as the one behind
        std::uint32_t reserved = 0;  // lines in front of it count as used on the disk; may lie before `next`
    };
    [[nodiscard]] Position position() const noexcept { return position_of(word_.load()); }

    // What is listened to of this list; empty where the counter is of another one.
    [[nodiscard]] LineWindow window(const OneTimeList& list) const noexcept;

    enum class Use : std::uint8_t { taken, spent, not_durable };
    // Of all who take a line of a list one succeeds; the others, and all who come later, find it spent.
    [[nodiscard]] Use take(ListId list, std::uint32_t line) noexcept;

    // The disk counts the lines in front of `to` as used. Nothing happens where the counter is of another list.
    void reserve(ListId list, std::uint32_t to) noexcept;

    // From its return on nothing can be taken. Where it was.
    Position close() noexcept { return position_of(word_.exchange(word_of({}))); }

    // Of a closed one.
    void open(Position position) noexcept { word_ = word_of(position); }

private:
    using Word = std::uint64_t;  // list << 48 | next << 24 | reserved

    static Word word_of(Position position) noexcept {
        return Word{static_cast<std::uint16_t>(position.list)} << 48 | Word{position.next} << 24 | position.reserved;
    }
    static Position position_of(Word word) noexcept {
        constexpr Word low = 0xffffff;
        return {static_cast<ListId>(word >> 48), static_cast<std::uint32_t>(word >> 24 & low),
                static_cast<std::uint32_t>(word & low)};
    }

    std::atomic<Word> word_{word_of({})};
};

// A line of the file that holds no sequence: blank, or with '#' in its first place, by which used ones are marked.
[[nodiscard]] bool is_skipped(std::string_view line) noexcept;

// The words between the commas of a line, without the blanks around them.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view line);

}  // namespace postern::knock
