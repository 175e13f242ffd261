"""Follows the links of the generated documentation; called by scripts/test.

    doc_links.py FOLDER     where cargo wrote it, such as target/doc

A relative link leads to a file and, behind `#`, to a place on it; a link to this package's
repository leads to a file of this checkout. Nothing is fetched. What is on the page of another
crate is not looked at.
"""

import html
import os
import pathlib
import re
import sys
import tomllib
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
CRATE = "keycloak_kit"
LINK = re.compile(r"""<a\b[^>]*?\bhref=(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""")
PLACE = re.compile(r"""\bid=(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""")
# A link of a page whose label nobody defines is printed as it was written.
UNDEFINED = re.compile(r"\]\[(?:docs|examples|src)/[A-Za-z0-9_./#-]+\]|\]\[[A-Z]+\.md\]")
OWN_SOURCE = f"src/{CRATE}/"
# What rustdoc writes on the page of an item, and not on those of modules and lists.
ITEM = 'class="rustdoc struct"'
CODE = re.compile(r"<(pre|code)\b.*?</\1>", re.S)


def first(groups):
    return html.unescape(next((group for group in groups if group), ""))


class Documentation:
    def __init__(self, folder):
        self.folder = folder
        self.repository = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["repository"]
        self.places = {}
        self.known = {}

    def is_file(self, path):
        if path not in self.known:
            self.known[path] = os.path.isfile(path)
        return self.known[path]

    def places_of(self, path):
        if path not in self.places:
            with open(path, encoding="utf-8") as file:
                self.places[path] = {first(found.groups()) for found in PLACE.finditer(file.read())}
        return self.places[path]

    def fault(self, page, link):
        """What is wrong with a link, or nothing."""
        if link.startswith(self.repository + "/blob/"):
            path = link.removeprefix(self.repository + "/blob/").partition("/")[2].partition("#")[0]
            return "" if (ROOT / path).exists() else f"there is no {path}"
        if urllib.parse.urlsplit(link).scheme or link.startswith("//"):
            return ""
        path, _, place = link.partition("#")
        path = urllib.parse.unquote(path.partition("?")[0])
        target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        inside = os.path.relpath(target, self.folder)
        if not self.is_file(target):
            return "there is no such file"
        # Lines of a source are places that a script makes; so are the settings of a page.
        if not place or inside.startswith("src" + os.sep) or not inside.startswith(CRATE + os.sep):
            return ""
        places = self.places_of(target)
        is_there = place in places or urllib.parse.unquote(place) in places
        return "" if is_there else "there is no such place on it"

    @staticmethod
    def links(text):
        """The links of a page, without those of the texts of other crates."""
        # A foreign item that this crate exports has the page of its own crate.
        if OWN_SOURCE not in text and ITEM in text:
            return set()
        own, _, traits = text.partition('<h2 id="trait-implementations"')
        # Methods of foreign traits have their crate's text, whose links are for its own pages.
        links = {first(found.groups()) for found in LINK.finditer(own)}
        inherited = {first(found.groups()) for found in LINK.finditer(traits)}
        links |= {link for link in inherited if ".html" in link or link.startswith("#")}
        return links - {""}

    def check(self):
        faults, links, pages = {}, 0, 0
        for folder, _, files in os.walk(self.folder / CRATE):
            for name in files:
                if not name.endswith(".html"):
                    continue
                page = os.path.join(folder, name)
                with open(page, encoding="utf-8") as file:
                    text = file.read()
                # A page that only forwards to another.
                if '<meta http-equiv="refresh"' in text:
                    continue
                pages += 1
                here = os.path.relpath(page, self.folder)
                for found in self.links(text):
                    links += 1
                    if fault := self.fault(page, found):
                        faults.setdefault((found, fault), []).append(here)
                for found in UNDEFINED.findall(CODE.sub("", text)):
                    faults.setdefault((found, "its label is defined nowhere"), []).append(here)
        return faults, links, pages


def main():
    documentation = Documentation(pathlib.Path(sys.argv[1]).resolve())
    faults, links, pages = documentation.check()
    for (link, fault), places in sorted(faults.items()):
        more = f" and {len(places) - 1} more pages" if len(places) > 1 else ""
        print(f"{places[0]}{more}: {link}: {fault}", file=sys.stderr)
    if faults or pages < 100:
        sys.exit(f"{len(faults)} dead links on {pages} pages")
    print(f"{links} links on {pages} pages of the documentation lead somewhere")


main()
