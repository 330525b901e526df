package casd

import "casd.org/casd/internal/capi"

// TrainStats is what one step, or the mean of an epoch's steps, came to.
type TrainStats struct {
	Phase           Phase   // The phase it belongs to.
	Epoch           int     // From 0; of Trainer.Epoch only.
	GoOn            bool    // Of Trainer.Epoch: whether there is more to do.
	Step            int64   // Steps taken in this phase.
	Samples         int64   // Samples seen.
	Loss            float64 // The total.
	TaskLoss        float64 // Cross-entropy or squared error.
	LogitLoss       float64 // Jensen-Shannon; NaN where there is no such term.
	UncertaintyLoss float64 // Before its weight; NaN where there is no such term.
	EvidenceLoss    float64 // Before its weight; NaN where there is no such term.
	GradientNorm    float64 // Before clipping.
	LearningRate    float64 // In use.
	// Selection score of the epoch on split valid: mean F1 in % (regression: minus
	// the mean absolute error); NaN where none was computed.
	Score     float64
	BestScore float64 // The phase's best so far; NaN before there is one.
}

// TrainProgress is how far a [Trainer.Fit] is.
type TrainProgress struct {
	Phase            Phase   // Which phase.
	Epoch            int     // From 0.
	Epochs           int     // Most epochs of the phase.
	Step             int64   // Steps taken in this epoch.
	Steps            int64   // Steps of an epoch.
	Loss             float64 // Mean of this epoch so far.
	Score            float64 // Selection score of the last finished epoch; NaN before.
	BestScore        float64 // The phase's best; NaN before.
	SamplesPerSecond float64 // Of this call so far.
	Seconds          float64 // Since the call began.
	SecondsLeft      float64 // If neither phase stops early.
}

func readTrainStats(c capi.Casd_train_stats) TrainStats {
	return TrainStats{
		Phase:           Phase(c.GetPhase()),
		Epoch:           int(c.GetEpoch()),
		GoOn:            c.GetGo_on() != 0,
		Step:            c.GetStep(),
		Samples:         c.GetSamples(),
		Loss:            c.GetLoss(),
		TaskLoss:        c.GetTask_loss(),
		LogitLoss:       c.GetLogit_loss(),
		UncertaintyLoss: c.GetUncertainty_loss(),
		EvidenceLoss:    c.GetEvidence_loss(),
		GradientNorm:    c.GetGradient_norm(),
		LearningRate:    c.GetLearning_rate(),
		Score:           c.GetScore(),
		BestScore:       c.GetBest_score(),
	}
}

func readTrainProgress(c capi.Casd_train_progress) TrainProgress {
	return TrainProgress{
		Phase:            Phase(c.GetPhase()),
		Epoch:            int(c.GetEpoch()),
		Epochs:           int(c.GetEpochs()),
		Step:             c.GetStep(),
		Steps:            c.GetSteps(),
		Loss:             c.GetLoss(),
		Score:            c.GetScore(),
		BestScore:        c.GetBest_score(),
		SamplesPerSecond: c.GetSamples_per_second(),
		Seconds:          c.GetSeconds(),
		SecondsLeft:      c.GetSeconds_left(),
	}
}
