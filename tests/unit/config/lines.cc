// One-time lists as a policy has them: the file, its mistakes, and what becomes of it.
#include "catch.h"
#include "noise/mac.h"
#include "unit/config/policy_files.h"

namespace postern::config::test {
namespace {

// Knocks and the text of door.lines.
PolicyFiles& write(PolicyFiles& files, const std::string& knocks, const std::string& lines, mode_t mode = 0640) {
    return files.write("postern.yaml", least + "knocks:\n" + knocks).write("door.lines", lines, mode).write_secrets();
}

const std::string door = "  door: {scheme: static, one_time_list: door.lines, opens: ssh}\n";

Lines mistakes_of(const std::string& lines, const std::string& knocks = door) {
    PolicyFiles files;
    return write(files, knocks, lines).mistakes(with_secrets);
}

Lines warnings_of(const std::string& lines, const std::string& head = least) {
    PolicyFiles files;
    files.write("postern.yaml", head + "knocks:\n" + door).write("door.lines", lines);
    const auto loaded = files.load(without_secrets);
    REQUIRE(loaded);
    Lines texts;
    for (const Diagnostic& warning : loaded->warnings) texts.push_back(warning.text);
    return texts;
}

TEST_CASE("a one-time list becomes lines with digests of what they mean", "[config]") {
    PolicyFiles files;
    write(files, "  door: {scheme: static, one_time_list: door.lines, look_ahead: 3, opens: ssh, deadline: 4s}\n",
          "# mine\n\n#tcp/1,tcp/2\n7000, 8000:udp ,icmp/echo-request\r\n  tcp/3,udp/2,tcp/1");
    const auto loaded = files.load(with_secrets);
    REQUIRE(loaded);
    const Knock& knock = loaded->policy->knocks.front();
    REQUIRE(knock.list);
    CHECK(knock.list->look_ahead == 3);
    REQUIRE(knock.list->lines.size() == 2);
    CHECK(knock::to_text(knock.list->lines[0].steps) == "tcp/7000,udp/8000,icmp/echo-request");
    const std::string text = "tcp/3,udp/2,tcp/1";
    CHECK(knock.list->lines[1].digest == noise::sha256({as_bytes(text)}));
    CHECK(loaded->policy->book().sequences().size() == 2);
    CHECK(loaded->policy->book().sequences()[0].deadline == std::chrono::seconds{4});
    CHECK(loaded->policy->knock_steps().size() == 6);
    CHECK(loaded->warnings.empty());
}

TEST_CASE("a knock with a list keeps its identity whatever lines it has; lists with the same lines are one",
          "[config]") {
    PolicyFiles files;
    Names names;
    const auto load_with = [&](const std::string& lines) {
        write(files, door, lines);
        const auto loaded = load(files.path("postern.yaml"), names, with_secrets);
        REQUIRE(loaded);
        return loaded->policy;
    };
    const auto first = load_with("3,2,1\n"), more = load_with("3,2,1\n6,5,4\n"), marked = load_with("#9,9\n3,2,1\n");
    CHECK(first->knocks[0].identity.id == more->knocks[0].identity.id);
    CHECK(first->knocks[0].list->id != more->knocks[0].list->id);
    CHECK(first->knocks[0].list->id == marked->knocks[0].list->id);
    CHECK(names.identity(first->identity(first->knocks[0].identity.id)) == first->knocks[0].identity.id);
    CHECK(names.knock("door", {}) != first->knocks[0].identity.id);
}

TEST_CASE("each mistake of a list has its line", "[config]") {
    CHECK(mistakes_of("3,2,1\n5\n7,x\n\n8,9,8\n22,10\n62201:udp,11\n") ==
          Lines{"door.lines:2:1: knocks.door.one_time_list: got 1, expected 2 to 16 steps",
                "door.lines:3:3: knocks.door.one_time_list: got 1 characters that are no step, expected steps between "
                "commas such as tcp/7000, udp/8000, icmp/echo-request, 7000 or 8000:udp",
                "door.lines:5:5: knocks.door.one_time_list: got a step again, expected each once: a repeat of one is "
                "ignored",
                "door.lines:6:1: knocks.door.one_time_list: got a port of services.ssh, expected another one",
                "door.lines:7:1: knocks.door.one_time_list: got a port of gateway.spa, expected another one"});
}

TEST_CASE("lines that are alike are mistakes: whole, or at their beginning within the window", "[config]") {
    CHECK(
        mistakes_of("3,2,1\n6,5,4\ntcp/3,2:tcp,1\n", door) ==
        Lines{"door.lines:3:1: knocks.door.one_time_list: got the steps of line 1 of door, expected a sequence of its "
              "own"});
    CHECK(mistakes_of("3,2,1\n6,5,4\n 3,9\n") ==
          Lines{"door.lines:3:2: knocks.door.one_time_list: got the first step of line 1, expected another one within "
                "look_ahead, or look_ahead: 1"});
    const std::string spread = "1,2\n2,3\n3,4\n4,5\n5,6\n1,7\n";
    CHECK(mistakes_of(spread).empty());
    CHECK(mistakes_of(spread, "  door: {scheme: static, one_time_list: door.lines, look_ahead: 6, opens: ssh}\n")
              .size() == 1);
    const std::string alike = "1,2\n1,3\n1,4\n1,5\n1,6\n1,7\n";
    CHECK(
        mistakes_of(alike, "  door: {scheme: static, one_time_list: door.lines, look_ahead: 1, opens: ssh}\n").empty());
    CHECK(mistakes_of("tcp/1,2\ntcp/1/ack,3\n").empty());
}

TEST_CASE("a line is no other knock's sequence, and has no step of the closing one", "[config]") {
    CHECK(mistakes_of("9,2,1\n", door + "  twin: {scheme: static, steps: [tcp/9, tcp/2, tcp/1], opens: ssh}\n") ==
          Lines{"door.lines:1:1: knocks.door.one_time_list: got the steps of twin, expected a sequence of its own"});
    CHECK(
        mistakes_of("9,2,1\n",
                    "  door: {scheme: static, one_time_list: door.lines, opens: ssh, closes_with: [tcp/2, tcp/7]}\n") ==
        Lines{"door.lines:1:3: knocks.door.one_time_list: got a step of closes_with, expected another one"});
    CHECK(
        mistakes_of("9,2,1\n", door + "  gate: {scheme: static, one_time_list: door.lines, opens: ssh}\n") ==
        Lines{"door.lines:1:1: knocks.gate.one_time_list: got the steps of line 1 of door, expected a sequence of its "
              "own"});
}

TEST_CASE("a list counts as one sequence where it begins, however many lines do", "[config]") {
    std::string knocks = "  door: {scheme: static, one_time_list: door.lines, look_ahead: 1, opens: ssh}\n";
    const auto more = [&](int n) {
        knocks += "  k" + std::to_string(n) + ": {scheme: static, steps: [tcp/1, udp/" + std::to_string(n) +
                  "], opens: ssh}\n";
    };
    const std::string lines = "1,12\n1,13\n1,14\n1,15\n1,16\n";
    for (int n = 1; n <= 3; ++n) more(n);
    CHECK(mistakes_of(lines, knocks).empty());
    more(4);
    CHECK(mistakes_of(lines, knocks) == Lines{"postern.yaml:8:32: knocks.k4: got \"tcp/1\" as one more first step, "
                                              "expected at most 4 sequences that begin there"});
}

TEST_CASE("steps or a list, not both and not neither", "[config]") {
    const std::string head = "postern.yaml:4:";
    CHECK(mistakes_of("9,2,1\n", "  door: {scheme: static, opens: ssh}\n") ==
          Lines{head +
                "3: knocks.door.steps: missing, expected a step such as tcp/7000, udp/8000, icmp/echo-request or "
                "tcp/7000/ack; or one_time_list"});
    CHECK(mistakes_of("9,2,1\n",
                      "  door: {scheme: static, opens: ssh, steps: [tcp/5, tcp/4], one_time_list: "
                      "door.lines}\n") ==
          Lines{head + "76: knocks.door.one_time_list: got it beside steps, expected one of the two"});
}

TEST_CASE("look_ahead is of a list: beside steps it is a mistake, also where it says the default", "[config]") {
    for (const std::string count : {"3", "5"})
        CHECK(mistakes_of("",
                          "  door: {scheme: static, opens: ssh, steps: [tcp/5, tcp/4], look_ahead: " + count + "}\n") ==
              Lines{"postern.yaml:4:73: knocks.door.look_ahead: got " + count +
                    " beside steps, expected it beside one_time_list alone: steps have no lines"});
    CHECK(mistakes_of("", "  door: {scheme: static, opens: ssh, steps: [tcp/5, tcp/4]}\n").empty());
    CHECK(mistakes_of("", "  door: {scheme: static, opens: ssh, look_ahead: 3}\n").size() == 1);  // steps are missing
    CHECK(mistakes_of("",
                      "  door: {scheme: static, opens: ssh, look_ahead: 3, steps: [tcp/5, tcp/4], one_time_list: ''}\n")
              .size() == 1);  // which may have been a list
}

TEST_CASE("a list is a secret: others may not read it, and who needs no secrets does without", "[config]") {
    PolicyFiles files;
    write(files, door, "9,2,1\n", 0644);
    CHECK(
        files.mistakes(with_secrets) ==
        Lines{"postern.yaml:4:41: knocks.door.one_time_list: door.lines has mode 0644, expected no rights for others; "
              "chmod o= takes them"});
    fs::remove(files.path("door.lines"));
    CHECK(files.mistakes(with_secrets) ==
          Lines{"postern.yaml:4:41: knocks.door.one_time_list: door.lines cannot be read: No such file or directory"});
    CHECK(files.mistakes(without_secrets).size() == 1);
    const auto loaded = files.load({.secrets = false, .lists = false});
    REQUIRE(loaded);
    CHECK(loaded->policy->knocks.front().list->lines.empty());
    CHECK(loaded->warnings.empty());
    CHECK(files.load({.without_unreadable = true})->unread.why.size() == 1);
}

TEST_CASE("a secret that is named for a list by mistake is not shown", "[config]") {
    const std::string key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    for (const std::string& mistake : mistakes_of(key + "\n")) CHECK(mistake.find(key) == std::string::npos);
    CHECK(mistakes_of(key + "\n").size() == 1);
}

TEST_CASE("a list has ten thousand lines in use at most; of many mistakes the first are told", "[config]") {
    std::string lines;
    for (int n = 0; n < 10'001; ++n) lines += std::to_string(1000 + n) + "," + std::to_string(20'000 + n) + ",5\n";
    CHECK(mistakes_of(lines) ==
          Lines{"door.lines:10001:1: knocks.door.one_time_list: got 10001 lines, expected at most "
                "10000 that are not marked with #"});
    CHECK(mistakes_of("#" + lines).empty());
    std::string noise;
    for (int n = 0; n < 1000; ++n) noise += "what\n";
    const Lines told = mistakes_of(noise);
    REQUIRE(told.size() == 21);
    CHECK(told.back().ends_with("further mistakes of this file are not told"));
    CHECK(mistakes_of(noise.substr(0, 20 * 5)).size() == 20);
}

TEST_CASE("what is open to everybody is no step of a line", "[config]") {
    PolicyFiles files;
    files
        .write(
            "postern.yaml",
            "gateway: {name: gw1, interfaces: [wan0], open: [tcp/2]}\nservices: {ssh: {ports: [tcp/22]}}\nknocks:\n" +
                door)
        .write("door.lines", "9,8\n7,2\n6,2\n");
    CHECK(files.mistakes(without_secrets) ==
          Lines{"postern.yaml:1:49: gateway.open: got tcp/2, which is a step in line 2 "
                "of knocks.door, expected one of the two"});
}

TEST_CASE("a list is not called weak, but lines that a scan can complete are warned of once", "[config]") {
    CHECK(warnings_of("9,8,7\n3,2:udp,1\n").empty());
    const Lines rising = warnings_of("9,8,7\n1,2,3\n4,5,6\n");
    REQUIRE(rising.size() == 1);
    CHECK(rising[0].starts_with("knocks.door.one_time_list: the steps ascend"));
    CHECK(warnings_of("9,8\n7,6\n").size() == 1);
    CHECK(warnings_of("9,8,7\n",
                      "gateway: {name: gw1, interfaces: [wan0], unmatched: pass}\n"
                      "services: {ssh: {ports: [tcp/22]}}\n")
              .size() == 2);
    CHECK(warnings_of("#9,8,7\n") == Lines{"knocks.door.one_time_list: no line is in use: nobody gets in by it"});
}

}  // namespace
}  // namespace postern::config::test
