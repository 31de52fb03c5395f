// A directory of policy files that a test writes, loads and leaves no trace of.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/load.h"
#include "scratch.h"

namespace postern::config::test {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;
using postern::test::read_whole;

// The key pairs of RFC 7748 section 6.1: secret to nobody.
inline const std::string alice_public = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
inline const std::string bob_public = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";
inline const std::string alice_private = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqwXf7pR25LCo=";
inline const std::string bob_private = "XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC+LJ/+I4Os=";

inline constexpr Options with_secrets{.secrets = true};
inline constexpr Options without_secrets{.secrets = false};

class PolicyFiles {
public:
    [[nodiscard]] fs::path path(const std::string& name) const { return directory_ / name; }

    PolicyFiles& write(const std::string& name, const std::string& text, mode_t mode = 0640) {
        fs::create_directories(path(name).parent_path());
        postern::test::put_text(path(name), text, mode);
        return *this;
    }

    // A key and a seed, as init makes them.
    PolicyFiles& write_secrets() {
        return write("gateway.key", bob_private + "\n").write("steering.seed", "00c0ffee\n");
    }

    [[nodiscard]] auto load(const Options& options, const std::string& name = "postern.yaml") const {
        Names names;
        return config::load(path(name), names, options);
    }

    // The lines of a refusal, without the directory; empty where the policy is taken.
    [[nodiscard]] Lines mistakes(const Options& options = without_secrets,
                                 const std::string& name = "postern.yaml") const {
        Lines lines;
        if (const auto loaded = load(options, name); !loaded)
            for (const Diagnostic& mistake : loaded.error()) lines.push_back(without_directory(to_text(mistake)));
        return lines;
    }

private:
    [[nodiscard]] std::string without_directory(std::string line) const {
        const std::string prefix = directory_.path().string() + "/";
        for (auto at = line.find(prefix); at != std::string::npos; at = line.find(prefix))
            line.erase(at, prefix.size());
        return line;
    }

    postern::test::ScratchDirectory directory_;
};

// The least that loads.
inline const std::string least =
    "gateway: {name: gw1, interfaces: [wan0]}\n"
    "services: {ssh: {ports: [tcp/22]}}\n";

}  // namespace postern::config::test
