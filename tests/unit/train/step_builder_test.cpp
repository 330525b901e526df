#include "train/step_builder.h"

#include "data/dataset.h"
#include "data/synthetic.h"
#include "model/modality_count.h"
#include "train/options.h"

#include <gtest/gtest.h>

#include <vector>

namespace casd {
namespace {

// The complete pass of the teacher `shared` updates the modalities that the student's input lost.
TEST(StepBuilder, ModalitiesOfTheCompletePassArePresent) {
  casd_synthetic_options wanted = default_synthetic_options();
  wanted.train_samples = 30;
  wanted.missing_rate = 0.2;
  const Dataset data = make_synthetic(wanted);
  const auto& samples = data.splits[0].samples;
  std::vector<const Sample*> pointers;
  for (const Sample& sample : samples) pointers.push_back(&sample);
  const ModelPtr model = create_model(data.schema, default_model_options());
  const StepBuilder builder(*model, pointers, {});
  int lost = 0;
  for (std::int64_t row = 0; row < builder.samples(); ++row) {
    const ModalityMask given = samples[static_cast<std::size_t>(row)].given;
    const auto totals = [&](casd_teacher_mode teacher) {
      casd_trainer_options options = default_trainer_options();
      options.teacher = teacher;
      return builder.request(options, CASD_PHASE_STUDENT, 3, {&row, 1}).batch;
    };
    const BatchTotals none = totals(CASD_TEACHER_NONE), shared = totals(CASD_TEACHER_SHARED);
    EXPECT_EQ(modality_count(none.present), none.pairs);
    EXPECT_EQ(none.present & ~given, 0u);
    EXPECT_EQ(shared.present, given);
    EXPECT_EQ(shared.pairs, none.pairs);
    lost += none.present != given;
  }
  EXPECT_GT(lost, 0);
}

}  // namespace
}  // namespace casd
