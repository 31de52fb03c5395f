#include "posternd/last_good.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "io/files.h"

namespace postern {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view title = "postern last good policy 1";
constexpr std::size_t most_bytes = std::size_t{64} << 20;

fs::path copy_in(const fs::path& state_directory) { return state_directory / "last-good-policy"; }

std::string whole_name(const fs::path& file) {
    std::error_code error;
    return fs::absolute(file, error).lexically_normal().string();
}

std::string written(const fs::path& policy_file, const config::PolicyText& text) {
    std::string copy = std::string{title} + "\n" + whole_name(policy_file) + "\n";
    for (const auto& [file, yaml] : text)
        copy += std::to_string(yaml.size()) + " " + file.lexically_relative(policy_file.parent_path()).string() + "\n" +
                yaml + "\n";
    return copy;
}

// Takes from the front of what is left.
class Copy {
public:
    explicit Copy(std::string_view left) : left_{left} {}

    [[nodiscard]] bool over() const noexcept { return left_.empty(); }

    // Without its newline; nothing where none is left.
    std::optional<std::string_view> line() {
        const std::size_t end = left_.find('\n');
        if (end == std::string_view::npos) return std::nullopt;
        return take(end);
    }

    // As many bytes, which a newline follows.
    std::optional<std::string_view> bytes(std::size_t size) {
        if (size >= left_.size() || left_[size] != '\n') return std::nullopt;
        return take(size);
    }

private:
    std::string_view take(std::size_t size) {
        const std::string_view taken = left_.substr(0, size);
        left_.remove_prefix(size + 1);
        return taken;
    }
    std::string_view left_;
};

// False where it is no file of a copy.
bool read_file(Copy& copy, const fs::path& directory, config::PolicyText& into) {
    const auto line = copy.line();
    if (!line) return false;
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(line->data(), line->data() + line->size(), size);
    if (error != std::errc{} || end == line->data() + line->size() || *end != ' ') return false;
    const std::string_view name = line->substr(static_cast<std::size_t>(end - line->data()) + 1);
    const auto yaml = copy.bytes(size);
    if (name.empty() || !yaml) return false;
    into[directory / name] = *yaml;
    return true;
}

Result<config::PolicyText> read_last_good(const fs::path& state_directory, const fs::path& policy_file) {
    const fs::path file = copy_in(state_directory);
    const auto content = io::read_small(file, most_bytes);
    if (!content) return tl::make_unexpected(content.error());
    Copy copy{*content};
    if (copy.line() != title) return failure(file.string() + " is no copy of a policy");
    if (copy.line() != whole_name(policy_file)) return failure(file.string() + " is a copy of another policy");
    config::PolicyText text;
    while (!copy.over())
        if (!read_file(copy, policy_file.parent_path(), text)) return failure(file.string() + " is damaged");
    return text;
}

}  // namespace

Result<void> keep_last_good(const fs::path& state_directory, const fs::path& policy_file,
                            const config::PolicyText& text) {
    const auto kept = io::replace_file(copy_in(state_directory), written(policy_file, text), 0600);
    if (kept) return {};
    return failure("no copy of the policy is kept, so a start with a broken one is refused: " + kept.error().text +
                   "; make state.directory a directory that posternd may write in");
}

bool has_last_good(const fs::path& state_directory) noexcept {
    std::error_code error;
    return fs::exists(copy_in(state_directory), error);
}

Result<config::Configuration> load_last_good(const fs::path& state_directory, const fs::path& policy_file,
                                             Names& names) {
    const auto copy = read_last_good(state_directory, policy_file);
    if (!copy) return tl::make_unexpected(copy.error());
    auto loaded = config::load(policy_file, names, {.copy = &*copy});
    if (!loaded) loaded = config::load(policy_file, names, {.lists = false, .copy = &*copy});  // these may be at fault
    if (!loaded) return failure("it has mistakes by now, the first: " + config::to_text(loaded.error().front()));
    return std::move(*loaded);
}

}  // namespace postern
