// posternd: judges what the kernel queues. The order of a start is an argument for its safety; start.cc makes it.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "io/command_line.h"
#include "posternd/options.h"
#include "posternd/serve.h"
#include "posternd/start.h"

namespace {

// What a refused start or a failed run leaves: its exit code, with every line on standard error.
int told(const postern::Refused& refused) {
    for (const std::string& line : refused.lines) std::fprintf(stderr, "posternd: %s\n", line.c_str());
    return static_cast<int>(refused.exit);
}

int run(const postern::Options& options) {
    using namespace postern;
    auto daemon = start(options);
    if (!daemon) return told(daemon.error());
    const auto end = serve(**daemon);
    return end ? static_cast<int>(Exit::ok) : told({Exit::failed, {end.error().text}});
}

}  // namespace

int main(int argc, char** argv) {
    using namespace postern;
    std::signal(SIGPIPE, SIG_IGN);  // whoever reads our log or our answers may leave
    Options options;
    CLI::App app{"Judges the packets that postern's rules queue, by one policy. Runs in the foreground.", "posternd"};
    app.set_version_flag("--version", "posternd " POSTERN_VERSION);
    app.add_option("-c,--config", options.policy_file, "the policy")->capture_default_str();
    app.add_option("--state", options.state, "in place of the policy's state.directory");
    app.add_option("--queue-length", options.queue_length, "packets that may wait in each queue")
        ->capture_default_str();
    app.add_option("--receive-buffer", options.receive_buffer, "bytes of each queue's socket buffer; 0: what it needs");
    app.add_option("--events-buffer", options.events_buffer, "bytes of the socket buffer for ends of connections")
        ->capture_default_str();
    app.footer("SIGTERM ends it, SIGHUP reloads the policy, SIGUSR1 opens the log again. See posternd(8).");
    return io::run_command_line(app, argc, argv, [&] { return run(options); });
}
