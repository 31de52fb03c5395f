// How a command reaches the running daemon: finds its socket, sends one request, takes the reply apart.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "control/messages.h"
#include "control/text.h"
#include "io/unix_socket.h"
#include "posternctl/command.h"

namespace postern::ctl {

struct NoReply {
    bool nobody = false;  // nothing listens at that path, as opposed to something that does not answer properly
    std::string text;     // one line
};

inline constexpr io::LineStream::Timeout patience = std::chrono::seconds{30};
inline constexpr std::size_t longest_reply = 64u << 20;  // bytes: every grant and flow there can be

// One request over a connection of its own. Waits at most that long to be heard, and again for the reply: a reload
// reads key files.
[[nodiscard]] tl::expected<control::Reply, NoReply> ask(const std::filesystem::path& socket,
                                                        const control::Request& request,
                                                        io::LineStream::Timeout wait = patience);

// Nothing takes a connection at that path. False where we may not look.
[[nodiscard]] bool nobody_listens(const std::filesystem::path& socket);

// A connection to the daemon; who is not there is complained about. `socket` empty: where the policy says.
[[nodiscard]] tl::expected<io::LineStream, Exit> connect_daemon(const Context& context,
                                                                const std::filesystem::path& socket);

// The `result` of the daemon's reply. Everything else is complained about here and becomes the exit code. `socket`
// empty: where the policy says.
[[nodiscard]] tl::expected<std::string, Exit> ask_daemon(const Context& context, const std::filesystem::path& socket,
                                                         const control::Request& request);

// --socket, for every command that asks the daemon.
[[nodiscard]] std::shared_ptr<std::filesystem::path> add_socket_option(CLI::App& command);

// Prints a result: as it came for scripts, and as text for people. `read` is control's function for that kind of
// result.
template <class Report>
[[nodiscard]] Exit show(const Context& context, const std::string& result, Result<Report> (*read)(std::string_view)) {
    const auto report = read(result);
    if (!report) {
        complain(report.error().text);
        return Exit::failed;
    }
    const std::string text = context.json ? result + '\n' : control::to_text(*report);
    std::fputs(text.c_str(), stdout);
    return Exit::ok;
}

}  // namespace postern::ctl
