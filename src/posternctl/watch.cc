#include "posternctl/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/load.h"
#include "config/named_path.h"
#include "posternctl/rules_keep.h"

namespace postern::ctl {
namespace {

using control::GuardReport;
using State = GuardReport::State;

constexpr Duration pause_in_vain = std::chrono::seconds{5};
constexpr Duration way_back_may_take = std::chrono::seconds{5};
constexpr Duration clocks_may_differ = std::chrono::seconds{1};  // between ours and that of conntrack's entries

// Loading takes no chain of somebody else out of our table: it harms nobody, and `check` tells it.
rules::Findings mendable(rules::Findings found) {
    std::erase_if(found, [](const std::string& one) { return one.ends_with(" is not expected"); });
    return found;
}

std::uint64_t milliseconds(Duration duration) {
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(duration).count(), 0));
}

}  // namespace

Watch::Watch(RulesStore store, Gap gap, std::filesystem::path policy_file)
    : store_{std::move(store)}, gap_{std::move(gap)}, policy_file_{std::move(policy_file)} {
    read_policy();
    if (const auto applied = store_.applied_at()) stood_ = *applied;  // nobody has watched since, as far as we know
}

void Watch::look(Instant now) {
    const auto lock = store_.try_lock();
    if (lock && !*lock) return;  // an apply is at work, and knows what it does
    if (lock)
        if (const auto back = take_back_overdue(now.steady); !back) complain_once(back.error().text);
    const Result<bool> meant = take_standard();
    if (!meant) return unknown(meant.error().text);
    if (!*meant) return report({State::open, "no rules are on record", 0, 0});
    const auto found = differences();
    if (found.empty())
        stands(now);
    else if (now.steady >= again_)
        put_back(found, now);
}

// What nobody confirmed does not stay where the process that takes it back was killed.
Result<void> Watch::take_back_overdue(SteadyTime now) {
    const auto pending = store_.pending();
    if (!pending) return tl::make_unexpected(pending.error());
    if (!*pending || now < (*pending)->deadline + way_back_may_take) return {};
    return store_.read(RulesStore::Set::confirmed)
        .and_then([&](const std::optional<rules::Loadable>& confirmed) { return take_back(store_, confirmed); })
        .and_then([&] { return store_.forget_pending(); })
        .map([] { complain("nobody confirmed the new rules, and their way back is gone: they are taken back"); });
}

// False: no rules are meant to stand.
Result<bool> Watch::take_standard() {
    const std::string version = store_.version();
    if (standard_ && standard_->version == version) return true;
    replaced_ = replaced_ || standard_.has_value();
    standard_.reset();
    const auto set = store_.read(RulesStore::Set::applied);
    if (!set) return tl::make_unexpected(set.error());
    if (!*set) return open_now(), false;
    Loader loader = loader_for(**set);
    auto listing = expected_listing(*loader, **set);
    if (!listing) return tl::make_unexpected(listing.error());
    read_policy();
    const bool announced = loader->announced();
    standard_ = Standard{version, std::move(**set), std::move(loader), std::move(*listing), announced};
    new_ = true;
    listed_ = false;
    in_vain_ = 0;
    again_ = {};
    return true;
}

// Rules are meant to stand, and nobody can say whether they do.
void Watch::unknown(const std::string& why) {
    complain_once(why);
    report({State::unguarded, why, 0, 0});
}

// What comes in while none are meant to stand comes in by right.
void Watch::open_now() {
    replaced_ = false;
    late_.reset();
    stood_ = io::now().wall;
}

// Rules on record are put back whatever becomes of the policy; one with mistakes leaves the one before.
void Watch::read_policy() {
    Names names;
    const auto loaded = config::load(policy_file_, names, {.secrets = false, .lists = false});
    socket_ = config::control_socket(policy_file_);
    if (loaded)
        policy_ = loaded->policy;
    else if (!policy_)
        complain("what comes in while rules are gone is not ended: " + config::to_text(loaded.error().front()));
}

rules::Findings Watch::differences() const {
    if (listed_ && standard_->announced) return {};
    const auto loaded = standard_->loader->listing();
    return loaded ? mendable(standard_->loader->differences(standard_->listing, *loaded))
                  : rules::Findings{loaded.error().text};
}

void Watch::stands(Instant now) {
    complained_.clear();
    if (std::exchange(replaced_, false)) (void)end_intruders(stood_ - clocks_may_differ);
    stood_ = now.wall;
    listed_ = true;
    in_vain_ = 0;
    if (const auto since = std::exchange(late_, std::nullopt)) (void)end_intruders(*since);
    if (std::exchange(new_, false)) remember();
    report({State::guarded, "", 0, 0});
}

void Watch::put_back(const rules::Findings& found, Instant now) {
    const WallTime since = stood_ - clocks_may_differ;
    const Result<void> done = load();  // first of all: the daemon may be slow to listen
    const WallTime back = io::now().wall;
    reports_.say({State::unguarded, found.front(), milliseconds(now.wall - stood_), 0}, now.steady);
    if (!done) return unmended(done.error().text);
    if (const auto left = differences(); !left.empty()) return not_yet(left, found, now);
    const std::size_t ended = end_intruders(since);
    complain(fmt::format("put back after at most {} ms ({}); connections ended that came in meanwhile: {}",
                         milliseconds(back - stood_), found.front(), ended));
    report({State::guarded, "", milliseconds(back - stood_), ended});
    late_ = since;
    stood_ = back;
}

void Watch::unmended(const std::string& why) {
    complain_once("the rules cannot be put back: " + why);
    reports_.send(socket_);
}

// Somebody goes on taking rules away: the next look finds it. Where loading mends nothing, there is time.
void Watch::not_yet(const rules::Findings& left, const rules::Findings& found, Instant now) {
    reports_.send(socket_);
    in_vain_ = left == found ? in_vain_ + 1 : 0;
    if (in_vain_ < 3) return;
    complain_once("loading the rules does not put them right: " + left.front());
    again_ = now.steady + pause_in_vain;
}

// Whoever is still at work on the rules can make one attempt fail. Behind its name the tool may be another by now.
Result<void> Watch::load() {
    standard_->announced = standard_->loader->announced();
    Result<void> done = standard_->loader->load(standard_->set);
    for (int tries = 2; !done && tries > 0; --tries) done = standard_->loader->load(standard_->set);
    return done;
}

std::size_t Watch::end_intruders(WallTime since) {
    if (!policy_ || standard_->set.observes()) return 0;
    const auto ended = gap_.close(*policy_, since);
    if (!ended) complain_once("what came in unguarded is not ended: " + ended.error().text);
    return ended.value_or(0);
}

void Watch::remember() {
    if (const auto done = gap_.remember(); !done) complain_once(done.error().text);
}

void Watch::report(GuardReport now) {
    reports_.say(std::move(now), io::now().steady);
    reports_.send(socket_);
}

// The same trouble again at every look is told once.
void Watch::complain_once(const std::string& text) {
    if (text != complained_) complain(text);
    complained_ = text;
}

}  // namespace postern::ctl
