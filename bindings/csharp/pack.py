"""Makes a NuGet package of a folder: python3 pack.py CONTENT OUTPUT."""
import pathlib
import re
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
NUSPEC = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata>
    <id>Casd</id>
    <version>{version}</version>
    <authors>CASD</authors>
    <license type="file">LICENSE.txt</license>
    <readme>README.md</readme>
    <description>Predictions from several modalities, any of which may be missing, with an uncertainty
for each of them. Training needs the plug-in libcasd_torch, which is not part of the package.</description>
    <dependencies>
      <group targetFramework=".NETStandard2.0" />
      <group targetFramework=".NETStandard2.1" />
    </dependencies>
  </metadata>
</package>
"""
RELATIONS = """<?xml version="1.0" encoding="utf-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/Casd.nuspec"
                Id="manifest" />
</Relationships>
"""
TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />
{types}
</Types>
"""


def version():
    code = (ROOT / "CMakeLists.txt").read_text()
    return re.search(r"project\(casd VERSION (\S+)", code).group(1)


def main(content, output):
    files = {path.relative_to(content).as_posix(): path.read_bytes()
             for path in sorted(content.rglob("*")) if path.is_file()}
    files["Casd.nuspec"] = NUSPEC.format(version=version()).encode()
    extensions = sorted({name.rsplit(".", 1)[-1] for name in files})
    types = "\n".join(f'  <Default Extension="{extension}" ContentType="application/octet" />'
                      for extension in extensions)
    files["_rels/.rels"] = RELATIONS.encode()
    files["[Content_Types].xml"] = TYPES.format(types=types).encode()
    package = output / f"Casd.{version()}.nupkg"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            # A fixed time: the same input gives the same bytes.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    print(package)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
