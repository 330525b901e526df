// The learned tensors of a network as leaves of the graph, in three flat buffers: values, gradient,
// and a layout in which what the optimiser treats alike lies together.
#pragma once

#include "core/span.h"
#include "model/network.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace casd::torch_plugin {

/// A stretch of the flat buffers that is stepped with one rate and one step count.
struct Segment {
  std::int64_t begin, end;
  std::int32_t modality;  // -1: classifier
  bool evidence;          // learns at evidence_rate times the rate
};

class Parameters {
 public:
  Parameters(std::shared_ptr<const Network> network, const at::TensorOptions& options,
             bool with_gradient);

  const Network& network() const { return *network_; }
  /// Per modality the rest and the evidence head, then the classifier.
  const std::vector<Segment>& segments() const { return segments_; }
  const at::Tensor& values() const { return values_; }
  const at::Tensor& gradient() const { return gradient_; }

  /// A leaf by the name of the model file; "<layer>.attention.qkv.weight|bias" are query, key and
  /// value in one: [3 d, d], [3 d].
  const at::Tensor& operator[](const std::string& name) const;

  /// Between a flat buffer in this layout and the concatenation of the learned tensors in the order
  /// of the model file.
  at::Tensor in_file_order(const at::Tensor& flat) const;
  void from_file_order(const at::Tensor& learned, const at::Tensor& flat) const;

 private:
  struct Place {
    std::int64_t learned_offset, offset, size;
  };
  std::shared_ptr<const Network> network_;
  std::vector<Segment> segments_;
  std::vector<Place> places_;
  at::Tensor values_, gradient_;
  std::unordered_map<std::string, at::Tensor> leaves_;
};

}  // namespace casd::torch_plugin
