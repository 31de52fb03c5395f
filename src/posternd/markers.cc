#include "posternd/markers.h"

#include <algorithm>

#include "io/files.h"

namespace postern {

SpentMarkers spend_markers(const config::Configuration& configuration) {
    SpentMarkers spent;
    for (const auto& marker : configuration.settings.fresh_key_markers) {
        if (const auto removed = io::remove_and_sync(marker))
            ++spent.count;
        else
            spent.warning = removed.error().text;
    }
    return spent;
}

Result<void> spend_markers_of_new_keys(const config::Configuration& next, const Policy& before) {
    const auto is_new = [&](const spa::GatewayKey& key) {
        return std::ranges::none_of(before.gateway.keys, [&](const spa::GatewayKey& known) {
            return known.pair.public_key == key.pair.public_key;
        });
    };
    const auto& markers = next.settings.fresh_key_markers;
    const auto added = static_cast<std::size_t>(std::ranges::count_if(next.policy->gateway.keys, is_new));
    if (added > markers.size())
        return failure(
            "gateway.private_key_files names a key that was used before: restart the daemon, which then waits "
            "the skew out");
    for (const auto& marker : markers)
        if (const auto removed = io::remove_and_sync(marker); !removed) return failure(removed.error().text);
    return {};
}

}  // namespace postern
