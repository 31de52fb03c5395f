// posternctl clients: who may be let in. Each client that `add` makes is a file in clients.d/.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/load.h"
#include "config/values.h"
#include "io/clock.h"
#include "posternctl/command.h"
#include "posternctl/new_client.h"
#include "posternctl/reloading.h"

namespace postern::ctl {
namespace {

namespace fs = std::filesystem;

constexpr auto footer = R"(
Examples:
  posternctl clients add alice --services ssh,pg --out alice.yaml
  posternctl clients add phone --services ssh --host 192.0.2.1 --expires 2027-06-30 --out phone.yaml
  posternctl clients list
  posternctl clients remove alice

The profile that `add` writes holds the client's private key and is kept nowhere else: hand it over on a safe way and
delete it here. At the client's it becomes ~/.config/postern/gw1.yaml, for `postern --profile gw1 open ssh`.)";

std::string check_name(const std::string& name) {
    return config::word_name(name)
               ? ""
               : fmt::format("got \"{}\", expected letters, digits, dots, dashes and underscores", name);
}

std::string check_date(const std::string& text) {
    const auto day = config::date(text);
    if (!day) return fmt::format("got \"{}\", expected a date such as 2027-06-30", text);
    const bool over = *day + std::chrono::days{1} <= io::now().wall;
    return over ? fmt::format("got {}, expected a day that is not over (UTC)", text) : "";
}

// NAME[,NAME]; what the names are is judged by the policy.
std::string check_services(const std::string& text) {
    const bool gap = text.empty() || text.front() == ',' || text.back() == ',' || text.find(",,") != text.npos;
    return gap ? fmt::format("got \"{}\", expected names with one comma between them, as ssh,pg", text) : "";
}

std::vector<std::string> names_in(const std::vector<std::string>& lists) {
    std::vector<std::string> names;
    for (const std::string& list : lists)
        for (std::string& name : CLI::detail::split(list, ',')) names.push_back(std::move(name));
    return names;
}

// Host names and addresses go between quotes in the profile.
std::string check_host(const std::string& text) {
    return text.find_first_of("\"\\ \t\n") == std::string::npos
               ? ""
               : fmt::format("got \"{}\", expected a name or an address", text);
}

std::optional<config::Configuration> require_policy(const Context& context, const config::Options& options,
                                                    Exit& exit) {
    Names names;
    auto loaded = config::load(fs::absolute(context.policy_file), names, options);
    if (loaded) return std::move(*loaded);
    for (const auto& diagnostic : loaded.error()) fmt::print(stderr, "{}\n", config::to_text(diagnostic));
    exit = Exit::bad_policy;
    return std::nullopt;
}

void fail(const std::string& text, Exit& exit) {
    complain(text);
    exit = Exit::failed;
}

void add(const NewClient& client, const Context& context, Exit& exit) {
    const auto loaded = require_policy(context, {}, exit);
    if (!loaded) return;
    const fs::path policy_file = fs::absolute(context.policy_file);
    if (const auto made = make_client(client, policy_file, *loaded->policy); !made)
        return fail(made.error().text, exit);
    fmt::print("made {}, with the profile in {}\n", client_file(policy_file, client.name).string(),
               client.profile.string());
    reload_if_running(loaded->settings.control_socket, exit);
}

// --- list -----------------------------------------------------------------------------------------------------------

struct Row {
    std::string name, services, public_key, expires;
};

std::string day_before(WallTime expires) {
    const std::chrono::sys_days day{std::chrono::floor<std::chrono::days>(expires.time_since_epoch() - Duration{1})};
    const std::chrono::year_month_day date{day};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()));
}

std::vector<std::string> services_of(const Client& client, const Policy& policy) {
    std::vector<std::string> names;
    for (const ServiceId id : client.services)
        if (const Service* service = policy.service(id)) names.push_back(service->name);
    return names;
}

void print_json(const Policy& policy) {
    auto list = nlohmann::json::array();
    for (const Client& client : policy.clients) {
        nlohmann::json row{{"name", client.name},
                           {"services", services_of(client, policy)},
                           {"public_key", noise::to_base64(client.public_key)}};
        if (client.expires) row["expires"] = day_before(*client.expires);
        list.push_back(std::move(row));
    }
    fmt::print("{}\n", nlohmann::json{{"clients", std::move(list)}}.dump());
}

