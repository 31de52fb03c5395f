// posternctl state: what must outlive the daemon, looked at, copied, put back, and made to refuse more.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/timestamp.h"
#include "config/values.h"
#include "io/clock.h"
#include "io/files.h"
#include "posternctl/state_file.h"
#include "store/anchor.h"
#include "store/document.h"
#include "store/floors.h"

namespace postern::ctl {
namespace {

constexpr auto footer = R"(
Examples:
  posternctl state check
  posternctl state export --out /root/postern-state.json
  systemctl stop posternd; posternctl state restore /root/postern-state.json; systemctl start posternd
  posternctl state floor                      messages up to now and the skew count as used, and all lines
  posternctl state floor --client alice --until 2026-12-24T18:00:00.000000Z

`check` and `export` also work while posternd runs; `restore` and `floor` want it stopped. Both refuse more than was
refused before, never less: after a restore nobody gets in with a message or a line from before it.)";

constexpr std::size_t longest_document = std::size_t{64} << 20;  // bytes

Exit failed(const std::string& text) { return complain(text), Exit::failed; }

// --- check -------------------------------------------------------------------------------------------------------

std::string name_of(const store::Bytes32& key, const Policy& policy) {
    const auto found = std::ranges::find(policy.clients, key, &Client::public_key);
    return found == policy.clients.end() ? "(not in the policy) " + to_hex(key) : found->name;
}

WallTime newest(const store::Window& window) {
    WallTime time = WallTime::min();
    for (const TimeSpan& span : window.used) time = std::max(time, span.to);
    for (const store::Message& message : window.messages) time = std::max(time, message.time);
    return time;
}

std::string shown(WallTime time) { return time == WallTime::min() ? "never" : to_text(time); }

std::string ended(const store::State& state, bool runs) {
    if (runs) return "posternd runs";
    if (!state.covered) return "in order";
    return "not in order: messages up to " + to_text(state.covered->to) + " count as used";
}

struct Found {
    store::State state;
    bool runs = false;      // the daemon said it
    std::string objection;  // of the anchor
    std::string anchored;   // what it is like, for people
};

// Before the daemon is asked: it may write anew in between, and is then ahead of what was read.
Result<std::optional<store::Anchor>> anchor_of(const StateJob& job) {
    return job.anchor.empty() ? std::optional<store::Anchor>{} : read_anchor(job);
}

void compare(const StateJob& job, const Result<std::optional<store::Anchor>>& anchor, Found& found) {
    const std::string file = job.anchor.string();
    if (!anchor)
        found.anchored = anchor.error().text;
    else if (!*anchor)
        found.anchored = file.empty() ? "none" : file + " is not there yet";
    else
        found.objection = store::objection(**anchor, found.state);
    if (anchor && *anchor) found.anchored = found.objection.empty() ? file + " agrees" : found.objection;
}

void print_text(const StateJob& job, const Found& found) {
    fmt::print("state    {}, number {}\n", store::state_file(job.directory).string(), found.state.sequence);
    fmt::print("ended    {}\nanchor   {}\n", ended(found.state, found.runs), found.anchored);
    std::vector<std::pair<std::string, std::string>> rows;
    std::size_t width = 6;
    for (const store::Window& window : found.state.replays.windows)
        rows.emplace_back(name_of(window.key, *job.policy), shown(newest(window)));
    for (const auto& [name, time] : rows) width = std::max(width, name.size());
    if (!rows.empty()) fmt::print("\n{:<{}}  USED UP TO\n", "CLIENT", width);
    for (const auto& [name, time] : rows) fmt::print("{:<{}}  {}\n", name, width, time);
}

void print_json(const StateJob& job, const Found& found) {
    auto clients = nlohmann::json::array();
    for (const store::Window& window : found.state.replays.windows)
        clients.push_back({{"client", name_of(window.key, *job.policy)}, {"used_up_to", shown(newest(window))}});
    const nlohmann::json document{{"file", store::state_file(job.directory).string()},
                                  {"sequence", found.state.sequence},
                                  {"running", found.runs},
                                  {"in_order", found.runs || !found.state.covered},
                                  {"anchor", found.anchored},
                                  {"clients", std::move(clients)}};
    fmt::print("{}\n", document.dump());
}

Result<Found> find(const StateJob& job) {
    const auto running = ask_for_state(job);
    if (running) return Found{*running, true, {}, {}};
    auto state = read_state(job);
    if (!state) return failure(state.error().text + "; asked, the daemon says nothing: " + running.error().text);
    if (!*state) return failure("there is no state in " + job.directory.string());
    return Found{std::move(**state), false, {}, {}};
}

Exit check(const StateJob& job, const Context& context) {
    const auto anchor = anchor_of(job);
    auto found = find(job);
    if (!found) return failed(found.error().text);
    compare(job, anchor, *found);
    context.json ? print_json(job, *found) : print_text(job, *found);
    if (found->objection.empty()) return Exit::ok;
    return failed("the next start refuses what may have been accepted: " + found->objection);
}

// --- export, restore, floor --------------------------------------------------------------------------------------

Exit export_state(const StateJob& job, const StateOptions& options) {
    const auto found = find(job);
    if (!found) return failed(found.error().text);
    const std::string text = store::to_document(found->state) + "\n";
    if (options.file.empty()) return std::fputs(text.c_str(), stdout), Exit::ok;
    const auto written = io::write_new_file(options.file, text, 0600);
    return written ? Exit::ok : failed(written.error().text);
}

// Null: everybody's.
Exit changed(const StateJob& job, const Result<void>& done, WallTime until, const Client* whose) {
    if (!done) return failed(done.error().text);
    const bool lists =
        !whose && std::ranges::any_of(job.policy->knocks, [](const Knock& knock) { return knock.list != nullptr; });
    fmt::print("{}: messages of {} up to {} count as used{}\n", store::state_file(job.directory).string(),
               whose ? whose->name : "everybody", to_text(until), lists ? ", and all lines of one-time lists" : "");
    return Exit::ok;
}

Exit restore(const StateJob& job, const StateOptions& options) {
    const auto text = io::read_small(options.file, longest_document);
    if (!text) return failed(text.error().text);
    const auto document = store::read_document(*text);
    if (!document) return failed(options.file.string() + ": " + document.error().text);
    const WallTime until = fresh_until(job);
    const auto done = change_state(job, [&](store::State& state) {
        if (state.sequence == 0) state.id = document->id;
        add(state, *document);
        use_everything(job, state, until);
    });
    return changed(job, done, until, nullptr);
}

Exit floor(const StateJob& job, const StateOptions& options) {
    const Client* client = nullptr;
    for (const Client& each : job.policy->clients)
        if (each.name == options.client) client = &each;
    if (!options.client.empty() && !client) return failed("no client " + options.client + " in the policy");
    auto until = options.until.empty() ? fresh_until(job) : parse_wall_time(options.until);
    if (!until) until = *config::date(options.until) + std::chrono::days{1};
    const auto done = change_state(job, [&](store::State& state) {
        if (client)
            use_up_to(state, *until, client->public_key);
        else
            use_everything(job, state, *until);
    });
    return changed(job, done, *until, client);
}

std::string check_time(const std::string& text) {
    return parse_wall_time(text) || config::date(text)
               ? ""
               : fmt::format("got \"{}\", expected a time such as 2026-12-24T18:00:00.000000Z, or a day", text);
}

void add_options(CLI::App& command, StateOptions& options) {
    command.add_option("--state", options.directory, "the directory of the state (default: state.directory)");
    command.add_option("--anchor", options.anchor, "the anchor (default: state.anchor)");
    command.add_option("--socket", options.socket, "the control socket (default: control.socket)");
    command.add_option("--user", options.user, "the daemon's user, as whom root does it (default: postern)");
}

}  // namespace

