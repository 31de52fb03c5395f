// postern keygen: a client's own key pair, made where it will be used.
#include <fmt/format.h>

#include "io/files.h"
#include "noise/keys.h"
#include "postern/command.h"
#include "postern/entropy.h"

namespace postern::client {
namespace {

constexpr auto footer = R"(
Examples:
  postern keygen --out laptop.key    writes the private key, prints the public key for the gateway's administrator
  postern keygen                     prints both, as a profile has them

The private key never leaves this machine. The public key goes into the gateway's policy as spa.public_key.)";

noise::KeyPair draw_pair() {
    noise::PublicKey random{};
    KernelEntropy{}.fill(random);
    return noise::KeyPair::from(noise::Secret{random});
}

void keygen(const std::string& file, Exit& exit) {
    const noise::KeyPair pair = draw_pair();
    const std::string private_key = noise::to_base64(pair.private_key.bytes());
    const std::string public_key = noise::to_base64(pair.public_key);
    if (file.empty()) return fmt::print("private_key: {}\npublic_key: {}\n", private_key, public_key);
    if (const auto written = io::write_new_file(file, private_key + "\n", 0600); !written) {
        complain(written.error().text);
        exit = Exit::failed;
        return;
    }
    fmt::print("{}\n", public_key);
}

}  // namespace

void add_keygen(CLI::App& app, const Context&, Exit& exit) {
    auto file = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("keygen", "make a key pair; prints the public key");
    command->add_option("--out", *file, "write the private key here; the file must not exist");
    command->footer(footer);
    command->callback([file, &exit] { keygen(*file, exit); });
}

}  // namespace postern::client
