#include "unit/posternd/recorded_disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <fstream>

#include "catch.h"

namespace postern::test {
namespace {

using Kind = DiskOperation::Kind;
constexpr std::size_t sector = 512;

std::vector<DiskOperation> recorded;

// What SQLite allocates for an open file: ours, and behind it the one of the true disk.
struct File {
    sqlite3_file base;
    std::string* name;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return of(file).real(); }
sqlite3_vfs* real(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

void record(sqlite3_file* file, Kind kind, std::int64_t offset = 0, std::string bytes = {}) {
    recorded.push_back({kind, *of(file).name, offset, std::move(bytes)});
}

int close(sqlite3_file* file) {
    delete of(file).name;
    return real(file)->pMethods->xClose(real(file));
}
int read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
    return real(file)->pMethods->xRead(real(file), to, size, offset);
}
int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
    record(file, Kind::write, offset, {static_cast<const char*>(from), static_cast<std::size_t>(size)});
    return real(file)->pMethods->xWrite(real(file), from, size, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
    record(file, Kind::truncate, size);
    return real(file)->pMethods->xTruncate(real(file), size);
}
int sync(sqlite3_file* file, int) {
    record(file, Kind::sync);
    return SQLITE_OK;  // what would be lost without it is told from the record
}
int size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int reserved(sqlite3_file* file, int* out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); }
int control(sqlite3_file* file, int what, void* with) {
    return real(file)->pMethods->xFileControl(real(file), what, with);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }

constexpr sqlite3_io_methods methods{
    1,           close,           read,    write,   truncate, sync,    size,    lock,   unlock, reserved, control,
    sector_size, characteristics, nullptr, nullptr, nullptr,  nullptr, nullptr, nullptr};

std::string name_of(const char* path) { return path ? std::filesystem::path{path}.filename().string() : "temporary"; }

int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    const int opened = real(vfs)->xOpen(real(vfs), path, real(file), flags, out);
    if (opened != SQLITE_OK) return opened;
    of(file).name = new std::string{name_of(path)};
    of(file).base.pMethods = &methods;
    return opened;
}
int remove(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    recorded.push_back({Kind::remove, name_of(path), 0, {}});
    return real(vfs)->xDelete(real(vfs), path, sync_directory);
}

sqlite3_vfs& recording() {
    static sqlite3_vfs vfs = [] {
        sqlite3_vfs* const system = sqlite3_vfs_find(nullptr);
        sqlite3_vfs made = *system;
        made.szOsFile = static_cast<int>(sizeof(File)) + system->szOsFile;
        made.zName = "recorded";
        made.pAppData = system;
        made.xOpen = open;
        made.xDelete = remove;
        return made;
    }();
    return vfs;
}

void apply(std::string& content, std::int64_t offset, std::string_view bytes) {
    const auto at = static_cast<std::size_t>(offset);
    if (content.size() < at + bytes.size()) content.resize(at + bytes.size());
    std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(at));
}

// One operation as the disk has it: whole where it was synced; else sector by sector, or not at all.
void apply(std::string& content, const DiskOperation& operation, bool synced, std::mt19937& random) {
    const auto there = [&] { return synced || random() % 2 == 0; };
    if (operation.kind == Kind::truncate && there()) content.resize(static_cast<std::size_t>(operation.offset));
    if (operation.kind != Kind::write) return;
    for (std::size_t at = 0; at < operation.bytes.size(); at += sector)
        if (there())
            apply(content, operation.offset + static_cast<std::int64_t>(at),
                  std::string_view{operation.bytes}.substr(at, sector));
}

}  // namespace

RecordedDisk::RecordedDisk() {
    recorded.clear();
    REQUIRE(sqlite3_vfs_register(&recording(), 1) == SQLITE_OK);
}

RecordedDisk::~RecordedDisk() { sqlite3_vfs_unregister(&recording()); }

std::size_t RecordedDisk::operations() const { return recorded.size(); }

void RecordedDisk::restore(std::size_t operations, std::mt19937& random, const std::filesystem::path& directory) const {
    std::map<std::string, std::size_t> synced;  // up to which operation
    for (std::size_t i = 0; i < operations; ++i)
        if (recorded[i].kind == Kind::sync || recorded[i].kind == Kind::remove) synced[recorded[i].file] = i;
    std::map<std::string, std::string> files;
    for (std::size_t i = 0; i < operations; ++i) {
        const DiskOperation& operation = recorded[i];
        const auto last = synced.find(operation.file);
        if (operation.kind == Kind::remove)
            files.erase(operation.file);
        else
            apply(files[operation.file], operation, last != synced.end() && i <= last->second, random);
    }
    for (const auto& [name, content] : files) std::ofstream{directory / name, std::ios::binary} << content;
}

}  // namespace postern::test
