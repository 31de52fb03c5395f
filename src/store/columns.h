// Values of a row as what they stand for. A value that no statement of ours has written throws std::bad_variant_access,
// which each() makes a damage.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include "store/database.h"

namespace postern::store {

inline Blob text(std::string_view text) { return {text.begin(), text.end()}; }
inline std::string text_of(const Value& value) {
    const Blob& bytes = std::get<Blob>(value);
    return {bytes.begin(), bytes.end()};
}

template <std::size_t size>
Blob blob(const std::array<std::uint8_t, size>& bytes) {
    return {bytes.begin(), bytes.end()};
}
template <std::size_t size>
std::array<std::uint8_t, size> bytes(const Value& value) {
    const Blob& blob = std::get<Blob>(value);
    if (blob.size() != size) throw std::bad_variant_access{};
    std::array<std::uint8_t, size> taken{};
    std::copy(blob.begin(), blob.end(), taken.begin());
    return taken;
}

// Counters above 2^63 do not come up.
template <class Integer>
Integer integer(const Value& value) {
    const std::int64_t number = std::get<std::int64_t>(value);
    if (!std::in_range<Integer>(number)) throw std::bad_variant_access{};
    return static_cast<Integer>(number);
}

// Statements without values, one behind the other, up to the first that fails.
[[nodiscard]] Outcome<void> run_all(Database& database, std::span<const char* const> statements);

// What a statement selects, row by row.
[[nodiscard]] Outcome<void> each(Database& database, std::string_view select,
                                 const std::function<void(const Row&)>& row);

}  // namespace postern::store
