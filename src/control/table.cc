#include "control/table.h"

#include <algorithm>

#include "base/printable.h"

namespace postern::control::detail {
namespace {

struct Column {
    std::size_t width = 0;
    bool numbers = true;
};

bool is_number(const std::string& cell) {
    return !cell.empty() && std::all_of(cell.begin(), cell.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<Column> measure(const std::vector<TableRow>& rows) {
    std::vector<Column> columns(rows.front().size());
    for (const TableRow& row : rows)
        for (std::size_t i = 0; i < columns.size(); ++i) {
            columns[i].width = std::max(columns[i].width, row[i].size());
            columns[i].numbers = columns[i].numbers && (&row == &rows.front() || is_number(row[i]));
        }
    return columns;
}

std::string line(const TableRow& row, const std::vector<Column>& columns) {
    std::string text;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string blank(columns[i].width - row[i].size(), ' ');
        text += (i > 0 ? "  " : "") + (columns[i].numbers ? blank + row[i] : row[i] + blank);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return printable(std::move(text)) + '\n';
}

}  // namespace

std::string table(const std::vector<TableRow>& rows) {
    const auto columns = measure(rows);
    std::string text;
    for (const TableRow& row : rows) text += line(row, columns);
    return text;
}

}  // namespace postern::control::detail
