//! The files of `openapi/`.

use std::fs;
use std::path::Path;

use keycloak_kit_codegen::source::{self, Source};

/// A file of `openapi/`.
pub fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// The releases, and where the documents come from.
pub fn source() -> Source {
    source::parse(&file("SOURCE.toml")).unwrap()
}

/// The pinned release's document.
pub fn pinned() -> String {
    file(source().pinned_file().unwrap())
}
