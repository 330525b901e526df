"""Completes a Unity package and packs it: python3 pack.py PACKAGE OUTPUT

Writes the .meta files, fills in the version and makes OUTPUT/<name>-<version>.tgz. The same input gives the
same bytes. The GUID in a .meta file is a hash of the path in the package: a file keeps it from release to
release, so that scenes find the scripts.
"""
import gzip
import hashlib
import json
import pathlib
import re
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

PLUGIN = """PluginImporter:
  externalObjects: {{}}
  serializedVersion: 2
  iconMap: {{}}
  executionOrder: {{}}
  defineConstraints: []
  isPreloaded: 0
  isOverridable: 0
  isExplicitlyReferenced: 0
  validateReferences: 1
  platformData:
  - first:
      : Any
    second:
      enabled: 0
      settings:
        Exclude Editor: 0
        Exclude Linux64: {not_linux}
        Exclude OSXUniversal: 1
        Exclude Win: 1
        Exclude Win64: {not_windows}
  - first:
      Any:{space}
    second:
      enabled: 0
      settings: {{}}
  - first:
      Editor: Editor
    second:
      enabled: 1
      settings:
        CPU: x86_64
        DefaultValueInitialized: true
        OS: {system}
  - first:
      Standalone: {player}
    second:
      enabled: 1
      settings:
        CPU: x86_64
"""
IMPORTERS = {
    ".cs": "MonoImporter:\n  serializedVersion: 2\n  defaultReferences: []\n  executionOrder: 0\n"
           "  icon: {instanceID: 0}\n",
    ".asmdef": "AssemblyDefinitionImporter:\n  externalObjects: {}\n",
    ".md": "TextScriptImporter:\n  externalObjects: {}\n",
    ".xml": "TextScriptImporter:\n  externalObjects: {}\n",
    ".bytes": "TextScriptImporter:\n  externalObjects: {}\n",
    "package.json": "PackageManifestImporter:\n  externalObjects: {}\n",
}


def version():
    code = (ROOT / "CMakeLists.txt").read_text()
    return re.search(r"project\(casd VERSION (\S+)", code).group(1)


def importer(path):
    if path.is_dir():
        return "folderAsset: yes\nDefaultImporter:\n  externalObjects: {}\n"
    if path.suffix == ".so":
        return PLUGIN.format(system="Linux", player="Linux64", not_linux=0, not_windows=1, space=" ")
    if path.suffix == ".dll":
        return PLUGIN.format(system="Windows", player="Win64", not_linux=1, not_windows=0, space=" ")
    return IMPORTERS.get(path.name) or IMPORTERS[path.suffix]


def visible(package):
    """What Unity imports: not the folders with a tilde, whose content is imported when it is copied."""
    for path in sorted(package.rglob("*")):
        parts = path.relative_to(package).parts
        if path.suffix == ".meta" or path.name.endswith("~") or parts[0] == "Documentation~":
            continue
        yield path


def write_metas(package):
    for path in list(visible(package)):
        name = "org.casd.unity/" + path.relative_to(package).as_posix()
        guid = hashlib.md5(name.encode()).hexdigest()
        text = f"fileFormatVersion: 2\nguid: {guid}\n{importer(path)}"
        path.with_name(path.name + ".meta").write_text(text)


def main(package, output):
    manifest = package / "package.json"
    manifest.write_text(manifest.read_text().replace('"VERSION"', f'"{version()}"'))
    write_metas(package)
    description = json.loads(manifest.read_text())
    archive = output / f"{description['name']}-{description['version']}.tgz"
    with open(archive, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as compressed, \
            tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(package.rglob("*")):
            if path.is_dir():
                continue  # as npm, whose format this is
            entry = tarfile.TarInfo("package/" + path.relative_to(package).as_posix())
            entry.size, entry.mode, entry.mtime = path.stat().st_size, 0o644, 499162500
            with open(path, "rb") as content:
                tar.addfile(entry, content)
    print(archive)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
