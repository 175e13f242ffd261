"""Lists the public interface out of rustdoc's JSON; called by scripts/api.

    public_interface.py write|check JSON

Three places hold what comes out: docs/api.txt (everything but the members of representations),
docs/api-representations.txt (those), and the table of foreign types in ARCHITECTURE.md.
"""

import collections
import difflib
import json
import pathlib
import sys
import tomllib

from rust_signatures import Signatures

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The formats that were tried, with the Rust that writes them. Another one may name things in another
# way: read the changes of the crate rustdoc-types, compare what comes out, and add it here.
KNOWN_FORMATS = {57: "1.95"}
STANDARD = {"std", "core", "alloc"}
# Crates whose items users know by another name.
KNOWN_AS = {"serde_core": "serde"}
AUTO_TRAITS = ("Send", "Sync", "Unpin")
# Said of every type by the standard library or by derives that follow from others.
NOT_SAID = {"Freeze", "UnsafeUnpin", "StructuralPartialEq"}
REPRESENTATIONS = ("admin", "representations")
BEGIN = "<!-- foreign types: written by scripts/api -->"
END = "<!-- end of foreign types -->"


class Interface(Signatures):
    def __init__(self, document):
        self.index = document["index"]
        self.paths = document["paths"]
        self.crates = document["external_crates"]
        self.public = {}  # id of a local item -> its path without the crate's name
        self.lines = []
        self.members = []
        self.foreign = collections.defaultdict(lambda: collections.defaultdict(set))
        self.place = ""  # what is being written
        root = str(document["root"])
        self.find(root, ())
        self.write_module(root, (), set())

    # --- where things are ---------------------------------------------------------------

    def item(self, id):
        return self.index.get(str(id))

    @staticmethod
    def kind(item):
        return next(iter(item["inner"]))

    def inner(self, item):
        return item["inner"][self.kind(item)]

    def find(self, root, path):
        """The public path of each item: that of its module, or of the shortest re-export."""
        uses = collections.deque()
        queue = collections.deque([(root, path)])
        while queue or uses:
            if not queue:
                # What stands in a public module of its own keeps that path.
                self.follow(*uses.popleft(), queue)
                continue
            id, path = queue.popleft()
            if id in self.public:
                continue
            self.public[id] = path
            if self.kind(self.item(id)) != "module":
                continue
            for child in self.inner(self.item(id))["items"]:
                item = self.item(child)
                if item is None or item["visibility"] != "public":
                    continue
                if self.kind(item) == "use":
                    uses.append((item, path))
                else:
                    queue.append((str(child), path + (item["name"],)))

    def follow(self, item, path, queue):
        use = self.inner(item)
        target = self.item(use["id"])
        if target is None or str(use["id"]) in self.public:
            return
        if not use["is_glob"]:
            queue.append((str(use["id"]), path + (use["name"],)))
            return
        for child in self.inner(target)["items"]:
            inside = self.item(child)
            if inside and inside["visibility"] == "public" and inside["name"]:
                queue.append((str(child), path + (inside["name"],)))

    def name_of(self, id, written):
        """How a signature names an item; what is foreign is noted."""
        id = str(id)
        if id in self.public:
            path = self.public[id]
            if len(path) > len(REPRESENTATIONS) and path[: len(REPRESENTATIONS)] == REPRESENTATIONS:
                path = path[len(REPRESENTATIONS) :]
            return "::".join(path)
        summary = self.paths.get(id)
        if summary is None or summary["crate_id"] == 0:
            return written.split("::")[-1]
        crate = self.crates[str(summary["crate_id"])]["name"]
        name = summary["path"][-1]
        if crate in STANDARD:
            return name
        crate = KNOWN_AS.get(crate, crate)
        self.foreign[crate][name].add(self.place)
        return f"{crate}::{name}"

    # --- lines --------------------------------------------------------------------------

    def write_module(self, id, path, seen):
        seen.add(id)
        for child in self.inner(self.item(id))["items"]:
            item = self.item(child)
            if item is None or item["visibility"] != "public":
                continue
            if self.kind(item) == "use":
                self.write_use(item, path, seen)
            else:
                self.write_item(str(child), item, path + (item["name"],), seen)

    def write_use(self, item, path, seen):
        use = self.inner(item)
        target = str(use["id"]) if use["id"] is not None else None
        name = "*" if use["is_glob"] else use["name"]
        self.place = "::".join(path + (name,))
        inside = self.item(target) if target else None
        if inside is None or self.public.get(target, ()) not in (path + (use["name"],), ()):
            if use["is_glob"] and inside is not None:
                pass
            else:
                self.lines.append((self.place, f"use {self.place} = {self.name_of(target, use['source'])}"))
                return
        if use["is_glob"]:
            self.write_module(target, path, seen)
        else:
            self.write_item(target, inside, path + (use["name"],), seen)

    def write_item(self, id, item, path, seen):
        if id in seen:
            return
        seen.add(id)
        full = "::".join(path)
        self.place = full
        kind, inner = self.kind(item), self.inner(item)
        if "guide" == path[0]:
            return  # pages, which only the documentation has
        non_exhaustive = "".join(
            "#[non_exhaustive] " for attr in item["attrs"] if "non_exhaustive" in str(attr)
        )
        lines = self.lines
        match kind:
            case "module":
                lines.append((full, f"mod {full}"))
                self.write_module(id, path, seen)
            case "function":
                lines.append((full, self.function(item, full)))
            case "struct" | "union" | "enum":
                head = f"{non_exhaustive}{kind} {full}{self.generics(inner['generics'])}{self.where(inner['generics'])}"
                if path[: len(REPRESENTATIONS)] == REPRESENTATIONS and len(path) == len(REPRESENTATIONS) + 1:
                    self.write_representation(item, path, head)
                else:
                    lines.append((full, head))
                    for line in self.inside(item, full):
                        lines.append((full, line))
                    self.write_methods(item, full, lines)
                self.write_impls(item, full)
            case "trait":
                bounds = f": {self.bounds(inner['bounds'])}" if inner["bounds"] else ""
                lines.append((full, f"trait {full}{self.generics(inner['generics'])}{bounds}{self.where(inner['generics'])}"))
                for child in inner["items"]:
                    lines.append((full, "    " + self.member(self.item(child), full)))
            case "type_alias":
                lines.append((full, f"type {full}{self.generics(inner['generics'])} = {self.type(inner['type'])}"))
            case "constant":
                lines.append((full, f"const {full}: {self.type(inner['type'])}"))
            case "static":
                lines.append((full, f"static {full}: {self.type(inner['type'])}"))
            case "macro" | "proc_macro":
                lines.append((full, f"macro {full}"))
            case _:
                raise SystemExit(f"public_interface.py: {full} is of an unknown kind: {kind}")

    def member(self, item, full):
        """An item of a trait or an impl."""
        kind, inner = self.kind(item), self.inner(item)
        name = f"{full.split('::')[-1]}::{item['name']}"
        match kind:
            case "function":
                provided = " { .. }" if inner["has_body"] else ""
                return self.function(item, name) + provided
            case "assoc_type":
                bounds = f": {self.bounds(inner['bounds'])}" if inner["bounds"] else ""
                default = f" = {self.type(inner['type'])}" if inner["type"] else ""
                return f"type {name}{bounds}{default}"
            case "assoc_const":
                return f"const {name}: {self.type(inner['type'])}"
        raise SystemExit(f"public_interface.py: {name} is of an unknown kind: {kind}")

    def inside(self, item, full):
        """Public fields and variants."""
        kind, inner = self.kind(item), self.inner(item)
        if kind == "enum":
            for id in inner["variants"]:
                yield f"    {self.variant(self.item(id))}"
            return
        yield from (f"    {line}" for line in self.fields(inner["kind"] if kind == "struct" else {"plain": inner}))

    def fields(self, shape, of_a_variant=False):
        if shape == "unit":
            return
        if "tuple" in shape:
            for number, id in enumerate(shape["tuple"]):
                if id is not None and self.item(id)["visibility"] == "public":
                    yield f"{number}: {self.type(self.inner(self.item(id)))}"
            return
        for id in shape["plain"]["fields"]:
            field = self.item(id)
            if of_a_variant or field["visibility"] == "public":
                yield f"{field['name']}: {self.type(self.inner(field))}"

    def variant(self, item):
        shape = self.inner(item)["kind"]
        mark = "".join("#[non_exhaustive] " for attr in item["attrs"] if "non_exhaustive" in str(attr))
        if shape == "plain":
            return mark + item["name"]
        if "tuple" in shape:
            types = self.types(self.inner(self.item(id)) for id in shape["tuple"] if id is not None)
            return f"{mark}{item['name']}({types})"
        fields = self.fields({"plain": shape["struct"]}, of_a_variant=True)
        return f"{mark}{item['name']} {{ {', '.join(fields)} }}"

    def own_impls(self, item):
        impls = (self.item(id) for id in self.inner(item)["impls"])
        return [self.inner(found) for found in impls if found is not None]

    def methods(self, item):
        """By name: where a method stands in the source is no difference."""
        methods = []
        for found in self.own_impls(item):
            if found["trait"] is None:
                members = [self.item(id) for id in found["items"]]
                methods += [(found, member) for member in members if member and member["visibility"] == "public"]
        return sorted(methods, key=lambda method: method[1]["name"])

    def write_methods(self, item, full, lines):
        names = {param["name"] for param in self.inner(item)["generics"]["params"]}
        for found, member in self.methods(item):
            line = self.member(member, full).removesuffix(" { .. }")
            # Methods of some instances of a generic type only.
            own = self.type(found["for"]).removeprefix(self.name_of(item["id"], full))
            if not set(own.strip("<>").replace("'_", "").split(", ")) <= names | {""}:
                line += f"  [of {own}]"
            lines.append((full, f"    {line}{self.where_of_impl(found)}"))

    def where_of_impl(self, found):
        params = found["generics"]["params"]
        bounded = self.generics({"params": params}) if any(self.has_bounds(param) for param in params) else ""
        said = (bounded + self.where(found["generics"])).strip()
        return f"  [impl{said}]" if said else ""

    @staticmethod
    def has_bounds(param):
        return bool(param["kind"].get("type", {}).get("bounds"))

    def write_impls(self, item, full):
        traits, automatic = set(), set()
        for found in self.own_impls(item):
            trait = found["trait"]
            if trait is None or found.get("blanket_impl") is not None or found["is_negative"]:
                continue
            if found["is_synthetic"]:
                automatic.add(trait["path"].split("::")[-1])
                continue
            own = self.type(found["for"])
            name = self.path(trait)
            # `impl PartialEq<Type> for String` is listed with the type too.
            if own.removeprefix("&").split("<")[0] != self.name_of(item["id"], full):
                name = f"{name} for {own}"
            for child in found["items"]:
                member = self.item(child)
                if member and self.kind(member) == "assoc_type" and member["name"] in ("Output", "Item", "Error"):
                    name += f"<{member['name']} = {self.type(self.inner(member)['type'])}>"
            traits.add(f"{name} for {own}" if own.startswith("&") else name)
        traits -= NOT_SAID
        missing = [f"!{name}" for name in AUTO_TRAITS if name not in automatic and name not in traits]
        said = sorted(traits) + missing
        if said:
            line = f"    impl {', '.join(said)}"
            lines = [line] if len(line) <= 200 else [f"    impl {trait}" for trait in said]
            self.lines += [(full, line) for line in lines]

    def write_representation(self, item, path, head):
        """A line here, and its members in a file of their own."""
        full = "::".join(path)
        members = list(self.inside(item, full))
        names = {line.strip().split(":")[0] for line in members}
        kept, setters = [], 0
        for found, member in self.methods(item):
            if member["name"].removeprefix("r#") in {name.removeprefix("r#") for name in names}:
                setters += 1
            else:
                kept.append(member)
        counted = f"{len(members)} {'variants' if self.kind(item) == 'enum' else 'members'}"
        self.lines.append((full, f"{head}  [{counted}{f', {setters} setters' if setters else ''}]"))
        for member in kept:
            self.lines.append((full, "    " + self.member(member, full).removesuffix(" { .. }")))
        self.members.append((full, head))
        self.members += [(full, line) for line in members]

    # --- what comes out -----------------------------------------------------------------

    @staticmethod
    def text(lines, heading):
        # Items by their path; what belongs to one stays together.
        lines = sorted(lines, key=lambda line: line[0])
        return heading + "".join(f"{line}\n" for _, line in lines)

    def table(self):
        manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
        wanted = {}
        for name, row in manifest["dependencies"].items():
            version = (row if isinstance(row, str) else row["version"]).split(".")
            # What a breaking release of it changes.
            wanted[name.replace("-", "_")] = ".".join(version[: 2 if version[0] == "0" else 1])
        rows = ["| Package | Version | Types and traits | Where |", "|---|---|---|---|"]
        for crate in sorted(self.foreign):
            items = self.foreign[crate]
            modules = {place.split("::")[0] for place in set().union(*items.values())}
            # Types of the crate's root begin with a capital letter.
            in_modules = [f"`{name}`" for name in sorted(modules) if name[0].islower()]
            root = ["the root"] if any(not name[0].islower() for name in modules) else []
            names = ", ".join(f"`{name}`" for name in sorted(items))
            rows.append(
                f"| `{crate.replace('_', '-')}` | {wanted.get(crate, 'not a dependency of this package')} "
                f"| {names} | {', '.join(root + in_modules)} |"
            )
        return "\n".join(rows)


