#include "postern/ask_options.h"

#include <fmt/format.h>

#include <charconv>

namespace postern::client {
namespace {

std::string check_duration(const std::string& text) {
    return parse_duration(text) ? "" : fmt::format("got \"{}\", expected 1s to 5m, as 15s or 2m", text);
}

std::string check_source(const std::string& text) {
    return parse_source_mode(text) ? "" : fmt::format("got \"{}\", expected auto, exact or as_seen", text);
}

}  // namespace

Families AskOptions::families() const noexcept {
    if (only_v4 == only_v6) return Families::both;
    return only_v4 ? Families::only_v4 : Families::only_v6;
}

SourceMode AskOptions::source_mode(const Profile& profile) const {
    return parse_source_mode(source).value_or(profile.source);
}

Duration AskOptions::wished_window() const { return parse_duration(window).value_or(Duration::zero()); }

void add_ask_options(CLI::App& command, AskOptions& options) {
    auto* only_v4 = command.add_flag("-4", options.only_v4, "over IPv4 only");
    command.add_flag("-6", options.only_v6, "over IPv6 only")->excludes(only_v4);
    command.add_option("--source", options.source, "name the source address: auto, exact or as_seen")
        ->check(check_source);
    command.add_option("--source-port", options.source_port, "the port the connection will come from")
        ->check(CLI::Range(1, 65535));
    command.add_option("--window", options.window, "ask for a grant that lasts no longer than this, as 5s")
        ->check(check_duration);
    command.add_option("--copies", options.copies, "send so many messages each time, for lossy networks")
        ->check(CLI::Range(1, 8));
    command.add_flag("-v,--verbose", options.verbose, "say on standard error what happens");
}

std::optional<Duration> parse_duration(std::string_view text) {
    std::int64_t count = 0;
    const char* end = text.data() + text.size();
    const auto [unit, error] = std::from_chars(text.data(), end, count);
    const std::string_view rest{unit, static_cast<std::size_t>(end - unit)};
    if (error != std::errc{} || count < 1 || count > 300 || (rest != "s" && rest != "m")) return std::nullopt;
    const Duration duration = std::chrono::seconds{rest == "m" ? count * 60 : count};
    return duration <= std::chrono::minutes{5} ? std::optional{duration} : std::nullopt;
}

std::optional<Profile> require_profile(const Context& context, Exit& exit) {
    exit = Exit::bad_profile;
    const auto file = find_profile(context.profile);
    if (!file) return complain(file.error().text), std::nullopt;
    auto profile = load_profile(*file);
    if (!profile) {
        for (const std::string& mistake : profile.error()) fmt::print(stderr, "{}\n", mistake);
        return std::nullopt;
    }
    exit = Exit::ok;
    return std::move(*profile);
}

bool require_service(const Profile& profile, const std::string& name, Exit& exit) {
    if (profile.service(name) != nullptr) return true;
    complain(fmt::format("{}: no service {}; it has {}", profile.file.string(), name, profile.service_names()));
    exit = Exit::usage;
    return false;
}

}  // namespace postern::client
