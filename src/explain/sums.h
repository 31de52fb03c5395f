// What became of the packets of a capture, counted: by kind and word, and by source. Everything adds up to all packets.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "explain/explainer.h"

namespace postern::explain {

class Sums {
public:
    using ByWord = std::map<std::string_view, std::uint64_t>;  // words live as long as the program
    static constexpr std::size_t most_sources = 65'536;        // further ones are counted together

    void count(const Explanation& explanation);

    [[nodiscard]] std::uint64_t packets() const noexcept { return packets_; }
    [[nodiscard]] const ByWord& of(Kind kind) const noexcept { return by_kind_[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] const std::map<IpAddress, ByWord>& sources() const noexcept { return by_source_; }
    [[nodiscard]] const ByWord& elsewhere() const noexcept { return elsewhere_; }  // no source, or one source too many

private:
    std::uint64_t packets_ = 0;
    std::array<ByWord, 3> by_kind_;
    std::map<IpAddress, ByWord> by_source_;
    ByWord elsewhere_;
};

}  // namespace postern::explain
