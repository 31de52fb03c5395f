// How the client reads a step.
#include "postern/knock_sockets.h"

#include "catch.h"

using namespace postern;
using namespace postern::client;

TEST_CASE("the client reads a step as the policy has it, or as knock(1) does", "[postern]") {
    const std::pair<const char*, const char*> pairs[] = {
        {"tcp/7000", "tcp/7000"}, {"udp/8000", "udp/8000"}, {"icmp/echo-request", "icmp/echo-request"},
        {"7000", "tcp/7000"},     {"7000:tcp", "tcp/7000"}, {"8000:udp", "udp/8000"},
        {"tcp/7/syn", "tcp/7"},
    };
    for (const auto& [text, meant] : pairs) {
        INFO(text);
        const auto step = read_step(text);
        REQUIRE(step);
        CHECK(knock::to_text(*step) == meant);
    }
}

TEST_CASE("the client says what it expected of a step that is none", "[postern]") {
    for (const char* text :
         {"", "0", "65536", "7000:sctp", "7000:", ":udp", "tcp/", "echo-request", "-1", "7000:udp:1"}) {
        INFO(text);
        const auto step = read_step(text);
        REQUIRE_FALSE(step);
        CHECK(step.error().text ==
              "got \"" + std::string{text} + "\", expected a step such as tcp/7000, udp/8000 or icmp/echo-request");
    }
}

TEST_CASE("the client refuses flags that an ordinary socket cannot send", "[postern]") {
    for (const char* text : {"tcp/7000/ack", "tcp/7000/syn+urg"}) {
        const auto step = read_step(text);
        REQUIRE_FALSE(step);
        CHECK(step.error().text.find("expected tcp/7000: only a SYN") != std::string::npos);
    }
}
