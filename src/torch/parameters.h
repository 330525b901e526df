// The learned tensors of a network in one flat buffer, and as leaves of autograd graphs. The
// groups of the layout are the same ranges of the buffer.
#pragma once

#include "core/span.h"
#include "model/network_layout.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace casd::torch_engine {

class Parameters {
 public:
  /// Position of a tensor of the graph in the flat buffer.
  struct Entry {
    std::int64_t learned_offset;  // identifies the tensor
    std::int64_t offset, size;
    std::vector<std::int64_t> shape;
  };

  Parameters(std::shared_ptr<const NetworkLayout> layout, const at::TensorOptions& options);

  const NetworkLayout& layout() const { return *layout_; }
  /// Key and value of an attention are one entry, that of the key: [2 d, d], [2 d].
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
  std::shared_ptr<const NetworkLayout> layout_;
  std::vector<Place> places_;
  std::vector<Entry> entries_;
  at::Tensor values_, gradient_mask_;
};

/// Leaves that share the values of `parameters` and have their own gradient. Several threads can run
/// forward and backward concurrently, each on its own leaves.
class ParameterLeaves {
 public:
  ParameterLeaves(const Parameters& parameters, bool with_gradient);

  const NetworkLayout& layout() const { return *layout_; }
  /// Flat, in the layout of the parameters; backward() adds to it. Undefined without gradient.
  const at::Tensor& gradient() const { return gradient_; }
  const at::Tensor& operator[](const TensorPlace& place) const;

 private:
  const NetworkLayout* layout_;
  at::Tensor gradient_;
  std::unordered_map<std::int64_t, at::Tensor> leaves_;
};

}  // namespace casd::torch_engine
