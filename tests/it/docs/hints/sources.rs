//! The hints that the sources give, by following what is passed to `with_hint`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, Expr, ExprLit, Lit, Pat, Stmt};

/// What the functions of one name give: their last expressions, and what they return earlier.
#[derive(Default)]
struct Function {
    file: PathBuf,
    gives: Vec<Expr>,
    locals: BTreeMap<String, Expr>,
}

/// Where a hint is set.
struct Place {
    file: PathBuf,
    value: Expr,
    locals: BTreeMap<String, Expr>,
}

#[derive(Default)]
pub(super) struct Sources {
    functions: BTreeMap<String, Vec<Function>>,
    constants: BTreeMap<String, Expr>,
    /// What struct literals and assignments give to the members that a hint is read from.
    members: BTreeMap<String, Vec<Expr>>,
    places: Vec<Place>,
    /// The names of the functions that are tests, with their files.
    tests: Vec<(String, PathBuf)>,
}

impl Sources {
    pub(super) fn read(root: &Path) -> Self {
        let mut sources = Self::default();
        for folder in ["src", "tests"] {
            let mut folders = vec![root.join(folder)];
            while let Some(folder) = folders.pop() {
                for entry in fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    if path.is_dir() {
                        folders.push(path);
                    } else if path.extension().is_some_and(|extension| extension == "rs") {
                        sources.read_file(root, &path);
                    }
                }
            }
        }
        sources
    }

    fn read_file(&mut self, root: &Path, path: &Path) {
        let text = fs::read_to_string(path).unwrap();
        let mut parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let file = path.strip_prefix(root).unwrap().to_owned();
        let is_test = file.starts_with("tests")
            || file.components().any(|part| part.as_os_str() == "tests")
            || file.file_stem().is_some_and(|stem| stem == "tests");
        Reader {
            sources: self,
            file,
            is_test,
            scopes: Vec::new(),
        }
        .visit_file_mut(&mut parsed);
    }

    /// Whether there is a test `NAME` in a module `MODULE`, for `MODULE::NAME`.
    pub(super) fn has_test(&self, test: &str) -> bool {
        let Some((module, name)) = test.split_once("::") else {
            return false;
        };
        self.tests.iter().any(|(known, file)| {
            let mut parts = file.iter().map(Path::new);
            known == name && parts.any(|part| part.file_stem().is_some_and(|stem| stem == module))
        })
    }

    /// Every hint, and the places whose hint is not understood.
    pub(super) fn hints(&self) -> (BTreeSet<String>, Vec<String>) {
        let (mut hints, mut faults) = (BTreeSet::new(), Vec::new());
        for place in &self.places {
            let mut found = BTreeSet::new();
            Values {
                sources: self,
                file: &place.file,
                locals: &place.locals,
                depth: 0,
                found: &mut found,
                faults: &mut faults,
            }
            .read(&place.value);
            if found.is_empty() {
                let file = place.file.display();
                faults.push(format!("{file}: nothing is found for {:?}", place.value));
            }
            hints.extend(found);
        }
        (hints, faults)
    }
}

/// Collects functions, constants and the places of one file.
struct Reader<'a> {
    sources: &'a mut Sources,
    file: PathBuf,
    is_test: bool,
    scopes: Vec<Scope>,
}

#[derive(Default)]
struct Scope {
    function: Function,
    places: Vec<Expr>,
    name: String,
}

fn only_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

fn is_test(attributes: &[Attribute]) -> bool {
    let named = |path: &syn::Path| {
        path.segments
            .last()
            .is_some_and(|last| last.ident == "test")
    };
    attributes.iter().any(|attribute| named(attribute.path()))
}

