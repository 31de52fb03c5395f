// Reading profiles: what they say, and every mistake with its place.
#include "postern/profile.h"

#include <cstdlib>

#include "catch.h"
#include "scratch.h"

using namespace postern;
using namespace postern::client;
namespace fs = std::filesystem;

namespace {

struct Scratch : test::ScratchDirectory {
    fs::path write(const std::string& name, const std::string& text) const {
        test::put_text(*this / name, text);
        return *this / name;
    }
};

const std::string secret = std::string(42, 'B') + 'A';  // with '=' behind it, 32 bytes of base64: a fine key

std::string key(char fill) { return noise::to_base64(std::vector<std::uint8_t>(32, static_cast<std::uint8_t>(fill))); }

std::string gateway_key() {
    return noise::to_base64(noise::KeyPair::from(noise::Secret{std::vector<std::uint8_t>(32, 7)}).public_key);
}

std::string gateway_text() { return "gateway: {name: gw1.example.net, public_key: " + gateway_key() + "}\n"; }
std::string client_text() { return "client: {private_key: " + key(1) + "}\n"; }
const std::string services_text = "services: {ssh: [tcp/22]}\n";

Mistakes mistakes_in(const Scratch& scratch, const std::string& text) {
    const auto profile = load_profile(scratch.write("p.yaml", text));
    return profile ? Mistakes{} : profile.error();
}

// The one mistake of a text.
std::string mistake_in(const std::string& text) {
    const Scratch scratch;
    const Mistakes found = mistakes_in(scratch, text);
    REQUIRE(found.size() == 1);
    return found.front().substr(found.front().find("p.yaml"));
}

}  // namespace

TEST_CASE("a small profile has sensible defaults", "[postern]") {
    const Scratch scratch;
    const auto profile = load_profile(scratch.write("p.yaml", gateway_text() + client_text() + services_text));
    REQUIRE(profile);
    CHECK(profile->host == "gw1.example.net");
    CHECK(profile->port == 62201);
    CHECK(profile->sender.gateway_name == "gw1.example.net");
    CHECK(noise::to_base64(profile->sender.gateway) == gateway_key());
    CHECK(noise::to_base64(profile->sender.client.private_key.bytes()) == key(1));
    CHECK(profile->sender.psk.is_zero());
    CHECK(profile->source == SourceMode::automatic);
}

