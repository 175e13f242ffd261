//! From the document's spelling to Rust's.

/// `briefRepresentation`, `client-uuid`, `_id` as `brief_representation`, `client_uuid`, `id`.
///
/// A run of capitals is one word: `testSMTPConnection` is `test_smtp_connection`, `IDToken` is
/// `id_token`.
pub fn snake(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, character) in characters.iter().enumerate() {
        if !character.is_ascii_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        let before = index.checked_sub(1).map(|index| characters[index]);
        let after = characters.get(index + 1);
        let starts_word = character.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if starts_word && !out.ends_with('_') {
            out.push('_');
        }
        out.push(character.to_ascii_lowercase());
    }
    out.trim_end_matches('_').to_owned()
}

/// `realm.user.role_mappings` as `RealmUserRoleMappings`.
pub fn camel(name: &str) -> String {
    name.split(['.', '_', '-', ' '])
        .filter(|word| !word.is_empty())
        .map(|word| {
            let mut characters = word.chars();
            characters
                .next()
                .map(|first| first.to_ascii_uppercase().to_string() + characters.as_str())
                .unwrap_or_default()
        })
        .collect()
}

/// Whether Rust takes the text as a name.
pub fn is_ident(name: &str) -> bool {
    syn::parse_str::<syn::Ident>(name).is_ok()
}

/// A Rust identifier: keywords get an underscore, what starts with a digit an `x`.
pub fn ident(name: &str) -> proc_macro2::Ident {
    let text = if is_ident(name) {
        name.to_owned()
    } else if is_ident(&format!("{name}_")) {
        format!("{name}_")
    } else {
        format!("x{}", snake(name))
    };
    proc_macro2::Ident::new(&text, proc_macro2::Span::call_site())
}

/// The variant of an enum's value: `LEFT_OUT` and `leftOut` are `LeftOut`.
pub fn variant(value: &str) -> String {
    let words = if value.chars().any(char::is_lowercase) {
        snake(value)
    } else {
        value.to_lowercase()
    };
    camel(&words)
}
