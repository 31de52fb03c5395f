// Every capture of tests/vectors/pcap with its expectations.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "pcap.h"
#include "vectors.h"

namespace postern::test {

struct Capture {
    std::string name;
    std::vector<Packet> packets;
    nlohmann::json expectations;  // packets[], in file order
};

// Read once, sorted by name, so that a seed finds the same packets on every machine.
inline const std::vector<Capture>& corpus() {
    static const std::vector<Capture> captures = [] {
        std::vector<Capture> found;
        for (const auto& entry : std::filesystem::directory_iterator{POSTERN_VECTORS "/pcap"}) {
            if (entry.path().extension() != ".json") continue;
            const std::string stem = entry.path().stem().string();
            found.push_back({stem, read_pcap(std::filesystem::path{entry.path()}.replace_extension(".pcap").string()),
                             vectors("pcap/" + stem + ".json").at("packets")});
        }
        std::sort(found.begin(), found.end(), [](const Capture& a, const Capture& b) { return a.name < b.name; });
        return found;
    }();
    return captures;
}

}  // namespace postern::test
