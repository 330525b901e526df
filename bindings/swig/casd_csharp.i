// C#: every function of the C API as a P/Invoke method of the class NativeImports, and a method of
// the class NativeMethods around it that turns the status into an exception. Both are internal; the
// hand-written classes in bindings/csharp/src/Casd use the second.
//
// The P/Invoke methods call libcasd itself, without a wrapper library: bindings/swig/generate gives
// them the entry points of the C API. So a typemap must keep a function's C signature: "imtype" has
// the same size as the C type, and no argument is added or left out.
%module(imclassname="NativeImports") NativeMethods

%pragma(csharp) moduleclassmodifiers="internal static unsafe class"
%pragma(csharp) imclassclassmodifiers="internal static unsafe class"
%pragma(csharp) moduleimports="#nullable enable"

// Constants as compile-time constants; SWIG's default is a call of a wrapper library.
%csconst(1);
%ignore CASD_VERSION_MAJOR;
%ignore CASD_VERSION_MINOR;
%ignore CASD_VERSION_PATCH;

// A status is checked as soon as the call returns, on the same thread and before any other call.
%typemap(cstype, out="void") casd_status "int"
%typemap(csout, excode="") casd_status {
    NativeStatus.Check($imcall);
  }

// Text. Input: UTF-8 with a final zero. Output: a pointer, copied by the caller while it holds the
// object that the text belongs to.
%typemap(ctype) const char * "const char *"
%typemap(imtype) const char * "byte[]"
%typemap(cstype) const char * "string"
%typemap(csin) const char * "NativeText.ToUtf8($csinput)"
%typemap(imtype, out="global::System.IntPtr") const char * "byte[]"
%typemap(cstype, out="global::System.IntPtr") const char * "string?"
%typemap(csout, excode="") const char * {
    return $imcall;
  }

// Sizes as wide as the platform's pointers.
%typemap(imtype) size_t "global::System.UIntPtr"
%typemap(cstype) size_t "global::System.UIntPtr"
%typemap(csin) size_t "$csinput"
%typemap(csout, excode="") size_t {
    return $imcall;
  }

// A type TYPE is passed as the C# type CS.
%define CASD_PASS(CS, TYPE...)
%typemap(imtype) TYPE "CS"
%typemap(cstype) TYPE "CS"
%typemap(csin) TYPE "$csinput"
%typemap(csout, excode="") TYPE {
    return $imcall;
  }
%enddef

// Single results.
%define CASD_OUT(CS, TYPE...)
%typemap(imtype) TYPE "out CS"
%typemap(cstype) TYPE "out CS"
%typemap(csin) TYPE "out $csinput"
%enddef
CASD_OUT(int, int32_t *index)
CASD_OUT(int, casd_status *status)
CASD_OUT(long, int64_t *sample)
CASD_OUT(long, int64_t *rows)
CASD_OUT(long, int64_t *columns)
CASD_OUT(long, int64_t *count)
CASD_OUT(double, double *temperature)
CASD_OUT(double, double *noise)
CASD_OUT(double, double *value)
CASD_OUT(global::System.UIntPtr, size_t *needed)

// Arrays: the caller pins them. Nothing is copied.
CASD_PASS(byte*, char *buffer)
CASD_PASS(byte*, void *buffer)
CASD_PASS(byte*, const void *data)
CASD_PASS(float*, float *buffer)
CASD_PASS(float*, const float *)
CASD_PASS(float**, const float *const *frames)
CASD_PASS(long*, const int64_t *steps)
CASD_PASS(long*, const int64_t *indices)
CASD_PASS(int*, const casd_field *fields)

// Callbacks are never used: only NULL is passed.
CASD_PASS(global::System.IntPtr, casd_evaluate_callback)
CASD_PASS(global::System.IntPtr, casd_calibrate_callback)
CASD_PASS(global::System.IntPtr, casd_progress_callback)
CASD_PASS(global::System.IntPtr, void *user)

// Structs of options and results are C# structs of the same layout (Structs.cs), passed in place.
%define CASD_STRUCT(CS, TYPE)
%ignore TYPE;
%typemap(imtype) TYPE *, const TYPE * "ref CS"
%typemap(cstype) TYPE *, const TYPE * "ref CS"
%typemap(csin) TYPE *, const TYPE * "ref $csinput"
%enddef
CASD_STRUCT(ModelOptionsData, casd_model_options)
CASD_STRUCT(EngineInfoData, casd_engine_info)
CASD_STRUCT(PredictorOptionsData, casd_predictor_options)
CASD_STRUCT(SyntheticOptionsData, casd_synthetic_options)
CASD_STRUCT(EvaluateOptionsData, casd_evaluate_options)
CASD_STRUCT(CalibrateOptionsData, casd_calibrate_options)
CASD_STRUCT(TrainerOptionsData, casd_trainer_options)
CASD_STRUCT(TrainStatsData, casd_train_stats)
CASD_STRUCT(TrainProgressData, casd_train_progress)
CASD_STRUCT(MonitorOptionsData, casd_monitor_options)
CASD_STRUCT(MonitorStateData, casd_monitor_state)

// Objects: a SafeHandle each, of which a reference is held during the call, so that a handle closed
// meanwhile is destroyed when the call has returned. The runtimes can do that, too, but Mono then
// loses the reference to one handle where another one of the same call is closed.
%define CASD_OBJECT(HANDLE, TYPE)
%typemap(imtype) TYPE *, const TYPE * "global::System.IntPtr"
%typemap(cstype) TYPE *, const TYPE * "HANDLE"
%typemap(csin, pre="    using var held_$csinput = $csinput.Hold();") TYPE *, const TYPE *
    "held_$csinput.Pointer"
CASD_OUT(HANDLE, TYPE **)
// The handle's own release; the header's declaration of the same function is then redundant (322).
CASD_PASS(global::System.IntPtr, TYPE *released)
void TYPE##_destroy(TYPE *released);
%enddef
#pragma SWIG nowarn=322
CASD_OBJECT(SchemaHandle, casd_schema)
CASD_OBJECT(ModelHandle, casd_model)
CASD_OBJECT(BatchHandle, casd_batch)
CASD_OBJECT(PredictorHandle, casd_predictor)
CASD_OBJECT(PredictionHandle, casd_prediction)
CASD_OBJECT(DatasetHandle, casd_dataset)
CASD_OBJECT(ReportHandle, casd_report)
CASD_OBJECT(MonitorHandle, casd_monitor)
CASD_OBJECT(TrainerHandle, casd_trainer)

%include "casd.i"
