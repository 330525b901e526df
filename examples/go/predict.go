package main

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"unicode/utf8"

	"casd.org/casd"
)

// parseRequest returns the frames of each modality of the schema; nil where one is missing.
func parseRequest(body []byte, schema *casd.Schema) ([][]float32, error) {
	var request map[string]json.RawMessage
	if !utf8.Valid(body) {
		return nil, refuse(http.StatusBadRequest, "the body is not UTF-8")
	}
	if !json.Valid(body) {
		return nil, refuse(http.StatusBadRequest, "the body is not JSON: %v", json.Unmarshal(body, &request))
	}
	if json.Unmarshal(body, &request) != nil || request == nil {
		return nil, refuse(http.StatusUnprocessableEntity, "the body is no object")
	}
	for name := range request {
		if name != "modalities" {
			return nil, refuse(http.StatusUnprocessableEntity, "unknown member %q: there is only modalities", name)
		}
	}
	var modalities map[string]json.RawMessage
	if json.Unmarshal(request["modalities"], &modalities) != nil || modalities == nil {
		return nil, refuse(http.StatusUnprocessableEntity, "modalities has to be an object")
	}
	frames := make([][]float32, len(schema.Modalities))
	for name, text := range modalities {
		index, err := schema.Modality(name)
		if err != nil {
			return nil, refuse(http.StatusUnprocessableEntity, "%s", message(err))
		}
		if frames[index], err = parseFrames(text, name, schema.Modalities[index].Features); err != nil {
			return nil, err
		}
	}
	return frames, nil
}

// message is the library's message without the status.
func message(err error) string {
	if native, ok := err.(*casd.Error); ok {
		return native.Message
	}
	return err.Error()
}

// parseFrames reads an array of frames from valid JSON. It is much faster than encoding/json and, unlike
// that, does not take null for a zero.
func parseFrames(text []byte, name string, features int) ([]float32, error) {
	if string(text) == "null" {
		return nil, nil
	}
	values := make([]float32, 0, bytes.Count(text, []byte{','})+1)
	depth, column := 0, 0
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '[':
			depth++
			column = 0
			i++
		case c == ']':
			if depth == 2 && column != features {
				return nil, refuse(http.StatusUnprocessableEntity,
					"modality %s: frame %d has %d numbers, the model has %d features", name, len(values)/features,
					column, features)
			}
			depth--
			i++
		case c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case depth == 2 && (c == '-' || '0' <= c && c <= '9'):
			end := i + 1
			for bytes.IndexByte([]byte("+-.eE0123456789"), text[end]) >= 0 {
				end++
			}
			value, err := strconv.ParseFloat(string(text[i:end]), 32)
			if err != nil {
				return nil, refuse(http.StatusUnprocessableEntity,
					"modality %s: %s does not fit a 32-bit floating-point number", name, text[i:end])
			}
			values = append(values, float32(value))
			if column++; column > features {
				return nil, refuse(http.StatusUnprocessableEntity,
					"modality %s: a frame has more numbers than the model's %d features", name, features)
			}
			i = end
		default:
			return nil, notFrames(name)
		}
		if depth > 2 {
			return nil, notFrames(name)
		}
	}
	return values, nil
}

func notFrames(name string) error {
	return refuse(http.StatusUnprocessableEntity, "modality %s: has to be null or an array of arrays of numbers", name)
}

// result predicts one sample and returns the answer in JSON.
func (s *service) result(prediction *casd.Prediction, frames [][]float32) ([]byte, error) {
	if err := s.predictor.PredictFrames(prediction, frames, casd.AllModalities); err != nil {
		return nil, err
	}
	outputs, modalities := len(s.schema.Outputs), len(s.schema.Modalities)
	values := make([]float32, outputs+2+2*modalities)
	_, err := prediction.Copy(values, casd.FieldProbabilities, casd.FieldConfidence, casd.FieldUncertainty,
		casd.FieldModalityVariance, casd.FieldModalityWeight)
	if err != nil {
		return nil, err
	}
	type output struct {
		Name        string  `json:"name"`
		Probability float32 `json:"probability"`
	}
	type modality struct {
		Name        string   `json:"name"`
		Frames      int      `json:"frames"`
		Uncertainty *float32 `json:"uncertainty"`
		Weight      *float32 `json:"weight"`
	}
	var answer struct {
		Outputs     []output   `json:"outputs"`
		Confidence  float32    `json:"confidence"`
		Uncertainty float32    `json:"uncertainty"`
		Modalities  []modality `json:"modalities"`
	}
	for i, name := range s.schema.Outputs {
		answer.Outputs = append(answer.Outputs, output{name, values[i]})
	}
	answer.Confidence, answer.Uncertainty = values[outputs], values[outputs+1]
	variances, weights := values[outputs+2:outputs+2+modalities], values[outputs+2+modalities:]
	for i, m := range s.schema.Modalities {
		answer.Modalities = append(answer.Modalities,
			modality{m.Name, len(frames[i]) / m.Features, present(&variances[i]), present(&weights[i])})
	}
	return json.Marshal(answer)
}

// present returns nil for the NaN of a modality that takes no part.
func present(value *float32) *float32 {
	if math.IsNaN(float64(*value)) {
		return nil
	}
	return value
}
