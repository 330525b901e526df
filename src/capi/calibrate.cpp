#include <casd/calibrate.h>

#include "capi/handles.h"
#include "capi/option_struct.h"
#include "train/model_calibration.h"

using casd::given;
using casd::guard;

casd_status casd_calibrate_options_init(casd_calibrate_options* options, size_t size) {
  return guard([&] {
    casd::init_struct(options, size, casd::default_calibrate_options(),
                      casd::first_size::calibrate_options, "options");
  });
}

casd_status casd_model_calibrate(casd_model** result, const casd_model* model,
                                 const casd_dataset* dataset, const char* split,
                                 const casd_calibrate_options* options,
                                 casd_calibrate_callback progress, void* user) {
  return guard([&] {
    given(result, "result");
    casd::EvaluationProgress step;
    if (progress)
      step = [&](std::int64_t done, std::int64_t total) {
        if (progress(done, total, user) != 0)
          casd::fail(CASD_ERROR_CANCELLED, "the callback cancelled the calibration");
      };
    *result = new casd_model(
        casd::calibrate(given(model, "model").value, given(dataset, "dataset").value, split,
                        casd::import_struct(options, casd::default_calibrate_options(),
                                            casd::first_size::calibrate_options, "options"),
                        step));
  });
}
