"""Checks a packed Unity package: python3 package.py FOLDER TGZ [SECOND_TGZ]"""
import hashlib
import json
import pathlib
import re
import sys
import tarfile
import xml.etree.ElementTree

# Scenes and projects refer to these files by their GUID, which therefore never changes.
FIXED = {
    "Runtime/CasdPredictor.cs": "b77cd5757f5ab1052b0dfdcf90a1816e",
    "Runtime/Casd.Runtime.asmdef": "aee135e6de27f3c0d2018341e71b2258",
    "Plugins/Linux/x86_64/libcasd.so": "3cf5619c7f297b46c0a77789b199c675",
}


def check(condition, message):
    if not condition:
        raise SystemExit(f"package: FAILED: {message}")


def main(folder, archive, second):
    manifest = json.loads((folder / "package.json").read_text())
    check(folder.name == manifest["name"], "the folder has the package's name")
    check(re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"]), manifest["version"])
    check(f"[{manifest['version']}]" in (folder / "CHANGELOG.md").read_text(), "CHANGELOG.md has the version")
    for name in "LICENSE.md", "README.md", "Documentation~/casd.md", "Runtime/link.xml":
        check((folder / name).stat().st_size > 0, name)
    for page in (folder / "Documentation~").glob("*.md"):
        for link in re.findall(r"\]\(([\w./-]+\.md)", page.read_text()):
            check((page.parent / link).exists(), f"{page.name} links to {link}")
    for sample in manifest["samples"]:
        check(list((folder / sample["path"]).glob("*.cs")), sample["path"])
    assemblies = {}
    for file in folder.rglob("*.asmdef"):
        definition = json.loads(file.read_text())
        check(definition["name"] == file.stem, file)
        assemblies[definition["name"]] = definition
    for definition in assemblies.values():
        for name in definition.get("references", []):
            check(name in assemblies, f"{definition['name']} refers to {name}")
    check(assemblies["Casd.Runtime"]["allowUnsafeCode"], "the runtime is compiled with pointers")
    kept = {a.get("fullname") for a in xml.etree.ElementTree.parse(folder / "Runtime/link.xml").iter("assembly")}
    check(kept == {"Casd.Runtime"}, kept)

    guids = {}
    files = [p for p in folder.rglob("*") if p.suffix != ".meta"]
    for path in files:
        name = path.relative_to(folder).as_posix()
        meta = path.with_name(path.name + ".meta")
        if name.startswith("Documentation~") or name.endswith("~"):
            check(not meta.exists(), f"{meta}: Unity does not import what it belongs to")
            continue
        text = meta.read_text()
        guid = re.search(r"^guid: ([0-9a-f]{32})$", text, re.MULTILINE)
        check(guid and guid.group(1) not in guids, f"{meta} has a GUID of its own")
        guids[guid.group(1)] = name
        if path.is_dir():
            check(any(path.iterdir()), f"{name} is empty: it would not be in the archive")
            check("folderAsset: yes" in text, meta)
    for meta in folder.rglob("*.meta"):
        check(meta.with_suffix("").exists(), f"{meta} belongs to nothing")
    for name, guid in FIXED.items():
        check(guids.get(guid) == name, f"the GUID of {name} has changed")

    systems = ["linux-x64"]
    check((folder / "Plugins/Linux/x86_64/libcasd.so").read_bytes()[:4] == b"\x7fELF", "libcasd.so")
    windows = folder / "Plugins/Windows/x86_64"
    if windows.exists():
        systems.append("win-x64")
        check((windows / "casd.dll").read_bytes()[:2] == b"MZ", "casd.dll")
        check(len(list(windows.glob("*.dll"))) == 4, "casd.dll and the runtime of the compiler")
    for plugin in [*folder.rglob("*.so"), *folder.rglob("*.dll")]:
        text = plugin.with_name(plugin.name + ".meta").read_text()
        system = "Linux" if plugin.suffix == ".so" else "Windows"
        check(f"OS: {system}" in text and text.count("enabled: 1") == 2, f"{plugin.name} is for {system} alone")

    with tarfile.open(archive) as tar:
        names = {member.name for member in tar if member.isfile()}
        check(names == {"package/" + p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()},
              "the archive has the files of the folder")
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (archive, second)}
    check(len(digests) == 1, "the same input gives the same bytes")
    print(f"package: {len(names)} files, {len(guids)} GUIDs, libcasd for {' and '.join(systems)}")
    if len(systems) == 1:
        print("not there: libcasd for win-x64 (tests/abi/test_windows.py builds it)")


if __name__ == "__main__":
    main(*(pathlib.Path(argument) for argument in sys.argv[1:4]))
