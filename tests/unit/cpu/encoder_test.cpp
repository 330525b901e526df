// The whole encoder: lengths, padding, and the memory it uses. Its numbers are tested by the golden
// cases (unit/predict/golden_test.cpp).
#include "cpu/encoder.h"
#include "cpu/encoder_weights.h"
#include "cpu/inference_kernels.h"
#include "method/position_code.h"
#include "model/options.h"
#include "unit/cpu/kernel_support.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <vector>

namespace casd {
namespace {

using cpu::Target;
using cpu::test::Buffer;

ModelPtr model_with(casd_pooling pooling, std::int32_t max_steps, double input_clip = 5) {
  Schema schema;
  schema.add_modality("a", 11);
  schema.add_modality("b", 3);
  schema.add_output("x");
  schema.add_output("y");
  casd_model_options options = default_model_options();
  options.pooling = pooling;
  options.max_steps = max_steps;
  options.input_clip = input_clip;
  return create_model(schema, options);
}

class EncoderOnTarget : public cpu::test::KernelTest {};

// Old content of the scratch memory, also NaN, has no influence.
TEST_P(EncoderOnTarget, ResultsDependOnTheFramesOnly) {
  for (const casd_pooling pooling : {CASD_POOLING_LAST, CASD_POOLING_MEAN}) {
    const ModelPtr model = model_with(pooling, 100);
    const Encoder encoder(model, GetParam());
    const std::size_t size = encoder.scratch_size(100);
    const std::int64_t width = 4 * model->options().hidden;
    for (const std::int64_t steps : {1, 3, 8, 50, 100}) {
      Buffer frames(steps * 11), first(width), second(width);
      cpu::test::fill(frames, 1);
      std::vector<float> zeros(size), garbage(size, std::numeric_limits<float>::quiet_NaN());
      encoder.encode(0, frames.data(), steps, zeros.data(), first.data());
      encoder.encode(0, frames.data(), steps, garbage.data(), second.data());
      for (std::int64_t i = 0; i < width; ++i) {
        ASSERT_TRUE(std::isfinite(first[i])) << steps;
        ASSERT_EQ(first[i], second[i]) << steps;
      }
    }
  }
}

TEST_P(EncoderOnTarget, StaysInItsScratchMemory) {
  const ModelPtr model = model_with(CASD_POOLING_LAST, 2000);
  const Encoder encoder(model, GetParam());
  for (const std::int64_t steps : {1, 7, 50, 1100}) {  // the last: more than precomputed positions
    const std::size_t size = encoder.scratch_size(steps);
    std::vector<float> scratch(size + 64, 42);
    Buffer frames(steps * 11), nig(4 * model->options().hidden);
    cpu::test::fill(frames, 1);
    encoder.encode(0, frames.data(), steps, scratch.data(), nig.data());
    for (std::size_t i = size; i < scratch.size(); ++i) ASSERT_EQ(scratch[i], 42) << steps;
  }
}

// A sequence of zero vectors after standardisation, which is one of means before.
TEST_P(EncoderOnTarget, NoFramesMeansZeros) {
  const ModelPtr model = model_with(CASD_POOLING_LAST, 100);
  const Encoder encoder(model, GetParam());
  std::vector<float> scratch(encoder.scratch_size(5));
  const std::int64_t width = 4 * model->options().hidden;
  Buffer frames(5 * 11), first(width), second(width);
  for (std::int64_t i = 0; i < frames.size(); ++i)
    frames[i] = std::numeric_limits<float>::quiet_NaN();
  encoder.encode(0, nullptr, 5, scratch.data(), first.data());
  encoder.encode(0, frames.data(), 5, scratch.data(), second.data());
  for (std::int64_t i = 0; i < width; ++i) ASSERT_EQ(first[i], second[i]);
}

// Other frames, sums and results in a stage that must not touch them have no influence.
TEST_P(EncoderOnTarget, StagesCanBeDividedBetweenCalls) {
  for (const casd_pooling pooling : {CASD_POOLING_LAST, CASD_POOLING_MEAN}) {
    const ModelPtr model = model_with(pooling, 100);
    const Encoder encoder(model, GetParam());
    const std::size_t stages = encoder.stages();
    ASSERT_EQ(stages, static_cast<std::size_t>(model->options().layers) + 1);
    constexpr std::int64_t steps = 13;
    const std::int64_t width = 4 * model->options().hidden;
    std::vector<float> scratch(encoder.scratch_size(steps));
    Buffer frames(steps * 11), other(steps * 11), whole(width), divided(width);
    cpu::test::fill(frames, 1);
    std::vector<double> sums(encoder.sum_count()), divided_sums(sums.size());
    encoder.encode(0, frames.data(), steps, scratch.data(), whole.data(), sums.data());
    for (std::size_t cut = 1; cut < stages; ++cut) {
      divided[0] = 42;
      encoder.encode(0, frames.data(), steps, scratch.data(), divided.data(), divided_sums.data(),
                     {0, cut});
      ASSERT_EQ(divided[0], 42);
      encoder.encode(0, other.data(), steps, scratch.data(), divided.data(), nullptr,
                     {cut, stages, true});
      for (std::int64_t i = 0; i < width; ++i) ASSERT_EQ(divided[i], whole[i]) << cut;
      ASSERT_EQ(divided_sums, sums);
    }
  }
}

// Several sequences at once: the same bits as one by one, with garbage in the scratch memory, and also if one
// of them is infinite.
TEST_P(EncoderOnTarget, SequencesCanBeEncodedAtOnce) {
  for (const casd_pooling pooling : {CASD_POOLING_LAST, CASD_POOLING_MEAN}) {
    const ModelPtr model = model_with(pooling, 100, 0);
    const Encoder encoder(model, GetParam());
    const std::int64_t width = 4 * model->options().hidden;
    for (const std::vector<std::int64_t>& lengths : {std::vector<std::int64_t>{50, 50},
                                                     {1, 1, 1, 1, 1, 1, 1, 1},
                                                     {3, 17, 1, 9, 64},
                                                     {8, 16}}) {
      std::int64_t columns = 0;
      for (const std::int64_t steps : lengths) columns += steps;
      const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end());
      for (const bool infinite : {false, true}) {
        std::deque<Buffer> frames, together, alone;
        std::vector<std::vector<double>> sums;
        std::vector<EncoderSequence> sequences;
        const std::size_t size = encoder.scratch_size(longest, columns, lengths.size());
        std::vector<float> scratch(size + 64, std::numeric_limits<float>::quiet_NaN());
        for (std::size_t k = 0; k < lengths.size(); ++k) {
          frames.emplace_back(lengths[k] * 11);
          cpu::test::fill(frames.back(), k);
          // A number that passes for finite and whose square does not.
          if (infinite && k == 1) frames.back()[frames.back().size() - 1] = 3e38f;
          together.emplace_back(width);
          alone.emplace_back(width);
          sums.emplace_back(encoder.sum_count());
          encoder.encode(0, frames[k].data(), lengths[k], scratch.data(), alone[k].data(),
                         sums[k].data());
        }
        std::fill(scratch.begin(), scratch.end(), std::numeric_limits<float>::quiet_NaN());
        for (std::size_t i = size; i < scratch.size(); ++i) scratch[i] = 42;
        std::vector<std::vector<double>> sums_together = sums;
        for (std::size_t k = 0; k < lengths.size(); ++k) {
          std::fill(sums_together[k].begin(), sums_together[k].end(), -1);
          sequences.push_back(
              {frames[k].data(), lengths[k], together[k].data(), sums_together[k].data()});
        }
        encoder.encode(0, sequences, scratch.data());
        for (std::size_t k = 0; k < lengths.size(); ++k) {
          for (std::int64_t i = 0; i < width; ++i) {
            if (infinite && k == 1) continue;
            ASSERT_TRUE(std::isfinite(together[k][i])) << k;
            ASSERT_EQ(together[k][i], alone[k][i]) << k;
          }
          for (std::int64_t i = 0; i < frame_sum_count(11); ++i)
            ASSERT_EQ(sums_together[k][static_cast<std::size_t>(i)],
                      sums[k][static_cast<std::size_t>(i)]);
        }
        for (std::size_t i = size; i < scratch.size(); ++i) ASSERT_EQ(scratch[i], 42);
      }
    }
  }
}

CASD_TEST_ALL_TARGETS(EncoderOnTarget);

// The sum over the stages: what the encoder computes, of which attention and the last frame count more.
TEST(Encoder, CostGrowsWithFeaturesAndFrames) {
  const Encoder encoder(model_with(CASD_POOLING_LAST, 100));
  EXPECT_GT(encoder.cost(0, 50, 0), 3 * encoder.cost(1, 50, 0));
  EXPECT_EQ(encoder.cost(0, 50, 1), encoder.cost(1, 50, 1));
  EXPECT_GT(encoder.cost(0, 50, 1), 2 * encoder.cost(0, 50, encoder.stages() - 1));
  EXPECT_GT(encoder.cost(0, 100, 1), 2 * encoder.cost(0, 50, 1));
}

// Codes of later frames are computed in each call.
TEST(Encoder, PositionCodesAreThoseOfTheFormula) {
  const ModelPtr model = model_with(CASD_POOLING_MEAN, 300);
  cpu::EncoderWeights weights(model->layout(), model->values().data());
  ASSERT_EQ(weights.position_steps, 300);
  for (std::int64_t c = 0; c < weights.hidden; ++c)
    for (std::int64_t t = 0; t < 300; ++t)
      ASSERT_NEAR(weights.position[c * 300 + t], position_code(t, c, weights.hidden), 1e-7);
  Buffer frames(300 * 11), first(4 * weights.hidden), second(4 * weights.hidden);
  cpu::test::fill(frames, 1);
  const cpu::InferenceKernels& kernels = cpu::inference_kernels(cpu::chosen_target());
  for (Buffer* nig : {&first, &second}) {
    Buffer scratch(weights.scratch_size(300, 304, 1));
    const EncoderSequence sequence{frames.data(), 300, nig->data(), nullptr};
    kernels.encode(weights, 0, {&sequence, 1}, {}, scratch.data());
    weights.position_steps = 0;
  }
  for (std::int64_t i = 0; i < first.size(); ++i) ASSERT_NEAR(first[i], second[i], 1e-6f);
}

}  // namespace
}  // namespace casd
