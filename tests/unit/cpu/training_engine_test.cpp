// The built-in engine in training: its gradient is the slope of its loss, whatever the options; threads
// and division of the batch change nothing; state can be read, written and continued.
#include "cpu/training_engine.h"

#include "core/error.h"
#include "data/dataset.h"
#include "data/statistics.h"
#include "data/synthetic.h"
#include "support/allocations.h"
#include "train/options.h"
#include "train/step_builder.h"
#include "unit/cpu/training_support.h"

namespace casd::cpu {
namespace {

constexpr std::size_t samples = 24;

/// Samples with missing modalities and labels, and a small model with its statistics.
struct Setting {
  explicit Setting(casd_trainer_options trainer, casd_task task = CASD_TASK_CLASSES,
                   casd_pooling pooling = CASD_POOLING_LAST,
                   casd_absent_policy absent = CASD_ABSENT_EXCLUDED)
      : options(trainer) {
    casd_synthetic_options wanted = default_synthetic_options();
    wanted.task = task;
    wanted.train_samples = samples;
    wanted.missing_rate = 0.2;
    wanted.max_steps = 11;
    data = make_synthetic(wanted);
    auto& all = data.splits[0].samples;
    for (std::size_t i = 0; i < samples; i += 5) all[i].target.clear();
    for (const Sample& sample : all) pointers.push_back(&sample);
    casd_model_options sizes = default_model_options();
    sizes.hidden = 12;
    sizes.heads = 3;
    sizes.feed_forward = 17;
    sizes.pooling = pooling;
    sizes.absent = absent;
    model = create_model(data.schema, sizes);
    model = with_statistics(*model, fit_statistics(data.schema, pointers));
    builder = std::make_unique<StepBuilder>(*model, pointers, Span<const float>());
    for (std::size_t i = 0; i < samples; ++i) rows.push_back(static_cast<std::int64_t>(i));
    std::reverse(rows.begin(), rows.end());
  }

  std::unique_ptr<CpuTraining> engine(Target target = supported_targets()[0],
                                      int threads = 1) const {
    EngineSetup setup;
    setup.threads = threads;
    auto out = std::make_unique<CpuTraining>(*model, setup,
                                             TrainingSetup{training_options(options), {}}, target);
    out->bind(builder->data());
    if (options.teacher == CASD_TEACHER_FROZEN) {
      const auto hidden = static_cast<std::size_t>(model->options().hidden);
      const auto outputs = static_cast<std::size_t>(data.schema.logit_count());
      out->set_teacher_outputs(numbers(samples * hidden, 1), numbers(samples * hidden, 2),
                               numbers(samples * outputs, 3));
    }
    out->begin_phase(TrainingPhase::student);
    return out;
  }
  static std::vector<float> numbers(std::size_t count, std::uint32_t part) {
    std::vector<float> out = test::floats(test::random_values(count, part));
    for (float& value : out) value = std::fabs(value);
    return out;
  }
  StepRequest request(std::int64_t step = 3, casd_phase phase = CASD_PHASE_STUDENT) const {
    return builder->request(options, phase, step, rows);
  }

