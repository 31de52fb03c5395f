// What an operator reads: every policy of tests/golden/policy, and the lines that it gets.
#include <algorithm>
#include <sstream>

#include "catch.h"
#include "config/tree.h"
#include "unit/config/policy_files.h"

namespace postern::config::test {
namespace {

const fs::path golden = fs::path{POSTERN_SOURCE_DIR} / "tests/golden/policy";

std::vector<fs::path> golden_policies() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator{golden})
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

Lines lines_of(const std::string& text) {
    Lines lines;
    std::istringstream stream{text};
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

TEST_CASE("mistakes are said all at once, each in its line", "[config]") {
    const auto policies = golden_policies();
    REQUIRE(policies.size() >= 14);
    for (const fs::path& policy : policies) {
        const std::string name = policy.filename().string();
        INFO(name);
        PolicyFiles files;
        files.write(name, read_whole(policy));
        const Lines expected = lines_of(read_whole(fs::path{policy}.replace_extension(".txt")));
        CHECK_FALSE(expected.empty());
        CHECK(files.mistakes(without_secrets, name) == expected);
    }
}

TEST_CASE("a mistake is one line, whatever the file holds", "[config]") {
    PolicyFiles files;
    files.write("postern.yaml", least + "\"a\\nb\\x1b[31m\": 1\nlog: {file: " + std::string(2000, 'x') + ", x: 1}\n" +
                                    std::string(900, 'y') + ": 1\n");
    const Lines lines = files.mistakes();
    REQUIRE(lines.size() == 3);
    for (const std::string& line : lines) {
        CHECK(line.size() < 700);
        CHECK(std::none_of(line.begin(), line.end(), [](char c) { return c >= 0 && c < ' '; }));
    }
    CHECK(lines[0].find(R"(a\x0ab\x1b[31m: not in this version)") != std::string::npos);
}

TEST_CASE("a file that is not there, not a file, or too long is one mistake", "[config]") {
    PolicyFiles files;
    CHECK(files.mistakes() == Lines{"postern.yaml: cannot be read: No such file or directory"});
    CHECK(files.mistakes(with_secrets) == files.mistakes());
    files.write("directory/x", "");
    CHECK(files.mistakes(without_secrets, "directory") == Lines{"directory: is not a plain file"});
    files.write("postern.yaml", least + std::string(1024 * 1024, '#'));
    CHECK(files.mistakes() == Lines{"postern.yaml: is longer than 1 MiB"});
    files.write("postern.yaml", least + std::string(1024 * 1024 - least.size(), '#'));
    CHECK(files.mistakes().empty());
}

std::string repeated(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
}

TEST_CASE("a bomb is one mistake", "[config]") {
    const std::string bomb =
        GENERATE(repeated("[", 100'000), repeated("{a: ", 110'000), repeated("? ", 100'000), repeated("- ", 100'000),
                 repeated("- a\n", 110'000), "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "<<: *missing\n");
    INFO(bomb.substr(0, 20));
    Mistakes mistakes;
    CHECK_FALSE(parse_tree("bomb.yaml", bomb, mistakes));
    CHECK(std::move(mistakes).sorted("bomb.yaml").size() == 1);
}

TEST_CASE("what YAML cannot read is a mistake and never an exception", "[config]") {
    const auto broken =
        std::to_array<std::string>({"a: 'x", "a: [", "a: b: c", "\t- a", "a: |x\n", "%YAML 9.9\n---\na", "a: \"\\q\"",
                                    "@", "`", std::string("a: \0b", 5), "\xff\xfe\x00", "...", "---\n---", "!!binary x",
                                    "{}: 1", "- a\nb: 1", "]", "}", ","});
    for (const std::string& text : broken) {
        INFO(text);
        PolicyFiles files;
        files.write("postern.yaml", text);
        CHECK_FALSE(files.mistakes().empty());
    }
}

}  // namespace
}  // namespace postern::config::test
