#include "store/anchor.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "io/files.h"

namespace postern::store {
namespace {

constexpr std::size_t longest = 64;  // bytes
constexpr std::size_t id_digits = 32;

// "ID SEQUENCE\n"
std::optional<Anchor> parse(std::string_view text) {
    const std::size_t blank = text.find(' ');
    if (blank != id_digits || !text.ends_with('\n')) return std::nullopt;
    const auto id = from_hex(text.substr(0, blank));
    const std::string_view digits = text.substr(blank + 1, text.size() - blank - 2);
    Anchor anchor;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), anchor.sequence);
    if (!id || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    std::copy(id->begin(), id->end(), anchor.id.begin());
    return anchor;
}

}  // namespace

Result<void> write_anchor(const std::filesystem::path& file, const Anchor& anchor) {
    return io::replace_file(file, to_hex(anchor.id) + " " + std::to_string(anchor.sequence) + "\n", 0600);
}

Result<std::optional<Anchor>> read_anchor(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::exists(std::filesystem::symlink_status(file, error))) return std::nullopt;
    const auto text = io::read_small(file, longest);
    if (!text) return tl::make_unexpected(text.error());
    if (auto anchor = parse(*text)) return anchor;
    return failure(file.string() + ": it does not say which state it belongs to");
}

std::string objection(const Anchor& anchor, const State& state) {
    if (anchor.id != state.id) return "another state was put in its place";
    if (state.sequence >= anchor.sequence) return {};
    return "an older copy of it was put back: it is at " + std::to_string(state.sequence) + ", and was at " +
           std::to_string(anchor.sequence);
}

}  // namespace postern::store
