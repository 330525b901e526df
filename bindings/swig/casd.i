// The C API as SWIG reads it, for all languages. A language's file (casd_java.i, casd_csharp.i,
// casd_go.i) has its typemaps and ends with %include "casd.i".
%{
#include <casd/casd.h>
%}

%include <stdint.i>

// The headers' macros for export and calling convention mean nothing to SWIG.
#define CASD_API
#define CASD_CALL

// Callbacks are not generated. What they report is polled instead: casd_log_poll(),
// casd_trainer_progress() and casd_trainer_cancel() from another thread.
%ignore casd_set_log;
%ignore casd_set_parallel_for;

%include "casd/base.h"
%include "casd/schema.h"
%include "casd/model.h"
%include "casd/batch.h"
%include "casd/predict.h"
%include "casd/monitor.h"
%include "casd/dataset.h"
%include "casd/evaluate.h"
%include "casd/calibrate.h"
%include "casd/train.h"
