//! What identifies a call in errors and traces.

/// An operation: its name in this crate, its method and its path template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// The chain of calls, such as `realm.users.list`.
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    /// The template, never a real path: the number of names in traces must not grow with the number
    /// of objects.
    pub(crate) path: &'static str,
    /// The oldest supported release that has the operation, if not every supported release does.
    pub(crate) since: Option<&'static str>,
    /// The type of its JSON body.
    #[cfg_attr(not(feature = "admin"), allow(dead_code))]
    pub(crate) takes: Option<&'static str>,
}

impl Operation {
    pub(crate) const fn new(name: &'static str, method: &'static str, path: &'static str) -> Self {
        Self {
            name,
            method,
            path,
            since: None,
            takes: None,
        }
    }

    /// Sets the release that the operation needs.
    #[cfg(feature = "admin")]
    pub(crate) const fn since(mut self, release: &'static str) -> Self {
        self.since = Some(release);
        self
    }

    /// Sets the type of the body.
    #[cfg(feature = "admin")]
    pub(crate) const fn takes(mut self, ty: &'static str) -> Self {
        self.takes = Some(ty);
        self
    }
}
