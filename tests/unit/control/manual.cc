// posternctl(8), posternctl-rules(8) and posternd(8) explain every command, option and exit code that the programs
// have, and none that they do not have.
#include "catch.h"
#include "manual_page.h"

using namespace postern::test;

namespace {

Words commands() { return found(text_of("src/posternctl/commands.def"), R"(POSTERN_COMMAND\((\w+)\))"); }

}  // namespace

TEST_CASE("posternctl(8) has a section for every command and no other", "[control]") {
    const std::string page = text_of("man/posternctl.8");
    CHECK(commands().size() >= 9);
    Words sections = found(section(page, "COMMANDS FOR THE POLICY"), R"(\n\.Ss (\w+))");
    sections.merge(found(section(page, "COMMANDS FOR THE RUNNING DAEMON"), R"(\n\.Ss (\w+))"));
    CHECK(sections == commands());
}

// The options of `rules` are in posternctl-rules(8).
TEST_CASE("posternctl(8) explains every option and exit code and no other", "[control]") {
    const std::string page = text_of("man/posternctl.8");
    Words files{"src/posternctl/main.cc", "src/posternctl/ask.cc", "src/posternctl/rules_job.cc"};
    for (const std::string& command : commands())
        if (command != "rules") files.insert("src/posternctl/" + command + ".cc");
    CHECK(options_explained(page) == options_taken(files));
    CHECK(exit_codes_explained(page) == exit_codes_given("src/posternctl/command.h"));
}

// No daemon is asked, so its exit code 4 does not occur.
TEST_CASE("posternctl-rules(8) explains every subcommand, option and exit code and no other", "[control]") {
    const std::string page = text_of("man/posternctl-rules.8"), source = text_of("src/posternctl/rules.cc");
    const Words subcommands = found(source, R"re(add(?:_alone)?\(\*rules, "(\w+)")re");
    CHECK(subcommands.size() == 8);
    CHECK(found(section(page, "DESCRIPTION"), R"(\n\.It Cm (\w+)\n)") == subcommands);
    CHECK(options_explained(page) == without(options_taken({"src/posternctl/rules.cc", "src/posternctl/rules_job.cc"}),
                                             {"--help", "-h", "--version"}));
    CHECK(exit_codes_explained(page) == without(exit_codes_given("src/posternctl/command.h"), {"4"}));
}

TEST_CASE("posternd(8) explains every option and exit code and no other", "[control]") {
    const std::string page = text_of("man/posternd.8");
    CHECK(options_explained(page) == options_taken({"src/posternd/main.cc"}));
    CHECK(exit_codes_explained(page) == exit_codes_given("src/posternd/options.h"));
}
