package casd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func facadeFiles(t *testing.T) (files []string) {
	all, err := filepath.Glob("*.go")
	check(t, err)
	for _, name := range all {
		if !strings.HasSuffix(name, "_test.go") {
			files = append(files, name)
		}
	}
	return files
}

// Each exported name, field and method has a comment.
func TestEverythingIsDocumented(t *testing.T) {
	set := token.NewFileSet()
	count := 0
	documented := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		if !name.IsExported() {
			return
		}
		count++
		for _, comment := range comments {
			if comment != nil {
				return
			}
		}
		t.Errorf("%v: %s has no comment", set.Position(name.Pos()), name.Name)
	}
	for _, file := range facadeFiles(t) {
		tree, err := parser.ParseFile(set, file, nil, parser.ParseComments)
		check(t, err)
		for _, declaration := range tree.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				documented(d.Name, d.Doc)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						documented(s.Name, s.Doc, d.Doc)
						if body, isStruct := s.Type.(*ast.StructType); isStruct {
							for _, field := range body.Fields.List {
								for _, name := range field.Names {
									documented(name, field.Doc, field.Comment)
								}
							}
						}
					case *ast.ValueSpec:
						for _, name := range s.Names {
							// A group's comment is enough for the sentinels, whose text says what they are.
							documented(name, s.Doc, s.Comment, map[bool]*ast.CommentGroup{true: d.Doc}[d.Tok == token.VAR || !d.Lparen.IsValid()])
						}
					}
				}
			}
		}
	}
	if count < 250 {
		t.Errorf("%d exported items", count)
	}
}

// The facade uses each function of the C API that SWIG generates.
func TestEveryFunctionOfTheLibraryIsCovered(t *testing.T) {
	generated, err := os.ReadFile(filepath.Join("internal", "capi", "capi.go"))
	check(t, err)
	var facade strings.Builder
	for _, file := range facadeFiles(t) {
		text, err := os.ReadFile(file)
		check(t, err)
		facade.Write(text)
	}
	functions := regexp.MustCompile(`(?m)^func (Casd_\w+)\(`).FindAllStringSubmatch(string(generated), -1)
	if len(functions) < 100 {
		t.Errorf("%d functions", len(functions))
	}
	for _, function := range functions {
		if !regexp.MustCompile(`capi\.` + function[1] + `\b`).MatchString(facade.String()) {
			t.Errorf("%s is not used", function[1])
		}
	}
}
