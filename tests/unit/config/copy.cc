// A policy read from a copy of its YAML: what a start with a broken one falls back on.
#include "catch.h"
#include "config/meant.h"
#include "config/named_path.h"
#include "unit/config/policy_files.h"

namespace postern::config::test {
namespace {

const std::string bob = "clients:\n  bob: {services: [ssh], spa: {public_key: " + bob_public + "}}\n";
const std::string alice = "services: [ssh]\nspa: {public_key: " + alice_public + "}\n";

TEST_CASE("a copy is read in place of the files, whatever became of them", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml", least + bob);
    files.write("clients.d/alice.yaml", alice);
    Names names;
    const auto good = config::load(files.path("postern.yaml"), names, without_secrets);
    REQUIRE(good);
    CHECK(good->text.size() == 2);
    CHECK(good->text.at(files.path("clients.d/alice.yaml")) == alice);

    files.write("postern.yaml", "[");
    fs::remove(files.path("clients.d/alice.yaml"));
    files.write("clients.d/mallory.yaml", alice);
    const auto copied = config::load(files.path("postern.yaml"), names, {.secrets = false, .copy = &good->text});
    REQUIRE(copied);
    CHECK(copied->policy->clients.size() == 2);
    CHECK(copied->policy->clients[0].name == "alice");
    CHECK(copied->policy->clients[0].id == good->policy->clients[0].id);
}

TEST_CASE("a copy without the policy's own file is a mistake", "[config]") {
    PolicyFiles files;
    Names names;
    const PolicyText empty;
    CHECK_FALSE(config::load(files.path("postern.yaml"), names, {.secrets = false, .copy = &empty}));
}

TEST_CASE("state directory and socket are found in a policy with mistakes, and have defaults", "[config]") {
    PolicyFiles files;
    const auto file = files.path("postern.yaml");
    for (const std::string mistake : {"nonsense: 1\n", "[", "control: {socket: elsewhere}\n"}) {
        INFO(mistake);
        files.write("postern.yaml", "state: {directory: kept}\ncontrol:\n  socket: \"asked\"  # here\n" + mistake);
        CHECK(state_directory(file) == files.path("kept"));
        CHECK(control_socket(file) == files.path("asked"));
    }
    for (const std::string other : {"log: {directory: kept, socket: asked}\n[", "state:\n#  directory: kept\n[", ""}) {
        INFO(other);
        files.write("postern.yaml", other);
        CHECK(state_directory(file) == "/var/lib/postern");
        CHECK(control_socket(file) == "/run/postern/control.sock");
    }
    CHECK(state_directory(files.path("none.yaml")) == "/var/lib/postern");
}

TEST_CASE("what was meant is a value that the key takes", "[config]") {
    CHECK(meant(*key("grants.window"), "15sec") == "15s");
    CHECK(meant(*key("grants.window"), "15") == "15s");
    CHECK_FALSE(meant(*key("grants.window"), "15days"));
    CHECK_FALSE(meant(*key("grants.window"), "99hours"));
    CHECK(meant(*key("gateway.backend"), "iptable") == "iptables");
    CHECK(meant(*key("services.NAME.ports"), "tpc/22") == "tcp/22");
    CHECK_FALSE(meant(*key("services.NAME.ports"), "tpc/0"));
}

}  // namespace
}  // namespace postern::config::test
