package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"casd.org/casd"
)

// service answers requests. Its methods may be called at the same time.
type service struct {
	settings  settings
	schema    *casd.Schema
	predictor *casd.Predictor
	workers   chan *casd.Prediction // One for each worker; who has one may compute.
	requests  chan struct{}         // As many as predictions may be in progress.
	documents map[string]document
	metrics   metrics
	accepted  atomic.Int64
	stopping  atomic.Bool
}

// What is read and ignored after an answer, at most. The time is added to the limit of a request.
const (
	drainBytes = 16 << 20
	drainTime  = 2 * time.Second
)

// document is an answer that never changes.
type document struct {
	contentType string
	body        []byte
}

func newService(model *casd.Model, s settings) (*service, error) {
	schema := model.Schema()
	if schema.Task == casd.TaskRegression {
		return nil, errors.New("the model is a regression: this service answers with probabilities")
	}
	page, description, err := readPages(s.Pages)
	if err != nil {
		return nil, err
	}
	examples, err := examplesJSON(schema, s.Examples)
	if err != nil {
		return nil, err
	}
	predictor, err := casd.NewPredictor(model, nil)
	if err != nil {
		return nil, err
	}
	service := &service{
		settings:  s,
		schema:    schema,
		predictor: predictor,
		workers:   make(chan *casd.Prediction, s.Workers),
		requests:  make(chan struct{}, s.Requests),
	}
	for range s.Workers {
		prediction, err := casd.NewPrediction()
		if err != nil {
			service.Close()
			return nil, err
		}
		service.workers <- prediction
	}
	service.documents = map[string]document{
		"/":             {"text/html; charset=utf-8", page},
		"/openapi.json": {"application/json", description},
		"/model":        {"application/json", modelJSON(model, s)},
		"/example":      {"application/json", examples},
	}
	return service, nil
}

// Close releases the predictor and the predictions. No request may be in progress.
func (s *service) Close() {
	for len(s.workers) > 0 {
		(<-s.workers).Close()
	}
	s.predictor.Close()
}

func modelJSON(model *casd.Model, s settings) []byte {
	schema := model.Schema()
	type modality struct {
		Name     string `json:"name"`
		Features int    `json:"features"`
	}
	modalities := []modality{}
	for _, m := range schema.Modalities {
		modalities = append(modalities, modality{m.Name, m.Features})
	}
	return mustJSON(map[string]any{
		"task":       schema.Task.String(),
		"outputs":    schema.Outputs,
		"modalities": modalities,
		"parameters": model.ParameterCount(),
		"library":    casd.Version(),
		"limits": map[string]any{
			"body_bytes": s.MaxBody,
			"seconds":    s.Limit.Seconds(),
			"requests":   s.Requests,
			"workers":    s.Workers,
		},
	})
}

func mustJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // A value that this program made.
	}
	return text
}

// problem is an answer that is no success.
type problem struct {
	status int
	detail string
}

func (p *problem) Error() string { return p.detail }

func refuse(status int, format string, values ...any) error {
	return &problem{status, fmt.Sprintf(format, values...)}
}

// answer is what is known about a request while it is answered.
type answer struct {
	http.ResponseWriter
	path  string // For the metrics: one of the known paths, or other.
	begin time.Time
	code  int
}

// ServeHTTP answers one request.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.accepted.Add(1)
	a := &answer{w, "other", time.Now(), 0}
	defer func() {
		if value := recover(); value != nil {
			if value == http.ErrAbortHandler || a.code != 0 {
				panic(value)
			}
			fmt.Fprintln(os.Stderr, "service: a defect:", value)
			s.refuse(a, r, refuse(http.StatusInternalServerError, "a defect of the service"))
		}
		s.metrics.count(a.path, a.code, time.Since(a.begin))
	}()
	if s.stopping.Load() {
		a.Header().Set("Connection", "close")
	}
	if err := s.route(a, r); err != nil {
		s.refuse(a, r, err)
	}
}

func (s *service) route(a *answer, r *http.Request) error {
	path := r.URL.Path
	document, isDocument := s.documents[path]
	if !isDocument && path != "/health" && path != "/metrics" && path != "/predict" {
		return refuse(http.StatusNotFound, "there is no %s", path)
	}
	a.path = path
	if path == "/predict" {
		if r.Method != http.MethodPost {
			a.Header().Set("Allow", "POST")
			return refuse(http.StatusMethodNotAllowed, "%s has POST only, not %s", path, r.Method)
		}
		return s.predict(a, r)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		a.Header().Set("Allow", "GET, HEAD")
		return refuse(http.StatusMethodNotAllowed, "%s has GET and HEAD only, not %s", path, r.Method)
	}
	switch {
	case isDocument:
		a.write(http.StatusOK, document.contentType, document.body)
	case path == "/metrics":
		a.write(http.StatusOK, "text/plain; version=0.0.4; charset=utf-8",
			s.metrics.text(len(s.requests), s.settings.Workers-len(s.workers)))
	case s.stopping.Load():
		a.write(http.StatusServiceUnavailable, "application/json", []byte(`{"status":"stopping"}`))
	default:
		a.write(http.StatusOK, "application/json", []byte(`{"status":"ok"}`))
	}
	return nil
}

