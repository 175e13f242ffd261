//! Text of somebody else, fit to be shown.

/// More of the server's text than this is never kept.
const MESSAGE_LIMIT: usize = 500;

/// The server's text, fit for a log line: no control characters, bounded.
pub(crate) fn clean(text: &str) -> String {
    let mut out: String = text
        .chars()
        .map(|c| if is_disruptive(c) { ' ' } else { c })
        .take(MESSAGE_LIMIT)
        .collect();
    out.truncate(out.trim_end().len());
    out
}

/// Control characters, line separators and the bidirectional controls: they can make a log line or
/// a terminal show something else than what is written.
pub(crate) fn is_disruptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
