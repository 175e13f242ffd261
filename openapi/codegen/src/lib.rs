//! From Keycloak's OpenAPI document to the admin client of `keycloak-kit`: a pipeline of named steps.
//!
//! load -> supplement -> overlay -> rules -> names -> since -> check -> types (progenitor) -> model -> representations -> facade.
//! No step touches the disk: [`generate`] takes texts and gives texts.

pub mod check;
pub mod document;
pub mod facade;
pub mod model;
pub mod names;
pub mod overlay;
pub mod problem;
pub mod propose;
pub mod prose;
pub mod renamed;
pub mod representations;
pub mod rules;
pub mod signature;
pub mod since;
pub mod source;
pub mod spelling;
pub mod supplement;
pub mod table;
pub mod types;
pub mod unused;

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;

use problem::{Problem, Problems, Report};

/// What the pipeline reads.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// The vendor's document.
    pub document: &'a str,
    /// `openapi/supplement.json`.
    pub supplement: &'a str,
    /// `openapi/overlay.json`.
    pub overlay: &'a str,
    /// `openapi/names.toml`.
    pub names: &'a str,
    /// `openapi/since.toml`.
    pub since: &'a str,
    /// Whether the document is another release's than the pinned one: stale actions and rows are
    /// then reported instead of refused, and missing names are proposed.
    pub foreign: bool,
}

/// The generated files.
#[derive(Debug)]
pub struct Output {
    /// The representation types.
    pub representations: String,
    /// Id types, handles and requests.
    pub facade: String,
    /// What the oldest supported release lacks.
    pub newer: String,
    /// Every operation and every representation once, for the tests; see [`test_files`](Self::test_files).
    calls: TokenStream,
    /// One line an operation, for the snapshot.
    pub table: String,
    /// The chains of handles that have calls: what is written by hand beside a handle is compiled
    /// where the document has it.
    pub handles: Vec<String>,
    /// What did not stop a build from another release's document.
    pub report: Report,
}

impl Output {
    /// The files that the client is compiled from, and their text.
    pub fn files(&self) -> [(&'static str, &str); 3] {
        [
            ("representations.rs", &self.representations),
            ("facade.rs", &self.facade),
            ("newer.rs", &self.newer),
        ]
    }

    /// The files that the tests read, and their text. It is printed for them only.
    pub fn test_files(&self) -> Result<[(&'static str, String); 2], Problems> {
        let calls = print(self.calls.clone())?;
        Ok([("calls.rs", calls), ("operations.txt", self.table.clone())])
    }
}

/// Runs every step.
pub fn generate(inputs: &Inputs<'_>) -> Result<Output, Problems> {
    let mut report = Report::default();
    let mut document = document::load(inputs.document)?;

    let added = supplement::add(&mut document, inputs.supplement)?;
    report.applied.push(format!(
        "supplement: {} operations, {} schemas",
        added.operations, added.schemas
    ));
    let overlaid = overlay::apply(&mut document, inputs.overlay)?;
    let stale = [added.stale, overlaid.stale].concat();
    if !inputs.foreign && !stale.is_empty() {
        return Err(Problems(stale));
    }
    report
        .applied
        .push(format!("overlay: {} actions", overlaid.changed));
    report.stale.extend(stale);

    // With the operations that are left out.
    let complete = document.clone();
    for (name, rule) in rules::RULES {
        report
            .applied
            .push(format!("rule \"{name}\": {}", rule(&mut document)));
    }

    let mut table = names::parse(inputs.names)?;
    let named = names::assign(&mut document, &mut table, inputs.foreign, &mut report)?;
    let since = since::parse(inputs.since)?;
    if !inputs.foreign {
        Problems(since.stale(&complete)).or(())?;
    }
    since.mark(&mut document);
    renamed::rename(&mut document, &table, inputs.foreign)?;
    report.stale = std::mem::take(&mut report.stale)
        .into_iter()
        .map(Problem::without_advice)
        .collect();
    let mut document = document::sorted(document);
    check::check(&document, &named)?;

    types::name_inline_objects(&mut document, &named)?;
    let operations = model::build(&document, &table, &named, inputs.foreign)?;
    let types = types::generate(&document)?;
    let unused = unused::rows(&document, &table, &operations);
    if inputs.foreign {
        let facts = unused.into_iter().map(Problem::without_advice);
        report.stale.extend(facts);
    } else {
        Problems(unused).or(())?;
    }
    let named_types = representations::names(&types);

    let ids = facade::ids(&table);
    let handles = facade::handles(&table, &operations);
    let requests = facade::requests(&table, &operations);
    let newer = facade::newer_members(&since);
    let body_types = facade::body_types(&operations, &document);
    let dropped = facade::dropped_members(&document);
    let chains: BTreeSet<&str> = operations.iter().map(|one| one.named.handle()).collect();
    Ok(Output {
        handles: chains.into_iter().map(str::to_owned).collect(),
        representations: print(representations::generate(types, &document))?,
        facade: print(quote! {
            /// Ids, each its own type.
            pub mod ids { #ids }

            /// Requests with optional parameters, as the handles make them.
            pub mod requests {
                use crate::admin::representations as types;
                use crate::operation::Operation;
                #requests
            }

            /// One struct for each place in the admin API.
            pub mod handles {
                use super::{ids, requests};
                use crate::admin::representations as types;
                use crate::operation::Operation;
                #handles
            }
        })?,
        newer: print(quote! { #newer #body_types #dropped })?,
        calls: facade::calls(&table, &operations, &named_types),
        table: table::print(&operations),
        report,
    })
}

/// Stands above every generated file.
const HEADER: &str = "\
// Generated by keycloak-kit-codegen from Keycloak's OpenAPI document when the crate is built.
// Do not edit: the tables in openapi/ say what it is made of.

";

/// Formatted, because the compiler is several times slower on one long line.
fn print(tokens: TokenStream) -> Result<String, Problems> {
    let mut file = syn::parse2(tokens).map_err(|error| {
        Problems::one(Problem::new(
            "print",
            "generated code",
            format!("does not parse: {error}"),
        ))
    })?;
    DocLines.visit_file_mut(&mut file);
    Ok(format!("{HEADER}{}", prettyplease::unparse(&file)))
}

/// Writes documentation as `/// text`, a line an attribute: what is quoted is one attribute, which is
/// printed as `/** .. */` and without a space.
struct DocLines;

impl VisitMut for DocLines {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<syn::Attribute>) {
        *attributes = std::mem::take(attributes)
            .into_iter()
            .flat_map(|attribute| match doc_text(&attribute) {
                Some(text) => text.lines().map(doc_line).collect(),
                None => vec![attribute],
            })
            .collect();
    }
}

fn doc_text(attribute: &syn::Attribute) -> Option<String> {
    let syn::Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    match &meta.value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) if meta.path.is_ident("doc") => Some(text.value()),
        _ => None,
    }
}

fn doc_line(line: &str) -> syn::Attribute {
    let line = match line.trim() {
        "" => String::new(),
        _ if line.starts_with(' ') => line.trim_end().to_owned(),
        text => format!(" {text}"),
    };
    syn::parse_quote!(#[doc = #line])
}
