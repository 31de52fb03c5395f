// posternctl explain --live: the running daemon's verdicts on one source, as they happen.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "explain/report.h"
#include "io/clock.h"
#include "posternctl/ask.h"
#include "posternctl/explain.h"

namespace postern::ctl {
namespace {

// What is left of the time to follow; nothing when it is over.
std::optional<io::LineStream::Timeout> left(const std::optional<SteadyTime>& end) {
    if (!end) return std::chrono::hours{1};
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*end - io::now().steady);
    return rest.count() > 0 ? std::optional{rest} : std::nullopt;
}

// Whoever follows reads as it happens, also through a pipe.
void print(const std::string& text) {
    fmt::print("{}\n", text);
    std::fflush(stdout);
}

// True where it was a verdict.
bool show_one(const Context& context, const std::string& result) {
    const auto line = nlohmann::json::parse(result, nullptr, false);
    if (line.contains("following") && line["following"].is_string())
        complain("follows " + line["following"].get<std::string>());
    const bool verdict = line.contains("event_type");
    if (line.contains("lost"))
        warn(fmt::format("{} packets are missing here: they came faster than they were read", line["lost"].dump()));
    if (verdict) print(context.json ? explain::with_advice(result) : explain::with_reasons(result));
    return verdict;
}

Exit follow(const Context& context, io::LineStream& daemon, const LiveWish& wish) {
    std::optional<SteadyTime> end;
    if (wish.limit) end = io::now().steady + *wish.limit;
    std::uint64_t seen = 0;
    for (auto rest = left(end); rest && (!wish.count || seen < *wish.count); rest = left(end)) {
        const auto line = daemon.next_line(longest_reply, *rest);
        if (!line) return complain(line.error().text + "; the daemon has ended"), Exit::failed;
        if (!*line) continue;
        const auto reply = control::parse_reply(**line);
        if (!reply || !reply->ok) return complain(reply ? reply->error : reply.error().text), Exit::failed;
        if (show_one(context, reply->result)) ++seen;
    }
    return Exit::ok;
}

}  // namespace

Exit explain_live(const Context& context, const LiveWish& wish) {
    auto daemon = connect_daemon(context, wish.socket);
    if (!daemon) return daemon.error();
    control::Request request{control::Command::follow};
    request.source = wish.source;
    const auto asked = daemon->write_line(control::to_line(request), patience);
    if (!asked) return complain(asked.error().text), Exit::failed;
    return follow(context, *daemon, wish);
}

}  // namespace postern::ctl
