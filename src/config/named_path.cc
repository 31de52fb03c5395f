#include "config/named_path.h"

#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "config/files.h"
#include "config/schema.h"
#include "config/tree.h"

namespace postern::config {
namespace {

namespace fs = std::filesystem;

struct Path {
    std::string_view section, key;
};

std::optional<std::string> in_tree(const Node& root, Path path) {
    const Node* section = root.child(path.section);
    const Node* value = section ? section->child(path.key) : nullptr;
    if (!value || value->kind != Node::Kind::scalar) return {};
    return value->text;
}

// What stands behind the key, without quotes, braces and comments.
std::optional<std::string> in_line(std::string_view line, std::string_view key) {
    const std::size_t at = line.find(std::string{key} + ":");
    if (at == std::string_view::npos) return {};
    line.remove_prefix(at + key.size() + 1);
    const std::size_t begin = line.find_first_not_of(" \t\"'");
    if (begin == std::string_view::npos) return {};
    line.remove_prefix(begin);
    const std::string_view value = line.substr(0, line.find_first_of(" \t\"',}#"));
    return value.empty() ? std::nullopt : std::optional{std::string{value}};
}

std::optional<std::string> by_looks(const std::string& text, Path path) {
    bool inside = false;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(' ') && !line.starts_with('#'))
            inside = line.starts_with(std::string{path.section} + ":");
        if (!inside || line.find_first_not_of(" \t#") != line.find_first_not_of(" \t")) continue;
        if (auto value = in_line(line, path.key)) return value;
    }
    return {};
}

fs::path named(const fs::path& file, Path path, std::string_view fallback) {
    Mistakes mistakes;
    const auto text = Texts{nullptr}.read(file);
    if (!text) return fallback;
    const auto root = parse_tree(file.string(), *text, mistakes);
    const auto value = root ? in_tree(*root, path) : by_looks(*text, path);
    return value ? fs::absolute(file).parent_path() / *value : fs::path{fallback};
}

}  // namespace

fs::path state_directory(const fs::path& file) {
    return named(file, {"state", "directory"}, key("state.directory")->fallback);
}

fs::path control_socket(const fs::path& file) {
    return named(file, {"control", "socket"}, key("control.socket")->fallback);
}

}  // namespace postern::config
