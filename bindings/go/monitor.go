package casd

import (
	"casd.org/casd/internal/capi"
)

// MonitorSubject is what showed a change of the input.
type MonitorSubject int32

// The values of [MonitorSubject].
const (
	MonitorModalities       MonitorSubject = 0 // Which modalities the samples have.
	MonitorModalityVariance MonitorSubject = 1 // The variance of one modality.
	MonitorUncertainty      MonitorSubject = 2 // The uncertainty.
	MonitorErrorProbability MonitorSubject = 3 // The error probability.
)

// MonitorOptions is how a [Monitor] tests.
type MonitorOptions struct {
	// Without a change an alarm comes within n samples with a probability of at most n divided by this;
	// 1e6; 1 to 1e15.
	SamplesPerFalseAlarm float64
	WarmUp               int64  // First samples, not tested: they join the held-out ones; 0.
	Seed                 uint64 // Of the random ranks of equal numbers; 0.
}

// MonitorState is the state of a [Monitor].
type MonitorState struct {
	Alarm         bool           // Whether the last Add raised an alarm.
	Samples       int64          // Samples so far, without rows that have no result.
	Alarms        int64          // Alarms so far. After each the test begins again.
	LastAlarm     int64          // Samples at the last alarm; 0: none yet.
	AlarmSubject  MonitorSubject // What raised the last alarm.
	AlarmModality int            // Its modality, for the variance of one; else -1.
	Evidence      float64        // How close the next alarm is: 0 to 1, logarithmic.
	Subject       MonitorSubject // What is closest to an alarm.
	Modality      int            // Its modality, for the variance of one; else -1.
}

// Monitor detects that the predictions no longer resemble the held-out samples of the calibration, for
// which sets, intervals and error rates hold. One goroutine at a time may use it.
type Monitor struct {
	handle handle
}

// NewMonitor makes a monitor for the predictions of a calibrated model, which may be closed before it; nil
// options: the defaults. The error wraps [ErrState] if the model is not calibrated.
func NewMonitor(model *Model, options *MonitorOptions) (*Monitor, error) {
	source, err := model.handle.use()
	if err != nil {
		return nil, err
	}
	defer model.handle.done()
	native := capi.NewCasd_monitor_options()
	defer capi.DeleteCasd_monitor_options(native)
	if err := failed(capi.Casd_monitor_options_init(native)); err != nil {
		return nil, err
	}
	if options != nil {
		native.SetSamples_per_false_alarm(options.SamplesPerFalseAlarm)
		native.SetWarm_up(options.WarmUp)
		native.SetSeed(options.Seed)
	}
	var address uintptr
	if err := failed(capi.Casd_monitor_create(&address, source, native)); err != nil {
		return nil, err
	}
	monitor := &Monitor{}
	own(monitor, &monitor.handle, "monitor", address, capi.Casd_monitor_destroy)
	return monitor, nil
}

// Close releases the monitor, as [Model.Close].
func (m *Monitor) Close() error { return m.handle.Close() }

// Add tests the rows of a prediction of the same model, in their order, always under the same mask.
func (m *Monitor) Add(prediction *Prediction) error {
	address, err := m.handle.write()
	if err != nil {
		return err
	}
	defer m.handle.doneWriting()
	rows, err := prediction.handle.read()
	if err != nil {
		return err
	}
	defer prediction.handle.doneReading()
	return failed(capi.Casd_monitor_add(address, rows))
}

// State returns the present state.
func (m *Monitor) State() (MonitorState, error) {
	address, err := m.handle.write()
	if err != nil {
		return MonitorState{}, err
	}
	defer m.handle.doneWriting()
	native := capi.NewCasd_monitor_state()
	defer capi.DeleteCasd_monitor_state(native)
	if err := failed(capi.Casd_monitor_state_init(native)); err != nil {
		return MonitorState{}, err
	}
	if err := failed(capi.Casd_monitor_get_state(native, address)); err != nil {
		return MonitorState{}, err
	}
	return MonitorState{
		Alarm:         native.GetAlarm() != 0,
		Samples:       native.GetSamples(),
		Alarms:        native.GetAlarms(),
		LastAlarm:     native.GetLast_alarm(),
		AlarmSubject:  MonitorSubject(native.GetAlarm_subject()),
		AlarmModality: int(native.GetAlarm_modality()),
		Evidence:      native.GetEvidence(),
		Subject:       MonitorSubject(native.GetSubject()),
		Modality:      int(native.GetModality()),
	}, nil
}
