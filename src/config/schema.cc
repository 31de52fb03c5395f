#include "config/schema.h"

#include <algorithm>

#include "noise/keys.h"
#include "spa/payload.h"

namespace postern::config {
namespace {

namespace type {
constexpr Type section{"section", "a mapping"};
constexpr Type word{"word", ""};
constexpr Type host{"host name", "a lower-case name without a dot at its end such as gw1.example.net"};
constexpr Type interface { "interface name", "an interface name such as wan0 or ppp*, not the loopback" };
constexpr Type spa_port{"UDP port or range, 1 to 65535", "a UDP port or a range such as udp/62201 or udp/62201-62210"};
constexpr Type ports{"port or range, 1 to 65535", "a port or a range such as tcp/22"};
constexpr Type file{"file name", "the name of a file"};
constexpr Type count{"number", "a whole number"};
constexpr Type mask{"mask", "one run of ones such as 0xff000000"};
constexpr Type duration{"duration", "a duration such as 15s, 2m or 12h"};
constexpr Type prefix{"prefix", "an address or a prefix such as 192.0.2.0/28"};
constexpr Type target{"address and port", "an address and a port such as 10.0.0.7:443 or [2001:db8::7]:443"};
constexpr Type open{"kind of packet",
                    "a port, a type of ICMP or a protocol such as tcp/443, icmp/echo-request, esp or proto/112"};
constexpr Type service{"service name", "the name of a service"};
constexpr Type service_name{"service name", "a name of lower-case letters, digits and dashes"};
constexpr Type name{"name", "a name of letters, digits, dots, dashes and underscores"};
constexpr Type public_key{"public key", "a public key of 44 base64 characters"};
constexpr Type step{"step", "a step such as tcp/7000, udp/8000, icmp/echo-request or tcp/7000/ack"};
constexpr Type strictness{"strictness", "ignore, reset or a number of wrong packets such as tolerate(3)"};
constexpr Type date{"date", "a date such as 2027-06-30"};
}  // namespace type

// The words of formats.def: "postern | ...".
constexpr std::string_view spa_formats = [] {
    std::string_view words =
#define POSTERN_SPA_FORMAT(name, meaning) #name " | "
#include "spa/formats.def"
#undef POSTERN_SPA_FORMAT
        ;
    words.remove_suffix(3);
    return words;
}();

// The words of schemes.def: "static | ...".
constexpr std::string_view knock_schemes = [] {
    std::string_view words =
#define POSTERN_KNOCK_SCHEME(name, meaning) #name " | "
#include "knock/schemes.def"
#undef POSTERN_KNOCK_SCHEME
        ;
    words.remove_suffix(3);
    return words;
}();

constexpr auto optional = Need::optional;
constexpr auto required = Need::required;
constexpr auto section = Shape::section;
constexpr auto named = Shape::named;
constexpr auto one = Shape::one;
constexpr auto list = Shape::list;
constexpr auto some = Shape::some;
constexpr auto few = Shape::few;
constexpr auto entries = Shape::entries;

// --- what a row does with its value ---------------------------------------------------------------------------------

template <class Target, class Read>
bool set(Target& target, const std::optional<Read>& value) {
    if (value) target = static_cast<Target>(*value);
    return value.has_value();
}

template <class Target, class Read>
bool add(std::vector<Target>& targets, const std::optional<Read>& value) {
    if (value) targets.push_back(*value);
    return value.has_value();
}

template <class Target, class Read>
bool add(std::vector<Placed<Target>>& targets, const std::optional<Read>& value, const Place& place) {
    if (value) targets.push_back({*value, place});
    return value.has_value();
}

template <class Target, class Read>
bool set(std::optional<Placed<Target>>& target, const std::optional<Read>& value, const Place& place) {
    if (value) target = Placed<Target>{*value, place};
    return value.has_value();
}

bool nothing(Draft&, const Value&) { return true; }

bool only(const Value& value) { return word_index(value).has_value(); }

bool begin_service(Draft& draft, const Value& value) {
    if (!spa::is_service_name(value.text)) return false;
    draft.services.push_back({});
    draft.services.back().service.name = value.text;
    return true;
}

bool begin_client(Draft& draft, const Value& value) {
    const auto name = word_name(value.text);
    if (!name) return false;
    draft.clients.push_back({});
    draft.clients.back().client.name = *name;
    draft.clients.back().place = value.place;
    return true;
}

bool begin_knock(Draft& draft, const Value& value) {
    const auto name = word_name(value.text);
    if (!name) return false;
    draft.knocks.emplace_back();
    draft.knocks.back().name = *name;
    draft.knocks.back().place = value.place;
    return true;
}

bool set_look_ahead(KnockDraft& knock, const Value& value) {
    if (value.written) knock.look_ahead_at = value.place;
    return set(knock.look_ahead, within(number, value));
}

ServiceDraft& service(Draft& draft) { return draft.services.back(); }
ClientDraft& client(Draft& draft) { return draft.clients.back(); }
KnockDraft& knock(Draft& draft) { return draft.knocks.back(); }

// Begins the entry whose `from` and `to` follow.
bool begin_open(Draft& draft, const Value& value) {
    const auto matches = open_match(value.text);
    if (matches) draft.open.push_back({{*matches, {}, {}}, value.place, value.text});
    return matches.has_value();
}

// An entry with a broken match has not begun: then its other keys are only read.
template <std::vector<Prefix> Open::*member>
bool narrow_open(Draft& draft, const Value& value) {
    std::vector<Prefix> nowhere;
    return add(draft.open.empty() ? nowhere : draft.open.back().open.*member, parse_prefix(value.text));
}

// The day itself is included: refusal begins with the next one.
bool set_expiry(Client& client, const Value& value) {
    const auto day = within(date, value);
    if (day) client.expires = *day + std::chrono::days{1};
    return day.has_value();
}

bool set_session_max(GrantLimits& grants, const Value& value) {
    grants.session_max = within(duration, value);
    return grants.session_max.has_value();
}

// A name that is not absolute is one beside the policy.
bool set_file(std::filesystem::path& file, const Value& value) {
    const auto name = file_name(value.text);
    return name && set(file, std::optional{beside(value.place, *name)});
}

bool set_log_file(Settings& settings, const Value& value) {
    if (value.text == "stdout") return settings.log_file.clear(), true;
    return set_file(settings.log_file, value);
}

// --- the table ------------------------------------------------------------------------------------------------------

// clang-format off
constexpr Key table[] = {
//   path                                    need      shape    type
//   range, unit, default
//   meaning
//   what becomes of a value
    {"gateway",                              optional, section, type::section,
     "", "", "", "What this gateway is and how it is guarded.", nothing},
    {"gateway.name",                         required, one,     type::host,
     "1 to 253 bytes", "bytes", "",
     "The gateway's name, part of every SPA message; clients must have it letter by letter.",
     [](Draft& d, const Value& v) { return set(d.gateway.name, host_name(v.text)); }},
    {"gateway.interfaces",                   required, some,    type::interface,
     "1 to 15 characters", "characters", "",
     "The guarded interfaces; a star at the end stands for any rest.",
     [](Draft& d, const Value& v) { return add(d.gateway.interfaces, interface_name(v.text)); }},
    {"gateway.spa",                          optional, some,    type::spa_port,
     "", "ports", "udp/62201",
     "Where SPA messages are listened for.",
     [](Draft& d, const Value& v) { return add(d.gateway.spa, udp_ports(v.text)); }},
    {"gateway.private_key_files",            optional, some,    type::file,
     "", "", "gateway.key",
     "The gateway's private keys, the current one first; a second one while clients change over.",
     [](Draft& d, const Value& v) { return add(d.private_key_files, file_name(v.text), v.place); }},
    {"gateway.backend",                      optional, one,     type::word,
     "auto | nftables | iptables", "", "auto",
     "Which rules are made; auto takes nftables where the kernel can queue from it.",
     [](Draft& d, const Value& v) { return set(d.gateway.backend, choice<Backend>(v)); }},
    {"gateway.queues",                       optional, one,     type::count,
     "1 to 64", "queues", "2",
     "How many kernel queues share the packets; each has its own thread.",
     [](Draft& d, const Value& v) { return set(d.gateway.queues, within(number, v)); }},
    {"gateway.mark_mask",                    optional, one,     type::mask,
     "8 to 32 ones", "bits", "0xff000000",
     "The bits of packet and connection marks that are ours.",
     [](Draft& d, const Value& v) { return set(d.gateway.mark, mark_mask(v.text)); }},
    {"gateway.skew",                         optional, one,     type::duration,
     "1s to 5m", "s, m or h", "30s",
     "How far a client's clock may be off, either way.",
     [](Draft& d, const Value& v) { return set(d.gateway.skew, within(duration, v)); }},
    {"gateway.unmatched",                    optional, one,     type::word,
     "drop | pass", "", "drop",
     "What becomes of new packets that concern no service: dropped, or left to the rest of the firewall.",
     [](Draft& d, const Value& v) { return set(d.gateway.unmatched, choice<Unmatched>(v)); }},
    {"gateway.ipsec",                        optional, one,     type::word,
     "pass | judge", "", "pass",
     "What becomes of packets that came out of IPsec: left to the rest of the firewall, or judged like others.",
     [](Draft& d, const Value& v) { return set(d.gateway.ipsec, choice<Ipsec>(v)); }},
    {"gateway.observe",                      optional, one,     type::word,
     "false | true", "", "false",
     "Whether everything is let in, and the log only says what would have been refused.",
     [](Draft& d, const Value& v) { return set(d.gateway.observe, word_index(v)); }},
    {"gateway.break_glass",                  optional, list,    type::prefix,
     "", "", "",
     "Sources from which TCP port 22 and echo stay open whatever happens.",
     [](Draft& d, const Value& v) { return add(d.gateway.break_glass, parse_prefix(v.text)); }},
    {"gateway.open",                         optional, entries, type::open,
     "", "", "",
     "What else the gateway speaks: goes on to the rest of the firewall unjudged.", begin_open},
    {"gateway.open.ENTRY.match",             required, one,     type::open,
     "", "", "",
     "The kind of packet, where the entry is a mapping.", begin_open},
    {"gateway.open.ENTRY.from",              optional, list,    type::prefix,
     "", "", "",
     "The sources it is open to; without it, everybody.", narrow_open<&Open::from>},
    {"gateway.open.ENTRY.to",                optional, list,    type::prefix,
     "", "", "",
     "The destinations, as packets carry them; without it, the gateway itself, multicast and broadcast.",
     narrow_open<&Open::to>},

    {"services",                             optional, named,   type::service_name,
     "1 to 32 characters", "characters", "",
     "What clients can be let in to, by name.", begin_service},
    {"services.NAME.ports",                  required, some,    type::ports,
     "", "ports", "",
     "Destination ports; a number alone is TCP.",
     [](Draft& d, const Value& v) { return add(service(d).ports, ports(v.text), v.place); }},
    {"services.NAME.to",                     optional, some,    type::prefix,
     "", "", "",
     "Destinations behind the gateway, as packets carry them; without it, the gateway's own addresses.",
     [](Draft& d, const Value& v) { return add(service(d).service.to, parse_prefix(v.text)); }},
    {"services.NAME.forward_to",             optional, few,     type::target,
     "", "", "",
     "Where its packets are sent instead; at most one target for IPv4 and one for IPv6.",
     [](Draft& d, const Value& v) { return add(service(d).forward_to, target(v.text), v.place); }},

    {"clients",                              optional, named,   type::name,
     "1 to 63 characters", "characters", "",
     "Who may be let in, by name, and to what.", begin_client},
    {"clients.NAME.services",                required, some,    type::service,
     "", "", "",
     "The services this client may open.",
     [](Draft& d, const Value& v) { return add(client(d).services, word_name(v.text), v.place); }},
    {"clients.NAME.spa",                     optional, section, type::section,
     "", "", "", "How this client proves itself.", nothing},
    {"clients.NAME.spa.format",              optional, one,     type::word,
     spa_formats, "", "postern",
     "The format of the client's SPA messages.",
     [](Draft&, const Value& v) { return only(v); }},
    {"clients.NAME.spa.public_key",          required, one,     type::public_key,
     "", "", "",
     "The client's public key, as postern keygen prints it; no two clients have the same.",
     [](Draft& d, const Value& v) { return set(client(d).public_key, noise::key_from_base64(v.text), v.place); }},
    {"clients.NAME.spa.preshared_key_file",  optional, one,     type::file,
     "", "", "",
     "A file with a preshared key, known to this client and the gateway alone.",
     [](Draft& d, const Value& v) { return set(client(d).preshared_key_file, file_name(v.text), v.place); }},
    {"clients.NAME.source_claim",            optional, one,     type::word,
     "auto | required | optional", "", "auto",
     "Whether messages must name the exact source address; auto demands it over IPv6 and not over IPv4.",
     [](Draft& d, const Value& v) { return set(client(d).client.source_claim, choice<SourceClaim>(v)); }},
    {"clients.NAME.expires",                 optional, one,     type::date,
     "1970-01-01 to 2199-12-31", "days, UTC", "",
     "The last day on which the client's messages are taken and its flows go on.",
     [](Draft& d, const Value& v) { return set_expiry(client(d).client, v); }},

    {"knocks",                               optional, named,   type::name,
     "1 to 63 characters", "characters", "",
     "Knock sequences, by the names that stand where a client's would.", begin_knock},
    {"knocks.NAME.scheme",                   required, one,     type::word,
     knock_schemes, "", "",
     "What the sequence is made of.",
     [](Draft& d, const Value& v) { return set(knock(d).sequence.scheme, choice<knock::Scheme>(v)); }},
    {"knocks.NAME.steps",                    optional, some,    type::step,
     "", "", "",
     "The sequence, in its order: 2 to 16 steps, each once, at the gateway's own addresses.",
     [](Draft& d, const Value& v) { return add(knock(d).steps, knock::parse_step(v.text), v.place); }},
    {"knocks.NAME.one_time_list",            optional, one,     type::file,
     "", "", "",
     "In place of steps: a file with a sequence on each line, each good once.",
     [](Draft& d, const Value& v) { return set(knock(d).one_time_list, file_name(v.text), v.place); }},
    {"knocks.NAME.look_ahead",               optional, one,     type::count,
     "1 to 16", "lines", "5",
     "How many lines of the list are listened to, from the first one on that is not used.",
     [](Draft& d, const Value& v) { return set_look_ahead(knock(d), v); }},
    {"knocks.NAME.opens",                    required, one,     type::service,
     "", "", "",
     "The service that whoever completes the sequence is let in to.",
     [](Draft& d, const Value& v) { return set(knock(d).opens, word_name(v.text), v.place); }},
    {"knocks.NAME.deadline",                 optional, one,     type::duration,
     "1s to 5m", "s, m or h", "10s",
     "How long after its first step a sequence can be completed.",
     [](Draft& d, const Value& v) { return set(knock(d).sequence.deadline, within(duration, v)); }},
    {"knocks.NAME.strictness",               optional, one,     type::strictness,
     "tolerate(1) to tolerate(16)", "wrong packets", "tolerate(3)",
     "What wrong packets do to a sequence that was begun.",
     [](Draft& d, const Value& v) { return set(knock(d).sequence.tolerated, strictness(v.text)); }},
    {"knocks.NAME.closes_with",              optional, some,    type::step,
     "", "", "",
     "A second sequence, which ends what the first one let in from the same source.",
     [](Draft& d, const Value& v) { return add(knock(d).closes_with, knock::parse_step(v.text), v.place); }},

    {"grants",                               optional, section, type::section,
     "", "", "", "What an accepted SPA message or a complete knock is good for.", nothing},
    {"grants.window",                        optional, one,     type::duration,
     "1s to 5m", "s, m or h", "15s",
     "How long a grant waits for its flow.",
     [](Draft& d, const Value& v) { return set(d.grants.window, within(duration, v)); }},
    {"grants.flows",                         optional, one,     type::count,
     "1 to 64", "flows", "1",
     "How many flows one grant lets in.",
     [](Draft& d, const Value& v) { return set(d.grants.flows, within(number, v)); }},
    {"grants.session_max",                   optional, one,     type::duration,
     "1s to 8760h", "s, m or h", "",
     "How long a flow may last; it is ended then, whoever talks. Without it a flow lasts as long as its ends like.",
     [](Draft& d, const Value& v) { return set_session_max(d.grants, v); }},

    {"log",                                  optional, section, type::section,
     "", "", "", "Where verdicts are written.", nothing},
    {"log.file",                             optional, one,     type::file,
     "", "", "/var/log/postern/verdicts.json",
     "The file that gets one JSON line per event; stdout is the daemon's standard output.",
     [](Draft& d, const Value& v) { return set_log_file(d.settings, v); }},

    {"control",                              optional, section, type::section,
     "", "", "", "How posternctl reaches the daemon.", nothing},
    {"control.socket",                       optional, one,     type::file,
     "", "", "/run/postern/control.sock",
     "The daemon's Unix socket.",
     [](Draft& d, const Value& v) { return set_file(d.settings.control_socket, v); }},

    {"state",                                optional, section, type::section,
     "", "", "", "Where what must outlive a restart is kept.", nothing},
    {"state.directory",                      optional, one,     type::file,
     "", "", "/var/lib/postern",
     "The directory of the confirmed rules and of what the daemon remembers.",
     [](Draft& d, const Value& v) { return set_file(d.settings.state_directory, v); }},
    {"state.anchor",                         optional, one,     type::file,
     "", "", "",
     "A file outside of that directory by which an older copy of it, put back, is recognised.",
     [](Draft& d, const Value& v) { return set_file(d.settings.state_anchor, v); }},
};
// clang-format on

}  // namespace

std::span<const Key> schema() { return table; }

const Key* key(std::string_view path) {
    const auto found =
        std::find_if(std::begin(table), std::end(table), [&](const Key& row) { return row.path == path; });
    return found == std::end(table) ? nullptr : &*found;
}

std::string_view parent(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

std::string_view leaf(std::string_view path) { return path.substr(path.rfind('.') + 1); }

std::vector<std::string_view> keys_in(std::string_view section_path) {
    std::vector<std::string_view> names;
    for (const Key& row : table)
        if (parent(row.path) == section_path) names.push_back(leaf(row.path));
    return names;
}

std::string expectation(const Key& key) {
    if (key.type.expected.empty()) return std::string{key.range};
    const std::string_view from = key.range.empty() ? "" : ", from ";
    return std::string{key.type.expected}.append(from).append(key.range);
}

}  // namespace postern::config