func (s *service) predict(a *answer, r *http.Request) error {
	body, release, err := s.body(a, r)
	defer release()
	if err != nil {
		return err
	}
	frames, err := parseRequest(body, s.schema)
	if err != nil {
		return err
	}
	select {
	case prediction := <-s.workers:
		defer func() { s.workers <- prediction }()
		text, err := s.result(prediction, frames)
		if err != nil {
			return err
		}
		a.write(http.StatusOK, "application/json", text)
		return nil
	case <-time.After(time.Until(a.begin.Add(s.settings.Limit))):
		return refuse(http.StatusServiceUnavailable, "no worker was free within %v", s.settings.Limit)
	}
}

// body reads the body of a request within the limits. The request counts as in progress until release.
func (s *service) body(a *answer, r *http.Request) (body []byte, release func(), err error) {
	release = func() {}
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, hasCharset := parameters["charset"]
	if err != nil || mediaType != "application/json" || hasCharset && !strings.EqualFold(charset, "utf-8") ||
		r.Header.Get("Content-Encoding") != "" {
		return nil, release, refuse(http.StatusUnsupportedMediaType,
			"the body has to be application/json in UTF-8 without a content encoding")
	}
	if r.ContentLength < 0 || r.ContentLength == 0 && r.Header.Get("Content-Length") == "" {
		return nil, release, refuse(http.StatusLengthRequired, "the request has no Content-Length")
	}
	if r.ContentLength > s.settings.MaxBody {
		return nil, release, refuse(http.StatusRequestEntityTooLarge, "the body has %d bytes, at most %d are allowed",
			r.ContentLength, s.settings.MaxBody)
	}
	select {
	case s.requests <- struct{}{}:
		release = func() { <-s.requests }
	default:
		return nil, release, refuse(http.StatusServiceUnavailable, "%d requests are in progress already",
			s.settings.Requests)
	}
	controller := http.NewResponseController(a.ResponseWriter)
	controller.SetReadDeadline(a.begin.Add(s.settings.Limit))
	defer controller.SetReadDeadline(time.Time{})
	body = make([]byte, r.ContentLength)
	n, err := io.ReadFull(r.Body, body)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = refuse(http.StatusRequestTimeout, "%d of %d bytes of the body arrived within %v", n,
			r.ContentLength, s.settings.Limit)
	case err != nil:
		err = refuse(http.StatusBadRequest, "the body ended after %d of %d bytes", n, r.ContentLength)
	}
	return body, release, err
}

// refuse answers with a Problem.
func (s *service) refuse(a *answer, r *http.Request, err error) {
	var p *problem
	var native *casd.Error
	switch {
	case errors.As(err, &p):
	case errors.As(err, &native) && native.Status == casd.StatusInvalidArgument:
		p = &problem{http.StatusUnprocessableEntity, native.Message}
	default:
		fmt.Fprintln(os.Stderr, "service:", err)
		p = &problem{http.StatusInternalServerError, err.Error()}
	}
	if p.status == http.StatusServiceUnavailable {
		a.Header().Set("Retry-After", "1")
	}
	controller := http.NewResponseController(a.ResponseWriter)
	// A body that nobody reads: the answer goes first, then the body is read and ignored, within
	// limits, because closing the connection earlier can make the client lose the answer.
	unread := p.status == http.StatusRequestTimeout || p.status == http.StatusBadRequest || r.ContentLength != 0
	if unread && p.status != http.StatusUnprocessableEntity {
		a.Header().Set("Connection", "close")
		controller.EnableFullDuplex()
	}
	a.write(p.status, "application/problem+json", problemJSON(p.status, p.detail))
	if unread {
		controller.Flush()
		// A time of its own: after a 408 the time of the request is over, and its body may still come.
		controller.SetReadDeadline(time.Now().Add(s.settings.Limit + drainTime))
		io.CopyN(io.Discard, r.Body, drainBytes)
	}
}

func problemJSON(status int, detail string) []byte {
	return mustJSON(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}

func (a *answer) write(status int, contentType string, body []byte) {
	a.code = status
	a.Header().Set("Content-Type", contentType)
	a.Header().Set("Content-Length", fmt.Sprint(len(body)))
	a.WriteHeader(status)
	a.Write(body) // An error means that the client left.
}
