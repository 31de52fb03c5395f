#include "posternctl/state_file.h"

#include <fmt/format.h>

#include "config/load.h"
#include "io/clock.h"
#include "io/privileges.h"
#include "posternctl/ask.h"
#include "posternctl/daemon_user.h"
#include "store/document.h"
#include "store/floors.h"

namespace postern::ctl {
namespace {

namespace fs = std::filesystem;

// Whether the next start would doubt this state. An anchor that cannot be read says nothing.
bool doubted(const StateJob& job, const store::State& state) {
    if (job.anchor.empty()) return false;
    const auto known = store::read_anchor(job.anchor);
    return known && *known && !store::objection(**known, state).empty();
}

Result<store::StateFile> open(const StateJob& job) {
    auto file = store::StateFile::open(job.directory);
    if (file) return std::move(*file);
    const bool held = file.error().kind == store::Trouble::Kind::held;
    return failure(file.error().text + (held ? ": stop posternd first, as `systemctl stop posternd` does" : ""));
}

Result<void> change(const StateJob& job, const std::function<void(store::State&)>& edit) {
    auto file = open(job);
    if (!file) return tl::make_unexpected(file.error());
    const auto before = file->read();
    if (!before) return failure(before.error().text + "; posternd sets it aside when it starts");
    store::State state = before->value_or(store::new_state());
    // The anchor is about to agree with it, so the state itself has to refuse what the next start would have refused.
    if (doubted(job, state)) use_everything(job, state, fresh_until(job));
    edit(state);
    ++state.sequence;
    if (const auto saved = file->save(state); !saved) return failure(saved.error().text);
    return job.anchor.empty() ? Result<void>{} : store::write_anchor(job.anchor, {state.id, state.sequence});
}

}  // namespace

tl::expected<StateJob, Exit> state_job(const Context& context, const StateOptions& options, bool with_lists) {
    Names names;
    const auto loaded = config::load(fs::absolute(context.policy_file), names, {.secrets = false, .lists = with_lists});
    if (!loaded) {
        for (const auto& diagnostic : loaded.error()) fmt::print(stderr, "{}\n", config::to_text(diagnostic));
        return tl::make_unexpected(Exit::bad_policy);
    }
    const auto or_else = [](const fs::path& given, const fs::path& other) { return given.empty() ? other : given; };
    const auto user = daemon_owner(options.user, {});
    if (!user) return complain(user.error().text), tl::make_unexpected(Exit::failed);
    const config::Settings& settings = loaded->settings;
    return StateJob{or_else(options.directory, settings.state_directory),
                    or_else(options.anchor, settings.state_anchor), or_else(options.socket, settings.control_socket),
                    *user, loaded->policy};
}

WallTime fresh_until(const StateJob& job) { return later(io::now().wall, job.policy->gateway.skew); }

void use_everything(const StateJob& job, store::State& state, WallTime until) {
    store::use_up_to(state, until);
    store::use_lines(state, job.policy->lines());
}

Result<std::optional<store::State>> read_state(const StateJob& job) {
    std::optional<store::State> found;
    const auto done = io::as_user(job.user, [&]() -> Result<void> {
        std::error_code error;
        if (!fs::exists(fs::symlink_status(store::state_file(job.directory), error))) return {};
        auto file = open(job);
        if (!file) return tl::make_unexpected(file.error());
        auto state = file->read();
        if (!state) return failure(state.error().text);
        found = std::move(*state);
        return {};
    });
    if (!done) return tl::make_unexpected(done.error());
    return found;
}

Result<std::optional<store::Anchor>> read_anchor(const StateJob& job) {
    std::optional<store::Anchor> found;
    const auto done = io::as_user(job.user, [&]() -> Result<void> {
        auto anchor = store::read_anchor(job.anchor);
        if (!anchor) return tl::make_unexpected(anchor.error());
        found = *anchor;
        return {};
    });
    if (!done) return tl::make_unexpected(done.error());
    return found;
}

Result<store::State> ask_for_state(const StateJob& job) {
    const auto reply = ask(job.socket, {control::Command::state});
    if (!reply) return failure(reply.error().text);
    if (!reply->ok) return failure("the daemon says: " + reply->error);
    return store::read_document(reply->result);
}

Result<void> change_state(const StateJob& job, const std::function<void(store::State&)>& edit) {
    return io::as_user(job.user, [&] { return change(job, edit); });
}

}  // namespace postern::ctl
