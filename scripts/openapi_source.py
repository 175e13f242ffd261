"""Keeps openapi/SOURCE.toml beside the documents; called by scripts/update-openapi.

    openapi_source.py update|check FOLDER VERSION PLUGIN DOCUMENT
"""

import hashlib
import json
import pathlib
import shutil
import sys
import tomllib

HEADER = """\
# Where the documents of this folder come from; written by scripts/update-openapi.
# Each is what the generator makes of the release's own classes, never edited by hand.

# The release that the client is generated from, and the other ones that it is run on.
"""
RELEASES = ("pinned", "older", "newer")
METHODS = ("get", "post", "put", "delete", "patch", "head", "options")


def operations(document):
    return {
        f"{method.upper()} {path}"
        for path, item in document.get("paths", {}).items()
        for method in METHODS
        if method in item
    }


def row(path, version, plugin):
    content = path.read_bytes()
    document = json.loads(content)
    return {
        "version": version,
        "file": f"keycloak-{version}.json",
        "services": f"org.keycloak:keycloak-services:{version}",
        "generator": plugin,
        "sha256": hashlib.sha256(content).hexdigest(),
        "operations": len(operations(document)),
        "schemas": len(document.get("components", {}).get("schemas", {})),
        # The licence of Keycloak, from which the document is taken.
        "license": "Apache-2.0",
    }


def order(version):
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in version.split(".")]


def render(source, rows):
    text = HEADER
    text += "".join(f"{key} = {json.dumps(source[key])}\n" for key in RELEASES)
    for entry in sorted(rows, key=lambda entry: order(entry["version"])):
        text += "\n[[document]]\n"
        # What JSON writes for these strings and numbers is TOML as well.
        text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in entry.items())
    return text


def kept(source):
    return tomllib.loads(source.read_text(encoding="utf-8"))


def update(folder, version, plugin, document):
    target = folder / f"keycloak-{version}.json"
    entry = row(document, version, plugin)
    source = folder / "SOURCE.toml"
    table = kept(source)
    text = render(table, [r for r in table.get("document", []) if r["version"] != version] + [entry])
    shutil.copyfile(document, target)
    source.write_text(text, encoding="utf-8")
    print(f"{target.name}: {entry['operations']} operations, {entry['schemas']} schemas")
    return 0


def check(folder, version, plugin, document):
    target = folder / f"keycloak-{version}.json"
    if not target.exists():
        print(f"{target.name} is not in {folder}", file=sys.stderr)
        return 1
    entry = row(document, version, plugin)
    failures = []
    if target.read_bytes() != document.read_bytes():
        failures.append(f"{target.name} is not what the release gives; run scripts/update-openapi {version}")
        compare_with = operations(json.loads(target.read_bytes()))
        new = operations(json.loads(document.read_bytes()))
        failures += [f"  + {name}" for name in sorted(new - compare_with)]
        failures += [f"  - {name}" for name in sorted(compare_with - new)]
    if entry not in kept(folder / "SOURCE.toml").get("document", []):
        failures.append(f"SOURCE.toml does not have the row of {target.name}; run scripts/update-openapi {version}")
    for failure in failures:
        print(failure, file=sys.stderr)
    if not failures:
        print(f"{target.name}: as the release gives it, {entry['operations']} operations, {entry['schemas']} schemas")
    return 1 if failures else 0


def main():
    command, folder, version, plugin, document = sys.argv[1:]
    run = {"update": update, "check": check}[command]
    return run(pathlib.Path(folder), version, plugin, pathlib.Path(document))


if __name__ == "__main__":
    sys.exit(main())
