// The envelope of a reply: version, success, and either a result or an error.
#include "control/json.h"
#include "control/messages.h"

namespace postern::control {
namespace {

using detail::Json;

Result<Reply> not_a_reply() {
    return failure("what answers on the control socket does not speak version 1 of the control protocol");
}

std::string text_of(const Json& object, const char* name) {
    const auto member = object.find(name);
    return member != object.end() && member->is_string() ? member->get<std::string>() : std::string{};
}

std::vector<std::string> mistakes_of(const Json& object) {
    std::vector<std::string> mistakes;
    const auto member = object.find("mistakes");
    if (member == object.end() || !member->is_array()) return mistakes;
    for (const Json& mistake : *member)
        if (mistake.is_string()) mistakes.push_back(mistake.get<std::string>());
    return mistakes;
}

// A result is JSON already and may be long: it is put in as it is.
std::string with_result(std::string object, const std::string& result) {
    object.pop_back();
    return object + ",\"result\":" + result + "}";
}

}  // namespace

std::string to_line(const Reply& reply) {
    Json line{{"v", protocol_version}, {"ok", reply.ok}};
    if (reply.ok) return with_result(detail::dump(line), reply.result);
    line["error"] = reply.error;
    if (!reply.mistakes.empty()) line["mistakes"] = reply.mistakes;
    return detail::dump(line);
}

Result<Reply> parse_reply(std::string_view line) {
    const Json object = detail::parse(line);
    if (!object.is_object() || !object.contains("v") || object.at("v") != protocol_version) return not_a_reply();
    if (!object.contains("ok") || !object.at("ok").is_boolean()) return not_a_reply();
    Reply reply;
    reply.ok = object.at("ok").get<bool>();
    if (reply.ok != object.contains("result")) return not_a_reply();
    if (reply.ok) reply.result = detail::dump(object.at("result"));
    reply.error = text_of(object, "error");
    reply.mistakes = mistakes_of(object);
    return reply;
}

}  // namespace postern::control
