#include "survey/offers.h"

#include "catch.h"

using namespace postern;
using namespace postern::survey;

namespace {

Listener listener(Transport transport, std::string_view address, std::uint16_t port, std::string program) {
    return {transport, *parse_address(address), port, 0, 4711, std::move(program)};
}

std::string text(const std::vector<Listener>& listeners) {
    std::string all;
    for (const Offer& one : offers(listeners, {})) all += one.service + '=' + one.port + ' ';
    return all;
}

}  // namespace

TEST_CASE("each port that waits for strangers is offered once, under a name of its own", "[survey]") {
    CHECK(text({listener(Transport::udp, "0.0.0.0", 53, "named"), listener(Transport::tcp, "0.0.0.0", 22, "sshd"),
                listener(Transport::tcp, "::", 22, "sshd"), listener(Transport::tcp, "::", 443, "nginx")}) ==
          "ssh=tcp/22 nginx=tcp/443 named=udp/53 ");
    CHECK(text({listener(Transport::tcp, "::", 80, "nginx"), listener(Transport::tcp, "::", 443, "nginx")}) ==
          "nginx-tcp80=tcp/80 nginx-tcp443=tcp/443 ");
    CHECK(text({listener(Transport::tcp, "::", 8000, ""), listener(Transport::tcp, "::", 9, "a b\"{")}) ==
          "ab=tcp/9 tcp8000=tcp/8000 ");
}

TEST_CASE("loopback, clients, DHCP and discovery are not offered", "[survey]") {
    CHECK(
        text({listener(Transport::tcp, "127.0.0.1", 631, "cupsd"), listener(Transport::udp, "0.0.0.0", 68, "dhclient"),
              listener(Transport::udp, "0.0.0.0", 40000, "ntpd"), listener(Transport::udp, "::", 5353, "avahi")})
            .empty());
}

TEST_CASE("the ways out are the interfaces of the default routes", "[survey]") {
    const auto both = ways_out(R"([{"dst":"default","gateway":"192.0.2.1","dev":"wan0"}])",
                               R"([{"dst":"default","dev":"wan0"},{"dst":"default","dev":"ppp0"}])");
    CHECK(both.value() == std::vector<std::string>{"wan0", "ppp0"});
    CHECK(ways_out("", "[]").value().empty());
    CHECK(!ways_out("nonsense", ""));
}
