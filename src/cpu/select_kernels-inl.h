// The body of a function that returns the table CASD_KERNELS of `target`; for the end of a file that is
// compiled once for every target.
switch (target) {
#if HWY_TARGETS & HWY_AVX3
  case Target::avx512:
    return N_AVX3::CASD_KERNELS;
#endif
#if HWY_TARGETS & HWY_AVX2
  case Target::avx2:
    return N_AVX2::CASD_KERNELS;
#endif
#if HWY_TARGETS & HWY_SSE4
  case Target::sse4:
    return N_SSE4::CASD_KERNELS;
#endif
#if HWY_TARGETS & HWY_NEON
  case Target::neon:
    return N_NEON::CASD_KERNELS;
#endif
#if HWY_TARGETS & HWY_SCALAR
  case Target::scalar:
    return N_SCALAR::CASD_KERNELS;
#elif HWY_TARGETS & HWY_EMU128
  case Target::scalar:
    return N_EMU128::CASD_KERNELS;
#endif
  default:
    break;
}
fail(CASD_ERROR_INVALID_ARGUMENT, "no kernels for the instruction set '", target_name(target), "'");
