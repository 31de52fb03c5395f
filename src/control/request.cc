// Requests: what is asked for, read strictly. A request is the only thing that a local stranger can hand to the daemon.
#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "control/json.h"
#include "control/messages.h"

namespace postern::control {
namespace {

using detail::Json;

constexpr auto command_words = std::to_array<std::string_view>(
    {"status", "grants", "flows", "revoke", "reload", "guard", "ruleset", "state", "follow"});
constexpr auto state_words = std::to_array<std::string_view>({"guarded", "unguarded", "open"});
constexpr auto target_words = std::to_array<std::string_view>({"grant", "client", "flow", "all"});

const std::string expected_commands = "status, grants, flows, revoke, reload, guard, ruleset, state or follow";

template <class Words>
std::optional<std::size_t> position(const Words& words, std::string_view word) {
    const auto found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) return std::nullopt;
    return static_cast<std::size_t>(found - words.begin());
}

// Foreign text as an error may quote it: short, and escaped when the reply is written.
std::string quote(std::string_view text) {
    constexpr std::size_t most = 40;
    return '"' + std::string{text.substr(0, most)} + (text.size() > most ? "..." : "") + '"';
}

// The object in the line, or nothing: also where a member comes twice, since readers differ about which one counts.
std::optional<Json> parse_object(std::string_view line) {
    std::set<std::string> seen;
    bool repeated = false;
    const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (event == Json::parse_event_t::key && depth == 1)
            repeated = repeated || !seen.insert(parsed.get<std::string>()).second;
        return true;
    };
    Json object = Json::parse(line, watch, false);
    if (!object.is_object() || repeated) return std::nullopt;
    return object;
}

Result<Command> read_command(const Json& object) {
    const auto member = object.find("command");
    if (member == object.end() || !member->is_string())
        return failure("the request has no command; expected " + expected_commands);
    const auto& word = member->get_ref<const std::string&>();
    const auto index = position(command_words, word);
    if (!index) return failure("got the command " + quote(word) + ", expected " + expected_commands);
    return static_cast<Command>(*index);
}

// Members besides v and command: none, or the one target of a revoke.
Result<std::string> only_argument(const Json& object) {
    std::string argument;
    for (const auto& [name, value] : object.items()) {
        if (name == "v" || name == "command") continue;
        if (!argument.empty() || name.empty()) return failure("got more than one member besides v and command");
        argument = name;
    }
    return argument;
}

Result<RevokeRequest> read_target(RevokeRequest::Target target, const Json& value) {
    using Target = RevokeRequest::Target;
    RevokeRequest request{target, 0, {}};
    const bool fits = target == Target::all     ? value.is_boolean() && value.get<bool>()
                      : target == Target::grant ? value.is_number_unsigned() && value.get<std::uint64_t>() > 0
                                                : value.is_string() && !value.get_ref<const std::string&>().empty();
    if (!fits) return failure("revoke takes a grant's number, a client's or a flow's name, or \"all\": true");
    if (target == Target::grant) request.grant = value.get<std::uint64_t>();
    if (value.is_string()) request.name = value.get<std::string>();
    return request;
}

Result<RevokeRequest> read_revoke(const Json& object, const std::string& argument) {
    const auto target = position(target_words, argument);
    if (!target) return failure("revoke takes one of grant, client, flow or all; got " + quote(argument));
    return read_target(static_cast<RevokeRequest::Target>(*target), object.at(argument));
}

// Absent is zero. False: it is no number.
bool read_number(const Json& object, const char* name, std::uint64_t& into) {
    const auto member = object.find(name);
    if (member == object.end()) return true;
    if (!member->is_number_unsigned()) return false;
    into = member->get<std::uint64_t>();
    return true;
}

bool read_text(const Json& object, const char* name, std::string& into) {
    constexpr std::size_t most = 500;
    const auto member = object.find(name);
    if (member == object.end()) return true;
    if (!member->is_string() || member->get_ref<const std::string&>().size() > most) return false;
    into = member->get<std::string>();
    return true;
}

