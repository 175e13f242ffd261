//! What all tests of this process trace.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use tracing_subscriber::fmt::format::FmtSpan;

#[derive(Clone, Default)]
pub(crate) struct Traces(Arc<Mutex<Vec<u8>>>);

impl Traces {
    /// The lines so far that say `word`.
    pub(crate) fn lines(&self, word: &str) -> String {
        let all = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = all.lines().filter(|line| line.contains(word)).collect();
        lines.join("\n")
    }
}

impl Write for Traces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Collects from now on, for the whole process: tests of other threads decide what a call site is
/// interested in.
pub(crate) fn traces() -> Traces {
    static TRACES: OnceLock<Traces> = OnceLock::new();
    let traces = TRACES.get_or_init(|| {
        let traces = Traces::default();
        let writer = traces.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::CLOSE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        traces
    });
    traces.clone()
}
