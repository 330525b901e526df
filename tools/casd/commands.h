// The subcommands: each adds itself to the command line.
#pragma once

namespace CLI {
class App;
}

namespace program {

void add_train(CLI::App& app);
void add_calibrate(CLI::App& app);
void add_eval(CLI::App& app);
void add_predict(CLI::App& app);
void add_info(CLI::App& app);

}  // namespace program
