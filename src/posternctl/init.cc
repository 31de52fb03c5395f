// posternctl init: a directory with a minimal policy, a gateway key and the secrets around it, ready for `clients add`.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "config/load.h"
#include "noise/keys.h"
#include "posternctl/command.h"
#include "posternctl/daemon_user.h"
#include "posternctl/init.h"
#include "posternctl/interview.h"
#include "posternctl/new_client.h"
#include "posternctl/new_files.h"
#include "posternctl/new_policy.h"
#include "posternctl/secrets.h"

namespace postern::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view here = "here";  // --break-glass: the address of this ssh session
constexpr auto footer = R"(
Examples:
  posternctl init                          ask, and propose what this host has
  posternctl init --yes --client alice     take every proposal, and make alice's profile
  posternctl init --name gw1.example.net --interface wan0 --break-glass here
  posternctl init --name gw1.example.net --interface wan0 --interface 'ppp*' --service ssh=tcp/22 --user gate
  posternctl -c /tmp/try/postern.yaml init --name gw1 --interface eth0 --log stdout --socket control.sock

Makes the policy, gateway.key, gateway.key.fresh, steering.seed and clients.d/ beside it. Nothing that exists is
touched. The daemon's user may read the secrets and remove gateway.key.fresh, which says that no message to this key can
be old.)";

// The daemon's group may enter and make files; the sticky bit keeps it from touching any but its own, the marker.
constexpr mode_t directory_mode = 01770;
constexpr mode_t secret_mode = 0640;

Result<std::string> make_everything(const fs::path& policy, const InitOptions& options, NewFiles& files) {
    const auto owner = daemon_owner(options.user, options.group);
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
            .and_then([&] { return files.make_file(policy, policy_text(options.policy), secret_mode, group_only); });
    if (!done) return tl::make_unexpected(done.error());
    return noise::to_base64(pair.public_key);
}

// What was written must load: names and ports are judged by the loader alone.
std::optional<config::Configuration> loaded(const fs::path& policy) {
    Names names;
    auto read = config::load(policy, names);
    if (read) return std::move(*read);
    for (const auto& diagnostic : read.error()) complain(diagnostic.text);
    return std::nullopt;
}

bool says_all(const InitOptions& options) {
    return !options.policy.name.empty() && !options.policy.interfaces.empty() && !options.take;
}

Result<void> break_glass_here(NewPolicy& policy) {
    const auto place = std::ranges::find(policy.break_glass, here);
    if (place == policy.break_glass.end()) return {};
    const auto session = ssh_session();
    if (!session) return failure("--break-glass here: this is no ssh session; give an address or a prefix");
    *place = to_text(session->client);
    return {};
}

// Fails with the exit code for it.
tl::expected<void, Exit> complete(InitOptions& options) {
    const auto refused = [](const Error& error, Exit exit) { return complain(error.text), tl::make_unexpected(exit); };
    if (const auto done = break_glass_here(options.policy); !done) return refused(done.error(), Exit::failed);
    if (says_all(options)) return {};
    const auto offers = host_offers();
    if (!offers) return refused(offers.error(), Exit::failed);
    if (!options.take && ::isatty(STDIN_FILENO) == 0)
        return refused({fmt::format("init: nobody can be asked here: give --name and --interface, or --yes for what "
                                    "this host proposes: {}",
                                    as_flags(*offers))},
                       Exit::usage);
    const auto done =
        options.take ? take_offers(*offers, options.policy) : interview(*offers, options.policy, options.client);
    return done ? tl::expected<void, Exit>{} : refused(done.error(), Exit::failed);
}

bool make_first_client(const fs::path& policy, const InitOptions& options, const Policy& read) {
    const FirstClient& client = options.client;
    const auto made =
        make_client({client.name, service_words(options.policy), client.profile, client.host, {}}, policy, read);
    if (!made) complain(made.error().text);
    return made.has_value();
}

// The policy's files go again where the client cannot be made.
bool make_all(const fs::path& policy, const InitOptions& options) {
    NewFiles files;
    const auto public_key = make_everything(policy, options, files);
    if (!public_key) return complain(public_key.error().text), false;
    const auto read = loaded(policy);
    if (!read) return false;
    if (!options.client.name.empty() && !make_first_client(policy, options, *read->policy)) return false;
    files.keep();
    fmt::print("made {} with its secrets and clients.d/; the public key of {} is\n  {}\n", policy.string(),
               options.policy.name, *public_key);
    return true;
}

void init(InitOptions options, const Context& context, Exit& exit) {
    const fs::path policy = fs::absolute(context.policy_file);
    if (const auto done = complete(options); !done) {
        exit = done.error();
        return;
    }
    if (options.policy.services.empty()) options.policy.services = {"ssh=tcp/22"};
    if (options.client.profile.empty()) options.client.profile = options.client.name + ".yaml";
    if (!make_all(policy, options)) {
        exit = Exit::failed;
        return;
    }
    if (!options.client.name.empty()) print_clients_step(options);
    print_next_steps(policy, options);
}

}  // namespace

void add_init(CLI::App& app, const Context& context, Exit& exit) {
    auto options = std::make_shared<InitOptions>();
    CLI::App* command = app.add_subcommand("init", "make a minimal policy, a gateway key and clients.d/");
    NewPolicy& policy = options->policy;
    FirstClient& client = options->client;
    command->add_option("--name", policy.name, "the gateway's name, part of every message")->check(check_plain);
    command->add_option("--interface", policy.interfaces, "guard this interface; may be repeated")->check(check_plain);
    command->add_option("--service", policy.services, "NAME=PORTS; may be repeated (default: ssh=tcp/22)")
        ->check(check_service);
    command->add_option("--open", policy.open, "a port for everybody, as tcp/443; may be repeated")->check(check_plain);
    command
        ->add_option("--break-glass", policy.break_glass,
                     "from here ssh stays open; \"here\": from where this ssh session comes; may be repeated")
        ->check(check_plain);
    command->add_flag("--yes", options->take, "take what this host proposes for whatever is not given; ask nothing");
    command->add_option("--client", client.name, "make this first client, too, for every service")->check(check_client);
    command->add_option("--host", client.host, "where it finds the gateway (default: its name)")->check(check_plain);
    command->add_option("--out", client.profile, "write its profile here (default: NAME.yaml)");
    command->add_option("--user", options->user, "the daemon's user (default: postern, if there is one)");
    command->add_option("--group", options->group, "who may read the secrets (default: postern, if there is one)");
    command->add_option("--log", policy.log, "log.file of the policy")->capture_default_str();
    command->add_option("--socket", policy.socket, "control.socket of the policy")->capture_default_str();
    command->add_option("--state", policy.state, "state.directory of the policy")->capture_default_str();
    command->footer(footer);
    command->callback([options, &context, &exit] { init(*options, context, exit); });
}

}  // namespace postern::ctl
