#include <algorithm>

#include "checkers.h"

namespace postern::sim {
namespace {

// Generous: 64 messages and 8 stretches of time take some 8 KiB; the write-ahead log has them once more, and keeps its
// size.
constexpr std::uintmax_t disk_for_all = 1 << 20, disk_for_client = 32 << 10;

class Bounds : public Witness {
public:
    explicit Bounds(Court& court) : court_{court} {}

    void held(const Held& held) override {
        most_clients_ = std::max(most_clients_, held.clients);  // who left is remembered
        within("grants", held.fill.grants, held.sizes.grants);
        within("flows", held.fill.flows, held.sizes.flows);
        within("sources in a knock", held.fill.knocking, held.sizes.knocking);
        within("bytes on disk", held.on_disk, disk_for_all + most_clients_ * disk_for_client);
    }

private:
    void within(const std::string& what, std::uintmax_t there, std::uintmax_t room) {
        if (there <= room) return;
        court_.complain("bounds: " + std::to_string(there) + " " + what + ", and room for " + std::to_string(room));
    }

    Court& court_;
    std::size_t most_clients_ = 0;
};

}  // namespace

std::shared_ptr<Witness> bounds(Court& court) { return std::make_shared<Bounds>(court); }

}  // namespace postern::sim
