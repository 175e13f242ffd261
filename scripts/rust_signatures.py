"""Writes signatures out of rustdoc's JSON as Rust has them; used by public_interface.py."""


class Signatures:
    """What has `name_of(id, written)`, the name of an item, and `inner(item)`."""

    def path(self, path):
        return self.name_of(path["id"], path["path"]) + self.arguments(path["args"])

    def arguments(self, args):
        if not args:
            return ""
        if "parenthesized" in args:
            inside = args["parenthesized"]
            return f"({self.types(inside['inputs'])}){self.output(inside['output'])}"
        inside = args["angle_bracketed"]
        parts = [self.argument(part) for part in inside["args"]]
        for constraint in inside["constraints"]:
            name = constraint["name"] + self.arguments(constraint.get("args"))
            binding = constraint["binding"]
            if "equality" in binding:
                parts.append(f"{name} = {self.term(binding['equality'])}")
            else:
                parts.append(f"{name}: {self.bounds(binding['constraint'])}")
        return f"<{', '.join(parts)}>" if parts else ""

    def argument(self, part):
        if part == "infer":
            return "_"
        if "type" in part:
            return self.type(part["type"])
        if "lifetime" in part:
            return part["lifetime"]
        return part["const"]["expr"]

    def term(self, term):
        return self.type(term["type"]) if "type" in term else term["constant"]["expr"]

    def types(self, types):
        return ", ".join(self.type(inside) for inside in types)

    def output(self, output):
        return "" if output is None or output == {"tuple": []} else f" -> {self.type(output)}"

    def type(self, type):
        if type == "infer":
            return "_"
        (kind, inside), = type.items()
        match kind:
            case "resolved_path":
                return self.path(inside)
            case "generic" | "primitive":
                return "!" if inside == "never" else inside
            case "tuple":
                return f"({self.types(inside)}{',' if len(inside) == 1 else ''})"
            case "slice":
                return f"[{self.type(inside)}]"
            case "array":
                return f"[{self.type(inside['type'])}; {inside['len']}]"
            case "impl_trait":
                return f"impl {self.bounds(inside)}"
            case "dyn_trait":
                parts = [self.higher(part) + self.path(part["trait"]) for part in inside["traits"]]
                parts += [inside["lifetime"]] if inside["lifetime"] else []
                return f"dyn {' + '.join(parts)}"
            case "borrowed_ref":
                lifetime = f"{inside['lifetime']} " if inside["lifetime"] else ""
                mutable = "mut " if inside["is_mutable"] else ""
                return f"&{lifetime}{mutable}{self.type(inside['type'])}"
            case "raw_pointer":
                return f"*{'mut' if inside['is_mutable'] else 'const'} {self.type(inside['type'])}"
            case "qualified_path":
                own = self.type(inside["self_type"])
                if inside["trait"] and inside["trait"]["path"]:
                    own = f"<{own} as {self.path(inside['trait'])}>"
                return f"{own}::{inside['name']}{self.arguments(inside['args'])}"
            case "function_pointer":
                sig = inside["sig"]
                return f"fn({self.types(t for _, t in sig['inputs'])}){self.output(sig['output'])}"
        raise SystemExit(f"rust_signatures.py: a type of an unknown kind: {kind}")

    def higher(self, bound):
        names = [param["name"] for param in bound["generic_params"]]
        return f"for<{', '.join(names)}> " if names else ""

    def bounds(self, bounds):
        return " + ".join(self.bound(bound) for bound in bounds)

    def bound(self, bound):
        if "outlives" in bound:
            return bound["outlives"]
        if "use" in bound:
            names = [next(iter(part.values())) if isinstance(part, dict) else part for part in bound["use"]]
            return f"use<{', '.join(names)}>"
        inside = bound["trait_bound"]
        mark = {"none": "", "maybe": "?", "maybe_const": "[const] "}[inside["modifier"]]
        return mark + self.higher(inside) + self.path(inside["trait"])

    def generics(self, generics):
        parts = []
        for param in generics["params"]:
            (kind, inside), = param["kind"].items()
            name = param["name"]
            if kind == "lifetime":
                outlives = inside["outlives"]
                parts.append(name + (f": {' + '.join(outlives)}" if outlives else ""))
            elif kind == "type" and not inside["is_synthetic"]:
                bounds = f": {self.bounds(inside['bounds'])}" if inside["bounds"] else ""
                default = f" = {self.type(inside['default'])}" if inside["default"] else ""
                parts.append(name + bounds + default)
            elif kind == "const":
                parts.append(f"const {name}: {self.type(inside['type'])}")
        return f"<{', '.join(parts)}>" if parts else ""

    def where(self, generics):
        parts = []
        for predicate in generics["where_predicates"]:
            (kind, inside), = predicate.items()
            if kind == "bound_predicate":
                parts.append(f"{self.higher(inside)}{self.type(inside['type'])}: {self.bounds(inside['bounds'])}")
            elif kind == "lifetime_predicate":
                parts.append(f"{inside['lifetime']}: {' + '.join(inside['outlives'])}")
            else:
                parts.append(f"{self.type(inside['lhs'])} = {self.term(inside['rhs'])}")
        return f" where {', '.join(parts)}" if parts else ""

    def function(self, item, path):
        function = self.inner(item)
        header, sig = function["header"], function["sig"]
        words = [word for word in ("const", "async", "unsafe") if header[f"is_{word}"]]
        inputs = []
        for name, type in sig["inputs"]:
            shown = self.type(type)
            if name == "self":
                is_short = shown.startswith("&") or shown == "Self"
                inputs.append(shown.replace("Self", "self") if is_short else f"self: {shown}")
            else:
                inputs.append(f"{name}: {shown}")
        generics = function["generics"]
        return (
            f"{' '.join(words + ['fn'])} {path}{self.generics(generics)}({', '.join(inputs)})"
            f"{self.output(sig['output'])}{self.where(generics)}"
        )
