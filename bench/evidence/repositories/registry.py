"""registry.py: the packages of packages/ as an npm registry, a Python index and a Go module proxy: plain files
for a server of files. The same bytes each time, so that the lock files of the repositories fit.

    python3 registry.py DIRECTORY URL"""
import base64, hashlib, io, json, os, sys, tarfile, zipfile, zlib

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages")
OUT, URL = sys.argv[1], sys.argv[2]


def write(path, data):
    path = os.path.join(OUT, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def files_of(package):
    """Names and bytes of what a package consists of, in their order."""
    root = os.path.join(SOURCES, package)
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(n for n in names if not n.endswith(".pyc")):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                yield os.path.relpath(path, root), file.read()


def stored_zip(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def stored_gzip(data):
    """Not compressed: another zlib would make other bytes."""
    out = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    for at in range(0, len(data), 65535):
        piece = data[at:at + 65535]
        size = len(piece)
        out += bytes([at + size == len(data)]) + size.to_bytes(2, "little") + (65535 - size).to_bytes(2, "little")
        out += piece
    return out + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def npm(name, version):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, data in files_of(name):
            entry = tarfile.TarInfo("package/" + path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    data = stored_gzip(out.getvalue())
    file = "%s/-/%s-%s.tgz" % (name, name, version)
    write("npm/" + file, data)
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    package = {"name": name, "version": version,
               "dist": {"tarball": URL + "/npm/" + file, "integrity": integrity}}
    write("npm/%s/index.html" % name, json.dumps({"name": name, "dist-tags": {"latest": version},
                                                  "versions": {version: package}}))
    return integrity


def wheel(name, version):
    about = "%s-%s.dist-info/" % (name, version)
    files = list(files_of(name))
    files.append((about + "METADATA", b"Metadata-Version: 2.1\nName: %s\nVersion: %s\n"
                  % (name.encode(), version.encode())))
    files.append((about + "WHEEL", b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"))
    names = [path for path, _ in files] + [about + "RECORD"]
    files.append((about + "RECORD", "".join(path + ",,\n" for path in names).encode()))
    data, file = stored_zip(files), "%s-%s-py3-none-any.whl" % (name, version)
    digest = hashlib.sha256(data).hexdigest()
    write("wheels/" + file, data)
    write("simple/%s/index.html" % name, '<!doctype html><a href="/wheels/%s#sha256=%s">%s</a>' % (file, digest, file))
    return "sha256:" + digest


def go(module, package, version):
    files = list(files_of(package))
    at, inside = "go/%s/@v/" % module, "%s@%s/" % (module, version)
    write(at + "list", version + "\n")
    write(at + version + ".info", json.dumps({"Version": version, "Time": "2020-01-01T00:00:00Z"}))
    write(at + version + ".mod", dict(files)["go.mod"])
    write(at + version + ".zip", stored_zip([(inside + path, data) for path, data in files]))

    def h1(all):
        lines = "".join("%s  %s\n" % (hashlib.sha256(data).hexdigest(), path) for path, data in sorted(all))
        return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()
    return [h1([(inside + path, data) for path, data in files]), h1([("go.mod", dict(files)["go.mod"])])]


print(json.dumps({"npm": npm("plain-letters", "1.0.0"), "pip": wheel("percent", "1.0"),
                  "go": go("example.org/width", "width", "v1.0.0")}))
