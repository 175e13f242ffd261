//! What the pipeline says when it cannot go on, and what it noticed on the way.

use std::fmt;

/// In the message about a correction that the release has made needless.
pub const MENDED: &str = "the release mended it";

/// One thing a person has to mend: which rule, which operation, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The step or rule that refused.
    pub rule: &'static str,
    /// `METHOD /path` or the overlay target it is about.
    pub subject: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// Creates a problem of a rule with an operation, type or row.
    pub fn new(rule: &'static str, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            rule,
            subject: subject.into(),
            message: message.into(),
        }
    }
}

impl Problem {
    /// Without the advice that follows the last semicolon: what to do to the pinned document's
    /// files is no advice for another release's.
    pub fn without_advice(mut self) -> Self {
        if let Some((fact, _)) = self.message.rsplit_once("; ") {
            self.message = fact.to_owned();
        }
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.subject, self.message, self.rule)
    }
}

/// Everything that stops a build, all at once: mending one by one would cost a build each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Creates the list of one problem.
    pub fn one(problem: Problem) -> Self {
        Self(vec![problem])
    }

    /// `Ok` when nothing was collected.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the admin client cannot be generated:")?;
        for problem in &self.0 {
            writeln!(f, "  - {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// What a build from another release's document does about things that would stop a build from
/// the pinned one.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Overlay actions and table rows that no longer apply.
    pub stale: Vec<Problem>,
    /// Names made up for operations the table does not know.
    pub proposed: Vec<Problem>,
    /// What the rules changed, one line each.
    pub applied: Vec<String>,
}
