//! The texts that an expression can be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::{Block, Expr, ExprLit, Lit, Stmt};

use super::sources::{Function, Sources};

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
pub(super) struct Values<'a> {
    pub(super) sources: &'a Sources,
    pub(super) file: &'a Path,
    pub(super) locals: &'a BTreeMap<String, Expr>,
    pub(super) depth: usize,
    pub(super) found: &'a mut BTreeSet<String>,
    pub(super) faults: &'a mut Vec<String>,
}

impl Values<'_> {
    fn fault(&mut self, what: &str) {
        let file = self.file.display();
        self.faults
            .push(format!("{file}: {what} is not understood"));
    }

    pub(super) fn read(&mut self, value: &Expr) {
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
