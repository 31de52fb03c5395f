#include "store/document.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"

namespace postern::store {
namespace {

using Json = nlohmann::json;

constexpr int document_version = 1;
constexpr std::size_t most_clients = 65535;  // as many ids as there are

std::int64_t number(WallTime time) { return time.time_since_epoch().count(); }

Json json_of(const TimeSpan& span) { return {number(span.from), number(span.to)}; }

Json json_of(const std::vector<TimeSpan>& spans) {
    Json list = Json::array();
    for (const TimeSpan& span : spans) list.push_back(json_of(span));
    return list;
}

Json json_of(const Window& window) {
    Json messages = Json::array();
    for (const Message& message : window.messages)
        messages.push_back({{"time", number(message.time)}, {"hash", to_hex(message.hash)}});
    return {{"key", to_hex(window.key)}, {"used", json_of(window.used)}, {"messages", std::move(messages)}};
}

// What is wrong with a document, on its way out of the reader.
struct Wrong {
    std::string text;
};

std::string shown(const Json& value) {
    const std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

[[noreturn]] void refuse(std::string_view name, const Json& value, std::string_view expected) {
    throw Wrong{std::string{name} + ": got " + shown(value) + ", expected " + std::string{expected}};
}

// The member of that name; what has been taken is gone.
Json take(Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) throw Wrong{std::string{"got no \""} + name + "\", expected one"};
    Json value = std::move(*found);
    object.erase(found);
    return value;
}

void expect_empty(const Json& object) {
    if (!object.empty()) throw Wrong{"got \"" + object.begin().key() + "\", which is none of a state's members"};
}

Json object_of(const char* name, Json value) {
    if (!value.is_object()) refuse(name, value, "an object");
    return value;
}

std::int64_t integer(const char* name, const Json& value) {
    const bool fits =
        value.is_number_integer() && (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
    if (!fits) refuse(name, value, "a whole number of 64 bits");
    return value.get<std::int64_t>();
}

WallTime time_of(const char* name, const Json& value) { return WallTime{Duration{integer(name, value)}}; }

template <std::size_t size>
std::array<std::uint8_t, size> hex_of(const char* name, const Json& value) {
    const auto bytes = value.is_string() ? from_hex(value.get<std::string>()) : std::nullopt;
    if (!bytes || bytes->size() != size) refuse(name, value, std::to_string(2 * size) + " hexadecimal digits");
    std::array<std::uint8_t, size> taken{};
    std::copy(bytes->begin(), bytes->end(), taken.begin());
    return taken;
}

TimeSpan span_of(const char* name, const Json& value) {
    if (!value.is_array() || value.size() != 2) refuse(name, value, "two times");
    const TimeSpan span{time_of(name, value[0]), time_of(name, value[1])};
    if (span.to < span.from) refuse(name, value, "the earlier time first");
    return span;
}

template <class Read>
auto list_of(const char* name, const Json& value, Read&& read) {
    if (!value.is_array()) refuse(name, value, "a list");
    std::vector<decltype(read(name, value))> list;
    for (const Json& one : value) list.push_back(read(name, one));
    return list;
}

Message message_of(const char* name, const Json& value) {
    Json object = object_of(name, value);
    const Message message{time_of("time", take(object, "time")), hex_of<32>("hash", take(object, "hash"))};
    expect_empty(object);
    return message;
}

Window window_of(const char* name, const Json& value) {
    Json object = object_of(name, value);
    Window window{hex_of<32>("key", take(object, "key")), list_of("used", take(object, "used"), span_of),
                  list_of("messages", take(object, "messages"), message_of)};
    expect_empty(object);
    std::ranges::stable_sort(window.messages, {}, &Message::time);
    return window;
}

std::int64_t sequence_of(const Json& value) {
    const std::int64_t sequence = integer("sequence", value);
    if (sequence < 0 || sequence >= highest_sequence)
        refuse("sequence", value, "0 to " + std::to_string(highest_sequence - 1));
    return sequence;
}

State state_of(Json object) {
    const Json version = take(object, "postern_state");
    if (version != document_version) refuse("postern_state", version, std::to_string(document_version));
    State state;
    state.id = hex_of<16>("id", take(object, "id"));
    state.sequence = sequence_of(take(object, "sequence"));
    state.gateway_keys = list_of("gateway_keys", take(object, "gateway_keys"), hex_of<32>);
    state.replays.used = list_of("used", take(object, "used"), span_of);
    state.replays.windows = list_of("clients", take(object, "clients"), window_of);
    if (state.replays.windows.size() > most_clients)
        throw Wrong{"clients: got " + std::to_string(state.replays.windows.size()) + ", expected at most " +
                    std::to_string(most_clients)};
    state.lines = list_of("lines", take(object, "lines"), hex_of<32>);
    const Json covered = take(object, "covered");
    if (!covered.is_null()) state.covered = span_of("covered", covered);
    expect_empty(object);
    std::ranges::sort(state.gateway_keys);
    std::ranges::sort(state.lines);
    std::ranges::sort(state.replays.windows, {}, &Window::key);
    return state;
}

}  // namespace

std::string to_document(const State& state) {
    Json keys = Json::array(), clients = Json::array(), lines = Json::array();
    for (const Bytes32& key : state.gateway_keys) keys.push_back(to_hex(key));
    for (const Window& window : state.replays.windows) clients.push_back(json_of(window));
    for (const Bytes32& line : state.lines) lines.push_back(to_hex(line));
    const Json document{
        {"postern_state", document_version},   {"id", to_hex(state.id)},
        {"sequence", state.sequence},          {"gateway_keys", std::move(keys)},
        {"used", json_of(state.replays.used)}, {"clients", std::move(clients)},
        {"lines", std::move(lines)},           {"covered", state.covered ? json_of(*state.covered) : Json{}}};
    return document.dump();
}

Result<State> read_document(std::string_view text) {
    bool deep = false;  // a document is not, and writing one that is takes the stack
    const auto watch = [&](int depth, Json::parse_event_t, const Json&) { return !(deep = deep || depth > 5); };
    Json document = Json::parse(text, watch, false);
    if (deep || !document.is_object())
        return failure("got no JSON object, expected what `posternctl state export` writes");
    try {
        return state_of(std::move(document));
    } catch (const Wrong& wrong) {
        return failure(wrong.text);
    }
}

}  // namespace postern::store
