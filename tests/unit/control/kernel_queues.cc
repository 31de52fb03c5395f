#include "control/kernel_queues.h"

#include "catch.h"
#include "unit/control/fake_service.h"

using namespace postern;
using namespace postern::control;

TEST_CASE("root's counts are added to the queues they belong to", "[control]") {
    Status status = test::sample_status();
    status.warnings.clear();
    add_kernel_counts(
        status,
        "    0   4711     0 2 65531    17     2       12  1\n    9   4712     0 2 65531     5     0       12  1\n");
    CHECK(status.queues[0].queue_full == 17u);
    CHECK(!status.queues[1].queue_full);
    REQUIRE(status.warnings.size() == 1);
    CHECK(status.warnings[0] == "queue 0: 17 packets were dropped unjudged: the queue was full");
    add_kernel_counts(status, "    1   4711     0 2 65531     0     0       12  1\nno numbers\n");
    CHECK(status.queues[1].queue_full == 0u);
    CHECK(status.warnings.size() == 1);
}

TEST_CASE("a count that is not known travels as such", "[control]") {
    const auto back = read_status(to_json(test::sample_status()));
    REQUIRE(back);
    CHECK(back->queues[0].queue_full == 1u);
    CHECK(!back->queues[1].queue_full);
}
