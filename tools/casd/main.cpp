// casd: train, evaluate and run models from the command line.
#include "commands.h"
#include "common.h"
#include "output.h"
#include "terminal.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <numeric>
#include <sstream>

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
      "'casd COMMAND --help' describes a command. Exit status: 0 success, 1 failure, 2 wrong "
      "usage.");
  program::add_train(app);
  program::add_calibrate(app);
  program::add_eval(app);
  program::add_predict(app);
  program::add_info(app);
}

/// Edit distance: characters to insert, remove or replace to get from one word to the other.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// ". Did you mean 'train'?" if one of the words is near; else "".
std::string suggestion(const std::string& word, const std::vector<std::string>& words) {
  const auto nearest = std::min_element(
      words.begin(), words.end(),
      [&](const auto& a, const auto& b) { return distance(word, a) < distance(word, b); });
  const std::size_t most = std::max<std::size_t>(word.size() / 4, 1) + 1;
  if (nearest == words.end() || distance(word, *nearest) > most) return "";
  return ". Did you mean '" + *nearest + "'?";
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

void check_command(const CLI::App& app, int argc, char** argv) {
  const std::vector<std::string> commands = commands_of(app);
  if (argc < 2)
    throw program::UsageError("a command is needed: " + program::joined(commands) +
                              ". 'casd --help' describes them.");
  const std::string first = argv[1];
  if (first[0] == '-') {
    const std::vector<std::string> options = {"--help", "--version", "-h"};
    if (std::find(options.begin(), options.end(), first) != options.end()) return;
    throw program::UsageError("there is no option '" + first + "' before the command" +
                              suggestion(first, options));
  }
  if (std::find(commands.begin(), commands.end(), first) != commands.end()) return;
  throw program::UsageError("there is no command '" + first + "'; there are: " +
                            program::joined(commands) + suggestion(first, commands));
}

/// CLI11's message, with a suggestion for an unknown option.
std::string usage_message(const CLI::App& app, const CLI::Error& error, int argc, char** argv) {
  std::string message = error.what();
  std::string name = "casd", arguments;
  std::vector<std::string> options;
  for (const CLI::App* command : app.get_subcommands()) {
    name += " " + command->get_name();
    for (const CLI::Option* option : command->get_options()) {
      if (option->get_positional()) arguments += " " + option->get_name(true);
      for (const std::string& word : option->get_lnames()) options.push_back("--" + word);
    }
  }
  // CLI11 may report a misspelt option as a missing required one.
  const auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());
  if (code == CLI::ExitCodes::ExtrasError || code == CLI::ExitCodes::RequiredError) {
    for (int i = 2; i < argc; ++i) {
      const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
      if (word.rfind("--", 0) != 0 ||
          std::find(options.begin(), options.end(), word) != options.end())
        continue;
      message = "there is no option '" + word + "'" + suggestion(word, options);
      break;
    }
  }
  return message + "\nUsage: " + name + " [OPTIONS]" + arguments + "\n'" + name +
         " --help' describes the options.";
}

int run(int argc, char** argv) {
  CLI::App app(
      "Trains and runs models of several modalities that keep working when some are missing and "
      "give the uncertainty of each result.",
      "casd");
  describe(app);
  check_command(app, argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    std::ostringstream out, errors;
    app.exit(e, out, errors);
    program::print_text(out.str());
    if (out.str().back() != '\n') program::print_text("\n");
  } catch (const CLI::Error& e) {
    throw program::UsageError(usage_message(app, e, argc, argv));
  }
  program::finish_output();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  program::reserve_standard_streams();
  try {
    return run(argc, argv);
  } catch (const program::UsageError& e) {
    program::note(std::string("casd: ") + e.what());
    return program::exit_usage;
  } catch (const std::exception& e) {
    program::note(std::string("casd: ") + e.what());
    return program::exit_failed;
  }
}