Result<Request> read_guard(const Json& object) {
    constexpr auto members = std::to_array<std::string_view>({"v", "command", "state", "text", "for_ms", "revoked"});
    for (const auto& [name, value] : object.items())
        if (!position(members, name)) return failure("got the member " + quote(name) + ", which guard does not take");
    std::string word;
    GuardReport report;
    const bool fits = read_text(object, "state", word) && read_text(object, "text", report.text) &&
                      read_number(object, "for_ms", report.for_ms) && read_number(object, "revoked", report.revoked);
    const auto state = position(state_words, word);
    if (!fits || !state) return failure("guard takes a state (guarded, unguarded or open), text, for_ms and revoked");
    report.state = static_cast<GuardReport::State>(*state);
    return Request{Command::guard, {}, std::move(report), {}};
}

Result<Prefix> read_source(const Json& object, const std::string& argument) {
    const Json* value = argument == "source" ? &object.at(argument) : nullptr;
    if (value == nullptr || !value->is_string()) return failure("follow takes one source, an address or a prefix");
    const auto& text = value->get_ref<const std::string&>();
    const auto prefix = parse_prefix(text);
    if (!prefix) return failure("got the source " + quote(text) + ", expected an address or a prefix");
    return *prefix;
}

Result<Request> read_request(const Json& object) {
    const auto command = read_command(object);
    if (!command) return tl::make_unexpected(command.error());
    if (*command == Command::guard) return read_guard(object);
    const auto argument = only_argument(object);
    if (!argument) return tl::make_unexpected(argument.error());
    Request request{*command, {}, {}, {}};
    if (*command == Command::follow) {
        return read_source(object, *argument).map([&](const Prefix& source) {
            request.source = source;
            return request;
        });
    }
    if (*command != Command::revoke) {
        if (argument->empty()) return request;
        return failure("got the member " + quote(*argument) + ", expected nothing besides v and command");
    }
    return read_revoke(object, *argument).map([&](RevokeRequest revoke) {
        request.revoke = std::move(revoke);
        return request;
    });
}

}  // namespace

Result<Request> parse_request(std::string_view line) {
    if (line.size() > longest_request)
        return failure("the request is longer than " + std::to_string(longest_request) + " bytes");
    const auto object = parse_object(line);
    if (!object) return failure("the request is not one JSON object without repeated members");
    const auto version = object->find("v");
    if (version == object->end() || *version != protocol_version)
        return failure("this daemon speaks version 1 of the control protocol; expected \"v\": 1");
    return read_request(*object);
}

namespace {

std::string guard_line(const GuardReport& report) {
    Json line{{"v", protocol_version}, {"command", "guard"}};
    line["state"] = state_words[static_cast<std::size_t>(report.state)];
    if (!report.text.empty()) line["text"] = report.text;
    if (report.for_ms > 0) line["for_ms"] = report.for_ms;
    if (report.revoked > 0) line["revoked"] = report.revoked;
    return detail::dump(line);
}

}  // namespace

std::string to_line(const Request& request) {
    if (request.command == Command::guard) return guard_line(request.guard);
    using Target = RevokeRequest::Target;
    Json line{{"v", protocol_version}, {"command", command_words[static_cast<std::size_t>(request.command)]}};
    if (request.source) line["source"] = to_text(*request.source);
    if (request.command != Command::revoke) return detail::dump(line);
    const RevokeRequest& revoke = request.revoke;
    Json& value = line[std::string{target_words[static_cast<std::size_t>(revoke.target)]}];
    if (revoke.target == Target::all)
        value = true;
    else if (revoke.target == Target::grant)
        value = revoke.grant;
    else
        value = revoke.name;
    return detail::dump(line);
}

std::optional<Prefix> followed(std::string_view line) {
    const auto request = parse_request(line);
    return request ? request->source : std::nullopt;
}

}  // namespace postern::control