API = """\
# The public interface with every feature; written by scripts/api --write out of rustdoc's JSON.
# An item each line, its fields, variants, methods and traits below it; `!Send` says that a type is
# not. The members of representations are in api-representations.txt.

"""
MEMBERS = """\
# The members of the representations; written by scripts/api --write out of rustdoc's JSON.
# Each member has a setter of its name where api.txt counts as many setters as members.

"""


def main():
    mode, document = sys.argv[1:]
    document = json.loads(pathlib.Path(document).read_text())
    version = document["format_version"]
    if version not in KNOWN_FORMATS:
        known = ", ".join(f"{number} (Rust {rust})" for number, rust in KNOWN_FORMATS.items())
        said = f"rustdoc wrote its JSON in format {version}, which scripts/public_interface.py does not know; known: {known}"
        if mode == "write":
            sys.exit(f"Nothing is written: {said}")
        # A newer toolchain is no fault of the interface.
        print(f"Nothing is compared: {said}", file=sys.stderr)
        return
    interface = Interface(document)
    architecture = ROOT / "ARCHITECTURE.md"
    page = architecture.read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    results = {
        ROOT / "docs/api.txt": interface.text(interface.lines, API),
        ROOT / "docs/api-representations.txt": interface.text(interface.members, MEMBERS),
        architecture: f"{before}{BEGIN}\n\n{interface.table()}\n\n{END}{after}",
    }
    differs = False
    for path, text in results.items():
        old = path.read_text() if path.exists() else ""
        if old == text:
            continue
        if mode == "write":
            path.write_text(text)
            continue
        differs = True
        name = path.relative_to(ROOT).as_posix()
        lines = difflib.unified_diff(old.splitlines(), text.splitlines(), name, f"{name} as the code has it", "", "", 1, "")
        print("\n".join(list(lines)[:200]))
    if differs:
        sys.exit("The public interface is not the listed one. Where that is meant: scripts/api --write")


main()
