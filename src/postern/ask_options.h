// The options that open and connect share, and the attempt they describe.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "base/result.h"
#include "postern/attempt.h"
#include "postern/command.h"

namespace postern::client {

struct AskOptions {
    bool only_v4 = false;
    bool only_v6 = false;
    std::string source;  // empty: as the profile says
    std::uint16_t source_port = 0;
    std::string window;  // as "15s"; empty: whatever the gateway gives
    unsigned copies = 1;
    bool verbose = false;

    [[nodiscard]] Families families() const noexcept;
    [[nodiscard]] SourceMode source_mode(const Profile& profile) const;
    // Zero where none is wished.
    [[nodiscard]] Duration wished_window() const;
};

// Adds -4, -6, --source, --source-port, --window, --copies and -v to a command. Wrong values are usage errors.
void add_ask_options(CLI::App& command, AskOptions& options);

// A whole number with s or m behind it, as the policy has durations: "15s", "2m". 1 s to 5 min.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

// Finds and loads the profile, or complains about every mistake in it and sets Exit::bad_profile.
[[nodiscard]] std::optional<Profile> require_profile(const Context& context, Exit& exit);

// False, a complaint and Exit::usage where the profile has no service of that name.
[[nodiscard]] bool require_service(const Profile& profile, const std::string& name, Exit& exit);

}  // namespace postern::client
