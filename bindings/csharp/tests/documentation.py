"""Makes one program of the C# code in docs/csharp.md: python3 documentation.py MARKDOWN > Program.cs.

Each block becomes a method of its own; they run one after the other.
"""
import pathlib
import re
import sys

HEAD = """using System;
using System.Threading;
using System.Threading.Tasks;
"""


def main(markdown):
    blocks = re.findall(r"^```csharp\n(.*?)^```$", markdown, re.DOTALL | re.MULTILINE)
    usings, methods, calls = [], [], []
    for number, block in enumerate(blocks):
        usings += re.findall(r"^using [\w.]+;$", block, re.MULTILINE)
        body = re.sub(r"^using [\w.]+;\n", "", block, flags=re.MULTILINE)
        body = body if "await " in body else body + "await Task.CompletedTask;\n"
        methods.append(f"    static async Task Block{number}()\n    {{\n{body}    }}\n")
        calls.append(f"        await Block{number}();\n")
    assert len(blocks) >= 4, "docs/csharp.md has lost its code"
    print(HEAD + "\n".join(dict.fromkeys(usings)) + "\n\ninternal static class Program\n{\n" +
          "\n".join(methods) + "\n    private static async Task Main()\n    {\n" + "".join(calls) +
          f'        Console.WriteLine("{len(blocks)} blocks ran with " + Library.Load());\n' +
          "    }\n}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).read_text())