void print_table(const Policy& policy) {
    std::vector<Row> rows{{"CLIENT", "SERVICES", "PUBLIC KEY", "EXPIRES"}};
    for (const Client& client : policy.clients)
        rows.push_back({client.name, fmt::format("{}", fmt::join(services_of(client, policy), ",")),
                        noise::to_base64(client.public_key), client.expires ? day_before(*client.expires) : "never"});
    std::size_t name_width = 0;
    std::size_t services_width = 0;
    for (const Row& row : rows) {
        name_width = std::max(name_width, row.name.size());
        services_width = std::max(services_width, row.services.size());
    }
    for (const Row& row : rows)
        fmt::print("{:<{}}  {:<{}}  {:<44}  {}\n", row.name, name_width, row.services, services_width, row.public_key,
                   row.expires);
}

void list(const Context& context, Exit& exit) {
    const auto loaded = require_policy(context, {.secrets = false, .lists = false}, exit);
    if (!loaded) return;
    context.json ? print_json(*loaded->policy) : print_table(*loaded->policy);
}

// --- remove ---------------------------------------------------------------------------------------------------------

// Needs no sound policy: a client must be removable while something else is wrong.
void remove(const std::string& name, const Context& context, Exit& exit) {
    const fs::path policy_file = fs::absolute(context.policy_file);
    const fs::path file = client_file(policy_file, name);
    std::error_code error;
    if (!fs::remove(file, error))
        return fail(error ? fmt::format("cannot remove {}: {}", file.string(), error.message())
                          : fmt::format("there is no {}; a client that the policy itself names is removed there",
                                        file.string()),
                    exit);
    fs::remove(psk_file(policy_file, name), error);
    fmt::print("removed {}\n", file.string());
    if (const auto loaded = require_policy(context, {.secrets = false, .lists = false}, exit))
        return reload_if_running(loaded->settings.control_socket, exit);
    complain(
        fmt::format("a running daemon keeps the policy before: {0} may come in until the mistakes above are mended "
                    "and `posternctl reload` has run",
                    name));
}

// --- the command line -----------------------------------------------------------------------------------------------

void add_add(CLI::App& clients, const Context& context, Exit& exit) {
    auto client = std::make_shared<NewClient>();
    auto services = std::make_shared<std::vector<std::string>>();
    auto without_psk = std::make_shared<bool>(false);
    CLI::App* command = clients.add_subcommand("add", "make a client and its profile, and reload a running daemon");
    command->add_option("NAME", client->name, "the client's name, one per device")->required()->check(check_name);
    command->add_option("--services", *services, "what it may open, as ssh,pg")
        ->required()
        ->allow_extra_args(false)
        ->check(check_services);
    command->add_option("--out", client->profile, "write the profile here; the file must not exist")->required();
    command->add_option("--host", client->host, "where the client finds the gateway (default: its name)")
        ->check(check_host);
    command->add_option("--expires", client->expires, "its last day, as 2027-06-30")->check(check_date);
    command->add_flag("--no-psk", *without_psk, "no preshared key; less safe against a quantum computer");
    command->callback([client, services, without_psk, &context, &exit] {
        client->services = names_in(*services);
        client->psk = !*without_psk;
        add(*client, context, exit);
    });
}

void add_remove(CLI::App& clients, const Context& context, Exit& exit) {
    auto name = std::make_shared<std::string>();
    CLI::App* command = clients.add_subcommand("remove", "delete a client's files and reload a running daemon");
    command->add_option("NAME", *name, "the client's name")->required()->check(check_name);
    command->callback([name, &context, &exit] { remove(*name, context, exit); });
}

}  // namespace

void add_clients(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* command = app.add_subcommand("clients", "add, list and remove clients");
    command->require_subcommand(1);
    command->fallthrough();
    command->footer(footer);
    add_add(*command, context, exit);
    command->add_subcommand("list", "who may open what")->callback([&context, &exit] { list(context, exit); });
    add_remove(*command, context, exit);
}

}  // namespace postern::ctl
