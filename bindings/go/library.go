package casd

import (
	"bytes"
	"fmt"
	"sync"

	"casd.org/casd/internal/capi"
)

// abiVersion is the version of the binary interface that this package was written for.
const abiVersion = 2

// ready reports why the native library cannot be used. Every constructor calls it first.
var ready = sync.OnceValue(func() error {
	if foreign() {
		return &Error{Status: StatusVersion, Message: fmt.Sprintf(
			"%s is another library of that name, it has no function casd_abi_version: %s",
			orDefault(capi.Casd_go_library_path()), loadRemedy)}
	}
	abi, version := capi.Casd_abi_version(), uint32(0)
	if abi == abiVersion { // else nothing else is called
		version = capi.Casd_version()
	}
	return compatible(abi, version, capi.Casd_go_compiled_version(), capi.Casd_go_library_path())
})

const loadRemedy = "install the libcasd that this program was built with, or build the program again; " +
	"the dynamic loader searches LD_LIBRARY_PATH, then the program's run path, then the system's folders"

// foreign reports whether another library has the name of libcasd: none of its functions can be called.
func foreign() bool { return capi.Casd_go_is_foreign() != 0 }

func orDefault(path string) string {
	if path == "" {
		return "libcasd"
	}
	return path
}

func compatible(abi, version, compiled uint32, path string) error {
	path = orDefault(path)
	switch {
	case abi != abiVersion:
		return &Error{Status: StatusVersion, Message: fmt.Sprintf(
			"%s has binary interface %d, but this program needs %d: %s", path, abi, abiVersion, loadRemedy)}
	case version < compiled:
		return &Error{Status: StatusVersion, Message: fmt.Sprintf(
			"%s has version %s, but this program was built with %s: %s", path, versionText(version),
			versionText(compiled), loadRemedy)}
	}
	return nil
}

func versionText(version uint32) string {
	return fmt.Sprintf("%d.%d.%d", version/10000, version/100%100, version%100)
}

// Check returns an error that wraps [ErrVersion] if the native library does not fit this package. All
// functions that make objects return the same error; functions without an error then return zero values.
func Check() error { return ready() }

// Version returns the native library's version, such as "0.2.0".
func Version() string {
	if foreign() {
		return ""
	}
	return capi.Casd_version_string()
}

// BuildInfo returns how the native library was built, as a JSON object with the keys version, abi,
// compiler, build_type, system and engine (the CPU engine in use).
func BuildInfo() string {
	if ready() != nil {
		return ""
	}
	return capi.Casd_build_info()
}

// LibraryPath returns the file of the native library in use, "" if the system does not tell it.
func LibraryPath() string { return capi.Casd_go_library_path() }

// SetPluginPath sets the folder in which plug-ins (libcasd_torch, libcasd_hdf5) are searched first; "":
// none. After it come the folders of the environment variable CASD_PLUGIN_PATH, then the folder of
// libcasd. A plug-in is loaded by the first call that needs it and stays loaded. Any goroutine.
func SetPluginPath(folder string) error {
	if err := plainTexts(folder); err != nil {
		return err
	}
	if err := ready(); err != nil {
		return err
	}
	return failed(capi.Casd_set_plugin_path(folder))
}

// LiveObjects returns how many objects of the library exist, for leak checks in tests.
func LiveObjects() int64 {
	if ready() != nil {
		return 0
	}
	return capi.Casd_live_objects()
}

// LiveBytes returns how many bytes the objects of the library hold in large buffers.
func LiveBytes() int64 {
	if ready() != nil {
		return 0
	}
	return capi.Casd_live_bytes()
}

// LogLevel is the severity of a log message.
type LogLevel int32

// The values of [LogLevel], least serious first.
const (
	LogDebug   LogLevel = 0 // For those who debug the library.
	LogInfo    LogLevel = 1 // What the library does.
	LogWarning LogLevel = 2 // The call goes on, but the result may be unwanted.
	LogError   LogLevel = 3 // A failure that no status can report.
	LogOff     LogLevel = 4 // As a threshold: no messages.
)

// SetLogLevel sets the least serious level that is reported. Messages go to the standard error stream
// until [PollLog] is first called. Any goroutine.
func SetLogLevel(level LogLevel) error {
	if err := ready(); err != nil {
		return err
	}
	return failed(capi.Casd_go_set_log_level(int32(level)))
}

// PollLog takes the oldest message out of the library's queue of 256; ok is false if there is none. The
// first call starts the queue, and the messages no longer go to the standard error stream. Any
// goroutine; each message is returned once.
func PollLog() (level LogLevel, message string, ok bool) {
	if ready() != nil {
		return 0, "", false
	}
	buffer := make([]byte, 2048)
	found := capi.Casd_log_poll(buffer)
	if found < 0 {
		return 0, "", false
	}
	length := max(bytes.IndexByte(buffer, 0), 0)
	return LogLevel(found), string(buffer[:length]), true
}

// StopLog ends the queue of [PollLog] and discards its messages.
func StopLog() {
	if ready() == nil {
		capi.Casd_go_log_stop()
	}
}

// Device is what runs the computation.
type Device int32

// The values of [Device].
const (
	DeviceCPU  Device = 0 // The processor.
	DeviceCUDA Device = 1 // An NVIDIA GPU, through the plug-in libcasd_torch.
)

// EngineChoice selects the engine that computes. Another engine rounds differently.
type EngineChoice int32

// The values of [EngineChoice].
const (
	EngineAuto  EngineChoice = 0 // The first engine that supports the device and the use.
	EngineCPU   EngineChoice = 1 // The built-in engine.
	EngineTorch EngineChoice = 2 // The plug-in libcasd_torch.
)

// Engine describes what can run the computation.
type Engine struct {
	Name       string // "cpu": built in; "torch": the plug-in libcasd_torch.
	Device     Device // Where it computes.
	Available  bool   // Whether it can be used here.
	Reason     string // Why it is not available; "" if it is.
	Trains     bool   // Whether it trains; else it is for prediction only.
	Concurrent bool   // Whether calls on one predictor run concurrently.
}

// Engines returns the engines that the library knows. To tell whether one is available it is used: the
// plug-in is loaded and the device is opened, which takes some time on the first call.
func Engines() ([]Engine, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	info := capi.NewCasd_engine_info()
	defer capi.DeleteCasd_engine_info(info)
	if err := failed(capi.Casd_engine_info_init(info)); err != nil {
		return nil, err
	}
	var engines []Engine
	for i := int32(0); ; i++ {
		err := failed(capi.Casd_engine_get_info(info, i))
		if e, isError := err.(*Error); isError && e.Status == StatusNotFound {
			return engines, nil
		}
		if err != nil {
			return nil, err
		}
		engines = append(engines, Engine{
			Name: info.GetName(), Device: Device(info.GetDevice()), Available: info.GetAvailable() != 0,
			Reason: info.GetReason(), Trains: info.GetTrains() != 0, Concurrent: info.GetConcurrent() != 0,
		})
	}
}
