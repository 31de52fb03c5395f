#include "config/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace postern::config {
namespace {

constexpr std::size_t longest_quote = 60;  // bytes; a public key fits
constexpr std::size_t longest_line = 500;

// At most `most` bytes; what is no printable ASCII as \xNN: terminals obey more than control characters.
std::string escaped(std::string_view text, std::size_t most) {
    std::string line;
    for (const char byte : text.substr(0, most)) {
        const auto value = static_cast<unsigned char>(byte);
        line += value < 0x20 || value >= 0x7f ? fmt::format("\\x{:02x}", value) : std::string{byte};
    }
    return line + (text.size() > most ? "..." : "");
}

}  // namespace

std::string in_quotes(std::string_view text) { return '"' + escaped(text, longest_quote) + '"'; }

void Mistakes::add(const Place& place, const std::string& text) {
    list_.push_back({place.file, place.line, place.column, escaped(text, longest_line)});
}

std::string to_text(const Place& place) {
    return place.line == 0 ? place.file : fmt::format("{}:{}:{}", place.file, place.line, place.column);
}

std::string to_text(const Diagnostic& diagnostic) {
    return to_text(Place{diagnostic.file, diagnostic.line, diagnostic.column}) + ": " + diagnostic.text;
}

std::vector<Diagnostic> Mistakes::sorted(const std::string& first) && {
    const auto order = [&](const Diagnostic& one) {
        return std::tuple{one.file != first, std::string_view{one.file}, one.line, one.column};
    };
    std::stable_sort(list_.begin(), list_.end(),
                     [&](const Diagnostic& a, const Diagnostic& b) { return order(a) < order(b); });
    return std::move(list_);
}

}  // namespace postern::config