  casd_trainer_options options;
  Dataset data;
  std::vector<const Sample*> pointers;
  ModelPtr model;
  std::unique_ptr<StepBuilder> builder;
  std::vector<std::int64_t> rows;  // of the batch, in another order than the samples
};

std::vector<float> read(const Setting& setting, const CpuTraining& engine, StatePart part) {
  const NetworkLayout& layout = setting.model->layout();
  std::vector<float> out(part == StatePart::step_counts
                             ? layout.groups.size()
                             : static_cast<std::size_t>(layout.learned_count));
  engine.read(part, out);
  return out;
}

std::vector<float> gradient_of(const Setting& setting, CpuTraining& engine,
                               casd_phase phase = CASD_PHASE_STUDENT) {
  engine.accumulate(setting.request(3, phase));
  return read(setting, engine, StatePart::gradient);
}

casd_trainer_options with(casd_teacher_mode teacher, casd_sampling_mode sampling) {
  casd_trainer_options options = default_trainer_options();
  options.teacher = teacher;
  options.sampling = sampling;
  options.uncertainty_weight = 0.1;
  return options;
}

// Data-parallel training reads the gradients of several engines and writes their sum.
TEST(CpuTraining, WritesTheGradientThatItReads) {
  const Setting setting(with(CASD_TEACHER_NONE, CASD_SAMPLING_NONE));
  const auto from = setting.engine(), to = setting.engine();
  const std::vector<float> gradient = gradient_of(setting, *from);
  to->write(StatePart::gradient, gradient);
  EXPECT_EQ(read(setting, *to, StatePart::gradient), gradient);
}

// Sampling `student_t` has no gradient through its noise, and outputs of the teachers `ema` and `shared`
// count as constants; those are compared with LibTorch.
TEST(CpuTraining, GradientIsTheSlopeOfTheLoss) {
  struct Case {
    casd_teacher_mode teacher;
    casd_sampling_mode sampling;
    casd_task task;
    casd_pooling pooling;
    casd_absent_policy absent;
  };
  const Case cases[] = {
      {CASD_TEACHER_FROZEN, CASD_SAMPLING_NONE, CASD_TASK_CLASSES, CASD_POOLING_LAST,
       CASD_ABSENT_EXCLUDED},
      {CASD_TEACHER_FROZEN, CASD_SAMPLING_GAUSSIAN, CASD_TASK_MULTILABEL, CASD_POOLING_MEAN,
       CASD_ABSENT_EXCLUDED},
      {CASD_TEACHER_FROZEN, CASD_SAMPLING_IMPLICIT, CASD_TASK_REGRESSION, CASD_POOLING_LAST,
       CASD_ABSENT_ZEROS},
      {CASD_TEACHER_NONE, CASD_SAMPLING_IMPLICIT, CASD_TASK_CLASSES, CASD_POOLING_MEAN,
       CASD_ABSENT_ZEROS},
      {CASD_TEACHER_SHARED, CASD_SAMPLING_GAUSSIAN, CASD_TASK_CLASSES, CASD_POOLING_LAST,
       CASD_ABSENT_EXCLUDED},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(std::to_string(&one - cases));
    casd_trainer_options options = with(one.teacher, one.sampling);
    if (one.teacher != CASD_TEACHER_FROZEN) options.evidence_weight = 0;
    if (one.teacher == CASD_TEACHER_SHARED) options.logit_weight = options.uncertainty_weight = 0;
    const Setting setting(options, one.task, one.pooling, one.absent);
    const std::vector<float> gradient = gradient_of(setting, *setting.engine());
    const std::vector<float> begin =
        learned_values(setting.model->layout(), setting.model->values());
    const auto loss = [&](double step) {
      std::vector<float> at = begin;
      for (std::size_t i = 0; i < at.size(); ++i) at[i] += static_cast<float>(step) * gradient[i];
      const auto engine = setting.engine();
      engine->write(StatePart::parameters, at);
      engine->accumulate(setting.request());
      return engine->apply(1e-3).total;
    };
    double square = 0;
    for (const float g : gradient) square += static_cast<double>(g) * static_cast<double>(g);
    const double step = 1e-3 / std::sqrt(square);
    const double slope = (loss(step) - loss(-step)) / (2 * step);
    EXPECT_NEAR(slope / square, 1, 1e-2);
  }
}

TEST(CpuTraining, KeysBiasesHaveNoGradient) {
  const Setting setting(default_trainer_options());
  const std::vector<float> gradient = gradient_of(setting, *setting.engine());
  for (const ModalityPlaces& modality : setting.model->layout().modalities)
    for (const EncoderLayerPlaces& layer : modality.layers)
      for (std::int64_t i = 0; i < layer.key.bias.size; ++i)
        EXPECT_EQ(gradient[static_cast<std::size_t>(layer.key.bias.learned_offset + i)], 0.0f);
}

TEST(CpuTraining, EveryTargetHasTheSameGradient) {
  const Setting setting(with(CASD_TEACHER_FROZEN, CASD_SAMPLING_STUDENT_T));
  const auto expected = test::doubles(gradient_of(setting, *setting.engine()));
  for (const Target target : supported_targets())
    EXPECT_LT(test::relative_distance(test::doubles(gradient_of(setting, *setting.engine(target))),
                                      expected),
              1e-4)
        << target_name(target);
}

TEST(CpuTraining, ThreadsDoNotChangeABit) {
  // The whole batch; two rows and one, whose modalities are divided between the threads.
  for (const std::size_t count : {samples, std::size_t{2}, std::size_t{1}})
    for (const casd_teacher_mode teacher : {CASD_TEACHER_EMA, CASD_TEACHER_SHARED}) {
      const Setting setting(with(teacher, CASD_SAMPLING_STUDENT_T));
      std::vector<std::vector<float>> results;
      for (const int threads : {1, 2, 3}) {
        const auto engine = setting.engine(supported_targets()[0], threads);
        for (std::int64_t step = 0; step < 6; ++step) {
          StepRequest request = setting.request(step);
          request.rows = request.rows.subspan(static_cast<std::size_t>(step), samples - 5);
          request.rows = request.rows.subspan(0, std::min(count, samples - 5));
          engine->accumulate(request);
          engine->apply(1e-2);
        }
        results.push_back(read(setting, *engine, StatePart::parameters));
      }
      EXPECT_EQ(results[1], results[0]) << count;
      EXPECT_EQ(results[2], results[0]) << count;
    }
}

TEST(CpuTraining, ADividedBatchHasTheSameGradientAndLosses) {
  for (const casd_teacher_mode teacher : {CASD_TEACHER_FROZEN, CASD_TEACHER_SHARED}) {
    const Setting setting(with(teacher, CASD_SAMPLING_STUDENT_T));
    const auto whole = setting.engine(), divided = setting.engine();
    const std::vector<float> expected = gradient_of(setting, *whole);
    StepRequest part = setting.request();
    const Span<const std::int64_t> rows = part.rows;
    std::size_t first = 0;
    for (const std::size_t count : {std::size_t{1}, std::size_t{10}, samples - 11}) {
      part.first_row = static_cast<std::int64_t>(first);
      part.rows = rows.subspan(first, count);
      divided->accumulate(part);
      first += count;
    }
    EXPECT_LT(test::relative_distance(test::doubles(read(setting, *divided, StatePart::gradient)),
                                      test::doubles(expected)),
              1e-5);
    const StepLosses a = whole->apply(1e-3), b = divided->apply(1e-3);
    EXPECT_NEAR(a.total, b.total, 1e-9);
    EXPECT_NEAR(a.gradient_norm, b.gradient_norm, 1e-5 * a.gradient_norm);
  }
}

TEST(CpuTraining, ContinuesFromWrittenState) {
  const Setting setting(with(CASD_TEACHER_EMA, CASD_SAMPLING_STUDENT_T));
  const auto first = setting.engine();
  const auto step = [&](CpuTraining& engine, std::int64_t number) {
    engine.accumulate(setting.request(number));
    engine.apply(1e-2);
  };
  step(*first, 0);
  step(*first, 1);
  const auto second = setting.engine();
  for (const StatePart part :
       {StatePart::parameters, StatePart::first_moment, StatePart::second_moment,
        StatePart::step_counts, StatePart::ema_teacher})
    second->write(part, read(setting, *first, part));
  step(*first, 2);
  step(*second, 2);
  for (const StatePart part : {StatePart::parameters, StatePart::ema_teacher})
    EXPECT_EQ(read(setting, *second, part), read(setting, *first, part));
}

TEST(CpuTraining, AModalityThatIsAbsentFromTheBatchKeepsItsParameters) {
  const Setting setting(with(CASD_TEACHER_NONE, CASD_SAMPLING_STUDENT_T));
  const auto engine = setting.engine();
  StepRequest request = setting.request();
  request.batch.present = 1;
  const std::vector<float> before = read(setting, *engine, StatePart::parameters);
  engine->accumulate(request);
  engine->apply(1e-2);
  const std::vector<float> after = read(setting, *engine, StatePart::parameters);
  const std::vector<float> counts = read(setting, *engine, StatePart::step_counts);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const ParameterGroup& group = setting.model->layout().groups[i];
    const bool moves = group.modality <= 0;
    EXPECT_EQ(counts[i], moves ? 1.0f : 0.0f);
    const bool same = std::equal(before.begin() + group.begin, before.begin() + group.end,
                                 after.begin() + group.begin);
    EXPECT_EQ(same, !moves);
  }
}

TEST(CpuTraining, DivergenceChangesOnlyTheGradient) {
  const Setting setting(default_trainer_options());
  const auto engine = setting.engine();
  std::vector<float> broken = read(setting, *engine, StatePart::parameters);
  broken[0] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> good = read(setting, *engine, StatePart::parameters);
  engine->write(StatePart::parameters, broken);
  engine->accumulate(setting.request());
  engine->write(StatePart::parameters, good);
  try {
    engine->apply(1e-2);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_NUMERIC);
  }
  EXPECT_EQ(read(setting, *engine, StatePart::parameters), good);
  for (const float value : read(setting, *engine, StatePart::gradient)) ASSERT_EQ(value, 0.0f);
  for (const float value : read(setting, *engine, StatePart::step_counts)) ASSERT_EQ(value, 0.0f);
  engine->accumulate(setting.request());
  EXPECT_TRUE(std::isfinite(engine->apply(1e-2).total));
}

