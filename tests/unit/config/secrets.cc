// Key files, the steering seed, and what is computed from them at load.
#include "catch.h"
#include "unit/config/policy_files.h"

namespace postern::config::test {
namespace {

const std::string with_psk = least + "clients:\n  alice: {services: [ssh], spa: {public_key: " + alice_public +
                             ", preshared_key_file: a.psk}}\n";

PolicyFiles& sound(PolicyFiles& files) {
    return files.write("postern.yaml", with_psk).write_secrets().write("a.psk", alice_private + "\n");
}

noise::Secret secret(const std::string& base64) { return noise::Secret{*noise::key_from_base64(base64)}; }

bool same(const noise::Secret& a, const noise::Secret& b) {
    return std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin());
}

TEST_CASE("keys, preshared keys, seed and products are in place", "[config]") {
    PolicyFiles files;
    const auto loaded = sound(files).load(with_secrets);
    REQUIRE(loaded);
    const Policy& policy = *loaded->policy;
    REQUIRE(policy.gateway.keys.size() == 1);
    CHECK(noise::to_base64(policy.gateway.keys[0].pair.public_key) == bob_public);
    CHECK(policy.gateway.keys[0].face.public_key == policy.gateway.keys[0].pair.public_key);
    CHECK(same(policy.clients.at(0).psk, secret(alice_private)));
    REQUIRE(policy.clients[0].static_static.size() == 1);
    // RFC 7748 section 6.1, the shared secret.
    CHECK(to_hex(policy.clients[0].static_static[0].bytes()) ==
          "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    CHECK(loaded->settings.steering_seed == 0x00c0ffee);
    CHECK(loaded->settings.fresh_keys.empty());
}

TEST_CASE("who can do without secrets learns which are missing, and mistakes are mistakes all the same", "[config]") {
    constexpr Options lenient{.without_unreadable = true};
    PolicyFiles files;
    CHECK(sound(files).load(lenient)->unread.why.empty());
    fs::remove(files.path("a.psk"));
    const auto without_psk = files.load(lenient);
    REQUIRE(without_psk);
    CHECK((without_psk->unread.preshared_key && !without_psk->unread.gateway_key));
    CHECK(without_psk->unread.why.size() == 1);
    CHECK(without_psk->policy->gateway.keys.size() == 1);
    fs::remove(files.path("gateway.key"));
    const auto without_key = files.load(lenient);
    REQUIRE(without_key);
    CHECK(without_key->unread.gateway_key);
    CHECK(without_key->policy->gateway.keys.empty());
    files.write("postern.yaml", with_psk + "unknown: 1\n");
    CHECK_FALSE(files.load(lenient));
}

TEST_CASE("the marker beside a key that init has just made is found", "[config]") {
    PolicyFiles files;
    sound(files).write("gateway.key.fresh", "");
    const auto loaded = files.load(with_secrets);
    REQUIRE(loaded);
    REQUIRE(loaded->settings.fresh_keys.size() == 1);
    CHECK(loaded->settings.fresh_keys[0].marker == files.path("gateway.key.fresh"));
    CHECK(loaded->settings.fresh_keys[0].key == loaded->policy->gateway.keys[0].pair.public_key);
}

TEST_CASE("during a rotation there is a product per gateway key, in their order", "[config]") {
    PolicyFiles files;
    sound(files)
        .write("other.key", alice_private + "\n")
        .write("postern.yaml",
               "gateway: {name: gw1, interfaces: [wan0], private_key_files: [gateway.key, other.key]}\n"
               "services: {ssh: {ports: [tcp/22]}}\n")
        .write("clients.d/alice.yaml", "services: [ssh]\nspa: {public_key: " + alice_public + "}\n");
    const auto loaded = files.load(with_secrets);
    REQUIRE(loaded);
    REQUIRE(loaded->policy->gateway.keys.size() == 2);
    REQUIRE(loaded->policy->clients.at(0).static_static.size() == 2);
    const auto& products = loaded->policy->clients[0].static_static;
    CHECK_FALSE(same(products[0], products[1]));
    CHECK(to_hex(products[0].bytes()).starts_with("4a5d9d5b"));
}

TEST_CASE("missing secrets are named, with who makes them", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml", with_psk);
    CHECK(
        files.mistakes(with_secrets) ==
        Lines{
            "postern.yaml:1:10: gateway.private_key_files: gateway.key cannot be read: No such file or directory; "
            "posternctl init makes it",
            "postern.yaml:4:112: clients.alice.spa.preshared_key_file: a.psk cannot be read: No such file or directory",
            "steering.seed: cannot be read: No such file or directory; posternctl init makes it, or `od -An -tx4 -N4 "
            "/dev/urandom | tr -d ' '`, with mode 0640"});
    CHECK(files.mistakes(without_secrets).empty());
}

TEST_CASE("a secret that everybody may read is refused, one that the group may read is not", "[config]") {
    const mode_t mode = GENERATE(mode_t{0644}, mode_t{0604}, mode_t{0602}, mode_t{0601});
    PolicyFiles files;
    sound(files).write("gateway.key", bob_private + "\n", mode);
    const Lines lines = files.mistakes(with_secrets);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("gateway.key has mode 06") != std::string::npos);
    CHECK(lines[0].find("expected no rights for others; chmod o= takes them") != std::string::npos);
    CHECK(sound(files).write("gateway.key", bob_private, 0400).mistakes(with_secrets).empty());
}

TEST_CASE("a key file holds one line of base64 and no zeros", "[config]") {
    const std::string zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const std::string text = GENERATE_COPY(std::string{}, zeros + "\n", bob_private + "\n\n", bob_private + "\r\n",
                                           " " + bob_private, std::string{"secret"}, bob_private + bob_private);
    INFO(text);
    PolicyFiles files;
    sound(files).write("a.psk", text);
    CHECK(files.mistakes(with_secrets) ==
          Lines{"postern.yaml:4:112: clients.alice.spa.preshared_key_file: a.psk holds no key, expected one line of 44 "
                "base64 characters"});
}

TEST_CASE("the seed is eight hexadecimal digits and as secret as a key", "[config]") {
    const std::string text = GENERATE("", "c0ffee\n", "00c0ffee00\n", "00c0ffeg\n", "0x00c0ff\n");
    INFO(text);
    PolicyFiles files;
    sound(files).write("steering.seed", text);
    CHECK(files.mistakes(with_secrets) ==
          Lines{"steering.seed: holds no seed, expected one line of 8 hexadecimal digits"});
    sound(files).write("steering.seed", "00c0ffee\n", 0644);
    CHECK(files.mistakes(with_secrets) ==
          Lines{"steering.seed: has mode 0644, expected no rights for others; chmod o= takes them"});
}

TEST_CASE("one key in two files is a mistake", "[config]") {
    PolicyFiles files;
    files.write_secrets().write("copy.key", bob_private);
    files.write("postern.yaml",
                "gateway: {name: gw1, interfaces: [wan0], private_key_files: [gateway.key, copy.key]}\n");
    CHECK(files.mistakes(with_secrets) ==
          Lines{"postern.yaml:1:75: gateway.private_key_files: got the same key in two files, expected two keys"});
}

TEST_CASE("a preshared key lies beside the file that names it", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml", least).write_secrets().write("clients.d/a.psk", alice_private);
    files.write("clients.d/alice.yaml",
                "services: [ssh]\nspa: {public_key: " + alice_public + ", preshared_key_file: a.psk}\n");
    const auto loaded = files.load(with_secrets);
    REQUIRE(loaded);
    CHECK(same(loaded->policy->clients.at(0).psk, secret(alice_private)));
}

}  // namespace
}  // namespace postern::config::test