impl Reader<'_> {
    fn function(
        &mut self,
        attributes: &[Attribute],
        signature: &syn::Signature,
        block: &mut Block,
    ) {
        let name = signature.ident.to_string();
        if is_test(attributes) {
            self.sources.tests.push((name, self.file.clone()));
            return;
        }
        if self.is_test || only_for_tests(attributes) {
            return;
        }
        let mut scope = Scope {
            name,
            ..Scope::default()
        };
        scope.function.file.clone_from(&self.file);
        if let Some(Stmt::Expr(last, None)) = block.stmts.last() {
            scope.function.gives.push(last.clone());
        }
        self.scopes.push(scope);
        visit_mut::visit_block_mut(self, block);
        let scope = self.scopes.pop().unwrap();
        for value in scope.places {
            self.sources.places.push(Place {
                file: self.file.clone(),
                value,
                locals: scope.function.locals.clone(),
            });
        }
        let functions = self.sources.functions.entry(scope.name).or_default();
        functions.push(scope.function);
    }

    /// Notes what the names of a pattern stand for. Where one is there twice, the last stands.
    fn bind(&mut self, pattern: &Pat, value: &Expr) {
        let Some(scope) = self.scopes.last_mut() else {
            return;
        };
        let mut all = vec![(pattern, value.clone())];
        while let Some((pattern, value)) = all.pop() {
            match pattern {
                Pat::Ident(name) => {
                    scope.function.locals.insert(name.ident.to_string(), value);
                }
                Pat::Guard(guarded) => all.push((&*guarded.pat, value)),
                Pat::Type(typed) => all.push((&*typed.pat, value)),
                Pat::TupleStruct(inner) => {
                    all.extend(inner.elems.iter().map(|pattern| (pattern, value.clone())));
                }
                Pat::Tuple(tuple) => {
                    all.extend(tuple.elems.iter().enumerate().map(|(at, pattern)| {
                        let index = syn::Index::from(at);
                        let value = value.clone();
                        (pattern, syn::parse_quote!((#value).#index))
                    }));
                }
                _ => {}
            }
        }
    }
}

impl VisitMut for Reader<'_> {
    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        let outside = self.is_test;
        self.is_test |= only_for_tests(&module.attrs);
        visit_mut::visit_item_mod_mut(self, module);
        self.is_test = outside;
    }

    fn visit_item_fn_mut(&mut self, item: &mut syn::ItemFn) {
        self.function(&item.attrs, &item.sig, &mut item.block);
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut syn::ImplItemFn) {
        self.function(&item.attrs, &item.sig, &mut item.block);
    }

    fn visit_item_const_mut(&mut self, item: &mut syn::ItemConst) {
        if !self.is_test {
            let name = item.ident.to_string();
            self.sources.constants.insert(name, (*item.expr).clone());
        }
    }

    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        visit_mut::visit_local_mut(self, local);
        if let Some(init) = &local.init {
            let value = (*init.expr).clone();
            self.bind(&local.pat, &value);
        }
    }

    fn visit_expr_let_mut(&mut self, condition: &mut syn::ExprLet) {
        visit_mut::visit_expr_let_mut(self, condition);
        let value = (*condition.expr).clone();
        self.bind(&condition.pat, &value);
    }

    fn visit_expr_match_mut(&mut self, of: &mut syn::ExprMatch) {
        let value = (*of.expr).clone();
        for arm in &of.arms {
            self.bind(&arm.pat, &value);
        }
        visit_mut::visit_expr_match_mut(self, of);
    }

    fn visit_expr_return_mut(&mut self, returned: &mut syn::ExprReturn) {
        visit_mut::visit_expr_return_mut(self, returned);
        if let (Some(value), Some(scope)) = (&returned.expr, self.scopes.last_mut()) {
            scope.function.gives.push((**value).clone());
        }
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut syn::ExprMethodCall) {
        visit_mut::visit_expr_method_call_mut(self, call);
        if call.method == "with_hint"
            && let (Some(value), Some(scope)) = (call.args.first(), self.scopes.last_mut())
        {
            scope.places.push(value.clone());
        }
    }

    fn visit_expr_assign_mut(&mut self, assigned: &mut syn::ExprAssign) {
        visit_mut::visit_expr_assign_mut(self, assigned);
        if let (Expr::Field(field), Some(scope)) = (&*assigned.left, self.scopes.last_mut())
            && matches!(&field.member, syn::Member::Named(name) if name == "hint")
            && !["with_hint", "without_hint"].contains(&scope.name.as_str())
        {
            scope.places.push((*assigned.right).clone());
        }
    }

    fn visit_expr_struct_mut(&mut self, literal: &mut syn::ExprStruct) {
        visit_mut::visit_expr_struct_mut(self, literal);
        if self.is_test {
            return;
        }
        for field in &literal.fields {
            if let syn::Member::Named(name) = &field.member
                && name == "foreign"
            {
                let values = self.sources.members.entry(name.to_string()).or_default();
                values.push(field.expr.clone());
            }
        }
    }
}