TEST(CpuTraining, RefusesStateOfAnotherSize) {
  const Setting setting(with(CASD_TEACHER_FROZEN, CASD_SAMPLING_STUDENT_T));
  const auto engine = setting.engine();
  std::vector<float> small(3);
  const auto status = [&](auto call) -> casd_status {
    try {
      call();
    } catch (const Error& error) {
      return error.status();
    }
    return CASD_OK;
  };
  EXPECT_EQ(status([&] { engine->write(StatePart::parameters, small); }),
            CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(status([&] { engine->read(StatePart::step_counts, small); }),
            CASD_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(status([&] { engine->read(StatePart::ema_teacher, small); }), CASD_ERROR_STATE);
}

TEST(CpuTraining, LearnsItsSamples) {
  casd_trainer_options options = default_trainer_options();
  options.dropout = 0;
  const Setting setting(options);
  const auto engine = setting.engine();
  engine->begin_phase(TrainingPhase::teacher);
  double first = 0, last = 0;
  for (std::int64_t step = 0; step < 60; ++step) {
    engine->accumulate(setting.request(step, CASD_PHASE_TEACHER));
    last = engine->apply(1e-2).total;
    if (step == 0) first = last;
  }
  EXPECT_LT(last, first / 4);
}

TEST(CpuTraining, ARowWithoutModalityAddsNothing) {
  const Setting setting(default_trainer_options());
  InputTable table;
  table.resize(1, setting.data.schema.modality_count());
  const auto engine = setting.engine();
  const std::vector<float> target = {1};
  const std::vector<std::uint8_t> labelled = {1};
  engine->bind({table, target, labelled});
  StepRequest request = setting.request(0, CASD_PHASE_TEACHER);
  const std::vector<std::int64_t> rows = {0};
  request.rows = rows;
  engine->accumulate(request);
  for (const float value : read(setting, *engine, StatePart::gradient)) ASSERT_EQ(value, 0.0f);
  EXPECT_EQ(engine->apply(1e-3).total, 0);
}

// Memory is allocated by the first step only, whatever rows and frames the later ones draw.
TEST(CpuTraining, StepsAllocateNothing) {
  for (const casd_teacher_mode teacher :
       {CASD_TEACHER_FROZEN, CASD_TEACHER_EMA, CASD_TEACHER_SHARED, CASD_TEACHER_NONE})
    for (const int threads : {1, 2}) {
      casd_trainer_options options = default_trainer_options();
      options.teacher = teacher;
      options.frame_drop = 0.5;
      const Setting setting(options);
      const auto engine = setting.engine(supported_targets()[0], threads);
      engine->accumulate(setting.request(0));
      engine->apply(1e-3);
      const long before = casd::test::allocations();
      for (std::int64_t step = 1; step < 20; ++step) {
        StepRequest request = setting.request(step);
        if (step % 2 == 0) request.rows = request.rows.subspan(static_cast<std::size_t>(step), 1);
        engine->accumulate(request);
        engine->apply(1e-3);
      }
      EXPECT_EQ(casd::test::allocations() - before, 0) << "teacher " << teacher << ", " << threads;
    }
}

// The caller's mode of floating-point arithmetic returns.
TEST(CpuTraining, RestoresTheFloatingPointMode) {
  const Setting setting(default_trainer_options());
  const auto engine = setting.engine();
  engine->accumulate(setting.request());
  engine->apply(1e-2);
  volatile float smallest = std::numeric_limits<float>::min();
  EXPECT_GT(smallest / 2, 0.0f) << "denormal numbers are still replaced by zero";
}

}  // namespace
}  // namespace casd::cpu
