//! The hints that the sources give, by following what is passed to `with_hint`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, Expr, Pat, Stmt};

use super::values::Values;
use crate::support::sources::rust_files;

/// What a function gives, at its end and by `return`, and what the names in it stand for.
#[derive(Default)]
pub(super) struct Function {
    pub(super) file: PathBuf,
    pub(super) gives: Vec<Expr>,
    pub(super) locals: BTreeMap<String, Expr>,
}

/// Where a hint is set.
struct Place {
    file: PathBuf,
    value: Expr,
    locals: BTreeMap<String, Expr>,
}

#[derive(Default)]
pub(super) struct Sources {
    pub(super) functions: BTreeMap<String, Vec<Function>>,
    pub(super) constants: BTreeMap<String, Expr>,
    /// What struct literals give to the member that a hint is read from.
    pub(super) members: BTreeMap<String, Vec<Expr>>,
    places: Vec<Place>,
}

impl Sources {
    pub(super) fn read(root: &Path) -> Self {
        let mut sources = Self::default();
        for folder in ["src", "tests"] {
            for path in rust_files(&root.join(folder)) {
                sources.read_file(root, &path);
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
        if self.is_test || is_test(attributes) || only_for_tests(attributes) {
            return;
        }
        let mut scope = Scope {
            name: signature.ident.to_string(),
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
