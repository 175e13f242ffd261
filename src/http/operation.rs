//! What a call is known by in errors and traces.

/// One operation: its name in this crate, its method and its path template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// The chain of calls, such as `realm.users.list`.
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    /// The template, never a real path: traces must not grow with the number of objects.
    pub(crate) path: &'static str,
}

impl Operation {
    pub(crate) const fn new(name: &'static str, method: &'static str, path: &'static str) -> Self {
        Self { name, method, path }
    }
}
