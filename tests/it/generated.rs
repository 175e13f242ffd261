//! What the generated client must not lose.

use std::fs;

use keycloak_kit_codegen::{Inputs, generate};
use pretty_assertions::assert_eq;

use crate::support::documents;

const OPERATIONS: &str = include_str!(concat!(env!("OUT_DIR"), "/operations.txt"));
const SNAPSHOT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/snapshots/operations.txt"
);

/// The public calls, as a review sees them.
#[test]
fn the_operation_table_is_the_reviewed_one() {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(SNAPSHOT, OPERATIONS).unwrap();
    }
    let reviewed = fs::read_to_string(SNAPSHOT).unwrap();
    assert_eq!(
        reviewed, OPERATIONS,
        "the public calls have changed; UPDATE_SNAPSHOTS=1 takes them over for review"
    );
}

/// The build script and the tests may have other features of the same packages.
#[test]
fn the_build_script_generates_what_the_tests_do() {
    let files = [
        include_str!(concat!(env!("OUT_DIR"), "/representations.rs")),
        include_str!(concat!(env!("OUT_DIR"), "/facade.rs")),
        include_str!(concat!(env!("OUT_DIR"), "/newer.rs")),
    ];
    let output = generate(&Inputs {
        document: &documents::pinned(),
        supplement: &documents::file("supplement.json"),
        overlay: &documents::file("overlay.json"),
        names: &documents::file("names.toml"),
        since: &documents::file("since.toml"),
        foreign: false,
    })
    .unwrap();
    for ((name, text), built) in output.files().into_iter().zip(files) {
        let mut lines = text.lines().zip(built.lines()).enumerate();
        // The first line that differs: a diff of a megabyte helps nobody.
        if let Some((line, (left, right))) = lines.find(|(_, (left, right))| left != right) {
            panic!("{name} line {}:\n{left}\n{right}", line + 1);
        }
        assert_eq!(text.len(), built.len(), "{name}");
    }
}

/// What cannot read the pinned release says the same.
#[test]
fn the_package_names_the_pinned_release() {
    let source = documents::source();
    assert!(
        env!("CARGO_PKG_VERSION").ends_with(&format!("+keycloak.{}", source.pinned)),
        "Cargo.toml has {}, openapi/SOURCE.toml has {}",
        env!("CARGO_PKG_VERSION"),
        source.pinned
    );
    let since = crate::support::version::table();
    let mut supported = source.older;
    supported.push(source.pinned);
    assert_eq!(since.releases, supported, "scripts/update-openapi --since");
}

/// Whether it makes a request, whose reader decodes the answer, or a stream. A handle may be called
/// stream too.
fn reads_an_answer(signature: &syn::Signature) -> bool {
    let syn::ReturnType::Type(_, ty) = &signature.output else {
        return false;
    };
    let syn::Type::Path(ty) = &**ty else {
        return false;
    };
    let names = ["ItemStream", "Request"];
    let segments = &ty.path.segments;
    segments
        .first()
        .is_some_and(|first| first.ident == "requests")
        || segments
            .last()
            .is_some_and(|last| names.iter().any(|name| last.ident == name))
}

/// Calls by `Type::method` whose code would be compiled with the crate, whoever makes them.
fn compiled_with_the_crate(items: &[syn::Item], found: &mut Vec<String>) -> usize {
    let mut inline = 0;
    for item in items {
        match item {
            syn::Item::Mod(module) => {
                let items = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                inline += compiled_with_the_crate(items, found);
            }
            syn::Item::Impl(block) => {
                let syn::Type::Path(name) = &*block.self_ty else {
                    continue;
                };
                for item in &block.items {
                    let syn::ImplItem::Fn(method) = item else {
                        continue;
                    };
                    let called = &method.sig.ident;
                    if method.sig.asyncness.is_none() && !reads_an_answer(&method.sig) {
                        continue;
                    }
                    if method
                        .attrs
                        .iter()
                        .any(|attr| attr.path().is_ident("inline"))
                    {
                        inline += 1;
                    } else {
                        let last = name.path.segments.last().unwrap();
                        found.push(format!("{}::{called}", last.ident));
                    }
                }
            }
            _ => {}
        }
    }
    inline
}

/// Sending a request instantiates the decoder of its answer. Without `#[inline]` that happens for
/// all calls when the crate is compiled, and more than doubles its cost.
#[test]
fn only_the_program_that_makes_a_call_compiles_it() {
    let facade = include_str!(concat!(env!("OUT_DIR"), "/facade.rs"));
    let mut found = Vec::new();
    let inline = compiled_with_the_crate(&syn::parse_file(facade).unwrap().items, &mut found);
    assert_eq!(found, Vec::<String>::new());
    assert!(inline >= 481, "only {inline} calls were seen");
}

/// Both are imported with a star: a name in both would be ambiguous where it is used.
#[test]
fn no_representation_has_the_name_of_something_in_the_root() {
    let root = syn::parse_file(include_str!("../../src/lib.rs")).unwrap();
    let mut taken = Vec::new();
    for item in &root.items {
        match item {
            syn::Item::Use(item) if matches!(item.vis, syn::Visibility::Public(_)) => {
                exported(&item.tree, &mut taken);
            }
            syn::Item::Mod(item) if matches!(item.vis, syn::Visibility::Public(_)) => {
                taken.push(item.ident.to_string());
            }
            _ => {}
        }
    }
    let representations = include_str!(concat!(env!("OUT_DIR"), "/representations.rs"));
    let representations = syn::parse_file(representations).unwrap();
    let named: Vec<String> = representations
        .items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Struct(item) => Some(item.ident.to_string()),
            syn::Item::Enum(item) => Some(item.ident.to_string()),
            // An open enum: its name is before its braces.
            syn::Item::Macro(item) => item.mac.tokens.clone().into_iter().find_map(|token| {
                matches!(token, proc_macro2::TokenTree::Ident(_)).then(|| token.to_string())
            }),
            _ => None,
        })
        .collect();
    assert!(taken.len() > 20, "{taken:?}");
    assert!(named.len() > 150, "{}", named.len());
    let both: Vec<&String> = named.iter().filter(|name| taken.contains(name)).collect();
    assert_eq!(
        both,
        Vec::<&String>::new(),
        "give them names in [types] of openapi/names.toml"
    );
}

fn exported(tree: &syn::UseTree, names: &mut Vec<String>) {
    match tree {
        syn::UseTree::Path(path) => exported(&path.tree, names),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| exported(tree, names)),
        syn::UseTree::Name(name) => names.push(name.ident.to_string()),
        syn::UseTree::Rename(rename) => names.push(rename.rename.to_string()),
        syn::UseTree::Glob(_) => panic!("what a star exports is not known"),
    }
}
