// The counter of allocations counts. A file of its own: seeing it, a compiler believes that malloc leaves it alone.
#include <cstdlib>

#include "allocations.h"
#include "catch.h"

TEST_CASE("the counter sees every way to take memory", "[noise]") {
    if (!postern::test::allocations_are_counted()) return;
    std::size_t before = postern::test::allocations();
    const auto another = [&] {
        const bool more = postern::test::allocations() > before;
        before = postern::test::allocations();
        return more;
    };
    void* volatile memory = std::malloc(10);
    const bool by_malloc = another();
    memory = std::realloc(memory, 1000);
    const bool by_realloc = another();
    std::free(memory);
    memory = std::calloc(2, 10);
    const bool by_calloc = another();
    std::free(memory);
    int* volatile number = new int{};
    const bool by_new = another();
    delete number;
    const bool by_nothing = another();
    CHECK((by_malloc && by_realloc && by_calloc && by_new));
    CHECK_FALSE(by_nothing);
}
