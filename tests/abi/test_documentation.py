"""The Doxygen reference documents every public item (Doxygen's own warnings do not cover values of
enumerations and members), and relative links in the documents exist."""
import os
import pathlib
import re
import unittest
import xml.etree.ElementTree as tree

ROOT = pathlib.Path(__file__).resolve().parents[2]
XML = pathlib.Path(os.environ["CASD_BUILD_DIR"]) / "docs/xml"


def words(element):
    return any("".join(element.find(kind).itertext()).strip()
               for kind in ("briefdescription", "detaileddescription"))


@unittest.skipUnless(XML.exists(), f"not there: {XML} (CASD_BUILD_DOCS is off)")
class Reference(unittest.TestCase):
    def members(self):
        for file in XML.glob("*.xml"):
            for member in tree.parse(file).iter("memberdef"):
                yield member

    def test_every_item_is_documented(self):
        items = 0
        for member in self.members():
            name = member.findtext("name")
            if name.endswith("_H"):
                continue
            items += 1
            self.assertTrue(words(member), name)
            for value in member.iter("enumvalue"):
                self.assertTrue(words(value), value.findtext("name"))
        self.assertGreater(items, 100)

    def test_every_function_is_there(self):
        lines = (ROOT / "tests/abi/symbols.txt").read_text().splitlines()
        functions = {member.findtext("name") for member in self.members()
                     if member.get("kind") == "function"}
        for line in lines:
            if line and not line.startswith("#"):
                self.assertIn(line.split()[0], functions)


class Links(unittest.TestCase):
    def test_relative_links_exist(self):
        pages = [ROOT / "README.md", *(path for folder in
                 ("docs", "include", "src", "tests", "tools", "examples", "bench", "cmake", "scripts")
                 for path in (ROOT / folder).rglob("*.md")), *ROOT.glob("C*.md")]
        for page in pages:
            for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
                if "://" not in target:
                    with self.subTest(page=str(page.relative_to(ROOT)), target=target):
                        self.assertTrue((page.parent / target).exists())


if __name__ == "__main__":
    unittest.main()
