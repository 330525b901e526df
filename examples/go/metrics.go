package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"casd.org/casd"
)

// bounds are the upper limits of the histogram's buckets in seconds.
var bounds = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

type metrics struct {
	mutex   sync.Mutex
	answers map[answerKind]int64
	buckets [14]int64 // One per bound, and one above all of them.
	seconds float64
}

type answerKind struct {
	path string
	code int
}

// count records an answer.
func (m *metrics) count(path string, code int, duration time.Duration) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.answers == nil {
		m.answers = map[answerKind]int64{}
	}
	m.answers[answerKind{path, code}]++
	if path == "/predict" {
		i, _ := slices.BinarySearch(bounds, duration.Seconds())
		m.buckets[i]++
		m.seconds += duration.Seconds()
	}
}

// text returns the metrics in the text format of Prometheus.
func (m *metrics) text(requests, workers int) []byte {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var out bytes.Buffer
	heading := func(name, kind, help string) {
		fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	}
	heading("casd_requests_total", "counter", "Requests that were answered.")
	kinds := slices.SortedFunc(maps.Keys(m.answers), func(a, b answerKind) int {
		return slices.Compare([]string{a.path, fmt.Sprint(a.code)}, []string{b.path, fmt.Sprint(b.code)})
	})
	for _, kind := range kinds {
		fmt.Fprintf(&out, "casd_requests_total{path=\"%s\",code=\"%d\"} %d\n", kind.path, kind.code,
			m.answers[kind])
	}
	heading("casd_predict_seconds", "histogram", "Time to answer requests for /predict.")
	total := int64(0)
	for i, n := range m.buckets {
		total += n
		bound := "+Inf"
		if i < len(bounds) {
			bound = fmt.Sprint(bounds[i])
		}
		fmt.Fprintf(&out, "casd_predict_seconds_bucket{le=\"%s\"} %d\n", bound, total)
	}
	fmt.Fprintf(&out, "casd_predict_seconds_sum %v\ncasd_predict_seconds_count %d\n", m.seconds, total)
	gauge := func(name, help string, value int64) {
		heading(name, "gauge", help)
		fmt.Fprintf(&out, "%s %d\n", name, value)
	}
	gauge("casd_requests_in_progress", "Predictions in progress.", int64(requests))
	gauge("casd_workers_busy", "Predictions that are computed now.", int64(workers))
	gauge("casd_live_objects", "Objects of libcasd.", casd.LiveObjects())
	gauge("casd_live_bytes", "Memory of libcasd's objects in bytes.", casd.LiveBytes())
	return out.Bytes()
}
