#include "posternctl/named_socket.h"

#include <string>
#include <string_view>

#include "io/files.h"
#include "survey/lines.h"

namespace postern::ctl {
namespace {

constexpr std::size_t longest = 1u << 20;  // bytes, as the policy's own limit
constexpr std::string_view key = "socket:";

// What stands behind the key, without quotes, braces and comments.
std::optional<std::string> value_in(std::string_view line) {
    const std::size_t at = line.find(key);
    if (at == std::string_view::npos) return {};
    line.remove_prefix(at + key.size());
    const std::size_t begin = line.find_first_not_of(" \t\"'");
    if (begin == std::string_view::npos) return {};
    line.remove_prefix(begin);
    return std::string{line.substr(0, line.find_first_of(" \t\"',}#"))};
}

std::optional<std::string> value_in_section(std::string_view text) {
    bool inside = false;
    for (const std::string_view line : survey::lines_of(text)) {
        if (!line.starts_with(' ') && !line.starts_with('#')) inside = line.starts_with("control:");
        if (!inside) continue;
        if (const auto value = value_in(line); value && !value->empty()) return value;
    }
    return {};
}

}  // namespace

std::optional<std::filesystem::path> named_socket(const std::filesystem::path& policy_file) {
    const auto text = io::read_small(policy_file, longest);
    const auto value = text ? value_in_section(*text) : std::nullopt;
    if (!value) return {};
    return std::filesystem::absolute(policy_file).parent_path() / *value;
}

}  // namespace postern::ctl
