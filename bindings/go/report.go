package casd

import (
	"context"
	"sync/atomic"
	"time"

	"casd.org/casd/internal/capi"
)

// EvaluateOptions is what [Predictor.Evaluate] does. A nil *EvaluateOptions and the zero value mean all
// modalities and no progress.
type EvaluateOptions struct {
	// Mask limits the conditions to those whose modalities are all in it; 0: AllModalities.
	Mask Mask
	// Progress is called on another goroutine, about ten times a second, with the samples evaluated so far
	// under all conditions. Evaluate returns after its last call.
	Progress func(done, total int)
}

// Report is how good a model is, and how accurate its uncertainty, under every set of modalities. It does not
// change.
//
// A condition is a set of modalities, written "language+audio". With up to six modalities all of them are
// evaluated, above that each alone, each left out, and all.
type Report struct {
	handle handle
}

// Evaluate evaluates the model on a split under every condition. The context cancels it: the error then
// wraps [ErrCancelled] and the context's error.
func (p *Predictor) Evaluate(ctx context.Context, dataset *Dataset, split string,
	options *EvaluateOptions) (*Report, error) {
	if err := plainTexts(split); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, &Error{Status: StatusCancelled, Message: "cancelled before the evaluation began", cause: err}
	}
	if options == nil {
		options = &EvaluateOptions{}
	}
	address, err := p.handle.use()
	if err != nil {
		return nil, err
	}
	defer p.handle.done()
	samples, err := dataset.handle.read()
	if err != nil {
		return nil, err
	}
	defer dataset.handle.doneReading()
	native := capi.NewCasd_evaluate_options()
	defer capi.DeleteCasd_evaluate_options(native)
	if err := failed(capi.Casd_evaluate_options_init(native)); err != nil {
		return nil, err
	}
	if options.Mask != 0 {
		native.SetMask(uint32(options.Mask))
	}

	watch := newWatch(ctx, options.Progress)
	defer watch.stop()
	var result uintptr
	err = capi.Casd_go_evaluate(&result, address, samples, split, native, &watch.values[0])
	if err != nil {
		return nil, cancelled(failed(err), ctx)
	}
	report := &Report{}
	own(report, &report.handle, "report", result, capi.Casd_report_destroy)
	return report, nil
}

// watch lets a context cancel a call of the library, and polls the call's progress.
type watch struct {
	values *[3]int64 // the library's callback reads the first one, and writes the work done and all work
	stop   func()    // to be called when the call has returned; makes the last report
}

func newWatch(ctx context.Context, progress func(done, total int)) *watch {
	w := &watch{values: new([3]int64)}
	release := context.AfterFunc(ctx, func() { atomic.StoreInt64(&w.values[0], 1) })
	last := func() {}
	if progress != nil {
		last = poll(time.Second/10, func() {
			progress(int(atomic.LoadInt64(&w.values[1])), int(atomic.LoadInt64(&w.values[2])))
		})
	}
	w.stop = func() {
		last()
		release()
	}
	return w
}

// cancelled adds the context's error to one that says that the call was cancelled.
func cancelled(err error, ctx context.Context) error {
	if e, isError := err.(*Error); isError && e.Status == StatusCancelled {
		e.cause = context.Cause(ctx)
	}
	return err
}

// poll calls report at intervals on another goroutine, until the function that it returns was called and
// made the last call.
func poll(interval time.Duration, report func()) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				report()
				return
			case <-ticker.C:
				report()
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}

// Close releases the report, as [Model.Close].
func (r *Report) Close() error { return r.handle.Close() }

// JSON returns the report as a JSON object: {"conditions": {"language": {...}, ...},
// "mean_incomplete_f1", "pooled_auroc_uncertainty", "pooled_auroc_confidence"}. Numbers that cannot be
// computed are null.
func (r *Report) JSON() (string, error) {
	address, err := r.handle.use()
	if err != nil {
		return "", err
	}
	defer r.handle.done()
	return capi.Casd_report_json(address), nil
}

// Remarks returns sentences on evidence and uncertainty of the model on the split: what was seen and what to do.
func (r *Report) Remarks() ([]string, error) {
	address, err := r.handle.use()
	if err != nil {
		return nil, err
	}
	defer r.handle.done()
	var remarks []string
	for {
		remark := capi.Casd_report_remark(address, int32(len(remarks)))
		if remark == "" {
			return remarks, nil
		}
		remarks = append(remarks, remark)
	}
}

// Conditions returns the names of the conditions, all modalities last.
func (r *Report) Conditions() ([]string, error) {
	address, err := r.handle.use()
	if err != nil {
		return nil, err
	}
	defer r.handle.done()
	names := make([]string, capi.Casd_report_condition_count(address))
	for i := range names {
		names[i] = capi.Casd_report_condition(address, int32(i))
	}
	return names, nil
}

// Value returns one number of a condition, whose modalities are joined by "+" in any order, or with an
// empty condition one of the whole report; NaN where it cannot be computed.
//
// Of a condition: samples, failed (without a finite prediction), uncertainty (mean U_F). Classes and
// multi-label: f1 (weighted by share, %), accuracy (%), ece (expected calibration error, 15 bins, %),
// auroc_uncertainty, auroc_confidence. Regression: mae, correlation, and f1 (%) of the sign. Of the
// report: mean_incomplete_f1 (regression: mean_incomplete_mae too), pooled_auroc_uncertainty,
// pooled_auroc_confidence.
//
// An error that wraps [ErrNotFound] lists what there is.
func (r *Report) Value(condition, name string) (float64, error) {
	if err := plainTexts(condition, name); err != nil {
		return 0, err
	}
	address, err := r.handle.use()
	if err != nil {
		return 0, err
	}
	defer r.handle.done()
	var value float64
	err = failed(capi.Casd_report_value(&value, address, condition, name))
	return value, err
}
