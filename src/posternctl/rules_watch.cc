// posternctl rules watch: puts rules back that somebody took away, ends what came in meanwhile, tells the daemon.
//
// Tables of nftables tell when they change, and are listed only then; those of iptables-legacy are listed every 300 ms.
// Only the set that is on record is put back: after `rules remove` there is none, and while an apply works the watch
// waits for its lock.
#include <array>
#include <csignal>

#include "io/notify.h"
#include "io/poll.h"
#include "io/signals.h"
#include "netfilter/ruleset_news.h"
#include "posternctl/rules_job.h"
#include "posternctl/rules_keep.h"
#include "posternctl/watch.h"

namespace postern::ctl {
namespace {

constexpr std::chrono::milliseconds look_every{300};

}  // namespace

Exit rules_watch(const Context& context, const RulesOptions& options) {
    const auto signals = io::Signals::block({SIGTERM, SIGINT, SIGHUP});
    if (!signals) return failed(signals.error());
    auto store = RulesStore::open(state_directory(context, options));
    if (!store) return failed(store.error());
    auto news = netfilter::RulesetNews::open();
    if (!news) return failed(news.error());
    auto gap = Gap::open();
    if (!gap) return failed(gap.error());
    Watch watch{std::move(*store), std::move(*gap), context.policy_file};
    watch.look(io::now());
    io::notify_ready("watching the rules");
    complain("watching the rules");
    for (;;) {
        const bool signalled =
            io::wait_readable(std::array{signals->descriptor(), news->descriptor()}, look_every).front();
        if (signalled && signals->take() != SIGHUP) return Exit::ok;
        const Instant now = io::now();
        if (news->take()) watch.changed();
        watch.look(now);
        io::notify_alive();
    }
}

}  // namespace postern::ctl
