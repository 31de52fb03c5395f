// What a person sees. The texts are compared whole: they are the product here.
#include "control/text.h"

#include <algorithm>

#include "catch.h"
#include "unit/control/fake_service.h"

using namespace postern;
using namespace postern::control;

TEST_CASE("a status as text", "[control]") {
    CHECK(to_text(test::sample_status()) ==
          R"(posternd 0.1.0, process 4711, since 2026-11-21 09:00:00 UTC
policy  /etc/postern/postern.yaml, read 2026-11-21 09:00:00 UTC
rules   packets arrive from the rules; generation 0
grants  1 of at most 65536
flows   0 of at most 131072
log     /var/log/postern/verdicts.json, 17 lines written, 0 lost

QUEUE  RECEIVED  LOST  QUEUE FULL  STALE VERDICTS  ERRORS  LAST ID
    0        10     2  1                        0       0       12
    1         0     0  ?                        0       0        0

PACKETS  REASON        MEANING
      9  no_grant      nobody at that source was granted that service
      1  spa_accepted  the message is genuine and a grant was made

warning: queue 0 lost 2 packets
)");
}

TEST_CASE("grants and flows as tables", "[control]") {
    const GrantRow live{12, "alice", "ssh", "198.51.100.7", 0, 12999, 1, "live"};
    const GrantRow over{7, "bob", "ssh", "2001:db8::7", 40000, -61000, 0, "used"};
    CHECK(to_text(std::vector{live, over}) ==
          R"(GRANT  CLIENT  SERVICE  SOURCE        PORT   STATE  EXPIRES    FLOWS LEFT
   12  alice   ssh      198.51.100.7  any    live   in 12s              1
    7  bob     ssh      2001:db8::7   40000  used   1m 1s ago           0
)");
    const FlowRow flow{"tcp/198.51.100.7:40000/192.0.2.1:22",
                       12,
                       "alice",
                       "ssh",
                       "tcp",
                       "198.51.100.7",
                       40000,
                       "192.0.2.1",
                       22,
                       90061000,
                       3};
    CHECK(to_text(std::vector{flow}) ==
          R"(FLOW                                 GRANT  CLIENT  SERVICE  AGE    ACCEPTS
tcp/198.51.100.7:40000/192.0.2.1:22     12  alice   ssh      1d 1h        3
)");
    CHECK(to_text(std::vector<GrantRow>{}) == "no grants\n");
    CHECK(to_text(std::vector<FlowRow>{}) == "no flows\n");
}

TEST_CASE("a revoke says what it did", "[control]") {
    CHECK(to_text(RevokeReport{1, 2, {}}) == "ended 1 grant and 2 flows\n");
    CHECK(to_text(ReloadReport{{}, 3, 1, {"x"}}) == "reloaded: 3 clients, 1 service\nwarning: x\n");
}

TEST_CASE("no terminal obeys a name", "[control]") {
    const GrantRow grant{1, "a\x1b[2J\nb\xc3\xa9", "ssh", "198.51.100.7", 0, 0, 1, "live"};
    const std::string text = to_text(std::vector{grant});
    CHECK(text.find("a?[2J?b??") != std::string::npos);
    CHECK(std::count(text.begin(), text.end(), '\n') == 2);
}
