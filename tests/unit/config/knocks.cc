// Knocks as a policy has them, and what an operator is warned of.
#include "catch.h"
#include "unit/config/policy_files.h"

namespace postern::config::test {
namespace {

const std::string head = least + "knocks:\n";

Lines warnings_of(const std::string& knocks) {
    PolicyFiles files;
    files.write("postern.yaml", head + knocks);
    Names names;
    const auto loaded = load(files.path("postern.yaml"), names, without_secrets);
    REQUIRE(loaded);
    Lines lines;
    for (const Diagnostic& warning : loaded->warnings) {
        CHECK(warning.line > 0);
        lines.push_back(warning.text);
    }
    return lines;
}

std::size_t warnings_about(const std::string& steps, const std::string& more = "") {
    return warnings_of("  office: {scheme: static, steps: [" + steps + "], opens: ssh" + more + "}\n").size();
}

TEST_CASE("a knock becomes an identity with a service, and two sequences", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml",
                head +
                    "  office: {scheme: static, steps: [tcp/7000, udp/8000, icmp/echo-request], opens: ssh,\n"
                    "    deadline: 5s, strictness: reset, closes_with: [tcp/9002/ack, tcp/7002]}\n"
                    "  night: {scheme: static, steps: [tcp/9, tcp/8], opens: ssh, strictness: ignore}\n"
                    "  day: {scheme: static, steps: [tcp/7, tcp/6], opens: ssh}\n");
    Names names;
    const auto loaded = load(files.path("postern.yaml"), names, without_secrets);
    REQUIRE(loaded);
    const Policy& policy = *loaded->policy;
    REQUIRE(policy.knocks.size() == 3);
    const Knock& office = policy.knocks[0];
    CHECK(policy.client(office.identity.id)->name == "office");
    CHECK(office.identity.may_open(policy.services[0].id));
    CHECK(office.opening.deadline == std::chrono::seconds{5});
    CHECK(office.opening.tolerated == 0);
    CHECK(knock::to_text(office.opening.steps.back()) == "icmp/echo-request");
    REQUIRE(office.closing);
    CHECK(knock::to_text(office.closing->steps.front()) == "tcp/9002/ack");
    CHECK(policy.knocks[1].opening.tolerated == knock::all_tolerated);
    CHECK(policy.knocks[2].opening.tolerated == 3);
    CHECK(policy.knocks[2].opening.deadline == std::chrono::seconds{10});
    CHECK_FALSE(policy.knocks[2].closing);
    CHECK(policy.book().sequences().size() == 4);
}

TEST_CASE("a knock keeps its identity over reloads as long as its steps are the same", "[config]") {
    Names names;
    const auto steps = [](const char* text) { return std::vector{knock::parse_step(text).value()}; };
    const ClientId office = names.knock("office", steps("tcp/1"));
    CHECK(names.knock("office", steps("tcp/1")) == office);
    CHECK(names.knock("office", steps("tcp/2")) != office);
    CHECK(names.knock("night", steps("tcp/1")) != office);
}

TEST_CASE("every static knock is said to be weak", "[config]") {
    const Lines lines = warnings_of(
        "  a: {scheme: static, steps: [tcp/9, tcp/8, tcp/7], opens: ssh}\n"
        "  b: {scheme: static, steps: [tcp/3, udp/2, tcp/1], opens: ssh}\n");
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].starts_with("knocks.a: a static sequence is weak"));
    CHECK(lines[1].starts_with("knocks.b: a static sequence is weak"));
}

TEST_CASE("steps that a scan can meet in their order are warned of", "[config]") {
    CHECK(warnings_about("tcp/7000, tcp/9000, tcp/8000") == 1);
    CHECK(warnings_about("tcp/7000, udp/8000, tcp/9000") == 1);
    CHECK(warnings_about("tcp/7000, tcp/8000, tcp/9000") == 2);
    CHECK(warnings_about("icmp/echo-request, tcp/8000, tcp/9000") == 2);
    CHECK(warnings_about("tcp/7000, tcp/8000, udp/9000") == 1);
    CHECK(warnings_about("tcp/7000, tcp/8000, udp/9000", ", strictness: ignore") == 2);
    CHECK(warnings_about("tcp/9000, tcp/8000") == 2);
    CHECK(warnings_about("tcp/8000, tcp/9000") == 3);
}

TEST_CASE("with unmatched: pass, strictness is said to be without effect", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml",
                "gateway: {name: gw1, interfaces: [wan0], unmatched: pass}\n"
                "services: {ssh: {ports: [tcp/22]}}\n"
                "knocks:\n"
                "  a: {scheme: static, steps: [tcp/9, tcp/8, tcp/7], opens: ssh}\n"
                "  b: {scheme: static, steps: [tcp/6, tcp/5, tcp/4], opens: ssh, strictness: ignore}\n");
    const auto loaded = files.load(without_secrets);
    REQUIRE(loaded);
    REQUIRE(loaded->warnings.size() == 3);
    CHECK(loaded->warnings[1].text.starts_with("knocks.a.strictness: with gateway.unmatched: pass"));
}

}  // namespace
}  // namespace postern::config::test
