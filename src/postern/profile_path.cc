// Where profiles live, and what the word behind --profile means.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "postern/profile.h"

namespace postern::client {
namespace {

namespace fs = std::filesystem;

fs::path environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): there is one thread
    return value == nullptr ? fs::path{} : fs::path{value};
}

bool is_there(const fs::path& file) {
    std::error_code ignored;
    return fs::exists(file, ignored);
}

std::vector<fs::path> profiles_in(const fs::path& directory) {
    std::vector<fs::path> files;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{directory, ignored})
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

Result<fs::path> find_default(const fs::path& directory) {
    if (auto file = directory / "default.yaml"; is_there(file)) return file;
    const auto files = profiles_in(directory);
    if (files.size() == 1) return files.front();
    std::string names;
    for (const auto& file : files) names += fmt::format("{}{}", names.empty() ? "" : ", ", file.stem().string());
    if (files.empty())
        return failure(fmt::format("{} holds no profile; name a file with --profile FILE", directory.string()));
    return failure(fmt::format("which profile? --profile takes one of {}", names));
}

}  // namespace

fs::path profile_directory() {
    const fs::path base = environment("XDG_CONFIG_HOME");
    return (base.is_absolute() ? base : environment("HOME") / ".config") / "postern";
}

Result<fs::path> find_profile(const std::string& word) {
    const fs::path directory = profile_directory();
    if (word.empty()) return find_default(directory);
    const bool is_name = word.find('/') == std::string::npos;
    if (auto file = directory / (word + ".yaml"); is_name && is_there(file)) return file;
    if (is_there(word)) return fs::path{word};
    if (!is_name) return failure(fmt::format("no profile {}: there is no such file", word));
    return failure(
        fmt::format("no profile {}: neither {}/{}.yaml nor a file {} is there", word, directory.string(), word, word));
}

}  // namespace postern::client
