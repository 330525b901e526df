// The learned tensors of a network in one flat buffer, and as leaves of autograd graphs. Parameters
// with the same optimiser settings are contiguous in the buffer.
#pragma once

#include "core/span.h"
#include "model/network.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace casd::torch_engine {

/// A range of the flat buffer that the optimiser updates with one rate and one step count.
struct Segment {
  std::int64_t begin, end;
  std::int32_t modality;  // -1: classifier
  bool evidence;          // learning rate is multiplied by evidence_rate
};

class Parameters {
 public:
  /// Position of a tensor of the graph in the flat buffer.
  struct Entry {
    std::string name;
    std::int64_t offset, size;
    std::vector<std::int64_t> shape;
  };

  Parameters(std::shared_ptr<const Network> network, const at::TensorOptions& options);

  const Network& network() const { return *network_; }
  /// Per modality the rest and the evidence head, then the classifier.
  const std::vector<Segment>& segments() const { return segments_; }
  /// By the name of the model file; "<layer>.attention.key_value.weight|bias" are key and value in
  /// one: [2 d, d], [2 d].
  const std::vector<Entry>& entries() const { return entries_; }
  const at::Tensor& values() const { return values_; }
  /// 0 for the biases of the attentions' keys, else 1. Such a bias adds the same to all scores of a
  /// query, so its gradient is exactly zero; float32 returns rounding noise, which Adam would follow.
  const at::Tensor& gradient_mask() const { return gradient_mask_; }

  /// Convert between a flat buffer in this layout and the concatenation of the learned tensors in
  /// the order of the model file.
  at::Tensor in_file_order(const at::Tensor& flat) const;
  void from_file_order(const at::Tensor& learned, const at::Tensor& flat) const;

 private:
  struct Place {
    std::int64_t learned_offset, offset, size;
  };
  std::shared_ptr<const Network> network_;
  std::vector<Segment> segments_;
  std::vector<Place> places_;
  std::vector<Entry> entries_;
  at::Tensor values_, gradient_mask_;
};

/// Leaves that share the values of `parameters` and have their own gradient. Several threads can run
/// forward and backward concurrently, each on its own leaves.
class ParameterLeaves {
 public:
  ParameterLeaves(const Parameters& parameters, bool with_gradient);

  const Network& network() const { return *network_; }
  /// Flat, in the layout of the parameters; backward() adds to it. Undefined without gradient.
  const at::Tensor& gradient() const { return gradient_; }
  const at::Tensor& operator[](const std::string& name) const;

 private:
  const Network* network_;
  at::Tensor gradient_;
  std::unordered_map<std::string, at::Tensor> leaves_;
};

}  // namespace casd::torch_engine