TEST_CASE("a full profile is read key by key", "[postern]") {
    const Scratch scratch;
    scratch.write("client.key", key(1) + "\n");
    scratch.write("client.psk", key(2) + "\n");
    const auto profile = load_profile(scratch.write("p.yaml", R"(
gateway:
  host: 192.0.2.1
  port: 4242
  name: gw1
  public_key: )" + gateway_key() + R"(
client:
  private_key_file: client.key
  preshared_key_file: client.psk
services:
  ssh: [22, tcp/2222]
  mosh: [tcp/22, udp/60000-61000]
source: as_seen
)"));
    REQUIRE(profile);
    CHECK(profile->host == "192.0.2.1");
    CHECK(profile->port == 4242);
    CHECK(noise::to_base64(profile->sender.client.private_key.bytes()) == key(1));
    CHECK(noise::to_base64(profile->sender.psk.bytes()) == key(2));
    CHECK(profile->source == SourceMode::as_seen);
    CHECK(profile->service_names() == "ssh, mosh");
    REQUIRE(profile->service(Transport::tcp, 22));
    CHECK(profile->service(Transport::tcp, 22)->name == "ssh");
    REQUIRE(profile->service(Transport::udp, 60500));
    CHECK(profile->service(Transport::udp, 60500)->name == "mosh");
    CHECK(profile->service(Transport::udp, 22) == nullptr);
    CHECK(profile->service("pg") == nullptr);
}

TEST_CASE("each mistake of a profile names its place", "[postern]") {
    CHECK(mistake_in(gateway_text() + client_text()) == "p.yaml:1:1: services: is missing");
    CHECK(mistake_in(gateway_text() + client_text() + services_text + "sauce: auto\n") ==
          "p.yaml:4:1: sauce: unknown key, expected one of gateway, client, services, source");
    CHECK(mistake_in(gateway_text() + client_text() + "services:\n  ssh: [tcp/22, tcp/0]\n") ==
          "p.yaml:4:17: services.ssh: got \"tcp/0\", expected ports such as tcp/22 or udp/8000-8010");
    CHECK(mistake_in(gateway_text() + client_text() + "services: {ssh: tcp/22}\n") ==
          "p.yaml:3:17: services.ssh: expected a list such as [tcp/22]");
    CHECK(mistake_in(gateway_text() + client_text() + services_text + services_text) ==
          "p.yaml:4:1: services: stands here twice");
    CHECK(mistake_in(gateway_text() + client_text() + services_text + "source: nat\n") ==
          "p.yaml:4:9: source: got \"nat\", expected auto, exact or as_seen");
    CHECK(mistake_in("gateway: {name: GW1, public_key: " + gateway_key() + "}\n" + client_text() + services_text) ==
          "p.yaml:1:17: gateway.name: got \"GW1\", expected a lower-case name without a trailing dot, 1 to 253 bytes");
    CHECK(mistake_in(gateway_text() + "client: {}\n" + services_text) ==
          "p.yaml:2:9: client: has neither private_key nor private_key_file");
    CHECK(mistake_in(gateway_text() + "client: {private_key: " + secret + "}\n" + services_text) ==
          "p.yaml:2:23: client.private_key: expected a key, 44 characters of base64");
}

TEST_CASE("a key where a file name belongs is not shown, and a mistake is one printable line", "[postern]") {
    CHECK(mistake_in(gateway_text() + "client: {private_key_file: " + secret + "=}\n" + services_text) ==
          "p.yaml:2:28: client.private_key_file: got a key, expected the name of a file that holds it");
    CHECK(mistake_in(gateway_text() + client_text() + services_text + "source: \"a\\nb\\e\"\n") ==
          "p.yaml:4:9: source: got \"a?b?\", expected auto, exact or as_seen");
}

TEST_CASE("all mistakes come at once, and no secret is printed", "[postern]") {
    const Scratch scratch;
    const Mistakes found = mistakes_in(
        scratch, "gateway: {name: gw., public_key: x, port: 0}\nclient: {private_key: " + secret + "}\nservices: {}\n");
    CHECK(found.size() == 5);
    for (const std::string& line : found) CHECK(line.find(secret) == std::string::npos);
}

TEST_CASE("public keys without a secret behind them are refused", "[postern]") {
    const Scratch scratch;
    for (const char fill : {'\0', '\xff'}) {
        const auto found = mistakes_in(
            scratch, "gateway: {name: gw, public_key: " + key(fill) + "}\n" + client_text() + services_text);
        REQUIRE(found.size() == 1);
        CHECK(found.front().find("not a usable X25519 public key") != std::string::npos);
    }
}

TEST_CASE("what is no profile at all is one mistake or more, never a crash", "[postern]") {
    const Scratch scratch;
    for (const char* text :
         {"", "- a\n", "text", "gateway: [\n", "{", "gateway: ~\nclient: 3\nservices: [a]\n", "\t"}) {
        INFO(text);
        CHECK_FALSE(mistakes_in(scratch, text).empty());
    }
    CHECK_FALSE(load_profile("/nonexistent/p.yaml"));
}

TEST_CASE("a profile's word is a name in the profile directory, or a file", "[postern]") {
    const Scratch scratch;
    const fs::path directory = scratch.write("x", "").parent_path();
    fs::create_directory(directory / "postern");
    const char* before = std::getenv("XDG_CONFIG_HOME");
    const std::string saved = before == nullptr ? "" : before;
    ::setenv("XDG_CONFIG_HOME", directory.c_str(), 1);

    CHECK_FALSE(find_profile(""));
    const fs::path gw = scratch.write("postern/gw.yaml", "");
    CHECK(find_profile("").value_or("") == gw);  // the only one there is
    const fs::path other = scratch.write("postern/other.yaml", "");
    CHECK_FALSE(find_profile(""));
    const fs::path usual = scratch.write("postern/default.yaml", "");
    CHECK(find_profile("").value_or("") == usual);
    CHECK(find_profile("other").value_or("") == other);
    CHECK(find_profile(other.string()).value_or("") == other);
    CHECK_FALSE(find_profile("nobody"));

    if (before == nullptr)
        ::unsetenv("XDG_CONFIG_HOME");
    else
        ::setenv("XDG_CONFIG_HOME", saved.c_str(), 1);
}