/// Methods that hand on what they are called on.
const SAME: &[&str] = &[
    "into",
    "to_owned",
    "to_string",
    "clone",
    "as_deref",
    "filter",
    "iter",
    "find",
    "cloned",
];

const WRAPPERS: &[&str] = &["Some", "Ok", "Borrowed", "Owned"];

/// Reads the texts that an expression can be.
struct Values<'a> {
    sources: &'a Sources,
    file: &'a Path,
    locals: &'a BTreeMap<String, Expr>,
    depth: usize,
    found: &'a mut BTreeSet<String>,
    faults: &'a mut Vec<String>,
}

impl Values<'_> {
    fn fault(&mut self, what: &str) {
        let file = self.file.display();
        self.faults
            .push(format!("{file}: {what} is not understood"));
    }

    fn read(&mut self, value: &Expr) {
        match value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => {
                self.found.insert(normalised(&text.value()));
            }
            Expr::Macro(call) if call.mac.path.is_ident("format") => self.format(&call.mac),
            Expr::Paren(inner) => self.read(&inner.expr),
            Expr::Group(inner) => self.read(&inner.expr),
            Expr::Reference(inner) => self.read(&inner.expr),
            Expr::Unary(inner) => self.read(&inner.expr),
            Expr::Try(inner) => self.read(&inner.expr),
            Expr::If(choice) => {
                self.block(&choice.then_branch);
                if let Some((_, other)) = &choice.else_branch {
                    self.read(other);
                }
            }
            Expr::Match(choice) => {
                for arm in &choice.arms {
                    self.read(&arm.body);
                }
            }
            Expr::Block(inner) => self.block(&inner.block),
            Expr::Closure(closure) => self.read(&closure.body),
            Expr::Array(all) => all.elems.iter().for_each(|value| self.read(value)),
            // Of a table the last column is the text.
            Expr::Tuple(tuple) => {
                if let Some(last) = tuple.elems.last() {
                    self.read(last);
                }
            }
            Expr::Field(field) => match &field.member {
                syn::Member::Unnamed(index) => self.element(&field.base, index.index as usize),
                syn::Member::Named(name) => self.member(&name.to_string()),
            },
            Expr::Path(path) => self.name(&path.path),
            Expr::Call(call) => self.call(call),
            Expr::MethodCall(call) => self.method(call),
            Expr::Return(_) | Expr::Continue(_) | Expr::Break(_) => {}
            _ => self.fault(&format!("{value:?}")),
        }
    }

    fn block(&mut self, block: &Block) {
        if let Some(Stmt::Expr(last, None)) = block.stmts.last() {
            self.read(last);
        }
    }

    /// One element of a tuple.
    fn element(&mut self, value: &Expr, at: usize) {
        match value {
            Expr::Tuple(tuple) => {
                if let Some(value) = tuple.elems.get(at) {
                    self.read(value);
                }
            }
            Expr::Paren(inner) => self.element(&inner.expr, at),
            Expr::If(choice) => {
                if let Some(Stmt::Expr(last, None)) = choice.then_branch.stmts.last() {
                    self.element(last, at);
                }
                if let Some((_, other)) = &choice.else_branch {
                    self.element(other, at);
                }
            }
            Expr::Match(choice) => {
                for arm in &choice.arms {
                    self.element(&arm.body, at);
                }
            }
            Expr::Block(inner) => {
                if let Some(Stmt::Expr(last, None)) = inner.block.stmts.last() {
                    self.element(last, at);
                }
            }
            Expr::Return(_) => {}
            _ => self.fault("an element of a tuple"),
        }
    }

    fn member(&mut self, name: &str) {
        for value in self.sources.members.get(name).into_iter().flatten() {
            self.read(value);
        }
    }

    fn name(&mut self, path: &syn::Path) {
        let Some(name) = path.segments.last().map(|last| last.ident.to_string()) else {
            return;
        };
        if name == "None" {
            return;
        }
        let local = self.locals.get(&name).filter(|_| path.segments.len() == 1);
        let value = local.or_else(|| self.sources.constants.get(&name));
        match value {
            Some(value) if self.depth < 12 => {
                self.depth += 1;
                self.read(value);
                self.depth -= 1;
            }
            _ => self.fault(&name),
        }
    }

    fn call(&mut self, call: &syn::ExprCall) {
        let Expr::Path(path) = &*call.func else {
            return self.fault("a call");
        };
        let names: Vec<_> = path
            .path
            .segments
            .iter()
            .map(|s| s.ident.to_string())
            .collect();
        match (names.as_slice(), call.args.first()) {
            ([.., name], Some(inner)) if WRAPPERS.contains(&name.as_str()) => self.read(inner),
            ([.., module, name], _) => self.function(name, Some(module)),
            ([name], _) => self.function(name, None),
            _ => self.fault("a call"),
        }
    }

    fn method(&mut self, call: &syn::ExprMethodCall) {
        let name = call.method.to_string();
        match name.as_str() {
            name if SAME.contains(&name) => self.read(&call.receiver),
            "or_else" | "unwrap_or" | "or" => {
                self.read(&call.receiver);
                call.args.iter().for_each(|value| self.read(value));
            }
            "then_some" => call.args.iter().for_each(|value| self.read(value)),
            "map" => match call.args.first() {
                Some(Expr::Path(_)) => self.read(&call.receiver),
                Some(made) => self.read(made),
                None => {}
            },
            // What is there, or the first argument.
            "map_or" => {
                self.read(&call.receiver);
                call.args
                    .first()
                    .into_iter()
                    .for_each(|value| self.read(value));
            }
            _ => self.function(&name, None),
        }
    }

    /// The functions of this name: those of the module or of the same file, where there are some.
    fn function(&mut self, name: &str, module: Option<&str>) {
        let all = self.sources.functions.get(name);
        let all: Vec<&Function> = all.into_iter().flatten().collect();
        let is_near = |function: &&Function| match module {
            Some(module) => function.file.file_stem().is_some_and(|stem| stem == module),
            None => function.file == self.file,
        };
        let near: Vec<&Function> = all.iter().copied().filter(is_near).collect();
        let chosen = if near.is_empty() { all } else { near };
        if chosen.is_empty() || self.depth > 12 {
            return self.fault(&format!("{name}()"));
        }
        for function in chosen {
            for value in &function.gives {
                Values {
                    sources: self.sources,
                    file: &function.file,
                    locals: &function.locals,
                    depth: self.depth + 1,
                    found: &mut *self.found,
                    faults: &mut *self.faults,
                }
                .read(value);
            }
        }
    }

    /// The first argument, with the constants that it names.
    fn format(&mut self, call: &syn::Macro) {
        let all = call
            .parse_body_with(syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated);
        let text = match all.ok().and_then(|all| all.first().cloned()) {
            Some(Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            })) => text.value(),
            _ => return self.fault("format!"),
        };
        let mut whole = text;
        for (name, value) in &self.sources.constants {
            if let Expr::Lit(ExprLit {
                lit: Lit::Str(constant),
                ..
            }) = value
            {
                whole = whole.replace(&format!("{{{name}}}"), &constant.value());
            }
        }
        self.found.insert(normalised(&whole));
    }
}

/// With single spaces, and `{..}` in the place of what is put in.
pub(super) fn normalised(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (_, after) = after.split_once('}').unwrap_or(("", after));
        out.push_str(before);
        out.push_str("{..}");
        rest = after;
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}
