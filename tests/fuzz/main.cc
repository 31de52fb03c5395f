// In place of libFuzzer: runs the inputs that are named, each a file or a directory of files. 1: there were none.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// In memory of exactly its size, so that a sanitizer sees a read behind it.
void run(const fs::path& file) {
    std::ifstream stream{file, std::ios::binary};
    const std::vector<char> read{std::istreambuf_iterator<char>{stream}, {}};
    const std::vector<std::uint8_t> bytes(read.begin(), read.end());
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);  // whoever aborts has been named
    (void)LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::size_t run_all(const fs::path& path) {
    if (fs::is_regular_file(path)) return run(path), 1;
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator{path}) {
        run(entry.path());
        ++count;
    }
    return count;
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        if (!fs::exists(argv[i])) return std::fprintf(stderr, "%s: is not there\n", argv[i]), 1;
        count += run_all(argv[i]);
    }
    std::printf("%zu inputs\n", count);
    if (count == 0) std::fprintf(stderr, "got no input, expected files, or a directory that has some\n");
    return count == 0 ? 1 : 0;
}
