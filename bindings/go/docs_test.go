package casd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The programs in docs/go.md are built against an installed libcasd, as its first section says, and run
// one after the other in one folder.
func TestDocumentationRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("not in a short run")
	}
	root, build := repositoryRoot(t), buildFolder(t)
	cmake, err := exec.LookPath("cmake")
	if err != nil {
		t.Skip("not there: cmake")
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "go.md"))
	check(t, err)
	programs := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(programs) != 2 {
		t.Fatalf("%d programs", len(programs))
	}
	folder := t.TempDir()
	prefix := filepath.Join(folder, "installed")
	run(t, cmake, "--install", build, "--prefix", prefix)
	configurations, err := filepath.Glob(filepath.Join(prefix, "lib*", "pkgconfig"))
	more, _ := filepath.Glob(filepath.Join(prefix, "lib", "*", "pkgconfig"))
	if configurations = append(configurations, more...); err != nil || len(configurations) != 1 {
		t.Fatal(configurations, err)
	}
	t.Setenv("PKG_CONFIG_PATH", configurations[0])
	// Go's cache does not depend on what pkg-config says, but on this.
	t.Setenv("CGO_LDFLAGS", "-L"+filepath.Dir(configurations[0]))

	module := fmt.Sprintf("module example\n\ngo 1.26\n\nrequire casd.org/casd v0.2.0\n\nreplace casd.org/casd => %s\n",
		filepath.Join(root, "bindings", "go"))
	check(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte(module), 0o644))
	var output strings.Builder
	for i, program := range programs {
		name := fmt.Sprintf("program%d", i)
		check(t, os.Mkdir(filepath.Join(folder, name), 0o755))
		source := filepath.Join(folder, name, "main.go")
		check(t, os.WriteFile(source, []byte(program[1]), 0o644))
		if changes := run(t, "gofmt", "-l", source); len(changes) > 0 {
			t.Errorf("program %d is not formatted", i)
		}
		for _, arguments := range [][]string{{"go", "vet", "./" + name}, {"go", "build", "-o", name, "./" + name},
			{filepath.Join(folder, name, name)}} {
			command := exec.Command(arguments[0], arguments[1:]...)
			command.Dir = folder
			result, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %v: %s", arguments, err, result)
			}
			output.Write(result)
		}
	}
	for _, want := range []string{"[negative positive]", "student 2/2", "NaN NaN]"} {
		if !strings.Contains(output.String(), want) {
			t.Errorf("no %q in %s", want, output.String())
		}
	}
	if n := strings.Count(output.String(), "NaN NaN]"); n != 8 {
		t.Errorf("%d results", n)
	}
}
