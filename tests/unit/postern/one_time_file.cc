// The client's copy of a one-time list: the next line, and its mark.
#include "postern/one_time_file.h"

#include "catch.h"
#include "knock/sequence.h"
#include "scratch.h"

using namespace postern;
using namespace postern::client;
using postern::test::ScratchDirectory;

namespace {

struct Lines : ScratchDirectory {
    explicit Lines(const std::string& text, mode_t mode = 0600) { test::put_text(file, text, mode); }
    [[nodiscard]] std::string text() const { return test::read_whole(file); }
    [[nodiscard]] std::string refused() const {
        const auto opened = OneTimeFile::open(file);
        return opened ? "" : opened.error().text;
    }
    std::filesystem::path file = *this / "door.lines";
};

}  // namespace

TEST_CASE("the next line is the first that is not marked; marking it changes nothing else", "[postern]") {
    const Lines lines{"# mine\n#1,2\n\n 7000, 8000:udp\r\n9,8", 0640};
    {
        const auto list = OneTimeFile::open(lines.file);
        REQUIRE(list);
        CHECK(knock::to_text(list->steps()) == "tcp/7000,udp/8000");
        CHECK(lines.text() == "# mine\n#1,2\n\n 7000, 8000:udp\r\n9,8");
        REQUIRE(list->mark());
    }
    CHECK(lines.text() == "# mine\n#1,2\n\n# 7000, 8000:udp\r\n9,8");
    struct stat status {};
    REQUIRE(::stat(lines.file.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0640);
    const auto last = OneTimeFile::open(lines.file);
    REQUIRE(last);
    CHECK(knock::to_text(last->steps()) == "tcp/9,tcp/8");
    REQUIRE(last->mark());
    CHECK(lines.text().ends_with("\n#9,8"));
}

TEST_CASE("a link to a list stays one", "[postern]") {
    const Lines lines{"9,8\n"};
    std::filesystem::create_symlink(lines.file, lines / "link");
    const auto list = OneTimeFile::open(lines / "link");
    REQUIRE((list && list->mark()));
    CHECK(std::filesystem::is_symlink(lines / "link"));
    CHECK(lines.text() == "#9,8\n");
}

TEST_CASE("what is no line, and a list without one, is said with its file", "[postern]") {
    const Lines used{"#1,2\n\n"}, wrong{"#1,2\n7,x\n"}, flags{"tcp/7/ack,8\n"};
    CHECK(used.refused() == used.file.string() + ": every line is used: get new lines, here and at the gateway");
    CHECK(wrong.refused() ==
          wrong.file.string() + ":2: got \"x\", expected a step such as tcp/7000, udp/8000 or icmp/echo-request");
    CHECK(flags.refused().find(":1: got \"tcp/7/ack\", expected tcp/7") != std::string::npos);
    const auto missing = OneTimeFile::open(used / "nowhere");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().text == (used / "nowhere").string() + ": No such file or directory");
}
