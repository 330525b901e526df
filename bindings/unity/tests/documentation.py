"""Writes each C# block of docs/unity.md to a file of its own: python3 documentation.py MARKDOWN FOLDER.

The classes get a namespace, by which the tests find them.
"""
import pathlib
import re
import sys


def main(markdown, folder):
    blocks = re.findall(r"^```csharp\n(.*?)^```$", markdown.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2, f"{markdown} has {len(blocks)} blocks of code"
    for number, block in enumerate(blocks):
        usings = re.findall(r"^using [\w.]+;\n", block, re.MULTILINE)
        body = re.sub(r"^using [\w.]+;\n", "", block, flags=re.MULTILINE)
        (folder / f"Block{number}.cs").write_text(
            "".join(usings) + "\nnamespace Documentation\n{" + body + "}\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
