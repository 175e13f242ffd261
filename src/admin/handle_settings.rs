//! Settings that every handle has.

/// Implements the settings of a handle's calls.
macro_rules! handle_settings {
    ($name:ident) => {
        impl $name {
            /// Limits the total time of every call made through this handle, retries and waits
            /// included.
            #[must_use]
            pub fn timeout(mut self, total: ::std::time::Duration) -> Self {
                self.call.set_timeout(total);
                self
            }

            /// Adds a header to every call made through this handle. An invalid name or value is
            /// reported when a call is made.
            #[must_use]
            pub fn header(
                mut self,
                name: impl TryInto<::http::HeaderName>,
                value: impl TryInto<::http::HeaderValue>,
            ) -> Self {
                self.call.set_header(name, value);
                self
            }

            /// Allows ten asterisks, the mask that Keycloak shows in place of a secret, as a
            /// secret. Without this setting a call that would store them is refused.
            #[must_use]
            pub fn allow_masked_secrets(mut self) -> Self {
                self.call.set_masks_allowed();
                self
            }
        }
    };
}

pub(crate) use handle_settings;