void add_state(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* command = app.add_subcommand("state", "look at, copy and put back what must outlive the daemon");
    command->footer(footer)->require_subcommand(1);
    const auto options = std::make_shared<StateOptions>();
    add_options(*command, *options);
    const auto add = [&](const char* name, const char* help, bool with_lists, auto work) {
        return command->add_subcommand(name, help)
            ->fallthrough()
            ->callback([&context, &exit, options, with_lists, work] {
                const auto job = state_job(context, *options, with_lists);
                exit = job ? work(*job) : job.error();
            });
    };
    add("check", "say whether it is sound, and what is used up", false,
        [&context](const StateJob& job) { return check(job, context); });
    add("export", "write it as one JSON document", false, [options](const StateJob& job) {
        return export_state(job, *options);
    })->add_option("--out", options->file, "a new file (default: standard output)");
    add("restore", "put a document back, and let nothing in that is older than now", true,
        [options](const StateJob& job) { return restore(job, *options); })
        ->add_option("FILE", options->file, "what export has written")
        ->required();
    CLI::App* floor_command = add("floor", "refuse everything up to a time", true,
                                  [options](const StateJob& job) { return floor(job, *options); });
    floor_command->add_option("--client", options->client, "only of this client");
    floor_command
        ->add_option("--until", options->until,
                     "2026-12-24T18:00:00.000000Z, or a day, which is included (default: now and gateway.skew)")
        ->check(check_time);
}

}  // namespace postern::ctl
