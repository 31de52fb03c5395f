#include "io/boot.h"

#include <algorithm>

#include "catch.h"
#include "scratch.h"

using namespace postern;

TEST_CASE("a boot has the name that the kernel gives it", "[io]") {
    std::string name = test::read_whole("/proc/sys/kernel/random/boot_id");
    std::erase_if(name, [](char byte) { return byte == '-' || byte == '\n'; });
    CHECK(name.size() == 32);
    CHECK(io::boot_id() == name);
}
