//! Untrusted text, made fit to be shown.

/// Longer text is cut off here.
const MESSAGE_LIMIT: usize = 500;

/// Makes text fit for a log line: bounded, without control characters.
pub(crate) fn clean(text: &str) -> String {
    let mut out: String = text
        .chars()
        .map(|c| if is_disruptive(c) { ' ' } else { c })
        .take(MESSAGE_LIMIT)
        .collect();
    out.truncate(out.trim_end().len());
    out
}

/// Whether a character can make a log line or a terminal show something other than what is written:
/// control characters, line separators, bidirectional controls.
pub(crate) fn is_disruptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
