#include "posternctl/reloading.h"

#include <fmt/format.h>

#include "base/printable.h"
#include "posternctl/ask.h"

namespace postern::ctl {
namespace {

void refuse(const control::Reply& reply, Exit& exit) {
    for (const std::string& mistake : reply.mistakes) fmt::print(stderr, "{}\n", printable(mistake));
    complain("the running daemon did not reload: " + reply.error);
    exit = Exit::failed;
}

}  // namespace

void reload_if_running(const std::filesystem::path& socket, Exit& exit) {
    const auto reply = ask(socket, {control::Command::reload, {}});
    if (reply && reply->ok) return fmt::print("the running daemon has reloaded\n");
    if (reply) return refuse(*reply, exit);
    if (reply.error().nobody) return fmt::print("no daemon runs; the change counts from its next start\n");
    complain("the change is made, but the daemon was not asked to reload: " + reply.error().text);
    exit = Exit::failed;
}

}  // namespace postern::ctl
