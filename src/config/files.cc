#include "config/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace postern::config {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t longest_text = 1024 * 1024;
constexpr fs::perms rights_of_others = fs::perms::others_all;

tl::unexpected<Error> unreadable(const std::error_code& reason) {
    return failure("cannot be read: " + reason.message());
}

// Wipes what it reads from memory when it goes.
struct SecretText {
    std::string text;
    explicit SecretText(std::string read) : text{std::move(read)} {}
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
    SecretText(SecretText&& other) noexcept : text{std::move(other.text)} { other.wipe(); }
    SecretText& operator=(SecretText&&) = delete;
    ~SecretText() { wipe(); }

    void wipe() noexcept { noise::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}); }

    // The text without its newline.
    [[nodiscard]] std::string_view line() const {
        std::string_view line{text};
        if (line.ends_with('\n')) line.remove_suffix(1);
        return line;
    }
};

Result<SecretText> read_private(const fs::path& file) {
    std::error_code reason;
    const fs::perms rights = fs::status(file, reason).permissions();
    if (reason) return unreadable(reason);
    if ((rights & rights_of_others) != fs::perms::none)
        return failure(fmt::format("has mode {:04o}, expected no rights for others; chmod o= takes them",
                                   static_cast<unsigned>(rights)));
    return read_text(file).map([](std::string text) { return SecretText{std::move(text)}; });
}

}  // namespace

Result<std::string> Texts::read(const fs::path& file) {
    if (copy_) {
        const auto found = copy_->find(file);
        if (found == copy_->end()) return failure("is not in the copy of the policy");
        return found->second;
    }
    auto text = read_text(file);
    if (text) taken_[file] = *text;
    return text;
}

Result<std::vector<fs::path>> Texts::yaml_files(const fs::path& directory) const {
    if (!copy_) return files_in(directory, ".yaml");
    std::vector<fs::path> files;
    for (const auto& [file, text] : *copy_)
        if (file.parent_path() == directory) files.push_back(file);
    return files;
}

std::vector<fs::path> Texts::yml_files(const fs::path& directory) const {
    return copy_ ? std::vector<fs::path>{} : files_in(directory, ".yml").value_or(std::vector<fs::path>{});
}

Result<std::string> read_text(const fs::path& file) {
    std::error_code reason;
    const fs::file_status status = fs::status(file, reason);
    if (reason) return unreadable(reason);
    if (!fs::is_regular_file(status)) return failure("is not a plain file");
    errno = 0;
    std::ifstream stream{file, std::ios::binary};
    if (!stream) return unreadable({errno, std::generic_category()});
    std::string text(longest_text + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (stream.bad()) return unreadable({errno, std::generic_category()});
    if (text.size() > longest_text) return failure("is longer than 1 MiB");
    return text;
}

Result<noise::Secret> read_secret(const fs::path& file) {
    const auto text = read_private(file);
    if (!text) return tl::make_unexpected(text.error());
    auto key = noise::key_from_base64(text->line());
    const noise::Secret secret = key ? noise::Secret{*key} : noise::Secret{};
    if (key) noise::wipe(*key);
    if (secret.is_zero()) return failure("holds no key, expected one line of 44 base64 characters");
    return secret;
}

Result<std::string> read_private_text(const fs::path& file) {
    return read_private(file).map([](const SecretText& text) { return text.text; });
}

Result<std::uint32_t> read_seed(const fs::path& file) {
    const auto text = read_private(file);
    if (!text) return tl::make_unexpected(text.error());
    const auto bytes = text->line().size() == 8 ? from_hex(text->line()) : std::nullopt;
    if (!bytes) return failure("holds no seed, expected one line of 8 hexadecimal digits");
    return Reader{*bytes}.be32();
}

Result<std::vector<fs::path>> files_in(const fs::path& directory, std::string_view extension) {
    std::error_code reason;
    if (!fs::exists(directory, reason) && !reason) return std::vector<fs::path>{};
    std::vector<fs::path> files;
    for (fs::directory_iterator entry{directory, reason}, end; !reason && entry != end; entry.increment(reason)) {
        const fs::path& file = entry->path();
        if (file.extension() == extension && !file.filename().string().starts_with('.')) files.push_back(file);
    }
    if (reason) return unreadable(reason);
    std::sort(files.begin(), files.end());
    return files;
}

bool is_there(const fs::path& file) {
    std::error_code reason;
    return fs::exists(file, reason) && !reason;
}

bool is_missing(const fs::path& file) {
    std::error_code reason;
    return fs::status(file, reason).type() == fs::file_type::not_found;
}

}  // namespace postern::config
