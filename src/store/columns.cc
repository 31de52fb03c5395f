#include "store/columns.h"

namespace postern::store {

Outcome<void> run_all(Database& database, std::span<const char* const> statements) {
    for (const char* statement : statements)
        if (auto done = database.run(statement); !done) return done;
    return {};
}

Outcome<void> each(Database& database, std::string_view select, const std::function<void(const Row&)>& row) {
    try {
        return database.run(select, {}, row);
    } catch (const std::bad_variant_access&) {
        return tl::make_unexpected(
            Trouble{Trouble::Kind::damaged, database.file().string() + ": it holds what no postern has written"});
    }
}

}  // namespace postern::store
