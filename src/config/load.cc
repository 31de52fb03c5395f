// From files to a policy, in five steps: read the draft, check that it agrees, read its secrets, compute the products,
// give out ids. A mistake in one step keeps the later ones from guessing.
#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/agree.h"
#include "config/draft.h"
#include "config/files.h"
#include "config/knocks.h"
#include "config/lines.h"
#include "config/schema.h"
#include "config/secrets.h"
#include "config/tree.h"
#include "config/walk.h"

namespace postern::config {
namespace {

namespace fs = std::filesystem;

std::optional<Node> read_tree(const fs::path& file, Texts& texts, Mistakes& mistakes) {
    const auto text = texts.read(file);
    if (text) return parse_tree(file.string(), *text, mistakes);
    mistakes.add({file.string(), 0, 0}, text.error().text);
    return std::nullopt;
}

fs::path clients_of(const fs::path& policy_file) { return policy_file.parent_path() / "clients.d"; }

void read_clients(const fs::path& directory, Texts& texts, Walk& walk, Mistakes& mistakes) {
    const auto files = texts.yaml_files(directory);
    if (!files) return mistakes.add({directory.string(), 0, 0}, files.error().text);
    for (const fs::path& file : *files)
        if (const auto root = read_tree(file, texts, mistakes)) walk.client(file.stem().string(), *root);
}

void warn_of_clients(const fs::path& policy_file, const Texts& texts, const Draft& draft, Mistakes& warnings) {
    for (const fs::path& file : texts.yml_files(clients_of(policy_file)))
        warnings.add({file.string(), 0, 0}, "is not read: its name does not end in .yaml");
    if (draft.clients.empty() && draft.knocks.empty())
        warnings.add({policy_file.string(), 0, 0}, "clients", "got none, and no knocks: nobody can ask to be let in");
}

// False where the policy's own file is missing or no YAML: then nothing can be said about how its values agree, nor
// about its secrets.
bool read_draft(const fs::path& file, Texts& texts, Draft& draft, Mistakes& mistakes) {
    Walk walk{draft, mistakes};
    const auto root = read_tree(file, texts, mistakes);
    if (root) walk.policy(*root);
    read_clients(clients_of(file), texts, walk, mistakes);
    draft.settings.steering_seed_file = file.parent_path() / "steering.seed";
    draft.settings.numbers_file = file.parent_path() / "forward.numbers";
    return root.has_value();
}

void sort_clients(Draft& draft) {
    std::sort(draft.clients.begin(), draft.clients.end(),
              [](const ClientDraft& a, const ClientDraft& b) { return a.client.name < b.client.name; });
}

Service finish(ServiceDraft draft, Names& names) {
    Service service = std::move(draft.service);
    service.id = names.service(service.name);
    for (const auto& [ports, place] : draft.ports) service.ports.push_back(ports);
    for (const auto& [target, place] : draft.forward_to) service.forward_to.push_back(target);
    if (!service.forward_to.empty()) service.mark = Mark::none;  // rules/numbers.h gives it
    return service;
}

Client finish(ClientDraft draft, Names& names) {
    Client client = std::move(draft.client);
    client.public_key = draft.public_key->value;
    client.id = names.client(client.public_key);
    for (const auto& [name, place] : draft.services) client.services.push_back(names.service(name));
    return client;
}

Knock finish(KnockDraft draft, Names& names) {
    const auto with = [&](const std::vector<Placed<knock::Step>>& steps) {
        knock::Sequence sequence = draft.sequence;
        for (const auto& [step, place] : steps) sequence.steps.push_back(step);
        return sequence;
    };
    Knock knock;
    knock.opening = with(draft.steps);
    if (!draft.closes_with.empty()) knock.closing = with(draft.closes_with);
    if (draft.one_time_list) knock.list = finish_list(draft, names);
    knock.identity.id = knock.list ? names.listed_knock(draft.name) : names.knock(draft.name, knock.opening.steps);
    knock.identity.name = std::move(draft.name);
    knock.identity.services = {names.service(draft.opens->value)};
    return knock;
}

std::shared_ptr<Policy> compile(Draft draft, Names& names, std::uint64_t generation) {
    auto policy = std::make_shared<Policy>();
    policy->generation = generation;
    policy->gateway = std::move(draft.gateway);
    for (OpenDraft& one : draft.open) policy->gateway.open.push_back(std::move(one.open));
    policy->grants = draft.grants;
    for (ServiceDraft& service : draft.services) policy->services.push_back(finish(std::move(service), names));
    for (ClientDraft& client : draft.clients) policy->clients.push_back(finish(std::move(client), names));
    for (KnockDraft& knock : draft.knocks) policy->knocks.push_back(finish(std::move(knock), names));
    policy->index();
    return policy;
}

// Ids run out after 65 535 names, keys or contents of lists in one life of the process.
bool ids_given(const Policy& policy) {
    const auto without = [](const auto& one) { return one.id == decltype(one.id)::none; };
    return std::none_of(policy.services.begin(), policy.services.end(), without) &&
           std::none_of(policy.clients.begin(), policy.clients.end(), without) &&
           std::none_of(policy.knocks.begin(), policy.knocks.end(), [&](const Knock& knock) {
               return without(knock.identity) || (knock.list && without(*knock.list));
           });
}

Unread unread_secrets(const Draft& draft) {
    const auto unread = [](const ClientDraft& client) {
        return client.preshared_key_file && client.client.psk.is_zero();
    };
    return {{}, draft.gateway.keys.size() < draft.private_key_files.size(), std::ranges::any_of(draft.clients, unread)};
}

}  // namespace

tl::expected<Configuration, std::vector<Diagnostic>> load(const fs::path& file, Names& names, const Options& options) {
    Mistakes mistakes;
    Draft draft;
    Texts texts{options.copy};
    const auto refused = [&] { return tl::make_unexpected(std::move(mistakes).sorted(file.string())); };
    const bool whole = read_draft(file, texts, draft, mistakes);
    Mistakes unreadable;
    Mistakes& of_secrets = options.without_unreadable ? unreadable : mistakes;
    if (whole && options.lists) read_lines(draft, mistakes, of_secrets);
    if (whole) check_agreement(draft, mistakes);
    if (whole) check_knocks(draft, mistakes);
    sort_clients(draft);
    if (whole && options.secrets) read_secrets(draft, of_secrets);
    if (!mistakes.none()) return refused();
    Unread unread = unread_secrets(draft);
    unread.why = std::move(unreadable).sorted(file.string());
    compute_products(draft, mistakes);
    if (!mistakes.none()) return refused();
    Settings settings = draft.settings;
    Mistakes warnings;
    warn_of_clients(file, texts, draft, warnings);
    warn_of_knocks(draft, warnings);
    const auto policy = compile(std::move(draft), names, options.generation);
    if (ids_given(*policy))
        return Configuration{policy, std::move(settings), std::move(warnings).sorted(file.string()), std::move(unread),
                             texts.taken()};
    mistakes.add(
        {file.string(), 0, 0},
        "more than 65535 names, keys or contents of one-time lists since the start, expected fewer; restart posternd");
    return refused();
}

}  // namespace postern::config
