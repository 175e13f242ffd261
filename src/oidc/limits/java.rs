//! The iteration order of a `java.util.HashSet` of strings.

/// Returns texts that were inserted in this order in the order in which Java iterates the set: by
/// table index, and by age within an index.
pub(super) fn hash_set_order(texts: &[String]) -> Vec<&str> {
    let mut size = 16_u32;
    // A table doubles when it is three quarters full.
    while texts.len() > size as usize / 4 * 3 {
        size = size.saturating_mul(2);
    }
    let mut all: Vec<&str> = texts.iter().map(String::as_str).collect();
    all.sort_by_key(|text| index(text, size));
    all
}

/// The table index: `(size - 1) & (hash ^ hash >>> 16)`, as in `java.util.HashMap`.
fn index(text: &str, size: u32) -> u32 {
    let hash = text.encode_utf16().fold(0_u32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(unit.into())
    });
    (hash ^ (hash >> 16)) & (size - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Java 21 prints a `new HashSet<>(..)`.
    #[test]
    fn the_order_is_javas() {
        for (put, printed) in [
            ("aud exp foo iat iss jti nbf", "aud nbf foo iss exp iat jti"),
            (
                "acr_values aud client_id code_challenge code_challenge_method exp foo iat iss jti \
                 nbf nonce redirect_uri response_type scope state",
                "foo iss response_type code_challenge_method nonce client_id aud nbf acr_values \
                 scope redirect_uri state exp iat code_challenge jti",
            ),
        ] {
            let put: Vec<String> = put.split(' ').map(str::to_owned).collect();
            assert_eq!(hash_set_order(&put).join(" "), printed);
        }
    }
}
