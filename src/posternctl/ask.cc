// The errors an operator meets most: no daemon, no permission, a policy that does not say where the socket is.
#include "posternctl/ask.h"

#include <unistd.h>

#include <cerrno>

#include "base/printable.h"
#include "config/load.h"
#include "config/named_path.h"
#include "io/unix_socket.h"

namespace postern::ctl {
namespace {

namespace fs = std::filesystem;

struct Place {
    fs::path socket;
    std::string guessed;  // why the policy could not say; empty where it, or the operator, did
};

// A policy with mistakes keeps nobody from asking the daemon: it may well run on the one before.
Place place_of(const fs::path& policy_file) {
    Names names;
    const auto loaded = config::load(policy_file, names, {.secrets = false, .lists = false});
    if (loaded) return {loaded->settings.control_socket, {}};
    return {config::control_socket(policy_file), config::to_text(loaded.error().front())};
}

// Behind a socket that we may not use there may well be a daemon.
bool may_connect(const fs::path& socket) { return ::access(socket.c_str(), W_OK) == 0 || errno != EACCES; }

Exit told(const NoReply& none, const Place& place) {
    complain(none.text);
    if (!place.guessed.empty())
        complain("the socket is a guess, --socket names it; the policy could not say: " + place.guessed);
    return none.nobody ? Exit::no_daemon : Exit::failed;
}

Exit refused(const control::Reply& reply) {
    for (const std::string& mistake : reply.mistakes) std::fprintf(stderr, "%s\n", printable(mistake).c_str());
    complain(reply.error);
    return reply.mistakes.empty() ? Exit::failed : Exit::bad_policy;
}

}  // namespace

tl::expected<control::Reply, NoReply> ask(const fs::path& socket, const control::Request& request,
                                          io::LineStream::Timeout wait) {
    auto stream = io::LineStream::connect(socket);
    if (!stream) return tl::make_unexpected(NoReply{may_connect(socket), stream.error().text});
    auto reply = stream->write_line(control::to_line(request), wait)
                     .and_then([&] { return stream->read_line(longest_reply, wait); })
                     .and_then([](const std::string& line) { return control::parse_reply(line); });
    if (!reply) return tl::make_unexpected(NoReply{false, socket.string() + ": " + reply.error().text});
    return std::move(*reply);
}

bool nobody_listens(const fs::path& socket) { return !io::LineStream::connect(socket) && may_connect(socket); }

tl::expected<io::LineStream, Exit> connect_daemon(const Context& context, const fs::path& socket) {
    const Place place = socket.empty() ? place_of(context.policy_file) : Place{socket, {}};
    auto stream = io::LineStream::connect(place.socket);
    if (!stream) return tl::make_unexpected(told({may_connect(place.socket), stream.error().text}, place));
    return std::move(*stream);
}

tl::expected<std::string, Exit> ask_daemon(const Context& context, const fs::path& socket,
                                           const control::Request& request) {
    const Place place = socket.empty() ? place_of(context.policy_file) : Place{socket, {}};
    const auto reply = ask(place.socket, request);
    if (!reply) return tl::make_unexpected(told(reply.error(), place));
    if (!reply->ok) return tl::make_unexpected(refused(*reply));
    return reply->result;
}

std::shared_ptr<fs::path> add_socket_option(CLI::App& command) {
    auto socket = std::make_shared<fs::path>();
    command.add_option("--socket", *socket, "the control socket (default: control.socket of the policy)");
    return socket;
}

}  // namespace postern::ctl
