package casd

import (
	"casd.org/casd/internal/capi"
)

// Field is a table of results with one row per sample.
//
// Columns per modality are NaN for a modality that takes no part. Variances compare inputs of one model:
// their level is the model's own.
type Field int32

// The values of [Field], with their number of columns.
const (
	FieldProbabilities Field = 0 // [outputs] Calibrated; classes: sum 1; labels: each 0..1.
	FieldLogits        Field = 1 // [outputs]; multi-label: [2 outputs], (negative, positive).
	FieldValue         Field = 2 // [outputs] Regression: in the targets' units.
	// [1] Classes: largest probability; multi-label: mean of the larger of each pair; regression: NaN
	// until calibrated.
	FieldConfidence               Field = 3
	FieldUncertainty              Field = 4  // [1] Variance U_F of the fused law.
	FieldDisagreement             Field = 5  // [1] Weighted spread of the modalities' locations.
	FieldModalityVariance         Field = 7  // [modalities] V_m, the primary one.
	FieldModalityAleatoric        Field = 8  // [modalities] A_m = beta / (alpha - 1).
	FieldModalityEpistemic        Field = 9  // [modalities] E_m = A_m / delta.
	FieldModalityDegreesOfFreedom Field = 10 // [modalities] nu_m = 2 alpha.
	FieldModalityWeight           Field = 11 // [modalities] C_m, sum 1.
	FieldRepresentation           Field = 12 // [hidden] mu_F.
	FieldScale                    Field = 13 // [hidden] sigma_F.
	FieldDegreesOfFreedom         Field = 14 // [hidden] nu_F.
	FieldModalityGuard            Field = 15 // [modalities] Factor of V_m by the input guard; 1: none.
	FieldErrorProbability         Field = 16 // Classes: [1]; multi-label: [outputs], of each label.
	// Classes: [outputs], 1: member; multi-label: [2 outputs], (negative, positive). It contains the
	// truth with the probability PredictorOptions.Coverage; NaN for a model that is not calibrated.
	FieldPredictionSet     Field = 17
	FieldStandardDeviation Field = 18 // [outputs] Regression: of the value.
	// [2 outputs] Regression: (lower, upper), contains the truth as FieldPredictionSet.
	FieldInterval              Field = 19
	FieldUncertaintyPercentile Field = 20 // [1] Percentage of held-out samples that were as certain.
	FieldAbstain               Field = 21 // Classes: [1]; multi-label: [outputs]; 1: leave it to others.
)

// Prediction holds the results of one call of a [Predictor], and may be filled any number of times. One
// goroutine at a time may use it.
type Prediction struct {
	handle handle
	// What a call passes to C lies in objects of their own, so that nothing is allocated per call.
	scratch  *scratch
	pointers *[MaxModalities]*float32
}

type scratch struct {
	rows, columns int64
	steps         [MaxModalities]int64
	fields        [MaxModalities]int32
	needed        int
	status        int32
}

// NewPrediction makes an empty prediction.
func NewPrediction() (*Prediction, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	var address uintptr
	if err := failed(capi.Casd_prediction_create(&address)); err != nil {
		return nil, err
	}
	prediction := &Prediction{scratch: new(scratch), pointers: new([MaxModalities]*float32)}
	own(prediction, &prediction.handle, "prediction", address, capi.Casd_prediction_destroy)
	return prediction, nil
}

// Close releases the prediction, as [Model.Close].
func (p *Prediction) Close() error { return p.handle.Close() }

// Shape returns the size of a table. It wraps [ErrState] before the first prediction and
// [ErrInvalidArgument] for a field that the task does not have.
func (p *Prediction) Shape(field Field) (rows, columns int, err error) {
	address, err := p.handle.write()
	if err != nil {
		return 0, 0, err
	}
	defer p.handle.doneWriting()
	s := p.scratch
	if err := failed(capi.Casd_prediction_shape(&s.rows, &s.columns, address, int32(field))); err != nil {
		return 0, 0, err
	}
	return int(s.rows), int(s.columns), nil
}

// RowStatus returns the state of one row: StatusOK for a result; StatusState if the sample was left with
// no modality; StatusNumeric if a result is not finite. In both cases the whole row is NaN.
func (p *Prediction) RowStatus(row int) (Status, error) {
	address, err := p.handle.write()
	if err != nil {
		return 0, err
	}
	defer p.handle.doneWriting()
	err = failed(capi.Casd_prediction_row_status(&p.scratch.status, address, int64(row)))
	return Status(p.scratch.status), err
}

// Values returns a copy of a table: [rows, columns], row-major.
func (p *Prediction) Values(field Field) ([]float32, error) {
	address, err := p.handle.write()
	if err != nil {
		return nil, err
	}
	defer p.handle.doneWriting()
	s := p.scratch
	if err := failed(capi.Casd_prediction_shape(&s.rows, &s.columns, address, int32(field))); err != nil {
		return nil, err
	}
	values := make([]float32, s.rows*s.columns)
	return values, failed(capi.Casd_prediction_copy(values, &s.needed, address, int32(field)))
}

// Copy copies tables into buffer, one after the other in the order of fields, each row-major, and returns
// how many numbers they have. If buffer is too short nothing is copied, and the error wraps
// [ErrBufferTooSmall]; the count is right all the same. It allocates nothing.
func (p *Prediction) Copy(buffer []float32, fields ...Field) (int, error) {
	address, err := p.handle.write()
	if err != nil {
		return 0, err
	}
	defer p.handle.doneWriting()
	s := p.scratch
	if len(fields) > len(s.fields) {
		return 0, invalid("%d fields, but at most %d can be copied at once", len(fields), len(s.fields))
	}
	for i, field := range fields {
		s.fields[i] = int32(field)
	}
	s.needed = 0
	err = failed(capi.Casd_prediction_copy_fields(buffer, &s.needed, address, s.fields[:len(fields)]))
	return s.needed, err
}
