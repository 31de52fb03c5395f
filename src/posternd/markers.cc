#include "posternd/markers.h"

#include <algorithm>

#include "io/files.h"

namespace postern {

SpentMarkers spend_markers(const config::Configuration& configuration) {
    SpentMarkers spent;
    for (const auto& [key, marker] : configuration.settings.fresh_keys) {
        const auto removed = io::remove_and_sync(marker);
        if (!removed) spent.warning = removed.error().text;
        if (removed && *removed) spent.keys.push_back(key);
    }
    return spent;
}

Result<void> spend_markers_of_new_keys(const config::Configuration& next, const Policy& before) {
    const auto is_known = [&](const noise::PublicKey& key) {
        return std::ranges::any_of(before.gateway.keys, [&](const auto& one) { return one.pair.public_key == key; });
    };
    const auto is_fresh = [&](const noise::PublicKey& key) {
        return std::ranges::any_of(next.settings.fresh_keys, [&](const auto& one) { return one.key == key; });
    };
    for (const spa::GatewayKey& each : next.policy->gateway.keys)
        if (const auto& key = each.pair.public_key; !is_known(key) && !is_fresh(key))
            return failure(
                "gateway.private_key_files names a key that was used before: restart the daemon, which then waits "
                "the skew out");
    for (const auto& [key, marker] : next.settings.fresh_keys)
        if (const auto removed = io::remove_and_sync(marker); !removed) return failure(removed.error().text);
    return {};
}

}  // namespace postern
