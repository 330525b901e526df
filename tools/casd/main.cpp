// casd: train, evaluate and ask models from the command line.
#include "commands.h"
#include "common.h"

#include <cstdio>

namespace {

void describe(CLI::App& app) {
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("casd ") + casd_version_string());
  app.footer(
      "Examples:\n"
      "  casd train mosi.h5 --task classes:negative,positive --output mood.casd\n"
      "  casd eval mood.casd mosi.h5\n"
      "  casd predict mood.casd mosi.h5 --mask language,audio --count 5\n"
      "  casd train synthetic --output try.casd --epochs 3     (no data needed)\n"
      "'casd COMMAND --help' tells more. Exit codes: 0 done, 1 failed, 2 wrong usage.");
  program::add_train(app);
  program::add_eval(app);
  program::add_predict(app);
  program::add_info(app);
}

int run(int argc, char** argv) {
  CLI::App app(
      "Learns from several modalities at once, works when some are missing, and says how sure it "
      "is.");
  describe(app);
  const std::string first = argc > 1 ? argv[1] : "-";
  if (first[0] != '-' &&
      app.get_subcommands([&](const CLI::App* command) { return command->get_name() == first; })
          .empty())
    throw program::UsageError("there is no command '" + first +
                              "'; there are: train, eval, predict, info");
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& e) {  // --help, --version
    return app.exit(e);
  } catch (const CLI::Error& e) {
    app.exit(e);
    return program::exit_usage;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const program::UsageError& e) {
    std::fprintf(stderr, "casd: %s\n", e.what());
    return program::exit_usage;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "casd: %s\n", e.what());
    return program::exit_failed;
  }
}
