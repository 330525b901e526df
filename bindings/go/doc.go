// Package casd trains and runs multimodal models: probabilities and uncertainties, fused and per
// modality, with any modality missing. It binds the C library libcasd.
//
// A prediction:
//
//	model, err := casd.LoadModel("mood.casd")
//	predictor, err := casd.NewPredictor(model, nil)
//	prediction, err := casd.NewPrediction()
//	err = predictor.PredictFrames(prediction, [][]float32{words, voice, face}, casd.AllModalities)
//	probabilities, err := prediction.Values(casd.FieldProbabilities)
//
// # Threads
//
// Any number of goroutines may use one [Model] and one [Predictor] at once. [Batch], [Dataset],
// [Prediction] and [Trainer] have one owner at a time: a call on one of them during another goroutine's
// call returns [ErrBusy]. Datasets and batches may be read by several at once.
//
// # Lifetime
//
// Objects hold memory of the native library. Close releases it: more than one call of Close is allowed,
// and Close during a call on another goroutine is safe. Later calls return [ErrClosed]. Objects that are
// dropped without Close are released after garbage collection, which does not see how much native memory
// they hold; so call Close.
//
// # Errors
//
// The library's failures are [*Error] values with a [Status] and a message that has the wrong value and
// the allowed range. [errors.Is] compares them with [ErrInvalidArgument] and the other errors of a status.
package casd
