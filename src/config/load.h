// One YAML file and its clients.d/ become a Configuration, or a list of every mistake in them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "gate/policy.h"

namespace postern::config {

// One mistake: where it stands, and one line that says what came and what was expected.
struct Diagnostic {
    std::string file;
    int line = 0;    // from 1; 0: the file as a whole
    int column = 0;  // from 1
    std::string text;
};

// file:line:column: text
[[nodiscard]] std::string to_text(const Diagnostic& diagnostic);

// A gateway key with a marker beside its file, FILE.fresh: nobody has ever accepted a message to it.
struct FreshKey {
    noise::PublicKey key{};
    std::filesystem::path marker;
};

// What the policy says to the shell around the gate.
struct Settings {
    std::filesystem::path log_file;  // empty: standard output
    std::filesystem::path control_socket;
    std::filesystem::path state_directory;
    std::filesystem::path state_anchor;        // store/anchor.h; empty: none
    std::filesystem::path steering_seed_file;  // beside the policy
    std::uint32_t steering_seed = 0;
    std::filesystem::path numbers_file;  // beside the policy; rules/numbers.h says what is in it
    std::vector<FreshKey> fresh_keys;    // in the policy's order
};

// Secrets that could not be read, where the caller can do without them.
struct Unread {
    std::vector<Diagnostic> why;
    bool gateway_key = false;    // at least one; the policy has the others, current first
    bool preshared_key = false;  // at least one client's, which is all zero in the policy
};

// The YAML of a policy, its own file and those of clients.d/, by name. Never a key.
using PolicyText = std::map<std::filesystem::path, std::string>;

struct Configuration {
    std::shared_ptr<const Policy> policy;
    Settings settings;
    std::vector<Diagnostic> warnings;  // what is no mistake and should be known, in the order of the file
    Unread unread;                     // only where Options say that they may be
    PolicyText text;                   // what it was made from; empty where that was a copy
};

struct Options {
    // False: key files and the steering seed are not opened; the policy has no keys and no products.
    bool secrets = true;
    // False: the files of one-time lists are not opened; the lists have no lines, and nobody gets in by them.
    bool lists = true;
    // True: a secret that cannot be read is no mistake; it is left out and named in `unread`.
    bool without_unreadable = false;
    std::uint64_t generation = 1;  // the policy's

    // Read in place of the files by these names; key files are read from their places all the same.
    const PolicyText* copy = nullptr;
};

// Reads `file`, the files of clients.d/ beside it and the key files they name. All mistakes at once, in the order of
// the files; nothing is half taken, and `names` gives no id for a policy with mistakes.
[[nodiscard]] tl::expected<Configuration, std::vector<Diagnostic>> load(const std::filesystem::path& file, Names& names,
                                                                        const Options& options = {});

}  // namespace postern::config
