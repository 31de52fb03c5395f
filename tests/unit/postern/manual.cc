// postern(1) explains every command, option and exit code of the client, postern-profile(5) every key of a profile, and
// neither one that does not exist.
#include "manual_page.h"

#include "catch.h"
#include "postern/profile.h"
#include "scratch.h"

using namespace postern::test;

namespace {

Words commands() { return found(text_of("src/postern/commands.def"), R"(POSTERN_COMMAND\((\w+)\))"); }

// Loads a profile from a directory of its own, beside key files. What is wrong with it, all in one text.
std::string mistakes_of(const std::string& profile) {
    const ScratchDirectory directory;
    for (const char* name : {"gw1.key", "gw1.psk"}) put_text(directory / name, std::string(42, 'B') + "A=\n");
    put_text(directory / "p.yaml", profile);
    const auto loaded = postern::client::load_profile(directory / "p.yaml");
    std::string text;
    if (!loaded)
        for (const std::string& mistake : loaded.error()) text += mistake + "\n";
    return text;
}

// The keys that the reader of profiles names when it meets one that it does not know.
Words keys_taken() {
    Words keys;
    const std::string mistakes = mistakes_of("gateway: {x: 1}\nclient: {x: 1}\nx: 1\n");
    for (const char* map : {"gateway.", "client.", ""}) {
        std::smatch list;
        REQUIRE(std::regex_search(mistakes, list, std::regex{" " + std::string{map} + "x: .*expected one of (.*)"}));
        for (const std::string& key : found(list[1], R"((\w+))")) keys.insert(map + key);
    }
    return without(keys, {"gateway", "client"});
}

std::string page_of_keys() { return section(text_of("man/postern-profile.5"), "KEYS"); }

}  // namespace

TEST_CASE("postern(1) has a section for every command, and one for what two of them share", "[postern]") {
    Words expected = commands();
    CHECK(expected.size() == 4);
    expected.insert("Options of open and connect");
    CHECK(found(section(text_of("man/postern.1"), "DESCRIPTION"), R"(\n\.Ss ([^\n]+))") == expected);
}

TEST_CASE("postern(1) explains every option and exit code and no other", "[postern]") {
    const std::string page = text_of("man/postern.1");
    Words files{"src/postern/main.cc", "src/postern/ask_options.cc"};
    for (const std::string& command : commands()) files.insert("src/postern/" + command + ".cc");
    CHECK(options_explained(page) == options_taken(files));
    CHECK(options_taken(files).count("-4") == 1);
    CHECK(exit_codes_explained(page) == exit_codes_given("src/postern/command.h"));
}

TEST_CASE("postern-profile(5) explains every key of a profile and no other", "[postern]") {
    Words explained;
    for (const std::string& item : found(page_of_keys(), R"(\n\.It (Ic [^\n]*))"))
        explained.merge(found(item, R"(Ic ([a-z_.]+))"));
    CHECK(explained.size() >= 10);
    CHECK(explained == keys_taken());
}

TEST_CASE("postern-profile(5) says which keys are required", "[postern]") {
    Words missing = found(mistakes_of("gateway: {}\nclient: {}\n"), R"((?: |^)([a-z_.]+): is missing)");
    CHECK(missing == Words{"gateway.name", "gateway.public_key", "services"});
    missing.insert("client.private_key");  // or the file, so that neither of the two alone is missing
    CHECK(found(page_of_keys(), R"(\n\.It Ic ([a-z_.]+)[^\n]*\n(?:(?!\.It)[^\n]*\n)*?[^\n]*[Rr]equired\.)") == missing);
}

TEST_CASE("the profile in postern-profile(5) is one", "[postern]") {
    const std::string page = text_of("man/postern-profile.5");
    const std::string start = ".Bd -literal -offset indent\n";
    const auto begin = page.find(start) + start.size();
    CHECK(mistakes_of(page.substr(begin, page.find(".Ed", begin) - begin)) == "");
}
