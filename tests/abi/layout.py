"""Writes tests/abi/layout.c: one assertion for each field of each public struct.

Run it when fields were appended: `python3 tests/abi/layout.py`. Lines of released fields must not
change; the assertions compare offset and type with what a compiled caller has.
"""
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "tests/abi/layout.c"
HEAD = """/* Offsets and types of all public struct fields, written by layout.py. Lines are only ever added. */
#include <casd/casd.h>

#include <stddef.h>
#include <stdint.h>

#define LOCK(S, F, T, O)                                                              \\
  _Static_assert(offsetof(S, F) == (O) && _Generic(((S *)0)->F, T: 1, default: 0), \\
                 #S "." #F " moved or changed its type")

"""


def public_code():
    return "\n".join(re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
                     for header in sorted((ROOT / "include/casd").glob("*.h")))


def fields():
    """(struct, field, type as the compiler sees it) in the order of the headers."""
    code = public_code()
    aliases = dict((name, kind)
                   for kind, name in re.findall(r"typedef (u?int\d+_t) (casd_\w+);", code))
    for body, struct in re.findall(r"typedef struct \w+ \{(.*?)\} (\w+);", code, re.DOTALL):
        for kind, name, array in re.findall(r"(\w+) (\w+)(\[\w+\])?;", body):
            resolved = aliases.get(kind, kind)
            yield struct, name, f"{resolved} *" if array else resolved


def main():
    found = list(fields())
    program = "#include <casd/casd.h>\n#include <stdio.h>\nint main(void) {\n"
    for struct, name, _ in found:
        program += f'  printf("%zu\\n", offsetof({struct}, {name}));\n'
    program += "  return 0;\n}\n"
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "offsets.c"
        source.write_text(program)
        subprocess.run(["cc", f"-I{ROOT}/include", source, "-o", f"{folder}/offsets"], check=True)
        offsets = subprocess.run([f"{folder}/offsets"], stdout=subprocess.PIPE, text=True,
                                 check=True).stdout.split()
    lines = [f"LOCK({struct}, {name}, {kind}, {offset});"
             for (struct, name, kind), offset in zip(found, offsets)]
    OUTPUT.write_text(HEAD + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
