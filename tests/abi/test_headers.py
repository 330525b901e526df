"""The public headers: each compiles alone in strict C99 and C++17 and consists mostly of
documentation; the examples and the README's program are strict C99."""
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = sorted((ROOT / "include/casd").glob("*.h"))
STRICT = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{ROOT}/include"]
C99 = ["cc", "-std=c99", *STRICT]
CXX17 = ["c++", "-std=c++17", *STRICT]


def compile_text(command, text, language):
    with tempfile.NamedTemporaryFile("w", suffix=f".{language}") as file:
        file.write(text)
        file.flush()
        return subprocess.run([*command, file.name], stderr=subprocess.PIPE, text=True)


def share_of_words(text):
    """Lines that hold a comment, of the lines that are not empty."""
    words = set()
    for comment in re.finditer(r"/\*.*?\*/", text, re.DOTALL):
        first = text.count("\n", 0, comment.start())
        words.update(range(first, first + comment[0].count("\n") + 1))
    lines = text.splitlines()
    filled = [i for i, line in enumerate(lines) if line.strip()]
    return len(words.intersection(filled)) / len(filled)


class Headers(unittest.TestCase):
    def test_each_header_compiles_alone(self):
        for header in HEADERS:
            include = f"#include <casd/{header.name}>\ntypedef int iso_c_wants_a_declaration;\n"
            for command, language in ((C99, "c"), (CXX17, "cpp")):
                with self.subTest(header=header.name, language=language):
                    done = compile_text(command, include, language)
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_umbrella_includes_all(self):
        umbrella = (ROOT / "include/casd/casd.h").read_text()
        for header in HEADERS:
            if header.name != "casd.h":
                self.assertIn(f'#include "{header.name}"', umbrella)

    def test_about_seventy_percent_are_comments(self):
        text = "\n".join(header.read_text() for header in HEADERS)
        share = share_of_words(text)
        self.assertTrue(0.65 <= share <= 0.80, f"{100 * share:.1f} %")

    def test_only_fixed_types_are_used(self):
        """INTERFACE rule 1: no bool, long, enum type, bit field, by-value struct, variadic."""
        for header in HEADERS:
            code = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
            for declaration in re.findall(r"CASD_API[^;]*;", code):
                with self.subTest(declaration=declaration):
                    self.assertNotRegex(declaration, r"\b(bool|long|enum|short|unsigned)\b|\.\.\.")

    def test_examples_are_strict_c99(self):
        examples = sorted((ROOT / "examples/c").glob("*.c"))
        self.assertTrue(examples)
        for example in examples:
            done = subprocess.run([*C99, str(example)], stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_program_in_the_readme_compiles(self):
        programs = re.findall(r"```c\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        self.assertTrue(programs)
        for program in programs:
            done = compile_text(C99, program, "c")
            self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
