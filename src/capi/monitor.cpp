#include <casd/monitor.h>

#include "capi/handles.h"
#include "capi/option_struct.h"

using casd::given;
using casd::guard;

namespace {

casd_monitor_options default_options() {
  const casd::MonitorRules rules;
  casd_monitor_options out{};
  out.struct_size = sizeof out;
  out.samples_per_false_alarm = rules.samples_per_false_alarm;
  out.warm_up = rules.warm_up;
  out.seed = rules.seed;
  return out;
}

casd_monitor_subject subject_of(casd::MonitorSubject subject) {
  switch (subject) {
    case casd::MonitorSubject::modality_variance:
      return CASD_MONITOR_MODALITY_VARIANCE;
    case casd::MonitorSubject::uncertainty:
      return CASD_MONITOR_UNCERTAINTY;
    case casd::MonitorSubject::error_probability:
      return CASD_MONITOR_ERROR_PROBABILITY;
    default:
      return CASD_MONITOR_MODALITIES;
  }
}

casd_monitor_state state_of(const casd_monitor& monitor) {
  const casd::Monitor& value = monitor.value;
  casd_monitor_state out{};
  out.struct_size = sizeof out;
  out.alarm = monitor.alarm;
  out.samples = value.samples();
  out.alarms = value.alarms();
  out.last_alarm = value.last_alarm();
  out.alarm_subject = subject_of(value.alarm_source().subject);
  out.alarm_modality = value.alarm_source().modality;
  out.evidence = value.evidence();
  out.subject = subject_of(value.source().subject);
  out.modality = value.source().modality;
  return out;
}

}  // namespace

casd_status casd_monitor_options_init(casd_monitor_options* options, size_t size) {
  return guard([&] {
    casd::init_struct(options, size, default_options(), casd::first_size::monitor_options,
                      "options");
  });
}

casd_status casd_monitor_state_init(casd_monitor_state* state, size_t size) {
  return guard([&] {
    casd::init_struct(state, size, casd_monitor_state{}, casd::first_size::monitor_state, "state");
  });
}

casd_status casd_monitor_create(casd_monitor** monitor, const casd_model* model,
                                const casd_monitor_options* options) {
  return guard([&] {
    given(monitor, "monitor");
    const casd::Model& of = *given(model, "model").value;
    const casd_monitor_options wanted = casd::import_struct(
        options, default_options(), casd::first_size::monitor_options, "options");
    casd::require(wanted.reserved == 0, "options.reserved must be 0");
    *monitor = new casd_monitor(of, {wanted.samples_per_false_alarm, wanted.warm_up, wanted.seed});
  });
}

void casd_monitor_destroy(casd_monitor* monitor) { delete monitor; }

casd_status casd_monitor_add(casd_monitor* monitor, const casd_prediction* prediction) {
  return guard([&] {
    casd_monitor& to = given(monitor, "monitor");
    const casd::Prediction& rows = given(prediction, "prediction").value;
    if (!rows.filled())
      casd::fail(CASD_ERROR_STATE, "the prediction is empty: call casd_predict() first");
    to.alarm = to.value.observe(rows) ? 1 : 0;
  });
}

casd_status casd_monitor_get_state(casd_monitor_state* state, const casd_monitor* monitor) {
  return guard([&] {
    const casd_monitor_state now = state_of(given(monitor, "monitor"));
    const std::size_t size =
        casd::receiving_size(&given(state, "state"), casd::first_size::monitor_state, "state");
    casd::init_struct(state, size, now, casd::first_size::monitor_state, "state");
  });
}
