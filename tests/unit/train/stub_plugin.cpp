#include "unit/train/stub_plugin.h"

#include "core/crc32.h"
#include "model/model_file.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

struct casd_torch_network {
  casd::ModelPtr model;
  casd_trainer_options options;
  std::vector<float> parameters, first, second, counts, ema;
  bool ema_written = false;
};

namespace casd::test {
namespace {

std::uint32_t mix(std::uint32_t crc, const void* data, std::size_t size) {
  return data ? crc32(data, size, crc) : crc32("-", 1, crc);
}

std::uint32_t mix(std::uint32_t crc, const std::vector<float>& values) {
  return mix(crc, values.data(), values.size() * sizeof(float));
}

std::uint32_t mix(std::uint32_t crc, const Schema& schema, const casd_torch_batch* batch) {
  if (!batch) return crc;
  for (std::size_t m = 0; m < schema.modalities.size(); ++m) {
    const casd_torch_modality& part = batch->modality[m];
    const auto rows = static_cast<std::size_t>(part.rows);
    const auto features = static_cast<std::size_t>(schema.modalities[m].features);
    crc = mix(crc, part.sample, rows * sizeof(std::int32_t));
    crc = mix(crc, part.length, rows * sizeof(std::int32_t));
    crc = mix(crc, part.frames,
              rows * static_cast<std::size_t>(part.steps) * features * sizeof(float));
  }
  return crc;
}

std::vector<float>* table(casd_torch_network* n, std::int32_t what) {
  switch (what) {
    case CASD_TORCH_PARAMETERS:
      return &n->parameters;
    case CASD_TORCH_FIRST_MOMENT:
      return &n->first;
    case CASD_TORCH_SECOND_MOMENT:
      return &n->second;
    case CASD_TORCH_STEP_COUNTS:
      return &n->counts;
    default:
      return n->options.teacher == CASD_TEACHER_EMA ? &n->ema : nullptr;
  }
}

casd_status reject(casd_plugin_error* error, casd_status status, const char* message) {
  std::snprintf(error->message, sizeof error->message, "%s", message);
  return status;
}

casd_status create(casd_torch_network** network, const casd_torch_setup* setup,
                   casd_plugin_error* error) {
  if (setup->device != CASD_DEVICE_CPU)
    return reject(error, CASD_ERROR_UNAVAILABLE, "the stub supports the CPU only");
  auto* n = new casd_torch_network;
  n->model = parse_model({static_cast<const std::uint8_t*>(setup->model), setup->model_size}, "m");
  n->options = *setup->options;
  n->parameters = learned_values(n->model->layout(), n->model->values());
  n->first.assign(n->parameters.size(), 0);
  n->second = n->first;
  n->counts.assign(2 * n->model->schema().modalities.size() + 1, 0);
  const auto outputs = static_cast<std::size_t>(n->model->schema().logit_count());
  stub_record().class_weights.clear();
  if (setup->class_weights)
    stub_record().class_weights.assign(setup->class_weights, setup->class_weights + outputs);
  ++stub_record().networks;
  *network = n;
  return CASD_OK;
}

void destroy(casd_torch_network* network) {
  if (network) --stub_record().networks;
  delete network;
}

casd_status encode(casd_torch_network*, const casd_torch_batch*, float*, casd_plugin_error* error) {
  return reject(error, CASD_ERROR_UNAVAILABLE, "the stub does not encode");
}

void count_frames(RecordedStep& out, const casd_torch_modality& part, std::int32_t features) {
  std::int64_t frames = 0, zeros = 0;
  for (std::int64_t row = 0; row < part.rows; ++row)
    for (std::int64_t t = 0; t < part.length[row]; ++t, ++frames) {
      const float* frame = part.frames + (row * part.steps + t) * features;
      zeros += std::all_of(frame, frame + features, [](float value) { return value == 0; });
    }
  out.frames.push_back(frames);
  out.zero_frames.push_back(zeros);
}

void record_step(const casd_torch_network& n, const casd_torch_step& s) {
  const Schema& schema = n.model->schema();
  RecordedStep out{};
  out.phase = s.phase;
  out.seed = s.seed;
  out.step = s.step;
  out.learning_rate = s.learning_rate;
  out.samples = s.input->samples;
  out.complete = s.complete != nullptr;
  for (std::int32_t m = 0; m < s.input->modalities; ++m) {
    const casd_torch_modality& part = s.input->modality[m];
    out.rows.push_back(part.rows);
    count_frames(out, part, schema.modalities[static_cast<std::size_t>(m)].features);
  }
  const auto samples = static_cast<std::size_t>(s.input->samples);
  const auto columns = static_cast<std::size_t>(schema.target_columns());
  out.target.assign(s.target, s.target + samples * columns);
  out.labelled.assign(s.labelled, s.labelled + samples);
  if (s.teacher_location) {
    const auto hidden = static_cast<std::size_t>(n.model->options().hidden);
    const auto outputs = static_cast<std::size_t>(schema.logit_count());
    out.teacher_location.assign(s.teacher_location, s.teacher_location + samples * hidden);
    out.teacher_uncertainty.assign(s.teacher_uncertainty, s.teacher_uncertainty + samples * hidden);
    out.teacher_logits.assign(s.teacher_logits, s.teacher_logits + samples * outputs);
  }
  stub_record().steps.push_back(std::move(out));
}

casd_status step(casd_torch_network* n, const casd_torch_step* s, casd_torch_losses* losses,
                 casd_plugin_error* error) {
  if (static_cast<std::int64_t>(stub_record().steps.size()) == stub_record().fail_at)
    return reject(error, CASD_ERROR_NUMERIC, "the loss is not finite");
  record_step(*n, *s);
  const RecordedStep& recorded = stub_record().steps.back();
  std::uint32_t crc = mix(0, n->model->schema(), s->input);
  crc = mix(crc, n->model->schema(), s->complete);
  const std::vector<float>* const all[] = {&n->parameters,
                                           &n->first,
                                           &n->second,
                                           &n->counts,
                                           &n->ema,
                                           &recorded.target,
                                           &recorded.teacher_location,
                                           &recorded.teacher_uncertainty,
                                           &recorded.teacher_logits,
                                           &stub_record().class_weights};
  for (const std::vector<float>* values : all) crc = mix(crc, *values);
  crc = mix(crc, recorded.labelled.data(), recorded.labelled.size());
  for (const std::uint64_t number : {s->seed, s->step, static_cast<std::uint64_t>(s->phase)})
    crc = mix(crc, &number, sizeof number);

  std::uint32_t state = crc | 1u;
  for (std::size_t i = 0; i < n->parameters.size(); ++i) {
    state = state * 1664525u + 1013904223u;
    const float gradient = static_cast<float>(state >> 8) / 16777216.0f - 0.5f;
    n->first[i] = 0.9f * n->first[i] + 0.1f * gradient;
    n->second[i] = 0.9f * n->second[i] + 0.1f * gradient * gradient;
    n->parameters[i] -= static_cast<float>(s->learning_rate) * (n->first[i] + gradient);
  }
  for (float& count : n->counts) count += 1;
  if (s->phase == CASD_PHASE_STUDENT && n->options.teacher == CASD_TEACHER_EMA)
    for (std::size_t i = 0; i < n->ema.size(); ++i)
      n->ema[i] = 0.99f * n->ema[i] + 0.01f * n->parameters[i];

  const double nan = std::numeric_limits<double>::quiet_NaN();
  const bool student = s->phase == CASD_PHASE_STUDENT;
  losses->task = 1 + static_cast<double>(crc % 1000) / 1000;
  losses->logit = student ? losses->task / 3 : nan;
  losses->uncertainty = nan;
  losses->evidence = student ? losses->task / 7 : nan;
  losses->total = losses->task + (student ? losses->logit + losses->evidence : 0);
  losses->gradient_norm = 0.1 * losses->task;
  stub_record().steps.back().losses = *losses;
  if (stub_record().after_step) stub_record().after_step();
  return CASD_OK;
}

casd_status start_phase(casd_torch_network* n, casd_phase phase, casd_plugin_error*) {
  stub_record().phases.push_back(phase);
  n->first.assign(n->first.size(), 0);
  n->second = n->first;
  n->counts.assign(n->counts.size(), 0);
  if (n->options.teacher == CASD_TEACHER_EMA && phase == CASD_PHASE_STUDENT && !n->ema_written)
    n->ema = n->parameters;
  return CASD_OK;
}

casd_status read(casd_torch_network* n, std::int32_t what, float* values, std::int64_t count,
                 casd_plugin_error* error) {
  const std::vector<float>* from = table(n, what);
  if (!from || static_cast<std::int64_t>(from->size()) != count)
    return reject(error, CASD_ERROR_INTERNAL, "read: wrong count");
  std::copy(from->begin(), from->end(), values);
  return CASD_OK;
}

casd_status write(casd_torch_network* n, std::int32_t what, const float* values, std::int64_t count,
                  casd_plugin_error* error) {
  std::vector<float>* to = table(n, what);
  if (what == CASD_TORCH_EMA_TEACHER && to) {
    to->resize(n->parameters.size());
    n->ema_written = true;
  }
  if (!to || static_cast<std::int64_t>(to->size()) != count)
    return reject(error, CASD_ERROR_INTERNAL, "write: wrong count");
  to->assign(values, values + count);
  return CASD_OK;
}

}  // namespace

StubRecord& stub_record() {
  static StubRecord log;
  return log;
}

const casd_torch_plugin& stub_plugin() {
  static const casd_torch_plugin plugin = {CASD_TORCH_PLUGIN_VERSION,
                                           sizeof(casd_torch_plugin),
                                           create,
                                           destroy,
                                           encode,
                                           step,
                                           start_phase,
                                           read,
                                           write};
  return plugin;
}

}  // namespace casd::test
