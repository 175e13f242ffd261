//! Checks of texts that a server sends for a user, and that end up in a terminal or on a page.

use url::Url;

use crate::error::{Result, is_disruptive, protocol};

/// Longer than any real code or address.
const LONGEST_CODE: usize = 256;
const LONGEST_ADDRESS: usize = 4096;

/// Checks a code that the user reads and types.
pub(super) fn code(name: &str, text: &str) -> Result<()> {
    readable(name, text, LONGEST_CODE)
}

/// Checks an address that the user opens.
pub(super) fn address(name: &str, text: &str) -> Result<()> {
    readable(name, text, LONGEST_ADDRESS)?;
    let opens = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    if opens && !text.contains(char::is_whitespace) {
        Ok(())
    } else {
        Err(protocol(format!(
            "the server's {name} is not an https or http URL"
        )))
    }
}

fn readable(name: &str, text: &str, longest: usize) -> Result<()> {
    let problem = if text.trim().is_empty() {
        "is empty"
    } else if text.len() > longest {
        "is too long"
    } else if text.contains(is_disruptive) {
        "has control characters, which could control a terminal"
    } else {
        return Ok(());
    };
    Err(protocol(format!("the server's {name} {problem}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reads_as_it_is_written_is_shown() {
        for good in ["WDJB-MJHT", "0000 0000", "\u{30b3}\u{30fc}\u{30c9}"] {
            code("user_code", good).unwrap();
        }
        let long = "x".repeat(257);
        for bad in [
            "",
            " ",
            "A\u{1b}[2J",
            "A\nB",
            "A\u{7f}",
            "A\u{9b}1m",
            "A\u{202e}B",
            &long,
        ] {
            let error = code("user_code", bad).unwrap_err().to_string();
            assert!(error.contains("user_code"), "{error}");
            assert!(!error.contains(is_disruptive), "{error:?}");
        }
        for good in [
            "https://op.example/device",
            "HTTP://127.0.0.1:8080/device?user_code=A-B",
        ] {
            address("verification_uri", good).unwrap();
        }
        for bad in [
            "",
            "/device",
            "op.example/device",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "ms-settings:x",
            "https:// op.example",
            " https://op.example",
            "https://op.example/\u{1b}]8;;x",
            "https://op.example/\tx",
            "https://op.example/\u{202e}x",
        ] {
            address("verification_uri", bad).unwrap_err();
        }
    }
}
