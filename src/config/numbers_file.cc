#include "config/numbers_file.h"

#include "config/files.h"

namespace postern::config {

Result<rules::Numbers> read_numbers(const std::filesystem::path& file) {
    if (is_missing(file)) return rules::Numbers{};
    return read_text(file)
        .and_then([](const std::string& text) { return rules::parse_numbers(text); })
        .map_error([&](const Error& error) { return Error{file.string() + " " + error.text}; });
}

}  // namespace postern::config
