// posternctl init: a directory with a minimal policy, a gateway key and the secrets around it, ready for `clients add`.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "config/load.h"
#include "noise/keys.h"
#include "posternctl/command.h"
#include "posternctl/new_files.h"
#include "posternctl/secrets.h"

namespace postern::ctl {
namespace {

namespace fs = std::filesystem;

struct InitOptions {
    std::string name;
    std::vector<std::string> interfaces;
    std::vector<std::string> services{"ssh=tcp/22"};
    std::vector<std::string> break_glass;
    std::string user;   // empty: postern, where it exists and init runs as root
    std::string group;  // empty: the user's own
    std::string log = "/var/log/postern/verdicts.json";
    std::string socket = "/run/postern/control.sock";
    std::string state = "/var/lib/postern";
};

constexpr auto footer = R"(
Examples:
  posternctl init --name gw1.example.net --interface wan0
  posternctl init --name gw1.example.net --interface wan0 --interface 'ppp*' --service ssh=tcp/22 --user gate
  posternctl -c /tmp/try/postern.yaml init --name gw1 --interface eth0 --log stdout --socket control.sock

Makes the policy, gateway.key, gateway.key.fresh, steering.seed and clients.d/ beside it. Nothing that exists is
touched. The daemon's user may read the secrets and remove gateway.key.fresh, which says that no message to this key can
be old.)";

// Words go into the policy as they are: whatever YAML could read differently is refused here, the rest by the loader.
bool is_plain(const std::string& word) {
    const auto fits = [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view{"._-*/:@+"}.find(static_cast<char>(c)) != std::string_view::npos;
    };
    return !word.empty() && std::all_of(word.begin(), word.end(), fits);
}

std::string check_plain(const std::string& word) {
    return is_plain(word) ? "" : fmt::format("got \"{}\", expected letters, digits and . _ - * / :", word);
}

// NAME=PORTS[,PORTS]
std::string check_service(const std::string& text) {
    const auto parts = CLI::detail::split(text, '=');
    const bool fits = parts.size() == 2 && is_plain(parts[0]) && !parts[1].empty();
    const auto ports = fits ? CLI::detail::split(parts[1], ',') : std::vector<std::string>{};
    if (fits && std::all_of(ports.begin(), ports.end(), is_plain)) return "";
    return fmt::format("got \"{}\", expected NAME=PORTS such as ssh=tcp/22 or dns=udp/53,tcp/53", text);
}

std::string quoted(const std::vector<std::string>& words) {
    std::vector<std::string> list;
    for (const auto& word : words) list.push_back(fmt::format("\"{}\"", word));
    return fmt::format("[{}]", fmt::join(list, ", "));
}

// A path in double quotes, as YAML reads it.
std::string quoted_path(const std::string& path) {
    std::string text = "\"";
    for (const char c : path) text += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    return text + '"';
}

std::string service_line(const std::string& text) {
    const auto parts = CLI::detail::split(text, '=');
    return fmt::format("  {}: {{ports: [{}]}}\n", parts[0], fmt::join(CLI::detail::split(parts[1], ','), ", "));
}

std::string policy_text(const InitOptions& options) {
    std::string text =
        "# What this gateway guards and whom it lets in. postern.yaml(5) explains every key;\n"
        "# `posternctl check` finds mistakes, `posternctl reload` makes changes count.\n";
    text += fmt::format(
        "gateway:\n  name: \"{}\"\n  interfaces: {}\n  spa: [udp/62201]\n"
        "  private_key_files: [gateway.key]\n",
        options.name, quoted(options.interfaces));
    if (!options.break_glass.empty()) text += fmt::format("  break_glass: {}\n", quoted(options.break_glass));
    text += "services:\n";
    for (const auto& service : options.services) text += service_line(service);
    text += fmt::format("log: {{file: {}}}\ncontrol: {{socket: {}}}\nstate: {{directory: {}}}\n",
                        quoted_path(options.log), quoted_path(options.socket), quoted_path(options.state));
    return text + "# Clients: one file each in clients.d/, made by `posternctl clients add`.\n";
}

Result<Owner> find_owner(const InitOptions& options) {
    const bool wanted = !options.user.empty() || !options.group.empty();
    if (!wanted && ::geteuid() != 0) return Owner{};
    Owner owner;
    // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread
    if (const passwd* user = ::getpwnam(options.user.empty() ? "postern" : options.user.c_str()))
        owner = {user->pw_uid, user->pw_gid};
    else if (!options.user.empty())
        return failure(fmt::format("no user {} on this system", options.user));
    if (const group* group = ::getgrnam(options.group.empty() ? "postern" : options.group.c_str()))
        owner.group = options.group.empty() && !options.user.empty() ? owner.group : group->gr_gid;
    else if (!options.group.empty())
        return failure(fmt::format("no group {} on this system", options.group));
    // NOLINTEND(concurrency-mt-unsafe)
    return owner;
}

// The daemon's group may enter and make files; the sticky bit keeps it from touching any but its own, the marker.
constexpr mode_t directory_mode = 01770;
constexpr mode_t secret_mode = 0640;

Result<std::string> make_everything(const fs::path& policy, const InitOptions& options, NewFiles& files) {
    const auto owner = find_owner(options);
    if (!owner) return tl::make_unexpected(owner.error());
    const Owner group_only{static_cast<uid_t>(-1), owner->group};
    const fs::path directory = policy.parent_path();
    const noise::KeyPair pair = draw_key_pair();
    const std::string key = noise::to_base64(pair.private_key.bytes()) + "\n";
    const auto done =
        files.make_directory(directory, directory_mode, group_only)
            .and_then([&] { return files.make_directory(directory / "clients.d", 0750, group_only); })
            .and_then([&] { return files.make_file(directory / "gateway.key", key, secret_mode, group_only); })
            .and_then([&] { return files.make_file(directory / "gateway.key.fresh", "", secret_mode, *owner); })
            .and_then([&] {
                return files.make_file(directory / "steering.seed", draw_seed() + "\n", secret_mode, group_only);
            })
            .and_then([&] { return files.make_file(policy, policy_text(options), secret_mode, group_only); });
    if (!done) return tl::make_unexpected(done.error());
    return noise::to_base64(pair.public_key);
}

// What was written must load: names and ports are judged by the loader alone.
bool loads(const fs::path& policy) {
    Names names;
    const auto loaded = config::load(policy, names);
    if (loaded) return true;
    for (const auto& diagnostic : loaded.error()) complain(diagnostic.text);
    return false;
}

// The line that makes the directories of the defaults, where they are used and not there.
std::string missing_directories(const InitOptions& options) {
    const InitOptions usual;
    std::string missing;
    for (const auto& [chosen, default_file] : {std::pair{options.log, usual.log}, {options.socket, usual.socket}}) {
        const std::string directory = fs::path{default_file}.parent_path().string();
        std::error_code error;
        if (chosen == default_file && !fs::exists(directory, error)) missing += ' ' + directory;
    }
    if (missing.empty()) return "";
    const std::string user = options.user.empty() ? "postern" : options.user;
    return fmt::format("  install -d -o {} -g {}{}\n", user, options.group.empty() ? user : options.group, missing);
}

void print_next_steps(const fs::path& policy, const InitOptions& options, const std::string& public_key) {
    const std::string command = fmt::format("posternctl -c {}", policy.string());
    fmt::print("made {} with its secrets and clients.d/; the public key of {} is\n  {}\n", policy.string(),
               options.name, public_key);
    fmt::print("next:\n  {} clients add NAME --services {} --out NAME.yaml\n", command,
               options.services.front().substr(0, options.services.front().find('=')));
    fmt::print("  {} check\n{}  posternd -c {}\n", command, missing_directories(options), policy.string());
    fmt::print("  {} rules apply    (new connections on {} are judged from then on)\n", command,
               fmt::join(options.interfaces, ", "));
}

void init(const InitOptions& options, const Context& context, Exit& exit) {
    const fs::path policy = fs::absolute(context.policy_file);
    NewFiles files;
    const auto public_key = make_everything(policy, options, files);
    if (!public_key) complain(public_key.error().text);
    if (!public_key || !loads(policy)) {
        exit = Exit::failed;
        return;
    }
    files.keep();
    print_next_steps(policy, options, *public_key);
}

}  // namespace

void add_init(CLI::App& app, const Context& context, Exit& exit) {
    auto options = std::make_shared<InitOptions>();
    CLI::App* command = app.add_subcommand("init", "make a minimal policy, a gateway key and clients.d/");
    command->add_option("--name", options->name, "the gateway's name, part of every message")
        ->required()
        ->check(check_plain);
    command->add_option("--interface", options->interfaces, "guard this interface; may be repeated")
        ->required()
        ->check(check_plain);
    command->add_option("--service", options->services, "NAME=PORTS; may be repeated")
        ->check(check_service)
        ->capture_default_str();
    command->add_option("--break-glass", options->break_glass, "from here ssh stays open; may be repeated")
        ->check(check_plain);
    command->add_option("--user", options->user, "the daemon's user (default: postern, if there is one)");
    command->add_option("--group", options->group, "who may read the secrets (default: postern, if there is one)");
    command->add_option("--log", options->log, "log.file of the policy")->capture_default_str();
    command->add_option("--socket", options->socket, "control.socket of the policy")->capture_default_str();
    command->add_option("--state", options->state, "state.directory of the policy")->capture_default_str();
    command->footer(footer);
    command->callback([options, &context, &exit] { init(*options, context, exit); });
}

}  // namespace postern::ctl
