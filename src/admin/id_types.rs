//! The macro behind [`ids`](super::ids).

/// Declares id types. `open` ones are made from any string; a `strict` one only by its
/// constructor, so that another kind of id cannot slip in.
macro_rules! id_types {
    ($($kind:ident $name:ident,)*) => { $( $crate::admin::id_types::id_type! { $kind $name } )* };
}

macro_rules! id_type {
    (open $name:ident) => {
        $crate::admin::id_types::id_type! { common $name }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<&String> for $name {
            fn from(id: &String) -> Self {
                Self(id.clone())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }
    };
    (strict $name:ident) => {
        $crate::admin::id_types::id_type! { common $name }
    };
    (common $name:ident) => {
        #[doc = concat!("`", stringify!($name), "`: a string that only fits where one is meant.")]
        #[derive(
            Clone,
            Debug,
            PartialEq,
            Eq,
            Hash,
            PartialOrd,
            Ord,
            ::serde::Serialize,
            ::serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is; a call checks it before anything is sent.
            #[must_use]
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, owned.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl From<$crate::admin::call_response::LocationId> for $name {
            fn from(id: $crate::admin::call_response::LocationId) -> Self {
                Self(id.into_text())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use {id_type, id_types};
