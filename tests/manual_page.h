// Manual pages and source files as a test reads them: what stands in the one must stand in the other.
#pragma once

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

namespace postern::test {

using Words = std::set<std::string>;

// A file of the project, as a whole. Throws where there is none.
inline std::string text_of(const std::string& file) {
    std::ifstream stream{std::filesystem::path{POSTERN_SOURCE_DIR} / file};
    if (!stream) throw std::runtime_error{"no " + file};
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

// The first group of every match.
inline Words found(const std::string& text, const std::string& pattern) {
    const std::regex regex{pattern};
    Words words;
    for (std::sregex_iterator match{text.begin(), text.end(), regex}; match != std::sregex_iterator{}; ++match)
        words.insert((*match)[1]);
    return words;
}

inline Words without(Words words, const Words& others) {
    for (const std::string& other : others) words.erase(other);
    return words;
}

// A page's section, from its heading to the next one.
inline std::string section(const std::string& page, const std::string& heading) {
    const auto begin = page.find("\n.Sh " + heading + "\n");
    if (begin == std::string::npos) throw std::runtime_error{"no section " + heading};
    return page.substr(begin, page.find("\n.Sh ", begin + 1) - begin);
}

// Options as the source of a program names them, and those that every program has: "--name" and "-n".
inline Words options_taken(const Words& files) {
    Words options{"--help", "-h", "--version"};
    for (const std::string& file : files) {
        const std::string text = text_of(file);
        options.merge(found(text, R"re(add_(?:option|flag)(?:_function<[\w:]+>)?\(\s*"(?:-\w,)?(--[a-z-]+)")re"));
        options.merge(found(text, R"re(add_(?:option|flag)\(\s*"(-\w)[",])re"));
    }
    return options;
}

// Options as a page's items explain them.
inline Words options_explained(const std::string& page) {
    Words options;
    for (const std::string& item : found(page, R"(\n\.It (Fl [^\n]*))"))
        for (const std::string& name : found(item, R"(Fl (-?[A-Za-z0-9][a-z-]*))")) options.insert("-" + name);
    return options;
}

// Exit codes as an `enum class Exit` gives them, and as a page's section explains them.
inline Words exit_codes_given(const std::string& header) {
    const std::string text = text_of(header);
    const auto begin = text.find("enum class Exit");
    if (begin == std::string::npos) throw std::runtime_error{"no exit codes in " + header};
    return found(text.substr(begin, text.find("};", begin) - begin), R"(= (\d+))");
}

inline Words exit_codes_explained(const std::string& page) {
    return found(section(page, "EXIT STATUS"), R"(\n\.It (\d+))");
}

}  // namespace postern::test
