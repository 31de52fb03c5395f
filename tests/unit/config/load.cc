// Policies that are taken: where each value lands, what the defaults are, who the clients are.
#include "config/load.h"

#include "catch.h"
#include "unit/config/policy_files.h"

namespace postern::config::test {
namespace {

using namespace std::chrono_literals;

Configuration taken(const PolicyFiles& files, const Options& options = without_secrets) {
    auto loaded = files.load(options);
    if (!loaded) throw std::runtime_error{to_text(loaded.error().front())};
    return *loaded;
}

const std::string full = R"(
gateway:
  name: gw1.example.net
  interfaces: [wan0, ppp*]
  spa: [udp/62201, udp/62300-62310]
  private_key_files: [keys/new.key, keys/old.key]
  backend: iptables
  queues: 64
  mark_mask: 0x00ff0000
  skew: 1s
  unmatched: drop
  break_glass: [192.0.2.0/28, 2001:db8::1]
services:
  ssh: {ports: [tcp/22]}
  vpn: {ports: [udp/51820, 8000-8010]}
clients:
  zoe:
    services: [vpn, ssh]
    spa: {format: postern, public_key: )" +
                         alice_public + R"(, preshared_key_file: zoe.psk}
    source_claim: required
    expires: 2027-06-30
grants: {window: 2m, flows: 3}
log: {file: logs/verdicts.json}
control: {socket: /run/x.sock}
)";

TEST_CASE("every value of a full policy lands where the gate looks", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml", full);
    const auto [policy, settings, warnings, unread, text] = taken(files);
    const Gateway& gateway = policy->gateway;
    CHECK(gateway.name == "gw1.example.net");
    CHECK(gateway.interfaces == Lines{"wan0", "ppp*"});
    CHECK(gateway.spa == std::vector<PortRange>{{62201, 62201}, {62300, 62310}});
    CHECK(gateway.backend == Backend::iptables);
    CHECK(gateway.queues == 64);
    CHECK(gateway.mark.mask == 0x00ff0000);
    CHECK(gateway.skew == 1s);
    CHECK(gateway.break_glass == std::vector{*parse_prefix("192.0.2.0/28"), *parse_prefix("2001:db8::1")});
    CHECK(policy->grants.window == 2min);
    CHECK(policy->grants.flows == 3);
    CHECK(settings.log_file == files.path("logs/verdicts.json"));
    CHECK(settings.control_socket == "/run/x.sock");
    CHECK(settings.steering_seed_file == files.path("steering.seed"));
}

TEST_CASE("what nobody may have meant is a warning: a client file that is not read, a policy for nobody", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml", "gateway: {name: gw1.example.net, interfaces: [wan0]}\n");
    files.write("clients.d/carol.yml", "services: [ssh]\n");
    Lines warnings;
    for (const Diagnostic& one : taken(files).warnings) warnings.push_back(to_text(one));
    REQUIRE(warnings.size() == 2);
    CHECK(warnings[0] ==
          files.path("postern.yaml").string() + ": clients: got none, and no knocks: nobody can ask to be let in");
    CHECK(warnings[1] == files.path("clients.d/carol.yml").string() + ": is not read: its name does not end in .yaml");
}

TEST_CASE("services and clients are found by the names and keys of the policy", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml", full);
    const auto policy = taken(files).policy;
    const Service *ssh = policy->service("ssh"), *vpn = policy->service("vpn");
    REQUIRE(ssh);
    REQUIRE(vpn);
    CHECK(ssh->ports == std::vector<TransportPorts>{{Transport::tcp, {22, 22}}});
    CHECK(vpn->ports == std::vector<TransportPorts>{{Transport::udp, {51820, 51820}}, {Transport::tcp, {8000, 8010}}});
    const Client* zoe = policy->client(*noise::key_from_base64(alice_public));
    REQUIRE(zoe);
    CHECK(zoe->name == "zoe");
    CHECK(zoe->services == std::vector{vpn->id, ssh->id});
    CHECK(zoe->source_claim == SourceClaim::required);
    CHECK(zoe->expires == wall_time(1814400000));  // 2027-07-01T00:00:00Z
    PacketView packet;
    packet.local = true;
    packet.transport = Transport::udp;
    packet.destination_port = 62305;
    CHECK(policy->listens(packet));
    CHECK(policy->guards(packet));
    packet.destination_port = 22;
    CHECK_FALSE(policy->listens(packet));
    CHECK_FALSE(policy->guards(packet));
    packet.transport = Transport::tcp;
    CHECK(policy->guards(packet));
}

TEST_CASE("what is left out has its default", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml", least + "clients:\n  bob: {services: [ssh], spa: {public_key: " + bob_public + "}}\n");
    const auto [policy, settings, warnings, unread, text] = taken(files);
    const Gateway& gateway = policy->gateway;
    CHECK(gateway.spa == std::vector<PortRange>{{62201, 62201}});
    CHECK(gateway.backend == Backend::automatic);
    CHECK(gateway.queues == 2);
    CHECK(gateway.mark.mask == 0xff000000);
    CHECK(gateway.skew == 30s);
    CHECK(gateway.break_glass.empty());
    CHECK(policy->grants.window == 15s);
    CHECK(policy->grants.flows == 1);
    CHECK(settings.log_file == "/var/log/postern/verdicts.json");
    CHECK(settings.control_socket == "/run/postern/control.sock");
    CHECK(settings.state_directory == "/var/lib/postern");
    REQUIRE(policy->clients.size() == 1);
    CHECK(policy->clients[0].source_claim == SourceClaim::automatic);
    CHECK_FALSE(policy->clients[0].expires);
    CHECK(policy->clients[0].psk.is_zero());
}

TEST_CASE("words choose what they say", "[config]") {
    const auto backend = [](const std::string& word) {
        PolicyFiles files;
        files.write("postern.yaml", "gateway: {name: gw1, interfaces: [wan0], backend: " + word + "}\n");
        return taken(files).policy->gateway.backend;
    };
    CHECK(backend("auto") == Backend::automatic);
    CHECK(backend("nftables") == Backend::nftables);
    CHECK(backend("iptables") == Backend::iptables);
    const auto claim = [](const std::string& word) {
        PolicyFiles files;
        files.write("postern.yaml", least)
            .write("clients.d/bob.yaml",
                   "services: [ssh]\nspa: {public_key: " + bob_public + "}\nsource_claim: " + word + "\n");
        return taken(files).policy->clients.at(0).source_claim;
    };
    CHECK(claim("auto") == SourceClaim::automatic);
    CHECK(claim("required") == SourceClaim::required);
    CHECK(claim("optional") == SourceClaim::optional);
}

TEST_CASE("the log can go to standard output", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml", least + "log: {file: stdout}\n");
    CHECK(taken(files).settings.log_file.empty());
}

std::string client_with(const std::string& key) { return "services: [ssh]\nspa: {public_key: " + key + "}\n"; }

TEST_CASE("a file in clients.d is a client, in one order with those of the policy", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml", least + "clients:\n  bob: {services: [ssh], spa: {public_key: " + bob_public + "}}\n")
        .write("clients.d/alice.yaml", client_with(alice_public))
        .write("clients.d/.hidden.yaml", "nonsense")
        .write("clients.d/alice.yaml~", "nonsense");
    const auto policy = taken(files).policy;
    REQUIRE(policy->clients.size() == 2);
    CHECK(policy->clients[0].name == "alice");
    CHECK(policy->clients[1].name == "bob");
}

TEST_CASE("mistakes in clients.d stand behind those of the policy, with their file", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml", least + "clients:\n  bob: {services: [web], spa: {public_key: " + bob_public + "}}\n")
        .write("clients.d/alice.yaml", "servces: [ssh]\n" + client_with("x"))
        .write("clients.d/bob.yaml", client_with(alice_public))
        .write("clients.d/carol.yaml", client_with(bob_public))
        .write("clients.d/dan.yaml", "- ssh\n")
        .write("clients.d/e f.yaml", client_with(alice_public));
    const std::string keys = "services, spa, source_claim, expires";
    CHECK(
        files.mistakes() ==
        Lines{
            "postern.yaml:4:20: clients.bob.services: got \"web\", expected a name from services",
            "clients.d/alice.yaml:1:1: clients.alice.servces: not in this version, did you mean services?",
            "clients.d/alice.yaml:3:19: clients.alice.spa.public_key: got \"x\", expected a public key of 44 base64 "
            "characters",
            "clients.d/bob.yaml: clients.bob: got it twice, the first is at postern.yaml:4:3",
            "clients.d/carol.yaml:2:19: clients.carol.spa.public_key: got the key of bob, expected one key per client",
            "clients.d/dan.yaml:1:1: clients.dan: got a list, expected a mapping with " + keys,
            "clients.d/e f.yaml: clients: got \"e f\", expected a name of letters, digits, dots, dashes and "
            "underscores, from 1 to 63 characters"});
}

TEST_CASE("ids stay with names and keys over reloads, and a refused policy takes none", "[config]") {
    PolicyFiles files;
    Names names;
    const auto load_into = [&] { return load(files.path("postern.yaml"), names, without_secrets); };
    files.write("postern.yaml", least + "  : {}\n  bad: {ports: [x]}\n");
    CHECK_FALSE(load_into());
    files.write("postern.yaml", least).write("clients.d/bob.yaml", client_with(bob_public));
    const auto before = load_into();
    files.write("clients.d/alice.yaml", client_with(alice_public));
    const auto after = load_into();
    REQUIRE(before);
    REQUIRE(after);
    CHECK(before->policy->services[0].id == ServiceId{0});
    CHECK(before->policy->clients[0].id == ClientId{0});
    CHECK(after->policy->clients[0].id == ClientId{1});
    CHECK(after->policy->client(ClientId{0})->name == "bob");
}

TEST_CASE("the shipped policy loads", "[config]") {
    Names names;
    const auto loaded = load(fs::path{POSTERN_SOURCE_DIR} / "config/postern.yaml", names, without_secrets);
    REQUIRE(loaded);
    REQUIRE(loaded->policy->clients.size() == 2);
    CHECK(loaded->policy->clients[0].name == "alice");
}

}  // namespace
}  // namespace postern::config::test
