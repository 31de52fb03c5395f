#include "posternctl/rules_loader.h"

#include "io/scratch_network.h"

namespace postern::ctl {

Result<Listing> expected_listing(const RulesLoader& loader, const rules::Loadable& loadable) {
    const Result<io::ScratchNetwork> scratch = io::ScratchNetwork::enter();
    if (!scratch) return tl::make_unexpected(scratch.error());
    if (const Result<void> done = loader.load(loadable); !done) return tl::make_unexpected(done.error());
    return loader.listing();
}

Result<rules::Findings> differences_of(const RulesLoader& loader, const rules::Loadable& loadable) {
    const Result<Listing> loaded = loader.listing();
    if (!loaded) return tl::make_unexpected(loaded.error());
    return expected_listing(loader, loadable).map([&](const Listing& expected) {
        return loader.differences(expected, *loaded);
    });
}

std::unique_ptr<RulesLoader> loader_for(const rules::Loadable& loadable) {
    return loadable.backend == "nftables" ? nftables_loader() : iptables_loader(loadable.tool);
}

}  // namespace postern::ctl
