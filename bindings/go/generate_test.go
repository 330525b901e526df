package casd_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The committed code is what SWIG makes of the headers.
func TestGeneratedCodeIsCurrent(t *testing.T) {
	root := repositoryRoot(t)
	swig, err := exec.LookPath("swig")
	if err != nil {
		t.Skip("not there: swig")
	}
	if version := string(run(t, swig, "-version")); !strings.Contains(version, "Version 4.1.0") {
		t.Skip("not there: swig 4.1.0")
	}
	folder := t.TempDir()
	run(t, filepath.Join(root, "bindings", "swig", "generate"), "go", folder)
	for _, name := range []string{"capi.go", "capi_wrap.c"} {
		want, err := os.ReadFile(filepath.Join(folder, "bindings", "go", "internal", "capi", name))
		check(t, err)
		got, err := os.ReadFile(filepath.Join("internal", "capi", name))
		check(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: run bindings/swig/generate go", name)
		}
	}
}
